// The types of the API. `npm run client` asks the program for its description, `npm run client -- FILE` reads one;
// `--check` only tells whether the committed types are those.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const check = process.argv.includes('--check')
const given = process.argv.slice(2).find((a) => !a.startsWith('--'))
const target = here('../src/api/schema.ts')
const scratch = mkdtempSync(join(tmpdir(), 'aftercare-client-'))

function run(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64e6, cwd: here('../..') })
  if (done.status !== 0) {
    console.error(done.error?.message ?? done.stderr)
    process.exit(1)
  }
  return done.stdout
}

try {
  let source = given && resolve(given)
  if (!source) {
    source = join(scratch, 'openapi.json')
    const program = 'import json; from aftercare.app import create_app; print(json.dumps(create_app(None).openapi()))'
    writeFileSync(source, run(here('../../.venv/bin/python'), ['-c', program]))
  }
  const made = check ? join(scratch, 'schema.ts') : target
  run(process.execPath, [here('../node_modules/openapi-typescript/bin/cli.js'), source, '-o', made, '--root-types', '--root-types-no-schema-prefix'])
  if (check && readFileSync(made, 'utf8') !== readFileSync(target, 'utf8')) {
    console.error('src/api/schema.ts is not what the program offers: run `npm run client`')
    process.exitCode = 1
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
