/** Weekly hours as people type them ('09:00-12:00 13:00-18:00') and as they are drawn. */
import type { CalendarDate } from '../api/schema'

const SPAN = /^([01]\d|2[0-3]):([0-5]\d)-(([01]\d|2[0-3]):([0-5]\d)|24:00)$/

export const spansText = (spans: readonly string[]) => spans.join(' ')

/** The spans typed, or null when one of them is none. */
export function readSpans(text: string): string[] | null {
  const parts = text.replace(/[–—~～至]/g, '-').replace(/：/g, ':').split(/[\s,，、;]+/).filter(Boolean).map((p) => p.replace(/^(\d):/, '0$1:').replace(/-(\d):/, '-0$1:'))
  return parts.every((p) => SPAN.test(p)) ? parts : null
}

const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))

/** Where a span begins on the day's line and how long it is, as shares; one past midnight ends with the day. */
export function spanShare(span: string): { from: number; long: number } {
  const from = minutes(span.slice(0, 5))
  const until = minutes(span.slice(6))
  return { from: from / 1440, long: ((until > from ? until : 1440) - from) / 1440 }
}

/** Working hours of a week, to half an hour. */
export function hoursOfWeek(week: readonly (readonly string[])[]): number {
  const total = week.flat().reduce((n, span) => {
    const [from, until] = [minutes(span.slice(0, 5)), minutes(span.slice(6))]
    return n + (until > from ? until - from : until + 1440 - from)
  }, 0)
  return Math.round(total / 30) / 2
}

export function dayMark(day: CalendarDate | undefined, worksThen: boolean): 'work' | 'rest' | 'holiday' | 'makeUp' {
  if (!day) return worksThen ? 'work' : 'rest'
  return day.open ? (worksThen ? 'work' : 'makeUp') : 'holiday'
}
