import { useQueries, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { Link } from 'wouter'
import { ErrorState, Icon, Section, SkeletonRows } from '../../design'
import { useText } from '../../i18n'
import { get, useMe } from '../data'
import { chaptersOf } from '../handbook'
import { helpApi } from '../helpCentre'
import { Head, PageSkeleton } from '../parts'
import s from './Help.module.css'

const QUESTIONS = ['start', 'time', 'money', 'freight', 'refused', 'photos'] as const

interface Storefront {
  code: string
  name: string
  support_email: string | null
}

/** How it works, from the same tables that run it, and how to reach a person. */
export default function Help() {
  const { t, locale } = useText()
  const me = useMe()
  const book = useQuery({ queryKey: ['handbook', locale], queryFn: ({ signal }) => get<{ markdown: string }>(`/handbook?locale=${locale}`, signal), staleTime: 3_600_000 })
  const chapters = useMemo(() => chaptersOf(book.data?.markdown ?? ''), [book.data])
  const fronts = useQueries({ queries: (me.data?.shops ?? []).slice(0, 10).map((shop) => ({ queryKey: ['storefront', shop.code], queryFn: ({ signal }: { signal: AbortSignal }) => get<Storefront>(`/storefronts/${encodeURIComponent(shop.code)}`, signal), staleTime: 3_600_000 })) })
  const centres = useQuery({ queryKey: ['help'], queryFn: ({ signal }) => helpApi.centres(signal), staleTime: 300_000 })
  if (me.isLoading || centres.isLoading || fronts.some((one) => one.isLoading)) return <PageSkeleton />
  // Of somebody who has entered only the shops where he bought; a shop that has written nothing has no help centre.
  const own = new Set(me.data?.shops.map((shop) => shop.code))
  const mine = centres.data?.filter((one) => own.has(one.shop_code)) ?? []
  const shown = mine.length ? mine : (centres.data ?? [])
  const reachable = fronts.flatMap((one) => (one.data?.support_email ? [one.data] : []))
  return (
    <>
      <Head up={{ href: '/', label: t('home.title') }} title={t('help.title')} text={t('help.text')} />
      {shown.map((one) => (
        <Link key={one.shop_code} href={`/help/${one.shop_code}`} className={s.ask}>
          <Icon name="search" size={24} />
          <span>
            <strong>{t('centre.title', { shop: one.shop_name })}</strong>
            <span className="muted small">{t('centre.searchHint')}</span>
          </span>
          <Icon name="next" size={18} />
        </Link>
      ))}
      <Link href="/cases/new" className={s.ask}>
        <Icon name="chat" size={24} />
        <span>
          <strong>{t('help.ask')}</strong>
          <span className="muted small">{t('help.askText')}</span>
        </span>
        <Icon name="next" size={18} />
      </Link>
      {reachable.map((front) => (
        <a key={front.code} className={s.ask} href={`mailto:${front.support_email}`}>
          <Icon name="out" size={24} />
          <span>
            <strong>{front.name}</strong>
            <span className="muted small">{front.support_email}</span>
          </span>
        </a>
      ))}
      <Section title={t('help.often')} className={s.often}>
        {QUESTIONS.map((one) => (
          <details key={one} className={s.question}>
            <summary>{t(`help.q.${one}`)}</summary>
            <p className="muted">{t(`help.a.${one}`)}</p>
          </details>
        ))}
      </Section>
      <Section title={t('help.steps')} lead={t('help.stepsLead')}>
        {book.error ? (
          <ErrorState compact error={book.error} onRetry={() => void book.refetch()} />
        ) : book.isPending ? (
          <SkeletonRows rows={4} />
        ) : (
          chapters.map((chapter) => (
            <details key={chapter.title} className={s.question}>
              <summary>
                {chapter.title}
              </summary>
              <ol className={s.steps}>
                {chapter.steps.filter((step) => step.clock).map((step) => (
                  <li key={step.name}>
                    <p className={s.stepName}>
                      {step.name}
                      <span className="muted small">{step.owner}</span>
                    </p>
                    {step.clock && (
                      <p className="small">
                        <Icon name="clock" size={14} /> {step.clock}
                        {step.atZero && <span className="muted"> → {step.atZero}</span>}
                      </p>
                    )}
                  </li>
                ))}
              </ol>
            </details>
          ))
        )}
      </Section>
    </>
  )
}
