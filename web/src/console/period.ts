/** A span of whole days in the reader's zone, `until` included, written as the API takes it. */
export interface Period {
  preset: Preset
  from: string
  until: string
}

export const presets = ['today', 'days7', 'days30', 'month', 'lastMonth', 'quarter', 'year', 'custom'] as const
export type Preset = (typeof presets)[number]

const iso = (d: Date) => `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`
const shift = (d: Date, days: number) => new Date(d.getFullYear(), d.getMonth(), d.getDate() + days)

export function periodOf(preset: Exclude<Preset, 'custom'>, today: Date): Period {
  const [y, m] = [today.getFullYear(), today.getMonth()]
  const span: Record<typeof preset, [Date, Date]> = {
    today: [today, today],
    days7: [shift(today, -6), today],
    days30: [shift(today, -29), today],
    month: [new Date(y, m, 1), today],
    lastMonth: [new Date(y, m - 1, 1), new Date(y, m, 0)],
    quarter: [new Date(y, m - (m % 3), 1), today],
    year: [shift(today, -364), today],
  }
  const [from, until] = span[preset]
  return { preset, from: iso(from), until: iso(until) }
}

/** The usual month; the month up to the newest that there is where that is older. */
export function lastWith(newest: string | null, today: Date): Period {
  const usual = periodOf('days30', today)
  if (!newest) return usual
  const last = new Date(newest)
  return iso(last) >= usual.from ? usual : { preset: 'custom', from: iso(shift(last, -29)), until: iso(last) }
}

/** The span of the same length just before, to compare with. */
export function before(period: Period): Period {
  const day = (text: string) => {
    const [y = 0, m = 1, d = 1] = text.split('-').map(Number)
    return new Date(y, m - 1, d)
  }
  const from = day(period.from)
  const days = Math.round((day(period.until).getTime() - from.getTime()) / 86_400_000) + 1
  return { preset: 'custom', from: iso(shift(from, -days)), until: iso(shift(from, -1)) }
}

/** Every day of the period as the API writes it. */
export function daysOf(period: Period): string[] {
  const days: string[] = []
  const [y = 0, m = 1, d = 1] = period.from.split('-').map(Number)
  for (let i = 0; i < 800; i++) {
    const day = new Date(y, m - 1, d + i)
    const text = `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}`
    days.push(text)
    if (text >= period.until) break
  }
  return days
}
