import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { api, ask } from '../../api/client'
import type { AnalysisPage, AnalysisQuestion, Clustered, Correlated, Described, Forecast, MeasureView } from '../../api/schema'
import { Button, ButtonLink, EmptyState, ErrorState, Field, IconButton, Section, Select, SkeletonRows, TabPanel, Tabs, Tag, toast } from '../../design'
import { colours } from '../../design/tokens'
import { useText } from '../../i18n'
import { useTheme } from '../../shell/theme'
import { Chart, ChartFrame } from '../../staff/chart'
import { caseHref, useFirstThere, useMay } from '../data'
import { Page } from '../Page'
import { DataTable, Figures, ScopeTools } from '../parts'
import { spanOf, useScope, zone } from '../scope'
import './Analysis.css'

type Kind = AnalysisQuestion['kind']
type Step = NonNullable<AnalysisQuestion['step']>
const kinds: readonly Kind[] = ['describe', 'correlate', 'cluster', 'forecast']
const steps: readonly Step[] = ['15min', '1h', '1D', 'W', 'MS']
/** What can be cut into groups of likes; texts are of contacts alone. */
const grouped = ['contacts', 'claims', 'orders']
/** The measure of each thing that there may be any of, the usual one first. */
const measureOf = { cases: 'contacts', claims: 'claims', orders: 'orders' } as const

