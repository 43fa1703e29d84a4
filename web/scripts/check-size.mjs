// The portal's first load: its entry and all that it imports, the texts of one language, its largest page. Gzip, at most 150 KB.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const LIMIT = 150_000
const out = fileURLToPath(new URL('../../src/aftercare/web/', import.meta.url))
const manifest = JSON.parse(readFileSync(`${out}.vite/manifest.json`, 'utf8'))
const gzip = (file) => gzipSync(readFileSync(out + file), { level: 9 }).length

const closure = (name, seen = new Set()) => {
  if (seen.has(name)) return seen
  seen.add(name)
  manifest[name].imports?.forEach((n) => closure(n, seen))
  return seen
}
const weigh = (names) => [...names].reduce((sum, n) => sum + gzip(manifest[n].file), 0)

for (const face of ['portal', 'desk', 'console']) {
  const entry = closure(`${face}.html`)
  const texts = ['common', face].flatMap((f) => [...closure(`src/locales/zh-CN/${f}.json`)]).filter((n) => !entry.has(n))
  const pages = Object.keys(manifest)
    .filter((n) => n.startsWith(`src/${face}/`) && manifest[n].isDynamicEntry)
    .map((n) => [n, weigh([...closure(n)].filter((m) => !entry.has(m)))])
    .sort((a, b) => b[1] - a[1])
  const total = weigh(entry) + weigh(new Set(texts)) + (pages[0]?.[1] ?? 0)
  console.log(`${face}: first load ${(total / 1000).toFixed(1)} KB gzip (entry ${(weigh(entry) / 1000).toFixed(1)}, texts ${(weigh(new Set(texts)) / 1000).toFixed(1)}, largest page ${((pages[0]?.[1] ?? 0) / 1000).toFixed(1)} ${pages[0]?.[0] ?? ''})`)
  if (face === 'portal' && total > LIMIT) {
    console.error(`portal: over ${LIMIT / 1000} KB; heaviest parts:`)
    ;[...entry].map((n) => [n, gzip(manifest[n].file)]).sort((a, b) => b[1] - a[1]).slice(0, 8).forEach(([n, s]) => console.error(`  ${(s / 1000).toFixed(1)} KB ${n}`))
    process.exit(1)
  }
}
