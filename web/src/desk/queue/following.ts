import { useCallback, useEffect, useRef } from 'react'
import { flushSync } from 'react-dom'

const MS_OF_REST = 150

/** The case follows the cursor: at once after a single press, and when a held key is let go, not at every row in between. Any
other key finds the case that the cursor shows, so that nothing is done to the one before. */
export function useFollowing(open: (id: string) => void): (id: string) => void {
  const latest = useRef(open)
  latest.current = open
  const waiting = useRef<{ id: string; timer: number } | null>(null)
  const last = useRef(0)
  const arrive = useCallback(() => {
    const one = waiting.current
    waiting.current = null
    if (!one) return
    clearTimeout(one.timer)
    latest.current(one.id)
  }, [])
  useEffect(() => {
    const other = (event: KeyboardEvent) => {
      if (waiting.current && !/^[jk]$/i.test(event.key)) flushSync(arrive)
    }
    document.addEventListener('keydown', other, true)
    return () => {
      document.removeEventListener('keydown', other, true)
      clearTimeout(waiting.current?.timer)
    }
  }, [arrive])
  return useCallback(
    (id: string) => {
      const now = performance.now()
      const resting = now - last.current > MS_OF_REST
      last.current = now
      clearTimeout(waiting.current?.timer)
      waiting.current = { id, timer: window.setTimeout(arrive, MS_OF_REST) }
      if (resting) arrive()
    },
    [arrive],
  )
}