/** What the rows say: described, correlated, clustered, forecast. Asked here, answered by the worker, kept. */
export default function Analysis() {
  const { t, locale } = useText()
  const { shop, period } = useScope()
  const start = new URLSearchParams(location.search)
  const [kind, setKind] = useState<Kind>(() => kinds.find((k) => k === start.get('kind')) ?? 'describe')
  const [measure, setMeasure] = useState(start.get('measure'))
  const [column, setColumn] = useState('')
  const [by, setBy] = useState('')
  const [step, setStep] = useState<Step | ''>('')
  const [series, setSeries] = useState<string>()
  const client = useQueryClient()
  const measures = useQuery({ queryKey: ['measures', locale], queryFn: () => ask(api.GET('/api/insights/measures', { params: { query: { locale } } })), staleTime: Infinity })
  const usable = (measures.data ?? []).filter((m) => kind !== 'cluster' || grouped.includes(m.name))
  const first = useFirstThere(['cases', 'claims', 'orders'])
  const begun = measure ?? (first && measureOf[first])
  const of = begun ? (usable.find((m) => m.name === begun) ?? usable[0]) : undefined
  const question = of && questionOf(kind, of, { column, by, step }, shop, spanOf(period))
  const asked = useQuery({
    queryKey: ['analysis', question, locale],
    queryFn: () => ask(api.POST('/api/insights/analyses', { params: { query: { locale } }, body: question as AnalysisQuestion })),
    enabled: !!question,
    staleTime: 10 * 60_000,
  })
  const id = asked.data?.analysis.id
  const open = asked.data && !['done', 'refused'].includes(asked.data.analysis.state)
  const followed = useQuery({
    queryKey: ['analysis-of', id, locale, series],
    queryFn: () => ask(api.GET('/api/insights/analyses/{analysis_id}', { params: { path: { analysis_id: id as string }, query: { locale, series } } })),
    enabled: !!id && (!!open || series !== undefined),
    refetchInterval: (query) => (query.state.data && ['done', 'refused'].includes(query.state.data.analysis.state) ? false : 1000),
    placeholderData: (before) => (before?.analysis.id === id ? before : undefined),
  })
  const again = useMutation({
    mutationFn: () => ask(api.POST('/api/insights/analyses', { params: { query: { locale, again: true } }, body: question as AnalysisQuestion })),
    onSuccess: (page) => client.setQueryData(['analysis', question, locale], page),
  })
  useEffect(() => setSeries(undefined), [id])
  const page = followed.data ?? asked.data
  const pick = (next: string) => {
    setMeasure(next)
    setColumn('')
    setBy('')
    setStep('')
  }
  return (
    <Page about={t('nav.analysis')} finding={t(`analysis.finding.${kind}`)} tools={<ScopeTools />}>
      <Tabs idBase="analysis" label={t('analysis.kinds')} value={kind} onPick={setKind} items={kinds.map((k) => ({ value: k, label: t(`analysis.kind.${k}`) }))} />
      <TabPanel idBase="analysis" value={kind}>
        {measures.error ? (
          <ErrorState error={measures.error} onRetry={() => void measures.refetch()} />
        ) : !of ? (
          <SkeletonRows />
        ) : (
          <>
            <div className="analysis-ask">
              <Field label={t('analysis.measure')}>
                <Select aria-label={t('analysis.measure')} value={of.name} onPick={pick} choices={usable.map((m) => ({ value: m.name, label: m.title }))} />
              </Field>
              {kind === 'describe' && (
                <Field label={t('analysis.column')}>
                  <Select aria-label={t('analysis.column')} value={column || (of.columns[0] ?? '')} onPick={setColumn} choices={of.columns.map((c) => ({ value: c, label: of.names[c] ?? c }))} />
                </Field>
              )}
              {(kind === 'describe' || kind === 'forecast') && (
                <Field label={t('analysis.by')}>
                  <Select aria-label={t('analysis.by')} value={by} onPick={setBy} choices={[{ value: '', label: t('analysis.whole') }, ...(kind === 'forecast' ? of.by : of.columns.filter((c) => c !== column)).map((c) => ({ value: c, label: of.names[c] ?? c }))]} />
                </Field>
              )}
              {kind === 'forecast' && (
                <Field label={t('analysis.step')}>
                  <Select aria-label={t('analysis.step')} value={step || (of.step as Step)} onPick={setStep} choices={steps.map((s) => ({ value: s, label: t(`analysis.steps.${s}`) }))} />
                </Field>
              )}
              {id && page && ['done', 'refused'].includes(page.analysis.state) && (
                <Button kind="quiet" icon="refresh" busy={again.isPending} onClick={() => again.mutate()}>
                  {t('analysis.again')}
                </Button>
              )}
            </div>
            {asked.error || followed.error ? (
              <ErrorState error={asked.error ?? followed.error} onRetry={() => void (asked.error ? asked.refetch() : followed.refetch())} />
            ) : !page ? (
              <SkeletonRows />
            ) : (
              <Answered page={page} of={of} series={series} onSeries={setSeries} />
            )}
          </>
        )}
      </TabPanel>
    </Page>
  )
}

function questionOf(kind: Kind, of: MeasureView, picked: { column: string; by: string; step: Step | '' }, shop: string, span: { since: string; until: string }): AnalysisQuestion {
  // A forecast lives from the whole past; what is looked at otherwise is of the period.
  const limits = kind === 'forecast' ? {} : span
  const question: AnalysisQuestion = { kind, measure: of.name, linear: false, time_zone: zone(), shop_id: shop || null, ...limits }
  if (kind === 'describe') return { ...question, column: picked.column || of.columns[0] || null, by: picked.by || null }
  if (kind === 'forecast') return { ...question, by: picked.by || null, step: picked.step || (of.step as Step) }
  return question
}

function Answered({ page, of, series, onSeries }: { page: AnalysisPage; of: MeasureView; series: string | undefined; onSeries: (name: string) => void }) {
  const { t } = useText()
  const { analysis, words } = page
  if (analysis.state === 'refused') return <EmptyState drawing="search" title={t('analysis.refused')} text={words.trouble} />
  const answer = analysis.answer
  if (!answer)
    return (
      <div className="analysis-runs" role="status">
        <p>{t(analysis.state === 'waiting' ? 'analysis.waiting' : 'analysis.running')}</p>
        <progress value={analysis.progress} max={1} aria-label={t('analysis.running')} />
      </div>
    )
  return (
    <>
      {answer.kind === 'describe' ? (
        <DescribedPicture answer={answer} page={page} />
      ) : answer.kind === 'correlate' ? (
        <CorrelatedPicture answer={answer} page={page} />
      ) : answer.kind === 'cluster' ? (
        <ClusteredPicture answer={answer} page={page} of={of} />
      ) : (
        <ForecastPicture answer={answer} page={page} series={series} onSeries={onSeries} />
      )}
      <Foot page={page} />
    </>
  )
}

