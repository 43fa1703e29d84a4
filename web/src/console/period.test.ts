import { expect, it } from 'vitest'
import { before, periodOf } from './period'

const today = new Date(2026, 2, 15)

it('spans whole days, the last included', () => {
  expect(periodOf('days7', today)).toEqual({ preset: 'days7', from: '2026-03-09', until: '2026-03-15' })
  expect(periodOf('lastMonth', today)).toEqual({ preset: 'lastMonth', from: '2026-02-01', until: '2026-02-28' })
  expect(periodOf('quarter', today)).toEqual({ preset: 'quarter', from: '2026-01-01', until: '2026-03-15' })
})

it('compares with the same length before', () => {
  expect(before(periodOf('days7', today))).toEqual({ preset: 'custom', from: '2026-03-02', until: '2026-03-08' })
})
