import { useEffect } from 'react'
import { useLocation, useParams } from 'wouter'
import { ButtonLink, ErrorState, SkeletonRows } from '../../design'
import { useText } from '../../i18n'
import { useClaim } from '../data'
import { addressOf } from '../place'

/** Addresses that mails and other faces give: a case by its id, a claim by its own. */
export default function Open() {
  const { t } = useText()
  const { id } = useParams<{ id: string }>()
  const [at, go] = useLocation()
  const kind = at.startsWith('/cases/') ? 'cases' : 'claims'
  const claim = useClaim(kind === 'claims' ? id : null)
  useEffect(() => {
    if (kind === 'cases') go(addressOf({ view: 'all', case: id }), { replace: true })
    else if (claim.data) go(addressOf({ view: 'all', case: claim.data.case_id, claim: id }), { replace: true })
  }, [kind, id, claim.data])
  if (claim.isError) return <ErrorState error={claim.error} onRetry={() => void claim.refetch()} wayOut={<ButtonLink href="/desk">{t('action.home')}</ButtonLink>} />
  return <SkeletonRows />
}
