/** A shop's policy as the editor holds it. Pure: reading, changing a part, finding where a mistake lies. */
import type { components } from '../api/schema'

export type Grant = components['schemas']['Grant']
export type Exclusion = components['schemas']['Exclusion']
export type Test = components['schemas']['Test']

export interface Terms {
  id: string
  kinds: string[]
  when: Test[]
  freight_payer: string | null
  fee_percent: number | null
  fee_cents: number | null
  evidence: string[] | null
}

export interface AutomaticRule {
  id: string
  outcome: 'approve' | 'manual' | 'reject'
  kinds: string[]
  when: Test[]
  text: string
}

export interface PolicyDocument {
  id: string
  version: number
  market: string
  grants: Grant[]
  exclusions: Exclusion[]
  terms: Terms[]
  automatic: AutomaticRule[]
  when_closed: 'manual' | 'reject'
}

export const policyOf = (document: Record<string, unknown>) => ({ grants: [], exclusions: [], terms: [], automatic: [], when_closed: 'manual', market: '*', ...document }) as unknown as PolicyDocument

type Lists = { [K in 'grants' | 'exclusions' | 'terms' | 'automatic']: PolicyDocument[K][number] }

/** The policy with one rule changed, or without it. */
export function withRule<K extends keyof Lists>(policy: PolicyDocument, list: K, at: number, change: Partial<Lists[K]> | null): PolicyDocument {
  const rows = policy[list] as Lists[K][]
  const next = change === null ? rows.filter((_, i) => i !== at) : rows.map((row, i) => (i === at ? { ...row, ...change } : row))
  return { ...policy, [list]: next }
}

/** The policy with one rule a place further up (-1) or down (1); the first that fits decides, so the order means something. */
export function movedRule<K extends keyof Lists>(policy: PolicyDocument, list: K, at: number, by: -1 | 1): PolicyDocument {
  const rows: unknown[] = [...policy[list]]
  const [one, other] = [rows[at], rows[at + by]]
  if (!one || !other) return policy
  rows[at] = other
  rows[at + by] = one
  return { ...policy, [list]: rows }
}

export interface NewRule {
  kinds: string[]
  when: Test[]
  /** Of an automatic decision. */
  outcome: AutomaticRule['outcome']
  /** Of what may be applied for: days after delivery; 0 never closes. Of an exclusion: the sentence that customers read. */
  days: number
  text: string
}

/** The policy with a rule added: at the end where order decides nothing or the least, under a name that is not taken. */
export function withNewRule(policy: PolicyDocument, list: keyof Lists, rule: NewRule): PolicyDocument {
  const taken = new Set([...policy.grants, ...policy.exclusions, ...policy.terms, ...policy.automatic].map((r) => r.id))
  const start = { grants: 'shop.grant', exclusions: 'shop.exclusion', terms: 'terms.own', automatic: 'auto.own' }[list]
  let n = 1
  while (taken.has(`${start}_${n}`)) n += 1
  const common = { id: `${start}_${n}`, kinds: rule.kinds, when: rule.when }
  const made = {
    grants: { ...common, text: rule.text, source: '', exceptions: [], window: rule.days > 0 ? { starts: 'delivered', days: rule.days, months: 0, after_days: 0, months_of_warranty: false } : null, freight_payer: 'customer', outward_freight_back: false, evidence_may_be_asked: true, fee_percent_at_most: 0 },
    exclusions: { ...common, text: rule.text, source: '' },
    terms: { ...common, freight_payer: null, fee_percent: null, fee_cents: null, evidence: [] },
    automatic: { ...common, outcome: rule.outcome, text: 'automatic.rule' },
  }[list]
  return { ...policy, [list]: [...policy[list], made] }
}

/** What a condition can be about, with the way in which it is compared. */
export const fieldKinds = {
  category: 'text', reason: 'text', tier: 'text', channel: 'text', condition: 'text', fault_side: 'text',
  asked_cents: 'money', paid_cents: 'money', price_cents: 'money', discount_cents: 'money',
  quantity: 'number', evidence_count: 'number', past_claims: 'number', abuse_score: 'number', repairs_done: 'number',
  shipped: 'yes', delivered: 'yes', custom_made: 'yes', perishable: 'yes', digital: 'yes', hygiene_sealed: 'yes', hygiene_seal_broken: 'yes', final_sale: 'yes', serial: 'yes', durable: 'yes',
} as const

export type FieldName = keyof typeof fieldKinds

/** A condition from what was typed; several words become a list. */
export function testOf(field: FieldName, op: 'at_least' | 'at_most', typed: string, digits: number): Test | null {
  const kind = fieldKinds[field]
  if (kind === 'yes') return { field, op: 'is', value: typed !== 'no' }
  if (kind === 'text') {
    const words = typed.split(/[,，、]/).map((w) => w.trim()).filter(Boolean)
    return words.length ? { field, op: 'in', value: words } : null
  }
  const number = Number(typed)
  if (typed.trim() === '' || !Number.isFinite(number) || number < 0) return null
  return { field, op, value: kind === 'money' ? Math.round(number * 10 ** digits) : Math.trunc(number) }
}

/** The rule with one threshold set. */
export const withValue = (when: readonly Test[], at: number, value: Test['value']): Test[] => when.map((one, i) => (i === at ? { ...one, value } : one))

/** The mistakes that belong to one rule, by what is left of their path ('grants.2.window.days' → 'window.days'). */
export function mistakesAt(mistakes: Readonly<Record<string, string>>, list: string, at: number): [string, string][] {
  const start = `${list}.${at}.`
  return Object.entries(mistakes).flatMap(([path, why]) => (path === `${list}.${at}` ? [['', why] as [string, string]] : path.startsWith(start) ? [[path.slice(start.length), why] as [string, string]] : []))
}

/** Which parts of the policy differ from another: ids of rules that were changed, added or dropped. */
export function changedRules(now: PolicyDocument, before: PolicyDocument): string[] {
  const flat = (p: PolicyDocument) => new Map([...p.grants, ...p.exclusions, ...p.terms, ...p.automatic].map((r) => [r.id, JSON.stringify(r)]))
  const [a, b] = [flat(now), flat(before)]
  const ids = [...new Set([...a.keys(), ...b.keys()])].filter((id) => a.get(id) !== b.get(id))
  return now.when_closed === before.when_closed ? ids : [...ids, 'when_closed']
}
