/** What the whole console looks at: one shop or all of them, and a period. Kept for the session, so that pages agree. */
import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { newestQuery, useMay } from './data'
import { before, lastWith, type Period, periodOf } from './period'

export { daysOf } from './period'

export interface Scope {
  /** Id of a shop, or '' for all that one sees. */
  shop: string
  period: Period
  pickShop: (shop: string) => void
  pickPeriod: (period: Period) => void
}

const KEPT = 'aftercare.console.scope'

function chosen(): boolean {
  try {
    return sessionStorage.getItem(KEPT) !== null
  } catch {
    return false
  }
}

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
  const client = useQueryClient()
  const mayAsk = useMay()('insights.read')
  // A month of nothing would greet whoever imported an older shop.
  useEffect(() => {
    if (!mayAsk || chosen()) return
    void client
      .fetchQuery(newestQuery)
      .then(({ at }) => !chosen() && setState((now) => ({ ...now, period: lastWith(at, new Date()) })))
      .catch(() => undefined)
  }, [client, mayAsk])
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
