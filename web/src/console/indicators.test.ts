import { describe, expect, it } from 'vitest'
import { formatsFor } from '../i18n'
import { axisOf, boundsText, standingOf, targetText, valueText } from './indicators'

const fmt = formatsFor('en')
const share = { kind: 'share', unit: 'percent', scale: null, currency: null } as const
const time = { kind: 'time', unit: 'seconds', scale: null, currency: null } as const

describe('an indicator in words', () => {
  it('has its own unit', () => {
    expect(valueText(share, 0.9342, fmt)).toBe('93.4%')
    expect(valueText(time, 12_000, fmt)).toBe('3 h 20 min')
    expect(valueText({ kind: 'money', unit: 'minor_units', scale: null, currency: 'CNY' }, 1230.4, fmt)).toBe('CN¥12.30')
    expect(valueText({ kind: 'score', unit: 'points', scale: 5, currency: null }, 4.6, fmt)).toBe('4.6 / 5')
    expect(valueText({ kind: 'index', unit: 'points', scale: null, currency: null }, 41.6, fmt)).toBe('+42')
    expect(valueText({ kind: 'count', unit: 'number', scale: null, currency: null }, null, fmt)).toBe('–')
    expect(boundsText(share, { low: 0.9, high: 0.95 }, fmt)).toBe('90% – 95%')
    expect(boundsText(share, { low: null, high: null }, fmt)).toBe(null)
  })
  it('goes by its size on an axis', () => {
    expect([axisOf(time, [60, 600]).unit, axisOf(time, [3600, 9000]).unit, axisOf(time, [null, 400_000]).unit]).toEqual(['minutes', 'hours', 'days'])
    expect(axisOf(share, []).of(0.8567)).toBe(85.7)
    expect(axisOf(share, []).back(90)).toBeCloseTo(0.9)
  })
  it('says how it stands', () => {
    const figure = { value: 1 } as never
    expect(standingOf({ kept: true, missing: null, figure })).toBe('kept')
    expect(standingOf({ kept: false, missing: null, figure })).toBe('missed')
    expect(standingOf({ kept: null, missing: null, figure })).toBe('told')
    expect(standingOf({ kept: null, missing: 'too_few', figure })).toBe('few')
    expect(standingOf({ kept: null, missing: 'nothing_recorded', figure })).toBe('empty')
    expect(standingOf({ kept: null, missing: 'no_source', figure })).toBe('no_source')
  })
  it('tells its target', () => {
    const t = (key: string, values?: Record<string, unknown>) => `${key} ${JSON.stringify(values)}`
    expect(targetText({ ...share, good: 'up', target: 0.9, share_target: null, limit_seconds: null }, t, fmt)).toBe('≥ 90%')
    expect(targetText({ ...share, good: 'up', target: null, share_target: null, limit_seconds: null }, t, fmt)).toBe(null)
    expect(targetText({ ...time, good: 'down', target: 300, share_target: 0.9, limit_seconds: 3600 }, t, fmt)).toBe('≤ 5 min · measured.within {"share":"90%","time":"1 h"}')
  })
})
