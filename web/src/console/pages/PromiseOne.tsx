import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { Link, useParams } from 'wouter'
import { api, ask } from '../../api/client'
import { usePages } from '../../api/pages'
import type { ClockCase } from '../../api/schema'
import { EmptyState, ErrorState, Pager, PromiseRing, RelativeTime, Section, Segmented, TabPanel, Tabs } from '../../design'
import { colours } from '../../design/tokens'
import { useText } from '../../i18n'
import { useTheme } from '../../shell/theme'
import { Chart, ChartFrame } from '../../staff/chart'
import { CLOCK_TARGET, isOurs, largest, shareOf } from '../board'
import { caseHref, useClockName, useMay, useShops } from '../data'
import { Page } from '../Page'
import { DataTable, ScopeTools } from '../parts'
import { daysOf, spanBefore, spanOf, useScope, zone } from '../scope'

const groups = ['broken', 'at_risk', 'on_time', 'paused', 'missed', 'kept'] as const
type Group = (typeof groups)[number]

/** One promise: when it was broken, in which shop, by whom, and the cases behind. */
export default function PromiseOne() {
  const { t, fmt } = useText()
  const { of = '', what = '' } = useParams<{ of: string; what: string }>()
  const name = `${of}.${what}`
  const { shop, period } = useScope()
  const { nameOf: shopName } = useShops()
  const title = useClockName()(name)
  const span = spanOf(period)
  const earlier = spanBefore(period)
  const [cut, setCut] = useState<'day' | 'shop'>('day')
  const boardOf = (when: typeof span) => () => ask(api.GET('/api/promises/board', { params: { query: { ...when, shop_id: shop || undefined, time_zone: zone() } } }))
  const board = useQuery({ queryKey: ['board', shop, span], queryFn: boardOf(span) })
  const before = useQuery({ queryKey: ['board', shop, earlier], queryFn: boardOf(earlier) })
  const people = useQuery({ queryKey: ['promisePeople', name, shop, span], queryFn: () => ask(api.GET('/api/insights/promises/people', { params: { query: { ...span, name, shop_id: shop || undefined } } })) })
  const days = daysOf(period)
  const mine = useMemo(() => board.data?.days.filter((d) => d.name === name) ?? [], [board.data, name])
  const kept = mine.reduce((n, d) => n + d.kept, 0)
  const missed = mine.reduce((n, d) => n + d.broken, 0)
  const earlierDays = before.data?.days.filter((d) => d.name === name) ?? []
  const earlierShare = shareOf(earlierDays.reduce((n, d) => n + d.kept, 0), earlierDays.reduce((n, d) => n + d.broken, 0))
  const share = shareOf(kept, missed)
  const byShop = useMemo(() => {
    const found = new Map<string, { kept: number; missed: number }>()
    for (const d of mine) {
      const sum = found.get(d.shop_id) ?? { kept: 0, missed: 0 }
      found.set(d.shop_id, { kept: sum.kept + d.kept, missed: sum.missed + d.broken })
    }
    return [...found].map(([id, sum]) => ({ id, ...sum })).sort((a, b) => b.missed - a.missed)
  }, [mine])
  const most = largest(byShop, (s) => s.missed)
  const finding =
    share === null
      ? t('promise1.none', { name: title })
      : missed === 0
        ? t('promise1.allKept', { count: kept, name: title })
        : !isOurs(name)
          ? t('indicator.is', { name: title, value: fmt.percent(share, 1) })
          : t(share >= CLOCK_TARGET ? 'promise1.above' : 'promise1.below', { name: title, share: fmt.percent(share, 1), target: fmt.percent(CLOCK_TARGET), missed: fmt.number(missed) })
  const { shown } = useTheme()
  const c = colours[shown]
  const perDay = days.map((day) => {
    const of = mine.filter((d) => d.day === day)
    return { day, kept: of.reduce((n, d) => n + d.kept, 0), missed: of.reduce((n, d) => n + d.broken, 0) }
  })
  const rows = cut === 'day' ? perDay.map((d) => [d.day, d.kept, d.missed]) : byShop.map((s) => [shopName(s.id), s.kept, s.missed])
  const chartTitle = missed && most && byShop.length > 1 ? t('promise1.where', { count: most.count, missed, shop: shopName(most.row.id) }) : share !== null && earlierShare !== null ? t('promise1.compared', { share: fmt.percent(share, 1), before: fmt.percent(earlierShare, 1) }) : t('promise1.over')
  const option = {
    legend: {},
    grid: { left: 4, right: 12, top: 36, bottom: 4, containLabel: true },
    xAxis: cut === 'day' ? { type: 'category', data: days } : { type: 'value', minInterval: 1 },
    yAxis: cut === 'day' ? { type: 'value', minInterval: 1 } : { type: 'category', inverse: true, data: byShop.map((s) => shopName(s.id)) },
    series: [
      { name: t('promises.missed'), type: 'bar', stack: 'all', itemStyle: { color: c.vermilionFill, borderRadius: 0 }, data: rows.map((r) => r[2]) },
      { name: t('promises.kept'), type: 'bar', stack: 'all', itemStyle: { color: c.jadeTrack }, data: rows.map((r) => r[1]) },
    ],
  }
  return (
    <Page about={<><Link href="/">{t('promises.about')}</Link> / {title}</>} finding={board.isPending ? title : finding} tools={<ScopeTools />}>
      {board.error ? (
        <ErrorState error={board.error} onRetry={() => void board.refetch()} />
      ) : (
        <ChartFrame
          title={chartTitle}
          unit={t('promise1.unit')}
          sample={kept + missed}
          period={`${fmt.date(span.since)} – ${fmt.date(period.until)}`}
          tools={<Segmented label={t('promise1.cut')} value={cut} onPick={setCut} choices={[{ value: 'day', label: t('promise1.byDay') }, { value: 'shop', label: t('promise1.byShop') }]} />}
          table={{ columns: [t(cut === 'day' ? 'column.day' : 'column.shop'), t('promises.kept'), t('promises.missed')], rows: kept + missed ? rows.map((r) => [String(r[0]), Number(r[1]), Number(r[2])]) : [] }}
          fileName={`${name}.csv`}
          loading={board.isPending}
          height={cut === 'day' ? 260 : Math.max(120, byShop.length * 44 + 50)}
        >
          <Chart option={option} height={cut === 'day' ? 260 : Math.max(120, byShop.length * 44 + 50)} label={chartTitle} />
        </ChartFrame>
      )}
      <Section title={t('promise1.people')} lead={t('promise1.peopleLead')}>
        <DataTable
          label={t('promise1.people')}
          loading={people.isPending}
          error={people.error}
          onRetry={() => void people.refetch()}
          rows={people.data ?? []}
          rowKey={(r) => `${r.owner_id} ${r.shop_id}`}
          empty={<EmptyState drawing="clear" title={t('promise1.nobody')} />}
          columns={[
            { id: 'who', title: t('column.owner'), cell: (r) => r.owner_name ?? <span className="muted">{t('owner.none')}</span> },
            { id: 'shop', title: t('column.shop'), cell: (r) => shopName(r.shop_id) },
            { id: 'kept', title: t('promises.kept'), end: true, cell: (r) => fmt.number(r.kept) },
            { id: 'missed', title: t('promises.missed'), end: true, cell: (r) => fmt.number(r.broken) },
            { id: 'share', title: t('column.share'), end: true, cell: (r) => { const s = shareOf(r.kept, r.broken); return s === null ? '–' : fmt.percent(s, 0) } },
          ]}
        />
      </Section>
      <Cases name={name} />
    </Page>
  )
}

