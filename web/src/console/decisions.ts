/** How changes are written: '+3.1 %-points', '−12 %', '+0.4'. */
import type { DecisionLine, NewDecision } from '../api/schema'

export type Scale = NonNullable<DecisionLine['scale']>
interface Formats {
  number: (value: number) => string
  percent: (value: number, digits?: number) => string
}

const rounded = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits

export function changeText(value: number | null | undefined, scale: Scale, points: string, fmt: Formats): string {
  if (value === null || value === undefined) return '–'
  const sign = value > 0 ? '+' : value < 0 ? '−' : '±'
  const size = Math.abs(value)
  if (scale === 'share') return `${sign}${fmt.number(rounded(size * 100, 1))} ${points}`
  if (scale === 'relative') return `${sign}${fmt.percent(size, size < 0.1 ? 1 : 0)}`
  return `${sign}${fmt.number(rounded(size, 2))}`
}

/** Targets are typed in percent for shares and parts, in points for scores. */
export const typedTarget = (typed: string, unit: string): number => (unit === 'points' ? Number(typed) : Number(typed) / 100)

/** What a bound is typed in: hours of times, percent of shares, whole units of money; and how much of the indicator's own unit one of these is. */
export const boundUnits: Record<string, { unit: string; size: number }> = { time: { unit: 'hours', size: 3600 }, share: { unit: 'percent', size: 0.01 }, money: { unit: 'money', size: 100 } }

export type Kind = NonNullable<NewDecision['subject_kind']>
type Subject = Partial<NonNullable<NewDecision['subject']>>
/** What a page puts under a decision: what would be changed, called how, and in which shop it was looked at. */
export interface Offered {
  kind: Kind
  subject: Subject
  title?: string
  shop?: string
}

/** What is changed, as people call it: a template by its title and not by its code. */
export const nameOfSubject = (kind: Kind, subject: Subject, templateName: (name: string) => string): string => (kind === 'template' && subject.name ? templateName(subject.name) : subject.name || String(subject.version ?? ''))

/** These are given to whom they are meant for; everything else is changed by hand. */
export const assigned = (kind: Kind): boolean => kind !== 'answer' && kind !== 'other'

/** By which indicator a change of each kind is usually judged; the form begins with it. */
export const judgedBy: Record<Kind, string> = { policy: 'claim_decision', template: 'csat', routing: 'first_answer', bot: 'bot_alone', answer: 'csat', other: 'claim_decision' }

const KEPT = 'aftercare.decision'

/** Keeps what the form of a new decision begins with, and says where that is. Words are too long for an address. */
export function offer(offered: Offered, store: Pick<Storage, 'setItem'> = sessionStorage): string {
  store.setItem(KEPT, JSON.stringify(offered))
  return `/insight/decisions?new=${offered.kind}`
}

/** What a page offered, if the address still asks for it. */
export function offered(query: string, store: Pick<Storage, 'getItem'> = sessionStorage): Offered | null {
  const kind = new URLSearchParams(query).get('new')
  const kept = kind && store.getItem(KEPT)
  if (!kept) return null
  const found = JSON.parse(kept) as Offered
  return found.kind === kind ? found : null
}
