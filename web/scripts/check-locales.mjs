// Every text exists in every language, is used somewhere, and every used one exists.
// A key is used as t('a.b'), has('a.b'), textKey('a.b'), or by a template with a fixed beginning: t(`claim.state.${x}`).
// Keys held in data (routes) are found as plain strings 'a.b' that are keys.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const src = fileURLToPath(new URL('../src', import.meta.url))
const locales = ['zh-CN', 'zh-TW', 'en']
const files = ['common', 'portal', 'desk', 'console']
const problems = []

const flat = (node, path = '') =>
  Object.entries(node).flatMap(([k, v]) => (typeof v === 'object' ? flat(v, `${path}${k}.`) : [[path + k, v]]))
const plain = (key) => key.replace(/_(zero|one|two|few|many|other)$/, '')
const slots = (text) => [...new Set([...text.matchAll(/\{\{\s*(\w+)/g)].map((m) => m[1]))].sort().join()

const keys = {}
for (const file of files) {
  const perLocale = locales.map((l) => new Map(flat(JSON.parse(readFileSync(join(src, 'locales', l, `${file}.json`), 'utf8')))))
  const names = perLocale.map((m) => new Set([...m.keys()].map(plain)))
  keys[file] = new Set(names.flatMap((n) => [...n]))
  for (const key of keys[file]) {
    const missing = locales.filter((_, i) => !names[i].has(key))
    if (missing.length) problems.push(`${file}.json: '${key}' is missing in ${missing.join(', ')}`)
    const filled = perLocale.map((m) => [...m].filter(([k]) => plain(k) === key))
    if (filled.some((f) => f.some(([, text]) => !String(text).trim()))) problems.push(`${file}.json: '${key}' is empty somewhere`)
    const kinds = new Set(filled.filter((f) => f.length).map((f) => slots(f.map(([, text]) => text).join(' '))))
    if (kinds.size > 1) problems.push(`${file}.json: '${key}' has different {{slots}} in its languages`)
  }
}

const walk = (dir) => readdirSync(dir).flatMap((n) => (statSync(join(dir, n)).isDirectory() ? walk(join(dir, n)) : [join(dir, n)]))
const used = Object.fromEntries(files.map((f) => [f, new Set()]))
for (const path of walk(src).filter((p) => /\.tsx?$/.test(p) && !/\.test\.ts$|schema\.ts$|[\\/]gallery[\\/]/.test(p))) {
  const where = path.slice(src.length + 1).replaceAll('\\', '/')
  const face = ['portal', 'desk', 'console'].find((f) => where.startsWith(`${f}/`))
  const visible = face ? [face, 'common'] : ['common']
  const text = readFileSync(path, 'utf8').replace(/^\s*\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const take = (matches, must) => {
    const homes = visible.filter((f) => matches(keys[f]).length)
    for (const f of homes) for (const k of matches(keys[f])) used[f].add(k)
    if (!homes.length && must) problems.push(`${where}: no text ${must}`)
  }
  const exact = (key) => (set) => (set.has(key) ? [key] : [])
  // Both arms of t(x ? 'a.b' : 'c.d') count.
  for (const [, inside] of text.matchAll(/\bt\(([^`()]*(?:\([^()]*\)[^`()]*)*)/g))
    for (const [, key] of inside.split(/,\s*\{/)[0].matchAll(/'([a-z][\w]*(?:\.[\w]+)+)'/gi)) take(exact(key), `'${key}'`)
  for (const [, key] of text.matchAll(/'([a-z]\w*(?:\.\w+)+)'/gi)) take(exact(key), null)
  for (const [, start] of text.matchAll(/`([a-z]\w*(?:\.\w+)*\.)\$\{/gi)) take((set) => [...set].filter((k) => k.startsWith(start)), /\bt\(`/.test(text) ? `\`${start}…\`` : null)
}
for (const file of files)
  for (const key of keys[file]) {
    // A face's text may be shown by a shared shell piece.
    if (!used[file].has(key)) problems.push(`${file}.json: '${key}' is used nowhere`)
  }

console.log(`locales: ${files.map((f) => `${f} ${keys[f].size}`).join(', ')} texts in ${locales.length} languages, ${problems.length} problems`)
problems.forEach((p) => console.error(`  ${p}`))
process.exit(problems.length || !existsSync(src) ? 1 : 0)
