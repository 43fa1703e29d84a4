import { expect, it } from 'vitest'
import { clockTiles, isOurs, largest } from './board'

const clock = { shop_id: 'a', name: 'case.first_answer', on_time: 3, at_risk: 1, paused: 0, broken: 0, next_due_at: null }

it('adds up shops, keeps days apart and puts what is broken first', () => {
  const tiles = clockTiles(
    {
      now: [clock, { ...clock, shop_id: 'b', on_time: 1 }, { ...clock, name: 'claim.pay', broken: 2 }],
      days: [
        { day: '2026-03-09', shop_id: 'a', name: 'case.first_answer', kept: 3, broken: 1, cancelled: 5 },
        { day: '2026-03-09', shop_id: 'b', name: 'case.first_answer', kept: 4, broken: 0, cancelled: 0 },
        { day: '2026-03-10', shop_id: 'a', name: 'case.first_answer', kept: 1, broken: 1, cancelled: 0 },
      ],
    },
    ['2026-03-08', '2026-03-09', '2026-03-10'],
    '2026-03-10',
  )
  expect(tiles.map((t) => t.name)).toEqual(['claim.pay', 'case.first_answer'])
  expect(tiles[1]).toMatchObject({ onTime: 4, atRisk: 2, kept: 8, missed: 2, today: { kept: 1, missed: 1 }, days: [null, 0.875, 0.5] })
})

it('names no largest part of nothing', () => {
  expect(largest([{ n: 0 }], (r) => r.n)).toBeNull()
  expect(largest([{ n: 1 }, { n: 4 }], (r) => r.n)?.count).toBe(4)
})

it('knows whose turn a clock measures', () => {
  expect(['case.first_answer', 'claim.decide_refund', 'claim.ship', 'claim.transit_back'].map(isOurs)).toEqual([true, true, false, false])
})
