/** What a ring shows, worked out from a clock as the API tells it. */
export interface PromiseClock {
  started_at: string
  due_at: string
  /** When the ring turns amber; three quarters of the way when not told. */
  warn_at?: string | null
  paused_at?: string | null
  /** The promise was kept (or came late: after `due_at` it counts as broken). */
  met_at?: string | null
}

export type PromiseState = 'kept' | 'warn' | 'broken' | 'paused' | 'met'

export interface PromiseView {
  state: PromiseState
  /** Milliseconds left; negative when overdue; for `met` what was left when it was kept. */
  left: number
  /** How full the ring stands, 0 to 1. */
  full: number
}

export function viewPromise(clock: PromiseClock, now: number): PromiseView {
  const start = Date.parse(clock.started_at)
  const due = Date.parse(clock.due_at)
  const end = clock.met_at ? Date.parse(clock.met_at) : clock.paused_at ? Date.parse(clock.paused_at) : now
  const left = due - end
  const full = due > start ? Math.min(1, Math.max(0, left / (due - start))) : 0
  if (clock.met_at) return { state: left >= 0 ? 'met' : 'broken', left, full: 1 }
  if (left <= 0) return { state: 'broken', left, full: 0 }
  if (clock.paused_at) return { state: 'paused', left, full }
  const warn = clock.warn_at ? Date.parse(clock.warn_at) : due - (due - start) / 4
  return { state: now >= warn ? 'warn' : 'kept', left, full }
}

/** Pixels that a wait takes on the line: doubled time adds the same length (a minute 16, an hour 55, a day 92, a month 131). */
export function waitLength(ms: number): number {
  return Math.round(8 + 8 * Math.log2(1 + Math.max(0, ms) / 60_000))
}

/** What each of the five sums is made of, by currency; amounts in minor units. */
export interface MoneyLine {
  id: string
  label: string
  currency: string
  paid: number
  claimed: number
  agreed: number | null
  received: number | null
  refunded: number | null
}

export const moneySteps = ['paid', 'claimed', 'agreed', 'received', 'refunded'] as const
export type MoneyStep = (typeof moneySteps)[number]

/** Totals per currency; a step is null while no line has reached it. */
export function addUp(lines: readonly MoneyLine[]): (Omit<MoneyLine, 'id' | 'label'>)[] {
  const totals = new Map<string, Omit<MoneyLine, 'id' | 'label'>>()
  for (const line of lines) {
    const sum = totals.get(line.currency) ?? { currency: line.currency, paid: 0, claimed: 0, agreed: null, received: null, refunded: null }
    for (const step of moneySteps) {
      const amount = line[step]
      if (amount !== null) sum[step] = (sum[step] ?? 0) + amount
    }
    totals.set(line.currency, sum)
  }
  return [...totals.values()]
}
