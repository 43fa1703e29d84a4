import type { Choice } from '../design'

/** More than these stand in no list that anybody reads: they are found by a part of their name. */
export const LONGEST_LIST = 25
const SHOWN = 50

const bare = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

const wordsOf = (typed: string) => bare(typed).split(/\s+/).filter(Boolean)

/** Whether the text holds all of the typed words. */
export const fits = (text: string, typed: string) => wordsOf(typed).every((word) => bare(text).includes(word))

/** Those whose names hold the typed words, those that begin with them first; case and accents do not count. As many as one
 * reads, and how many more there are. */
export function matching(choices: readonly Choice[], typed: string): { shown: Choice[]; more: number } {
  const found = choices.filter((c) => fits(c.label, typed))
  const first = wordsOf(typed)[0]
  const begins = (c: Choice) => bare(c.label).startsWith(first ?? '')
  const sorted = first ? [...found.filter(begins), ...found.filter((c) => !begins(c))] : found
  return { shown: sorted.slice(0, SHOWN), more: Math.max(0, sorted.length - SHOWN) }
}
