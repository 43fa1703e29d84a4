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