function Paragraph({ page }: { page: AnalysisPage }) {
  return <p className="analysis-words">{page.words.paragraph}</p>
}

/** Data, method, limits, and the command that repeats it. */
function Foot({ page }: { page: AnalysisPage }) {
  const { t, fmt } = useText()
  const { analysis, words } = page
  const answer = analysis.answer
  if (!answer) return null
  const copy = () => void navigator.clipboard.writeText(answer.command).then(() => toast(t('analysis.copied')))
  return (
    <div className="analysis-foot">
      <Section title={t('analysis.method')} level={3}>
        <ul>
          {[...words.method, ...words.limits].map((line) => (
            <li key={line}>{line}</li>
          ))}
          <li>
            {t('analysis.data', { rows: fmt.number(answer.data.rows), digest: answer.data.digest })}
            {answer.data.since && answer.data.until ? ` · ${fmt.date(answer.data.since)} – ${fmt.date(answer.data.until)}` : ''}
            {` · ${t('analysis.asked', { at: fmt.dateTime(analysis.ended_at ?? analysis.asked_at), seconds: fmt.number(Math.round(answer.seconds * 10) / 10) })}`}
          </li>
        </ul>
      </Section>
      <details>
        <summary>{t('analysis.repeat')}</summary>
        <div className="analysis-command">
          <code tabIndex={0}>{answer.command}</code>
          <IconButton icon="clip" label={t('analysis.copy')} onClick={copy} />
        </div>
      </details>
    </div>
  )
}

function usePeriodText(page: AnalysisPage): string {
  const { fmt } = useText()
  const data = page.analysis.answer?.data
  return data?.since && data.until ? `${fmt.date(data.since)} – ${fmt.date(data.until)}` : ''
}

function round(value: number | null | undefined, digits = 2): number | null {
  if (value === null || value === undefined) return null
  const size = 10 ** digits
  return Math.round(value * size) / size
}

