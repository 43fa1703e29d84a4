/** What the whole console looks at: one shop or all of them, and a period. Kept for the session, so that pages agree. */
import { createContext, type ReactNode, useContext, useMemo, useState } from 'react'
import { before, type Period, periodOf } from './period'

export interface Scope {
  /** Id of a shop, or '' for all that one sees. */
  shop: string
  period: Period
  pickShop: (shop: string) => void
  pickPeriod: (period: Period) => void
}

const KEPT = 'aftercare.console.scope'
const ScopeContext = createContext<Scope | null>(null)

function kept(): { shop: string; period: Period } {
  const usual = { shop: '', period: periodOf('days30', new Date()) }
  try {
    const read = JSON.parse(sessionStorage.getItem(KEPT) ?? '{}') as Partial<{ shop: string; period: Period }>
    const period = read.period && read.period.preset !== 'custom' ? periodOf(read.period.preset, new Date()) : read.period
    return { shop: read.shop ?? usual.shop, period: period ?? usual.period }
  } catch {
    return usual
  }
}

export function ScopeProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState(kept)
  const scope = useMemo<Scope>(() => {
    const set = (change: Partial<{ shop: string; period: Period }>) =>
      setState((now) => {
        const next = { ...now, ...change }
        try {
          sessionStorage.setItem(KEPT, JSON.stringify(next))
        } catch {
          // Then the choice lasts as long as the page.
        }
        return next
      })
    return { ...state, pickShop: (shop) => set({ shop }), pickPeriod: (period) => set({ period }) }
  }, [state])
  return <ScopeContext value={scope}>{children}</ScopeContext>
}

export function useScope(): Scope {
  const scope = useContext(ScopeContext)
  if (!scope) throw new Error('no scope')
  return scope
}

export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone

/** The period as the API takes it: from the first midnight of the reader to before the last one. */
export function spanOf(period: Period): { since: string; until: string } {
  const midnight = (text: string, more = 0) => {
    const [y = 0, m = 1, d = 1] = text.split('-').map(Number)
    return new Date(y, m - 1, d + more).toISOString()
  }
  return { since: midnight(period.from), until: midnight(period.until, 1) }
}

export const spanBefore = (period: Period) => spanOf(before(period))

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
