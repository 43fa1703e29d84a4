/** Who has entered; pages that need somebody show the way in at their own address. */
import { useQueryClient } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense } from 'react'
import { ErrorState } from '../design'
import { type Me, signOut, useMe } from './data'
import { PageSkeleton } from './parts'

const Enter = lazy(() => import('./pages/Enter'))

/** Shows the page to whoever has entered, and the way in to everybody else: after it the page stands where it was. */
export function Entered({ why, children }: { why?: string; children: (me: Me) => ReactNode }) {
  const me = useMe()
  if (me.data) return children(me.data)
  if (me.error) return <ErrorState error={me.error} onRetry={() => void me.refetch()} />
  if (me.isPending) return <PageSkeleton />
  return (
    <Suspense fallback={<PageSkeleton />}>
      <Enter why={why} />
    </Suspense>
  )
}

export function useSignOut() {
  const queries = useQueryClient()
  return async () => {
    await signOut()
    queries.clear()
    queries.setQueryData(['me'], null)
  }
}