function DescribedPicture({ answer, page }: { answer: Described; page: AnalysisPage }) {
  const { t, fmt } = useText()
  const { shown } = useTheme()
  const period = usePeriodText(page)
  const c = colours[shown]
  const name = page.words.names[answer.column] ?? answer.column
  const cutName = answer.by ? (page.words.names[answer.by] ?? answer.by) : ''
  const spread = answer.spread
  const number = (v: number | null) => (v === null ? '–' : fmt.number(round(v, Math.abs(v) >= 100 ? 0 : 2) ?? 0))
  const sample = spread?.n ?? answer.shares.reduce((sum, one) => sum + one.n, 0)
  const boxes = answer.groups.filter((g) => g.spread.n >= 5)
  const height = boxes.length ? Math.max(180, boxes.length * 40 + 60) : answer.bars.length ? 260 : Math.max(160, answer.shares.length * 28 + 40)
  const option = boxes.length
    ? {
        grid: { left: 4, right: 24, top: 12, bottom: 24, containLabel: true },
        tooltip: { trigger: 'item' },
        xAxis: { type: 'value', name },
        yAxis: { type: 'category', inverse: true, data: boxes.map((g) => g.value) },
        series: [
          {
            type: 'boxplot',
            itemStyle: { color: c.jadeTrack, borderColor: c.jade },
            data: boxes.map((g) => [g.spread.p5, g.spread.p25, g.spread.median, g.spread.p75, g.spread.p95]),
          },
        ],
      }
    : answer.bars.length
      ? {
          xAxis: { type: 'category', data: answer.bars.map((b) => number(b.low)), name },
          yAxis: { type: 'value' },
          series: [{ type: 'bar', barCategoryGap: 1, barMaxWidth: 80, data: answer.bars.map((b) => b.n) }],
        }
      : {
          grid: { left: 4, right: 24, top: 4, bottom: 4, containLabel: true },
          xAxis: { type: 'value', axisLabel: { formatter: (v: number) => fmt.percent(v) } },
          yAxis: { type: 'category', inverse: true, data: answer.shares.map((s) => s.value) },
          series: [{ type: 'bar', data: answer.shares.map((s) => round(s.share, 4)) }],
        }
  const table = boxes.length
    ? { columns: [cutName, t('analysis.n'), t('analysis.mean'), t('analysis.median'), t('analysis.below', { share: fmt.percent(0.25) }), t('analysis.below', { share: fmt.percent(0.75) }), t('analysis.below', { share: fmt.percent(0.95) })], rows: answer.groups.map((g) => [g.value, g.spread.n, round(g.spread.mean), round(g.spread.median), round(g.spread.p25), round(g.spread.p75), round(g.spread.p95)]) }
    : answer.bars.length
      ? { columns: [t('analysis.from'), t('analysis.to'), t('analysis.n')], rows: answer.bars.map((b) => [round(b.low), round(b.high), b.n]) }
      : { columns: [name, t('analysis.n'), t('analysis.share'), t('analysis.low'), t('analysis.high')], rows: answer.shares.map((s) => [s.value, s.n, round(s.share, 4), round(s.low, 4), round(s.high, 4)]) }
  return (
    <>
      <ChartFrame title={boxes.length ? t('analysis.cutTitle', { name, by: cutName }) : t('analysis.spreadTitle', { name })} unit={boxes.length ? t('analysis.boxUnit') : answer.bars.length ? t('analysis.countUnit') : '%'} sample={sample} period={period} table={table} fileName={`describe-${answer.column}.csv`} height={height}>
        <Chart option={option} height={height} label={page.words.paragraph} />
      </ChartFrame>
      <Paragraph page={page} />
      {spread && (
        <Figures
          items={[
            { id: 'n', value: fmt.number(spread.n), name: t('analysis.n') },
            { id: 'median', value: number(spread.median), name: t('analysis.median') },
            { id: 'mean', value: number(spread.mean), name: spread.mean_low === null ? t('analysis.mean') : t('analysis.meanBetween', { low: number(spread.mean_low), high: number(spread.mean_high) }) },
            { id: 'p95', value: number(spread.p95), name: t('analysis.below', { share: fmt.percent(0.95) }) },
            { id: 'missing', value: fmt.number(spread.missing), name: t('analysis.missing') },
          ]}
        />
      )}
    </>
  )
}

