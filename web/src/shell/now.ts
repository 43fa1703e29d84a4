import { useSyncExternalStore } from 'react'

let skew = 0

/** Server time, learnt from the Date header of answers: a wrong phone clock must not make promises look broken. */
export function serverNow(): number {
  return Date.now() + skew
}

export function learnServerTime(dateHeader: string | null) {
  const at = dateHeader ? Date.parse(dateHeader) : NaN
  // The header has whole seconds; only a gap that a person would see is corrected.
  if (!Number.isNaN(at) && Math.abs(at - Date.now()) > 5_000) skew = at - Date.now()
}

const tickers = new Map<number, { tell: Set<() => void>; timer: number }>()

/** The time, renewed every `step` milliseconds by one timer shared by everything on the page. */
export function useNow(step = 1000): number {
  return useSyncExternalStore(
    (tell) => {
      let ticker = tickers.get(step)
      if (!ticker) {
        const created = { tell: new Set<() => void>(), timer: 0 }
        created.timer = window.setInterval(() => created.tell.forEach((f) => f()), step)
        tickers.set(step, created)
        ticker = created
      }
      ticker.tell.add(tell)
      return () => {
        ticker.tell.delete(tell)
        if (!ticker.tell.size) {
          clearInterval(ticker.timer)
          tickers.delete(step)
        }
      }
    },
    () => Math.floor(serverNow() / step) * step,
  )
}
