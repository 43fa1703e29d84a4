import { expect, it } from 'vitest'
import { dayMark, hoursOfWeek, readSpans, spanShare } from './week'

it('reads hours as people type them, and refuses the rest', () => {
  expect(readSpans('9:00–12:00，13：00-18:00')).toEqual(['09:00-12:00', '13:00-18:00'])
  expect(readSpans('')).toEqual([])
  expect(['9-5', '25:00-26:00', 'morning'].map(readSpans)).toEqual([null, null, null])
})

it('draws and adds up spans, night shifts too', () => {
  expect(spanShare('06:00-12:00')).toEqual({ from: 0.25, long: 0.25 })
  expect(spanShare('18:00-06:00')).toEqual({ from: 0.75, long: 0.25 })
  expect(hoursOfWeek([['09:00-12:00', '13:00-18:00'], ['22:00-06:00'], ['00:00-24:00']])).toBe(40)
})

it('marks a make-up day and a holiday', () => {
  const day = { on: '2026-02-28', name: '春节调休', own: false, hours: [] }
  expect([dayMark({ ...day, open: true }, false), dayMark({ ...day, open: false }, true), dayMark(undefined, false)]).toEqual(['makeUp', 'holiday', 'rest'])
})