function CorrelatedPicture({ answer, page }: { answer: Correlated; page: AnalysisPage }) {
  const { t, fmt } = useText()
  const { shown } = useTheme()
  const c = colours[shown]
  const period = usePeriodText(page)
  const nameOf = (column: string) => page.words.names[column] ?? column
  const names = answer.columns.map(nameOf)
  const cells = answer.pairs.flatMap((p) => {
    const [a, b] = [answer.columns.indexOf(p.a), answer.columns.indexOf(p.b)]
    const faint = p.p_all >= 0.05
    return [
      { value: [a, b, round(p.value)], itemStyle: faint ? { opacity: 0.25 } : undefined },
      { value: [b, a, round(p.value)], itemStyle: faint ? { opacity: 0.25 } : undefined },
    ]
  })
  const height = Math.max(280, names.length * 30 + 110)
  const option = {
    grid: { left: 4, right: 16, top: 8, bottom: 8, containLabel: true },
    tooltip: { trigger: 'item', formatter: (one: { value: [number, number, number] }) => `${names[one.value[0]]} × ${names[one.value[1]]}: <b>${fmt.number(one.value[2])}</b>` },
    xAxis: { type: 'category', data: names, axisLabel: { rotate: 45, interval: 0 } },
    yAxis: { type: 'category', data: names, inverse: true, axisLabel: { interval: 0 } },
    visualMap: { show: false, min: -1, max: 1, inRange: { color: [c.vermilion, c.sheet, c.jade] } },
    series: [{ type: 'heatmap', data: cells }],
  }
  const value = (v: number) => fmt.number(round(v) ?? 0)
  return (
    <>
      <ChartFrame title={t('analysis.pairsTitle', { n: answer.pairs.filter((p) => p.p_all < 0.05).length, all: answer.pairs.length })} unit={t('analysis.pairsUnit')} sample={answer.data.rows} period={period} height={height} fileName="correlate.csv" table={{ columns: ['A', 'B', t('analysis.how'), t('analysis.n'), t('analysis.value'), t('analysis.low'), t('analysis.high'), 'p'], rows: answer.pairs.map((p) => [nameOf(p.a), nameOf(p.b), t(`analysis.measures.${p.measure}`), p.n, round(p.value, 3), round(p.low, 3), round(p.high, 3), round(p.p_all, 4)]) }}>
        <Chart option={option} height={height} label={page.words.paragraph} />
      </ChartFrame>
      <Paragraph page={page} />
      <DataTable
        label={t('analysis.pairs')}
        rows={answer.pairs.slice(0, 15)}
        rowKey={(p) => `${p.a} ${p.b}`}
        empty={<EmptyState drawing="search" title={t('analysis.noPairs')} />}
        dim={(p) => p.p_all >= 0.05}
        columns={[
          { id: 'pair', title: t('analysis.pair'), cell: (p) => `${nameOf(p.a)} × ${nameOf(p.b)}` },
          { id: 'how', title: t('analysis.how'), cell: (p) => t(`analysis.measures.${p.measure}`) },
          { id: 'value', title: t('analysis.value'), end: true, cell: (p) => value(p.value) },
          { id: 'between', title: t('analysis.between'), end: true, cell: (p) => (p.low === null || p.high === null ? '–' : `${value(p.low)} … ${value(p.high)}`) },
          { id: 'p', title: 'p', end: true, cell: (p) => (p.p_all < 0.001 ? '< 0.001' : fmt.number(round(p.p_all, 3) ?? 0)) },
          { id: 'n', title: t('analysis.n'), end: true, cell: (p) => fmt.number(p.n) },
          { id: 'behind', title: t('analysis.behind'), cell: (p) => (p.explained_by ? <Tag tone="amber">{`${nameOf(p.explained_by)}: ${value(p.within ?? 0)}`}</Tag> : '') },
        ]}
      />
    </>
  )
}

