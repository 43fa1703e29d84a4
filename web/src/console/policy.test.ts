import { expect, it } from 'vitest'
import { changedRules, mistakesAt, policyOf, withRule } from './policy'

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
