/** How an indicator's numbers are written: on tiles, on axes, in tables. Pure. */
import type { Figure, IndicatorAnswer } from '../api/schema'
import type { Formats, Translate } from '../i18n'

type Told = Pick<IndicatorAnswer, 'kind' | 'unit' | 'scale' | 'currency'>

/** A value as a person reads it: '93.4 %', '3 小时 20 分', '4.6 / 5', '¥12.30'. */
export function valueText(one: Told, value: number | null, fmt: Formats): string {
  if (value === null) return '–'
  switch (one.kind) {
    case 'share':
      return fmt.percent(value, 1)
    case 'time':
      return fmt.duration(Math.max(0, value) * 1000)
    case 'money':
      return one.currency ? fmt.money(Math.round(value), one.currency) : fmt.number(value)
    case 'score':
      return one.scale ? `${fmt.number(value, { maximumFractionDigits: 2 })} / ${one.scale}` : `${fmt.number(value, { maximumFractionDigits: 2 })} ${one.unit}`
    case 'index':
      return fmt.number(value, { maximumFractionDigits: 0, signDisplay: 'exceptZero' })
    default:
      return fmt.number(value, { maximumFractionDigits: 0 })
  }
}

/** '91.2 % – 95.1 %', or nothing where there is no interval. */
export function boundsText(one: Told, figure: Pick<Figure, 'low' | 'high'>, fmt: Formats): string | null {
  return figure.low === null || figure.high === null ? null : `${valueText(one, figure.low, fmt)} – ${valueText(one, figure.high, fmt)}`
}

export interface Axis {
  /** A key of indicators.json, or '%'. */
  unit: string
  of: (value: number | null) => number | null
  back: (shown: number) => number
}

/** By how much a value is divided on an axis, and what it is called there. Times go by their own size. */
export function axisOf(one: Told, values: readonly (number | null)[]): Axis {
  const by = (unit: string, factor: number, digits = 2): Axis => ({
    unit,
    of: (value) => (value === null ? null : Math.round((value / factor) * 10 ** digits) / 10 ** digits),
    back: (shown) => shown * factor,
  })
  if (one.kind === 'share') return by('%', 0.01, 1)
  if (one.kind === 'money') return by('money', 100)
  if (one.kind === 'time') {
    const most = Math.max(0, ...values.map((v) => v ?? 0))
    return most >= 2 * 86_400 ? by('days', 86_400) : most >= 2 * 3600 ? by('hours', 3600) : by('minutes', 60)
  }
  if (one.kind === 'count') return by('number', 1, 0)
  return by(one.unit === 'kg' ? 'kg' : 'points', 1)
}

/** Kept, missed, or why nobody can tell. */
export type Standing = 'kept' | 'missed' | 'told' | 'few' | 'empty' | 'no_source'

export function standingOf(one: Pick<IndicatorAnswer, 'kept' | 'missing' | 'figure'>): Standing {
  if (one.missing === 'no_source') return 'no_source'
  if (one.missing === 'nothing_recorded') return 'empty'
  if (one.missing === 'too_few' || one.figure.value === null) return 'few'
  return one.kept === null ? 'told' : one.kept ? 'kept' : 'missed'
}

/** What of the trend a small line shows. */
export const lineOf = (one: Pick<IndicatorAnswer, 'trend'>) => one.trend.map((point) => point.figure.value)

/** 'target median 5 min', '≥ 90 %'. */
export function targetText(one: Pick<IndicatorAnswer, 'target' | 'share_target' | 'limit_seconds' | 'good'> & Told, t: Translate, fmt: Formats): string | null {
  const parts: string[] = []
  if (one.target !== null) parts.push(`${one.good === 'up' ? '≥' : '≤'} ${valueText(one, one.target, fmt)}`)
  if (one.share_target !== null && one.limit_seconds !== null) parts.push(t('measured.within', { share: fmt.percent(one.share_target), time: fmt.duration(one.limit_seconds * 1000) }))
  return parts.length ? parts.join(' · ') : null
}
