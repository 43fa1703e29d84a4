import { describe, expect, it } from 'vitest'
import { addUp, viewPromise, waitLength } from './promise'

const at = (hour: number) => new Date(Date.UTC(2026, 10, 1, hour)).toISOString()
const now = (hour: number) => Date.parse(at(hour))
const clock = { started_at: at(0), due_at: at(8) }
const HOUR = 3_600_000

describe('a promise', () => {
  it('empties, warns in its last quarter, breaks at zero', () => {
    expect(viewPromise(clock, now(2))).toEqual({ state: 'kept', left: 6 * HOUR, full: 0.75 })
    expect(viewPromise(clock, now(6))).toEqual({ state: 'warn', left: 2 * HOUR, full: 0.25 })
    expect(viewPromise(clock, now(8))).toEqual({ state: 'broken', left: 0, full: 0 })
    expect(viewPromise(clock, now(10))).toEqual({ state: 'broken', left: -2 * HOUR, full: 0 })
  })
  it('warns when it is told to', () => {
    expect(viewPromise({ ...clock, warn_at: at(1) }, now(2)).state).toBe('warn')
  })
  it('stands still while paused', () => {
    expect(viewPromise({ ...clock, paused_at: at(4) }, now(20))).toEqual({ state: 'paused', left: 4 * HOUR, full: 0.5 })
  })
  it('stays met, or late', () => {
    expect(viewPromise({ ...clock, met_at: at(3) }, now(20))).toEqual({ state: 'met', left: 5 * HOUR, full: 1 })
    expect(viewPromise({ ...clock, met_at: at(9) }, now(20))).toEqual({ state: 'broken', left: -HOUR, full: 1 })
  })
})

it('draws waits on a log scale', () => {
  expect([0, 60_000, HOUR, 24 * HOUR, 30 * 24 * HOUR].map(waitLength)).toEqual([8, 16, 55, 92, 131])
  expect(waitLength(-5)).toBe(8)
})

it('adds money up per currency; a step that no line reached stays open', () => {
  const line = { paid: 100, claimed: 100, agreed: 60, received: null, refunded: null }
  expect(
    addUp([
      { id: 'a', label: 'a', currency: 'CNY', ...line },
      { id: 'b', label: 'b', currency: 'CNY', ...line, agreed: null },
      { id: 'c', label: 'c', currency: 'JPY', ...line },
    ]),
  ).toEqual([
    { currency: 'CNY', paid: 200, claimed: 200, agreed: 60, received: null, refunded: null },
    { currency: 'JPY', paid: 100, claimed: 100, agreed: 60, received: null, refunded: null },
  ])
})
