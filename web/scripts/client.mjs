// `npm run client -- path/to/openapi.json`: the types of the API, from its OpenAPI description.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const source = process.argv[2]
if (!source) {
  console.error('usage: npm run client -- path/to/openapi.json')
  process.exit(2)
}
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const done = spawnSync(
  process.execPath,
  [here('../node_modules/openapi-typescript/bin/cli.js'), source, '-o', here('../src/api/schema.ts'), '--root-types', '--root-types-no-schema-prefix'],
  { stdio: 'inherit' },
)
process.exit(done.status ?? 1)
