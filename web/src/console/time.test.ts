import { expect, it } from 'vitest'
import { daysOf, periodOf } from './period'
import { secondsOf } from './time'

it('reads durations as the API writes them', () => {
  expect(['PT1H', 'P2D', 'P1DT12H', 'PT30M', 'PT0S', 'soon'].map(secondsOf)).toEqual([3600, 172_800, 129_600, 1800, 0, 0])
})

it('names every day of a period, the last included', () => {
  expect(daysOf(periodOf('days7', new Date(2026, 2, 3)))).toEqual(['2026-02-25', '2026-02-26', '2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02', '2026-03-03'])
})
