/** Promises with their measures, as reports, the board and its public page show them. */
import type { Measure, PromiseStand, Score } from '../../api/schema'
import { Tag } from '../../design'
import { useText } from '../../i18n'
import { Sparkline } from '../../staff/chart'
import { DataTable } from '../parts'
import './Report.css'

export function useTelling(): { value: (m: Measure, of: number | null | undefined) => string; target: (m: Measure) => string } {
  const { t, fmt } = useText()
  const value = (m: Measure, of: number | null | undefined): string => {
    if (of == null) return '–'
    if (m.kind === 'share') return fmt.percent(of, 1)
    if (m.kind === 'time') return fmt.duration(of * 1000)
    if (m.kind === 'money') return fmt.money(Math.round(of), m.currency ?? 'CNY')
    return fmt.number(of, { maximumFractionDigits: m.kind === 'count' ? 0 : 2 })
  }
  const target = (m: Measure) =>
    [
      m.target != null && `${m.good === 'up' ? '≥' : '≤'} ${value(m, m.target)}${m.per_days ? t('reports.perDays', { days: m.per_days }) : ''}`,
      m.share_target != null && m.limit_seconds != null && t('reports.shareWithin', { share: fmt.percent(m.share_target), limit: fmt.duration(m.limit_seconds * 1000) }),
    ]
      .filter(Boolean)
      .join(' · ') || '–'
  return { value, target }
}

export function Kept({ kept }: { kept: boolean | null }) {
  const { t } = useText()
  return <Tag tone={kept === null ? 'slate' : kept ? 'jade' : 'vermilion'}>{t(kept === null ? 'reports.unjudged' : kept ? 'reports.isKept' : 'reports.isBroken')}</Tag>
}

export function Promises({ promises, hrefOf }: { promises: readonly PromiseStand[]; hrefOf?: (measure: string) => string }) {
  const { t, fmt, locale } = useText()
  const tell = useTelling()
  return (
    <>
      {promises.map((p) => (
        <section key={p.key} className="report-promise">
          <h3>
            {p.title[locale]} <Kept kept={p.kept} />
          </h3>
          <p className="muted small">{p.said[locale]}</p>
          {p.measures.length > 0 && (
            <DataTable
              label={p.title[locale] ?? p.key}
              rows={p.measures}
              rowKey={(m) => m.name}
              empty={null}
              columns={[
                { id: 'name', title: t('reports.measure'), width: '16%', cell: (m) => <span title={m.formula[locale]}>{hrefOf ? <a href={hrefOf(m.name)}>{m.title[locale]}</a> : m.title[locale]}</span> },
                { id: 'value', title: t('reports.value'), end: true, width: '11%', cell: (m) => (m.value == null ? <span className="muted one-line">{t(m.missing === 'too_few' ? 'reports.tooFew' : 'reports.notRecorded')}</span> : <strong>{tell.value(m, m.value)}</strong>) },
                { id: 'interval', title: t('reports.interval'), end: true, width: '20%', cell: (m) => (m.low == null || m.high == null ? '–' : `${tell.value(m, m.low)} – ${tell.value(m, m.high)}`) },
                { id: 'target', title: t('reports.target'), end: true, width: '18%', cell: (m) => tell.target(m) },
                { id: 'n', title: t('reports.sample'), end: true, width: '6%', cell: (m) => fmt.number(m.n) },
                { id: 'before', title: t('reports.beforeThat'), end: true, width: '9%', cell: (m) => tell.value(m, m.before?.value) },
                { id: 'trend', title: t('reports.trend'), width: '11%', cell: (m) => <Sparkline values={m.trend.map((point) => point.value)} target={m.kind === 'count' ? undefined : (m.target ?? undefined)} label={t('reports.trendOf', { name: m.title[locale] })} /> },
                { id: 'kept', title: t('reports.judged'), width: '9%', cell: (m) => <Kept kept={m.kept} /> },
              ]}
            />
          )}
        </section>
      ))}
    </>
  )
}

export function Transparency({ score }: { score: Score }) {
  const { t, fmt } = useText()
  return (
    <div className="report-score">
      <strong>{score.score == null ? '–' : fmt.number(score.score)}</strong>
      <div>
        <p className="muted small">{t('reports.scoreTarget', { target: score.target })}</p>
        <DataTable
          label={t('reports.transparency')}
          rows={score.parts}
          rowKey={(p) => p.part}
          empty={null}
          columns={[
            { id: 'part', title: t('reports.part'), cell: (p) => t(`reports.parts.${p.part}`) },
            { id: 'has', title: t('reports.reached'), end: true, cell: (p) => (p.reached == null ? '–' : `${fmt.number(p.has)} / ${fmt.number(p.of)}`) },
            { id: 'share', title: t('reports.share'), end: true, cell: (p) => (p.reached == null ? '–' : fmt.percent(p.reached, 1)) },
            { id: 'weight', title: t('reports.weight'), end: true, cell: (p) => fmt.number(p.weight) },
          ]}
        />
        <p className="muted small">{t('reports.formula')}</p>
      </div>
    </div>
  )
}
