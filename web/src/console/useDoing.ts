import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { asProblem, type Problem } from '../api/client'
import { toast } from '../design'

/** Runs one change at a time: busy while it runs, the refusal kept for its place in the form, what was read made stale. */
export function useDoing(...stale: readonly (readonly unknown[])[]) {
  const client = useQueryClient()
  const [busy, setBusy] = useState<string | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const run = async <T>(id: string, act: () => Promise<T>, done?: string): Promise<T | null> => {
    if (busy) return null
    setBusy(id)
    setProblem(null)
    try {
      const result = await act()
      for (const queryKey of stale) await client.invalidateQueries({ queryKey })
      if (done) toast(done)
      return result
    } catch (error) {
      setProblem(asProblem(error))
      return null
    } finally {
      setBusy(null)
    }
  }
  return { busy, problem, run, forget: () => setProblem(null) }
}
