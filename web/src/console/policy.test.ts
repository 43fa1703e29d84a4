import { expect, it } from 'vitest'
import { changedRules, mistakesAt, movedRule, policyOf, testOf, withNewRule, withRule } from './policy'

const policy = policyOf({
  id: 'p',
  version: 1,
  automatic: [
    { id: 'a', outcome: 'approve', kinds: [], when: [{ field: 'paid_cents', op: 'at_most', value: 50000 }], text: '' },
    { id: 'b', outcome: 'manual', kinds: [], when: [], text: '' },
  ],
})

it('changes and drops one rule and leaves the rest', () => {
  const changed = withRule(policy, 'automatic', 0, { outcome: 'manual' })
  expect(changed.automatic.map((r) => r.outcome)).toEqual(['manual', 'manual'])
  expect(policy.automatic[0]?.outcome).toBe('approve')
  expect(withRule(policy, 'automatic', 0, null).automatic.map((r) => r.id)).toEqual(['b'])
  expect(changedRules(changed, policy)).toEqual(['a'])
  expect(changedRules({ ...policy, when_closed: 'reject' }, policy)).toEqual(['when_closed'])
})

it('finds the mistakes of a rule', () => {
  const mistakes = { 'automatic.1.when.0.value': 'wrong', 'automatic.10.kinds': 'other', 'automatic.1': 'whole' }
  expect(mistakesAt(mistakes, 'automatic', 1)).toEqual([['when.0.value', 'wrong'], ['', 'whole']])
})

it('moves a rule and leaves the ends where they are', () => {
  expect(movedRule(policy, 'automatic', 0, 1).automatic.map((r) => r.id)).toEqual(['b', 'a'])
  expect(movedRule(policy, 'automatic', 0, -1)).toBe(policy)
  expect(movedRule(policy, 'automatic', 1, 1)).toBe(policy)
})

it('adds a rule under a name that is not taken', () => {
  const rule = { kinds: ['refund_only'], when: [], outcome: 'manual' as const, days: 15, text: '质量问题' }
  const once = withNewRule(policy, 'automatic', rule)
  const twice = withNewRule(once, 'automatic', rule)
  expect(twice.automatic.map((r) => r.id)).toEqual(['a', 'b', 'auto.own_1', 'auto.own_2'])
  const grant = withNewRule(policy, 'grants', rule).grants[0]
  expect([grant?.id, grant?.text, grant?.window?.days]).toEqual(['shop.grant_1', '质量问题', 15])
  expect(withNewRule(policy, 'grants', { ...rule, days: 0 }).grants[0]?.window).toBeNull()
})

it('reads a condition as it is typed', () => {
  expect(testOf('paid_cents', 'at_most', '19.99', 2)).toEqual({ field: 'paid_cents', op: 'at_most', value: 1999 })
  expect(testOf('category', 'at_most', '食品，服装', 2)).toEqual({ field: 'category', op: 'in', value: ['食品', '服装'] })
  expect(testOf('shipped', 'at_most', 'no', 2)).toEqual({ field: 'shipped', op: 'is', value: false })
  expect(testOf('quantity', 'at_least', '', 2)).toBeNull()
})
