import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useParams } from 'wouter'
import { api, ask } from '../../api/client'
import type { Indicator } from '../../api/schema'
import { EmptyState, ErrorState, RelativeTime, Section, Segmented, SkeletonRows } from '../../design'
import { useText } from '../../i18n'
import { Chart, ChartFrame } from '../../staff/chart'
import { indicatorDays } from '../board'
import { caseHref, useMay, useShops } from '../data'
import { Page } from '../Page'
import { DataTable, ScopeTools } from '../parts'
import { daysOf, spanBefore, spanOf, useScope, zone } from '../scope'

type Name = Indicator['name']

/** One indicator: how it is defined, day by day, shop by shop, and what was not as promised. */
export default function IndicatorOne() {
  const { t, fmt, locale } = useText()
  const { name = '' } = useParams<{ name: string }>()
  const { shop, period } = useScope()
  const { nameOf } = useShops()
  const may = useMay()
  const [cut, setCut] = useState<'day' | 'shop'>('day')
  const span = spanOf(period)
  const earlier = spanBefore(period)
  const read = (of: typeof span) => () => ask(api.GET('/api/insights/indicators', { params: { query: { ...of, shop_id: shop || undefined, time_zone: zone(), locale } } }))
  const all = useQuery({ queryKey: ['indicators', shop, span, locale], queryFn: read(span) })
  const before = useQuery({ queryKey: ['indicators', shop, earlier, locale], queryFn: read(earlier) })
  const one = all.data?.find((i) => i.name === name)
  const was = before.data?.find((i) => i.name === name)
  const misses = useQuery({
    queryKey: ['misses', name, shop, span],
    queryFn: () => ask(api.GET('/api/insights/indicators/{name}/misses', { params: { path: { name: name as Name }, query: { ...span, shop_id: shop || undefined } } })),
  })
  if (all.error) return <ErrorState error={all.error} onRetry={() => void all.refetch()} />
  if (all.isPending) return <SkeletonRows />
  if (!one) return <EmptyState drawing="lost" title={t('notFound.title')} />
  const timed = one.median_target_seconds != null
  const days = daysOf(period)
  const unitIs = timed && (one.median_target_seconds ?? 0) >= 3600 ? 3600 : 60
  const value = (v: number | null) => (v === null ? null : timed ? Math.round((v / unitIs) * 100) / 100 : Math.round(v * 1000) / 10)
  const line = indicatorDays(one, days).map(value)
  const ghost = was ? indicatorDays(was, daysOf({ preset: 'custom', from: earlier.since.slice(0, 10), until: earlier.until.slice(0, 10) })).slice(-days.length).map(value) : []
  const target = timed ? (one.median_target_seconds ?? 0) / unitIs : one.share_target != null ? one.share_target * 100 : null
  const shops = [...one.shops].sort((a, b) => b.denominator - a.denominator)
  const shopValue = (s: (typeof shops)[number]) => (timed ? value(s.median_seconds) : value(s.denominator ? s.numerator / s.denominator : null))
  const told = timed && one.median_seconds != null ? fmt.duration(one.median_seconds * 1000) : one.share === null ? null : fmt.percent(one.share, 1)
  const finding = told === null ? t('indicator.notEnough', { name: one.title, n: one.denominator }) : one.kept === null ? t('indicator.is', { name: one.title, value: told }) : t(one.kept ? 'indicator.kept' : 'indicator.missed', { name: one.title, value: told })
  const unit = timed ? t(unitIs === 3600 ? 'unit.hours' : 'unit.minutes') : '%'
  const height = cut === 'day' ? 260 : Math.max(120, shops.length * 44 + 40)
  const mark = target === null ? {} : { markLine: { silent: true, symbol: 'none', label: { formatter: t('measured.target', { value: fmt.number(target) }), position: 'insideEndTop' }, data: [cut === 'day' ? { yAxis: target } : { xAxis: target }] } }
  const option = {
    legend: cut === 'day' ? {} : undefined,
    grid: { left: 4, right: 16, top: 36, bottom: 4, containLabel: true },
    xAxis: cut === 'day' ? { type: 'category', data: days.map((d) => d.slice(5)) } : { type: 'value' },
    yAxis: cut === 'day' ? { type: 'value', ...(timed ? {} : { max: 100 }) } : { type: 'category', inverse: true, data: shops.map((s) => nameOf(s.shop_id)) },
    series:
      cut === 'day'
        ? [
            { name: t('measured.this'), type: 'line', connectNulls: true, showSymbol: true, data: line, ...mark },
            { name: t('measured.before'), type: 'line', connectNulls: true, lineStyle: { width: 1, type: 'dashed' }, data: ghost },
          ]
        : [{ type: 'bar', data: shops.map(shopValue), ...mark }],
  }
  return (
    <Page about={<><Link href="/">{t('promises.about')}</Link> / {one.title}</>} finding={finding} tools={<ScopeTools />}>
      <p className="muted section-lead">{one.formula}</p>
      <ChartFrame
        title={one.enough ? t('indicator.chart', { numerator: fmt.number(one.numerator), denominator: fmt.number(one.denominator), share: fmt.percent(one.numerator / one.denominator, 1) }) : t('measured.notEnough', { n: one.denominator })}
        unit={timed ? t('indicator.medianUnit', { unit }) : unit}
        sample={one.denominator}
        period={`${fmt.date(span.since)} – ${fmt.date(period.until)}`}
        tools={<Segmented label={t('promise1.cut')} value={cut} onPick={setCut} choices={[{ value: 'day', label: t('promise1.byDay') }, { value: 'shop', label: t('promise1.byShop') }]} />}
        table={{
          columns: [t(cut === 'day' ? 'column.day' : 'column.shop'), t('column.numerator'), t('column.denominator'), unit],
          rows: cut === 'day' ? one.days.map((d) => [d.day, d.numerator, d.denominator, timed ? value(d.median_seconds) : value(d.numerator / d.denominator)]) : shops.map((s) => [nameOf(s.shop_id), s.numerator, s.denominator, shopValue(s)]),
        }}
        fileName={`${name}.csv`}
        height={height}
      >
        <Chart option={option} height={height} label={finding} />
      </ChartFrame>
      <Section title={t('indicator.misses')} lead={t('indicator.missesLead')}>
        <DataTable
          label={t('indicator.misses')}
          loading={misses.isPending}
          error={misses.error}
          onRetry={() => void misses.refetch()}
          rows={misses.data ?? []}
          rowKey={(r) => `${r.number} ${r.at}`}
          empty={<EmptyState drawing="clear" title={t('indicator.noMisses')} />}
          columns={[
            { id: 'case', title: t('column.number'), cell: (r) => (r.case_id && may('cases.read') ? <a href={caseHref(r.case_id)}>{r.number}</a> : r.number) },
            { id: 'owner', title: t('column.owner'), cell: (r) => r.owner_name ?? <span className="muted">{t('owner.none')}</span> },
            { id: 'shop', title: t('column.shop'), cell: (r) => nameOf(r.shop_id) },
            { id: 'at', title: t('column.since'), end: true, cell: (r) => <RelativeTime at={r.at} /> },
            { id: 'took', title: t(name === 'deliveries' ? 'column.late' : 'column.took'), end: true, cell: (r) => (r.seconds === null ? (name === 'automation' ? '–' : t('indicator.stillWaits')) : fmt.duration(r.seconds * 1000)) },
          ]}
        />
      </Section>
    </Page>
  )
}
