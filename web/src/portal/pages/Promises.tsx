import { useQuery } from '@tanstack/react-query'
import { useParams } from 'wouter'
import { EmptyState, ErrorState, Section, Tag } from '../../design'
import { useText } from '../../i18n'
import { Problem } from '../../api/problem'
import { get } from '../data'
import { type Delay, Delays } from '../Delays'
import { Head, PageSkeleton } from '../parts'
import s from './Promises.module.css'

type Told = Record<string, string>

interface Measure {
  name: string
  title: Told
  formula: Told
  kind: 'share' | 'time' | 'count' | 'money' | 'score' | 'index'
  good: 'up' | 'down'
  target: number | null
  share_target: number | null
  limit_seconds: number | null
  per_days: number | null
  missing: string | null
  value: number | null
  low: number | null
  high: number | null
  n: number
}

interface PublicPage {
  shop: string
  since: string
  until: string
  counted_at: string
  promises: { key: string; title: Told; said: Told; kept: boolean | null; measures: Measure[] }[]
  transparency: { score: number | null; target: number } | null
  warnings: Delay[]
  reports: { id: string; number: string; words: Record<string, { title: string; summary: string }>; published_at: string; corrected_by: string | null }[]
}

/** What a shop shows everybody: how it keeps its promises, in numbers that come from facts. */
export default function Promises() {
  const { shop = '' } = useParams()
  const { t, fmt, locale } = useText()
  const page = useQuery({ queryKey: ['promises', shop], queryFn: ({ signal }) => get<PublicPage>(`/public/promises/${encodeURIComponent(shop)}`, signal), staleTime: 600_000, retry: (n, e) => n < 2 && !(e instanceof Problem && e.status === 404) })
  if (page.error && !page.data)
    return page.error instanceof Problem && page.error.status === 404 ? <EmptyState drawing="lost" title={t('promises.none')} text={t('promises.noneText')} /> : <ErrorState error={page.error} onRetry={() => void page.refetch()} />
  if (!page.data) return <PageSkeleton />
  const { promises, transparency, warnings, reports, ...told } = page.data
  const value = (m: Measure, of: number) => (m.kind === 'share' ? fmt.percent(of, 1) : m.kind === 'time' ? fmt.duration(of * 1000) : fmt.number(of, { maximumFractionDigits: 2 }))
  const sign = (m: Measure) => (m.good === 'up' ? '≥' : '≤')
  return (
    <>
      <Head title={t('promises.title', { shop: told.shop })} text={t('promises.text', { from: fmt.date(told.since), to: fmt.date(new Date(Date.parse(told.until) - 1)) })} />
      <Delays delays={warnings} />
      {promises.map((p) => (
        <section key={p.key} className={s.promise}>
          <h2>
            {p.title[locale]}
            {p.kept !== null && <Tag tone={p.kept ? 'jade' : 'vermilion'}>{t(p.kept ? 'promises.kept' : 'promises.broken')}</Tag>}
          </h2>
          <p className="muted small">{p.said[locale]}</p>
          {p.key === 'transparency' && transparency?.score != null && (
            <p>
              <strong>{fmt.number(transparency.score)}</strong> <span className="muted">{t('promises.score', { target: transparency.target })}</span>
            </p>
          )}
          <dl className={s.measures}>
            {p.measures.map((m) => (
              <div key={m.name}>
                <dt>{m.title[locale]}</dt>
                <dd>{m.value === null ? <span className="muted">{t(m.missing === 'too_few' ? 'promises.tooFew' : 'promises.notYet')}</span> : <strong>{value(m, m.value)}</strong>}</dd>
                {m.value !== null && (
                  <span className={`muted small ${s.fine}`}>
                    {[
                      m.target !== null && t('promises.target', { target: `${sign(m)} ${value(m, m.target)}` }),
                      m.low !== null && m.high !== null && t('promises.between', { low: value(m, m.low), high: value(m, m.high) }),
                      t('promises.of', { n: fmt.number(m.n) }),
                    ]
                      .filter(Boolean)
                      .join(' · ')}
                  </span>
                )}
              </div>
            ))}
          </dl>
        </section>
      ))}
      <p className="muted small">{t('promises.counted', { at: fmt.dateTime(told.counted_at) })}</p>
      {reports.length > 0 && (
        <Section title={t('promises.reports')}>
          <ul className={s.reports}>
            {reports.map((r) => (
              <li key={r.id}>
                <span>
                  {r.number} · {r.words[locale]?.title ?? Object.values(r.words)[0]?.title}
                </span>
                <span className="muted small">{[t('promises.published', { at: fmt.date(r.published_at) }), r.corrected_by && t('promises.correctedBy', { number: r.corrected_by })].filter(Boolean).join(' · ')}</span>
                <span className={s.files}>
                  {(['pdf', 'xlsx', 'json'] as const).map((form) => (
                    <a key={form} href={`/api/public/reports/${r.id}/file?form=${form}&locale=${locale}`} target="_blank" rel="noreferrer">
                      {form === 'xlsx' ? 'Excel' : form.toUpperCase()}
                    </a>
                  ))}
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  )
}
