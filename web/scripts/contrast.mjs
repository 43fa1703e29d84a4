// WCAG AA for every pair of tokens that meets on a screen: 4.5 for text, 3 for shapes and control edges.
import { readTokens } from './read-tokens.mjs'

const channel = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
const luminance = (hex) => {
  const [r, g, b] = [1, 3, 5].map((i) => channel(parseInt(hex.slice(i, i + 2), 16) / 255))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
const ratio = (a, b) => {
  const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (hi + 0.05) / (lo + 0.05)
}
const grounds = ['paper', 'sheet', 'sunken', 'raised']
const pairs = [
  ...['ink', 'ink-2', 'ink-3', 'jade', 'amber', 'vermilion', 'slate'].flatMap((t) => grounds.map((g) => [t, g, 4.5])),
  ...['jade', 'amber', 'vermilion', 'slate'].map((t) => [t, `${t}-soft`, 4.5]),
  ...['jade-soft', 'amber-soft', 'vermilion-soft', 'slate-soft'].map((g) => ['ink', g, 4.5]),
  ['jade-strong', 'jade-soft', 4.5],
  ['on-jade', 'jade', 4.5],
  ['on-jade', 'jade-strong', 4.5],
  ['on-vermilion', 'vermilion', 4.5],
  ...['rule', 'focus', 'slate-fill', 'vermilion-fill'].flatMap((t) => ['paper', 'sheet', 'raised'].map((g) => [t, g, 3])),
]
let failed = 0
for (const [theme, set] of Object.entries(readTokens()))
  for (const [front, back, least] of pairs) {
    const got = ratio(set[front], set[back])
    if (got < least) {
      failed++
      console.error(`${theme}: ${front} on ${back} is ${got.toFixed(2)}, needs ${least}`)
    }
  }
console.log(`contrast: ${pairs.length * 2} pairs, ${failed} below AA`)
process.exit(failed ? 1 : 0)