function ClusteredPicture({ answer, page, of }: { answer: Clustered; page: AnalysisPage; of: MeasureView }) {
  const { t, fmt } = useText()
  const may = useMay()
  const period = usePeriodText(page)
  const height = Math.max(180, answer.clusters.length * 36 + 30)
  const option = {
    grid: { left: 4, right: 40, top: 4, bottom: 4, containLabel: true },
    xAxis: { type: 'value', axisLabel: { formatter: (v: number) => fmt.percent(v) } },
    yAxis: { type: 'category', inverse: true, data: answer.clusters.map((one) => one.name), axisLabel: { width: 260, overflow: 'truncate' } },
    series: [{ type: 'bar', data: answer.clusters.map((one) => round(one.share, 4)), label: { show: true, position: 'right', formatter: (one: { dataIndex: number }) => fmt.number(answer.clusters[one.dataIndex]?.n ?? 0) } }],
  }
  return (
    <>
      <ChartFrame title={t('analysis.groupsTitle', { count: answer.clusters.length, name: of.title })} unit="%" sample={answer.clusters.reduce((sum, one) => sum + one.n, 0)} period={period} height={height} fileName="cluster.csv" table={{ columns: [t('analysis.group'), t('analysis.n'), t('analysis.share'), t('analysis.closeness'), t('analysis.words'), t('analysis.features')], rows: answer.clusters.map((one) => [one.name, one.n, round(one.share, 4), round(one.closeness, 3), one.words.map((w) => w.what).join(', '), one.features.map((f) => f.what).join(', ')]) }}>
        <Chart option={option} height={height} label={page.words.paragraph} />
      </ChartFrame>
      <Paragraph page={page} />
      <DataTable
        label={t('analysis.groups')}
        rows={answer.clusters}
        rowKey={(one) => one.name}
        empty={<EmptyState drawing="search" title={t('analysis.refused')} />}
        columns={[
          { id: 'name', title: t('analysis.group'), cell: (one) => <strong>{one.name}</strong> },
          { id: 'n', title: t('analysis.n'), end: true, cell: (one) => fmt.number(one.n) },
          { id: 'words', title: t('analysis.words'), cell: (one) => one.words.map((w) => `${w.what} ${fmt.percent(w.within)}`).join(' · ') || '–' },
          { id: 'features', title: t('analysis.features'), cell: (one) => one.features.slice(0, 3).map((f) => `${f.what} ${fmt.percent(f.within)}`).join(' · ') || '–' },
          {
            id: 'examples',
            title: t('analysis.examples'),
            cell: (one) => (
              <span className="analysis-cases">
                {one.examples.slice(0, 3).map((id) => {
                  const number = page.examples[id]?.number
                  return number && may('cases.read') ? (
                    <a key={id} href={caseHref(id)}>
                      {number}
                    </a>
                  ) : null
                })}
              </span>
            ),
          },
        ]}
      />
    </>
  )
}

