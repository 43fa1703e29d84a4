import { lazy, Suspense } from 'react'
import { Link, useParams } from 'wouter'
import { ErrorState, Icon } from '../../design'
import { useText } from '../../i18n'
import { useCase } from '../data'
import { ClockRing, Head, PageSkeleton, ringOf } from '../parts'
import { Entered } from '../session'
import { Thread } from '../Thread'
import s from './Talk.module.css'

const Survey = lazy(() => import('../Survey'))

export default function Talk() {
  const { id = '' } = useParams()
  return <Entered>{() => <TalkPage id={id} />}</Entered>
}

function TalkPage({ id }: { id: string }) {
  const { t } = useText()
  const page = useCase(id)
  const up = { href: '/', label: t('home.title') }
  if (page.error && !page.data) return <><Head up={up} title={t('talk.title')} /><ErrorState error={page.error} onRetry={() => void page.refetch()} /></>
  if (!page.data) return <PageSkeleton />
  const { case: about, clocks, links } = page.data
  const clock = ringOf(clocks.filter((one) => one.subject_kind !== 'claim' && one.state === 'running'))
  const claims = links.filter((one) => one.object_kind === 'claim')
  return (
    <div className={s.talk}>
      <Head up={up} title={about.title} text={t('talk.number', { number: about.number })} />
      {clock && (
        <div className={s.clock}>
          <ClockRing clock={clock} size="row" bare={false} />
        </div>
      )}
      {claims.map((one) => (
        <Link key={one.object_id} href={`/claims/${one.object_id}`} className={s.claim}>
          {t('talk.toClaim')} <Icon name="next" size={16} />
        </Link>
      ))}
      {(about.status === 'solved' || about.status === 'closed') && (
        <Suspense>
          <Survey caseId={id} />
        </Suspense>
      )}
      <Thread key={id} page={page.data} caseId={id} />
    </div>
  )
}
