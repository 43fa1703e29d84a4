import { useEffect } from 'react'
import { useLocation, useSearch } from 'wouter'
import { PageSkeleton } from '../parts'
import { useMe } from '../data'
import Enter from './Enter'

/** The address in the message that brought the code: only the digits are asked. */
export default function EnterByLink() {
  const me = useMe()
  const [, go] = useLocation()
  const entryId = new URLSearchParams(useSearch()).get('code') ?? undefined
  useEffect(() => {
    if (me.data) go('/', { replace: true })
  }, [me.data])
  if (me.isPending || me.data) return <PageSkeleton />
  return <Enter entryId={entryId} />
}
