import { expect, it } from 'vitest'
import { before, lastWith, periodOf } from './period'

const today = new Date(2026, 2, 15)

it('spans whole days, the last included', () => {
  expect(periodOf('days7', today)).toEqual({ preset: 'days7', from: '2026-03-09', until: '2026-03-15' })
  expect(periodOf('lastMonth', today)).toEqual({ preset: 'lastMonth', from: '2026-02-01', until: '2026-02-28' })
  expect(periodOf('quarter', today)).toEqual({ preset: 'quarter', from: '2026-01-01', until: '2026-03-15' })
})

it('compares with the same length before', () => {
  expect(before(periodOf('days7', today))).toEqual({ preset: 'custom', from: '2026-03-02', until: '2026-03-08' })
})

it('begins where there is something', () => {
  expect(lastWith(null, today)).toEqual(periodOf('days30', today))
  expect(lastWith(new Date(2026, 1, 14, 9).toISOString(), today)).toEqual(periodOf('days30', today))
  expect(lastWith(new Date(2018, 7, 30, 9).toISOString(), today)).toEqual({ preset: 'custom', from: '2018-08-01', until: '2018-08-30' })
})