function Cases({ name }: { name: string }) {
  const { t, fmt } = useText()
  const may = useMay()
  const { shop, period } = useScope()
  const { nameOf } = useShops()
  const [which, setWhich] = useState<Group>('broken')
  const span = spanOf(period)
  const list = usePages<ClockCase>(['promiseCases', name, which, shop, span], (after) => ask(api.GET('/api/insights/promises/cases', { params: { query: { ...span, which, name, shop_id: shop || undefined, after } } })))
  return (
    <Section title={t('promise1.cases')}>
      <Tabs label={t('promise1.cases')} idBase="which" value={which} onPick={setWhich} items={groups.map((g) => ({ value: g, label: t(`group.${g}`) }))} />
      <TabPanel idBase="which" value={which}>
        <DataTable
          label={t(`group.${which}`)}
          loading={list.loading}
          error={list.error}
          onRetry={list.retry}
          rows={list.items}
          rowKey={(r) => r.id}
          empty={<EmptyState drawing="clear" title={t('promise1.noCases')} text={t('promise1.noCasesText')} />}
          columns={[
            { id: 'ring', title: '', width: '44px', cell: (r) => <PromiseRing clock={{ started_at: r.started_at, due_at: r.due_at, warn_at: r.warn_at, paused_at: r.paused_at, met_at: r.late_seconds === null ? r.met_at : null }} /> },
            {
              id: 'case',
              title: t('column.case'),
              cell: (r) => (
                <span className="cell-two">
                  {r.case_id && may('cases.read') ? <a href={caseHref(r.case_id)}>{r.number ?? t('column.case')}</a> : <span>{r.number ?? '–'}</span>}
                  <span className="one-line">{r.title}</span>
                </span>
              ),
            },
            { id: 'owner', title: t('column.owner'), cell: (r) => r.owner_name ?? <span className="muted">{t('owner.none')}</span> },
            { id: 'shop', title: t('column.shop'), cell: (r) => nameOf(r.shop_id) },
            { id: 'due', title: t('column.due'), end: true, cell: (r) => <RelativeTime at={r.due_at} /> },
            { id: 'late', title: t('column.late'), end: true, cell: (r) => (r.late_seconds ? fmt.duration(r.late_seconds * 1000) : '–') },
          ]}
          foot={<Pager shown={list.items.length} hasMore={!!list.hasMore} loading={list.loadingMore} error={list.moreError} onMore={list.more} />}
        />
      </TabPanel>
    </Section>
  )
}
