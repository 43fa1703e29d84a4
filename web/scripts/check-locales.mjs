// Every text exists in every language, is used somewhere, and every used one exists.
// A key is used as t('a.b'), has('a.b'), textKey('a.b'), or by a template with a fixed beginning: t(`claim.state.${x}`).
// Keys held in data (routes) are found as plain strings 'a.b' that are keys.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const src = fileURLToPath(new URL('../src', import.meta.url))
const locales = ['zh-CN', 'zh-TW', 'en']
const faces = ['portal', 'desk', 'console']
// Every other file holds the texts of some pages of the console.
const parts = [...new Set(locales.flatMap((l) => readdirSync(join(src, 'locales', l))))].map((n) => n.replace('.json', '')).filter((n) => n !== 'common' && !faces.includes(n))
const files = ['common', ...faces, ...parts]
const problems = []

const flat = (node, path = '') =>
  Object.entries(node).flatMap(([k, v]) => (typeof v === 'object' ? flat(v, `${path}${k}.`) : [[path + k, v]]))
const plain = (key) => key.replace(/_(zero|one|two|few|many|other)$/, '')
const slots = (text) => [...new Set([...text.matchAll(/\{\{\s*(\w+)/g)].map((m) => m[1]))].sort().join()

const read = (locale, file) => {
  const path = join(src, 'locales', locale, `${file}.json`)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}

const keys = {}
for (const file of files) {
  const perLocale = locales.map((l) => new Map(flat(read(l, file))))
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

// The console sees its own file, common.json and all parts at once: a key has one home.
const homes = new Map()
for (const file of ['common', 'console', ...parts])
  for (const key of keys[file]) {
    if (homes.has(key) && file !== 'console') problems.push(`${file}.json: '${key}' is also in ${homes.get(key)}.json`)
    homes.set(key, file)
  }

const walk = (dir) => readdirSync(dir).flatMap((n) => (statSync(join(dir, n)).isDirectory() ? walk(join(dir, n)) : [join(dir, n)]))
const used = Object.fromEntries(files.map((f) => [f, new Set()]))
for (const path of walk(src).filter((p) => /\.tsx?$/.test(p) && !/\.test\.ts$|schema\.ts$|[\\/]gallery[\\/]/.test(p))) {
  const where = path.slice(src.length + 1).replaceAll('\\', '/')
  const face = faces.find((f) => where.startsWith(`${f}/`))
  // Refusals are told by one piece in the words of the face that shows them.
  const visible = face ? [face, 'common', ...(face === 'console' ? parts : face === 'desk' ? ['facts'] : [])] : where === 'api/problem.ts' ? ['common', ...faces] : ['common']
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
