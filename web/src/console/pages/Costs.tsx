import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { api, ask, inAddress } from '../../api/client'
import { ButtonLink, EmptyState, ErrorState, Money, Section, Segmented, Select, SkeletonRows, Tag } from '../../design'
import { colours } from '../../design/tokens'
import { useText } from '../../i18n'
import { useTheme } from '../../shell/theme'
import { Chart, ChartFrame } from '../../staff/chart'
import { CostNav } from '../CostNav'
import { groups, major, useCurrency, useCutName } from '../costs'
import { caseHref, useMay, useShops, useWords } from '../data'
import { Page } from '../Page'
import { DataTable, Figures, ScopeTools } from '../parts'
import { spanOf, useScope, zone } from '../scope'

const cuts = ['claim_kind', 'reason', 'shop', 'channel', 'category', 'product', 'carrier', 'agent', 'market', 'kind'] as const
type Cut = (typeof cuts)[number]
type Only = 'all' | 'service'

/** The twelve months that end with the period: trends need more than thirty days. */
function yearUntil(until: string): string {
  const end = new Date(until)
  return new Date(end.getFullYear() - 1, end.getMonth() + 1, 1).toISOString()
}

/** Where the money goes. */
export default function Costs() {
  const { t, fmt } = useText()
  const { shop, period } = useScope()
  const { nameOf } = useShops()
  const may = useMay()
  const word = useWords()
  const { shown } = useTheme()
  const c = colours[shown]
  const [only, setOnly] = useState<Only>('all')
  const [by, setBy] = useState<Cut>('claim_kind')
  const [measure, setMeasure] = useState<'sum' | 'case'>('sum')
  const nameOfCut = useCutName()
  const span = spanOf(period)
  const query = { ...span, shop_id: shop || undefined, only, time_zone: zone() }
  const year = { ...query, since: yearUntil(span.until) }
  const now = useQuery({ queryKey: ['costs', query], queryFn: () => ask(api.GET('/api/insights/costs', { params: { query } })) })
  const months = useQuery({ queryKey: ['costs', year], queryFn: () => ask(api.GET('/api/insights/costs', { params: { query: year } })) })
  const cut = useQuery({ queryKey: ['costCut', by, query], queryFn: () => ask(api.GET('/api/insights/costs/cuts/{by}', { params: { path: { by }, query } })) })
  const dear = useQuery({ queryKey: ['costDearest', query], queryFn: () => ask(api.GET('/api/insights/costs/dearest', { params: { query } })) })
  const { one, all, pick } = useCurrency(months.data)
  const currency = one?.currency ?? 'CNY'
  const here = now.data?.currencies.find((x) => x.currency === currency)
  if (now.error) return <ErrorState error={now.error} onRetry={() => void now.refetch()} />
  const tools = (
    <ScopeTools>
      {all.length > 1 && <Segmented label={t('costs.currency')} value={currency} onPick={pick} choices={all.map((x) => ({ value: x, label: x }))} />}
      <Segmented label={t('costs.which')} value={only} onPick={setOnly} choices={[{ value: 'all', label: t('costs.all') }, { value: 'service', label: t('costs.service') }]} />
    </ScopeTools>
  )
  if (now.isPending || months.isPending) return <Page about={t('costs.about')} finding={t('costs.loading')} tools={tools}><CostNav /><SkeletonRows /></Page>
  if (!one) return <Page about={t('costs.about')} finding={t('costs.nothing')} tools={tools}><CostNav /><EmptyState drawing="clear" title={t('costs.nothing')} text={t('costs.nothingText')} /></Page>
  const perCase = here?.per_case_cents ?? null
  const before = here && here.before_cases >= 20 ? here.before_cents / here.before_cases : null
  const change = perCase !== null && before ? (perCase - before) / Math.abs(before) : null
  const money = (cents: number) => fmt.money(Math.round(cents), currency)
  const finding = !here
    ? t('costs.nothingHere')
    : perCase === null
      ? t('costs.findingFew', { total: money(here.amount_cents), count: here.cases })
      : change === null
        ? t('costs.finding', { total: money(here.amount_cents), each: money(perCase) })
        : t(change > 0 ? 'costs.findingUp' : 'costs.findingDown', { total: money(here.amount_cents), each: money(perCase), change: fmt.percent(Math.abs(change), 0) })
  const missing = now.data.missing.length
  const names = one.months.map((m) => m.month)
  const groupOf = new Map(one.kinds.map((k) => [k.kind, k.group]))
  const shownGroups = groups.filter((g) => one.kinds.some((k) => k.group === g))
  const at = (month: string, group: string) => one.cells.filter((x) => x.month === month && groupOf.get(x.kind) === group).reduce((n, x) => n + x.amount_cents, 0)
  const largest = one.kinds[0]
  const spent = one.kinds.filter((k) => k.amount_cents > 0).reduce((n, k) => n + k.amount_cents, 0)
  // What is refunded is most of it and takes the accent; what comes back stands below the line, away from it.
  const tones: Record<string, string> = { work: c.ink, parcels: c.slateFill, goods: c.ink3, money: c.jade, recovered: c.jadeTrack, other: c.rule }
  const stackTitle = largest ? t('costs.stackTitle', { kind: t(`costs.kind.${largest.kind}`), share: fmt.percent(largest.amount_cents / spent, 0) }) : t('costs.nothing')
  const trend = one.months.filter((m) => m.per_case_cents !== null)
  const [firstMonth, lastMonth] = [trend[0], trend[trend.length - 1]]
  const trendTitle = firstMonth && lastMonth && firstMonth !== lastMonth ? t('costs.trendTitle', { from: money(firstMonth.per_case_cents ?? 0), to: money(lastMonth.per_case_cents ?? 0), first: fmt.month(firstMonth.month), last: fmt.month(lastMonth.month) }) : t('costs.trendFew')
  const rows = (cut.data ?? []).filter((x) => x.currency === currency)
  const bars = rows.filter((x) => (measure === 'sum' ? true : x.per_case_cents !== null)).slice(0, 12)
  const value = (x: (typeof rows)[number]) => (measure === 'sum' ? x.amount_cents : (x.per_case_cents ?? 0))
  const cutTitle = bars[0] ? t(measure === 'sum' ? 'costs.cutSum' : 'costs.cutCase', { name: nameOfCut(by, [...bars].sort((a, b) => value(b) - value(a))[0] ?? bars[0]), amount: money(Math.max(...bars.map(value))) }) : t('costs.cutNone')
  const yearText = `${fmt.date(year.since)} – ${fmt.date(period.until)}`
  const spanText = `${fmt.date(span.since)} – ${fmt.date(period.until)}`
  const height = Math.max(140, bars.length * 34 + 40)
  const dearRows = (dear.data ?? []).filter((x) => x.currency === currency)
  return (
    <Page about={t('costs.about')} finding={finding} tools={tools}>
      <CostNav />
      {missing > 0 && (
        <p className="section-lead" role="status">
          <Tag tone="amber" icon="warning">{t('costs.missing', { count: missing })}</Tag> <Link href="/insight/costs/rates">{t('costs.missingLink')}</Link>
        </p>
      )}
      {here && (
        <Figures
          items={[
            { id: 'total', name: t('costs.total'), value: money(here.amount_cents) },
            { id: 'case', name: t('costs.perCase', { count: here.cases }), value: perCase === null ? t('costs.few') : money(perCase) },
            { id: 'service', name: t('costs.serviceCase'), value: here.cases >= 20 ? money(here.service_cents / here.cases) : t('costs.few') },
            { id: 'order', name: t('costs.perOrder', { count: here.orders }), value: here.per_order_cents === null ? t('costs.few') : money(here.per_order_cents) },
          ]}
        />
      )}
      <ChartFrame
        title={stackTitle}
        unit={currency}
        sample={one.cases}
        period={yearText}
        table={{ columns: [t('costs.month'), ...shownGroups.map((g) => `${t(`costs.group.${g}`)} (${currency})`)], rows: names.map((m) => [m, ...shownGroups.map((g) => major(at(m, g), currency))]) }}
        fileName="costs-by-month.csv"
        height={300}
      >
        <Chart
          height={300}
          label={stackTitle}
          option={{
            legend: {},
            grid: { left: 4, right: 12, top: 36, bottom: 4, containLabel: true },
            xAxis: { type: 'category', data: names },
            yAxis: { type: 'value' },
            series: shownGroups.map((g) => ({ name: t(`costs.group.${g}`), type: 'bar', stack: 'all', itemStyle: { color: tones[g], borderRadius: 0 }, data: names.map((m) => major(at(m, g), currency)) })),
          }}
        />
      </ChartFrame>
      <p className="muted section-lead">{t('costs.stackText')}</p>
      <ChartFrame
        title={trendTitle}
        unit={t('costs.perCaseUnit', { currency })}
        sample={one.cases}
        period={yearText}
        table={{ columns: [t('costs.month'), t('costs.perCaseUnit', { currency }), t('costs.cases')], rows: one.months.map((m) => [m.month, m.per_case_cents === null ? null : major(m.per_case_cents, currency), m.cases]) }}
        fileName="cost-per-case.csv"
        height={220}
      >
        <Chart
          height={220}
          label={trendTitle}
          option={{
            xAxis: { type: 'category', data: names },
            yAxis: { type: 'value', scale: true },
            series: [{ name: t('costs.perCaseUnit', { currency }), type: 'line', showSymbol: true, connectNulls: false, data: one.months.map((m) => (m.per_case_cents === null ? null : major(m.per_case_cents, currency))) }],
          }}
        />
      </ChartFrame>
      <p className="muted section-lead">{t('costs.trendText')}</p>
      <ChartFrame
        title={cutTitle}
        unit={measure === 'sum' ? currency : t('costs.perCaseUnit', { currency })}
        sample={rows.reduce((n, x) => n + x.cases, 0)}
        period={spanText}
        tools={
          <>
            <Select aria-label={t('costs.cut')} value={by} onPick={setBy} choices={cuts.map((x) => ({ value: x, label: t(`costs.by.${x}`) }))} />
            <Segmented label={t('costs.measure')} value={measure} onPick={setMeasure} choices={[{ value: 'sum', label: t('costs.sum') }, { value: 'case', label: t('costs.each') }]} />
          </>
        }
        table={{ columns: [t(`costs.by.${by}`), t('costs.sumUnit', { currency }), t('costs.cases'), t('costs.perCaseUnit', { currency }), t('costs.perOrderUnit', { currency })], rows: rows.map((x) => [nameOfCut(by, x), major(x.amount_cents, currency), x.cases, x.per_case_cents === null ? null : major(x.per_case_cents, currency), x.per_order_cents === null ? null : major(x.per_order_cents, currency)]) }}
        fileName={`costs-${by}.csv`}
        loading={cut.isPending}
        error={cut.error}
        onRetry={() => void cut.refetch()}
        height={height}
      >
        <Chart
          height={height}
          label={cutTitle}
          option={{
            xAxis: { type: 'value' },
            yAxis: { type: 'category', inverse: true, data: bars.map((x) => nameOfCut(by, x)), axisLabel: { width: 160, overflow: 'truncate' } },
            series: [{ name: t(measure === 'sum' ? 'costs.sum' : 'costs.each'), type: 'bar', data: bars.map((x) => major(value(x), currency)) }],
          }}
        />
      </ChartFrame>
      <Section title={t('costs.dearest')} lead={t('costs.dearestLead')} aside={<ButtonLink small icon="download" href={`/api/insights/costs/lines.csv?${inAddress(query)}`} download>{t('costs.export')}</ButtonLink>}>
        <DataTable
          label={t('costs.dearest')}
          loading={dear.isPending}
          error={dear.error}
          onRetry={() => void dear.refetch()}
          rows={dearRows}
          rowKey={(r) => r.case_id}
          empty={<EmptyState drawing="clear" title={t('costs.nothingHere')} />}
          columns={[
            { id: 'case', title: t('column.case'), cell: (r) => <span className="cell-two">{may('cases.read') ? <a href={caseHref(r.case_id)}>{r.title || r.number}</a> : <span>{r.title || r.number}</span>}<span>{r.number}</span></span> },
            { id: 'kind', title: t('costs.by.claim_kind'), cell: (r) => (r.claim_kind ? word('kind', r.claim_kind) : <span className="muted">{t('costs.none')}</span>) },
            { id: 'reason', title: t('costs.by.reason'), cell: (r) => (r.reason ? word('reason', r.reason) : '–') },
            { id: 'shop', title: t('column.shop'), cell: (r) => nameOf(r.shop_id) },
            { id: 'most', title: t('costs.most'), cell: (r) => <span>{t(`costs.kind.${r.most}`)} <span className="muted">{fmt.money(r.most_cents, r.currency)}</span></span> },
            { id: 'sum', title: t('costs.sum'), end: true, cell: (r) => <Money cents={r.amount_cents} currency={r.currency} strong /> },
          ]}
        />
      </Section>
    </Page>
  )
}
