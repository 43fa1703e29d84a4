/** A span of whole days in the reader's zone, `until` included, written as the API takes it. */
export interface Period {
  preset: Preset
  from: string
  until: string
}

export const presets = ['today', 'days7', 'days30', 'month', 'lastMonth', 'quarter', 'custom'] as const
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
  }
  const [from, until] = span[preset]
  return { preset, from: iso(from), until: iso(until) }
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