function ForecastPicture({ answer, page, series, onSeries }: { answer: Forecast; page: AnalysisPage; series: string | undefined; onSeries: (name: string) => void }) {
  const { t, fmt } = useText()
  const { shown } = useTheme()
  const c = colours[shown]
  const one = answer.series[0]
  if (!one) return null
  const name = page.words.names[answer.column] ?? answer.column
  const past = one.history.slice(-Math.max(3 * answer.horizon, 60))
  const xs = [...past.map((p) => p.at), ...one.ahead.map((p) => p.at)].map((at) => at.replace('T', ' '))
  const gap = Array.from({ length: past.length }, () => null)
  const band = (low: 'low80' | 'low95', high: 'high80' | 'high95', opacity: number) => [
    { type: 'line', stack: low, symbol: 'none', lineStyle: { opacity: 0 }, tooltip: { show: false }, data: [...gap, ...one.ahead.map((p) => round(p[low]))] },
    { type: 'line', stack: low, symbol: 'none', lineStyle: { opacity: 0 }, areaStyle: { color: c.jade, opacity }, tooltip: { show: false }, data: [...gap, ...one.ahead.map((p) => round(p[high] - p[low]))] },
  ]
  const option = {
    legend: { data: [t('analysis.past'), t('analysis.ahead')] },
    grid: { left: 4, right: 16, top: 36, bottom: 4, containLabel: true },
    xAxis: { type: 'category', data: xs },
    yAxis: { type: 'value', min: answer.sparse ? 0 : undefined },
    series: [
      ...band('low95', 'high95', 0.1),
      ...band('low80', 'high80', 0.18),
      { name: t('analysis.past'), type: 'line', lineStyle: { color: c.ink3, width: 1.5 }, itemStyle: { color: c.ink3 }, data: past.map((p) => p.value) },
      { name: t('analysis.ahead'), type: 'line', lineStyle: { color: c.jade, width: 2 }, itemStyle: { color: c.jade }, data: [...gap, ...one.ahead.map((p) => round(p.value))] },
    ],
  }
  const parts = one.components.filter((part) => part.name !== 'remainder')
  const file = `/api/insights/analyses/${page.analysis.id}/export`
  return (
    <>
      <ChartFrame
        title={t('analysis.aheadTitle', { name: one.name === 'all' ? name : `${name} · ${one.name}` })}
        unit={t('analysis.aheadUnit', { step: page.words.names[answer.step] ?? answer.step })}
        sample={one.n}
        period={`${xs[0] ?? ''} – ${xs.at(-1) ?? ''}`}
        tools={
          page.series.length > 1 && (
            <Select aria-label={t('analysis.series')} value={series ?? one.name} onPick={onSeries} choices={page.series.map((s) => ({ value: s.name, label: `${s.name} (${fmt.number(s.total)})` }))} />
          )
        }
        height={320}
        fileName={`forecast-${one.name}.csv`}
        table={{ columns: [t('analysis.at'), t('analysis.value'), '80 % ↓', '80 % ↑', '95 % ↓', '95 % ↑'], rows: one.ahead.map((p) => [p.at, p.value, p.low80, p.high80, p.low95, p.high95]) }}
      >
        <Chart option={option} height={320} label={page.words.paragraph} />
      </ChartFrame>
      <Paragraph page={page} />
      <Section
        title={t('analysis.scores')}
        lead={answer.examined ? t('analysis.scoresLead', { windows: answer.examined }) : t('analysis.scoresShort')}
        level={3}
        aside={
          <ButtonLink small kind="quiet" icon="download" href={file} download>
            CSV
          </ButtonLink>
        }
      >
        <DataTable
          label={t('analysis.scores')}
          rows={answer.scores}
          rowKey={(s) => s.model}
          empty={null}
          columns={[
            {
              id: 'way',
              title: t('analysis.way'),
              cell: (s) => (
                <>
                  {page.words.names[s.model] ?? s.model} {s.chosen && <Tag tone="jade">{t('analysis.chosen')}</Tag>} {s.naive && <Tag tone="slate">{t('analysis.naive')}</Tag>}
                </>
              ),
            },
            { id: 'mase', title: 'MASE', end: true, cell: (s) => fmt.number(round(s.mase, 3) ?? 0) },
            { id: 'rmsse', title: 'RMSSE', end: true, cell: (s) => fmt.number(round(s.rmsse, 3) ?? 0) },
            { id: 'mae', title: t('analysis.mae'), end: true, cell: (s) => fmt.number(round(s.mae, 2) ?? 0) },
            { id: 'in80', title: t('analysis.in80'), end: true, cell: (s) => (s.covered80 === null ? '–' : fmt.percent(s.covered80)) },
            { id: 'in95', title: t('analysis.in95'), end: true, cell: (s) => (s.covered95 === null ? '–' : fmt.percent(s.covered95)) },
          ]}
        />
      </Section>
      {parts.length > 0 && (
        <Section title={t('analysis.parts')} level={3}>
          {parts.map((part) => (
            <ChartFrame
              key={part.name}
              title={part.name === 'trend' ? t('analysis.trend') : t('analysis.season', { n: part.name })}
              unit={part.strength === null ? '' : t('analysis.strength', { value: fmt.number(round(part.strength) ?? 0) })}
              sample={part.values.length}
              period=""
              height={120}
              fileName={`${part.name}.csv`}
              table={{ columns: [t('analysis.at'), t('analysis.value')], rows: one.history.slice(-part.values.length).map((p, i) => [p.at, part.values[i] ?? null]) }}
            >
              <Chart height={120} label={part.name} option={{ grid: { left: 4, right: 16, top: 8, bottom: 4, containLabel: true }, xAxis: { type: 'category', data: one.history.slice(-part.values.length).map((p) => p.at.replace('T', ' ')) }, yAxis: { type: 'value', scale: true }, series: [{ type: 'line', lineStyle: { width: 1.5 }, data: part.values }] }} />
            </ChartFrame>
          ))}
        </Section>
      )}
    </>
  )
}
