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

// The widget: what a shop's page loads for the button, and the whole of it once the chat is open.
const WIDGET_LIMIT = 30_000
const LOADER_LIMIT = 4_000
const chat = closure('chat.html')
const sheets = [...new Set([...chat].flatMap((n) => manifest[n].css ?? []))]
const loader = gzip(manifest['src/widget/loader.ts'].file)
const widget = loader + gzip('chat.html') + weigh(chat) + sheets.reduce((sum, file) => sum + gzip(file), 0)
console.log(`widget: ${(widget / 1000).toFixed(1)} KB gzip in all, of which the loader ${(loader / 1000).toFixed(1)}`)
if (widget > WIDGET_LIMIT || loader > LOADER_LIMIT || /^\s*(import|export)\b/m.test(readFileSync(`${out}widget.js`, 'utf8'))) {
  console.error(`widget: over ${WIDGET_LIMIT / 1000} KB, its loader over ${LOADER_LIMIT / 1000} KB, or the loader is no plain script`)
  process.exit(1)
}
