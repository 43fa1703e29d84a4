import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { api, ask, inAddress } from '../../api/client'
import { usePages } from '../../api/pages'
import type { ClaimCell, ClaimRow } from '../../api/schema'
import { ButtonLink, EmptyState, Input, Money, Pager, PromiseRing, RelativeTime, Section, Segmented, Select, Tag, Thumb } from '../../design'
import { colours } from '../../design/tokens'
import { useText } from '../../i18n'
import { useTheme } from '../../shell/theme'
import { Chart, ChartFrame } from '../../staff/chart'
import { caseHref, useMay, useShops, useWords } from '../data'
import { Page } from '../Page'
import { DataTable, ScopeTools } from '../parts'
import { daysOf, spanBefore, spanOf, useScope, zone } from '../scope'

type Cut = 'kind' | 'reason' | 'state' | 'shop'
const cuts: readonly Cut[] = ['kind', 'reason', 'state', 'shop']
const MOST_SERIES = 5
const kinds = ['cancel_unshipped', 'refund_only', 'return_refund', 'exchange', 'resend', 'repair', 'refuse_parcel', 'recall', 'compensation'] as const
const states = ['pending_merchant', 'negotiating', 'rejected', 'awaiting_return', 'in_transit_back', 'received', 'inspecting', 'partly_accepted', 'awaiting_reship', 'reshipped', 'refunding', 'refund_failed', 'disputed', 'refunded', 'completed', 'cancelled', 'closed_lapsed'] as const
type Kind = (typeof kinds)[number]
type State = (typeof states)[number]

const sum = (cells: readonly ClaimCell[]) => cells.reduce((n, x) => n + x.claims, 0)

/** What customers ask to have put right: how much, of which kind, why, and the claims themselves. */
export default function Claims() {
  const { t, fmt } = useText()
  const { shop, period } = useScope()
  const { nameOf } = useShops()
  const may = useMay()
  const word = useWords()
  const { shown } = useTheme()
  const c = colours[shown]
  const [cut, setCut] = useState<Cut>('kind')
  const [compare, setCompare] = useState(false)
  const span = spanOf(period)
  const earlier = spanBefore(period)
  const read = (of: typeof span) => () => ask(api.GET('/api/insights/claims', { params: { query: { ...of, cut, shop_id: shop || undefined, time_zone: zone() } } }))
  const found = useQuery({ queryKey: ['claimCells', cut, shop, span], queryFn: read(span), enabled: may('insights.read') })
  const before = useQuery({ queryKey: ['claimCells', cut, shop, earlier], queryFn: read(earlier), enabled: may('insights.read') })
  const cells = found.data ?? []
  const called = (w: string) => (cut === 'shop' ? nameOf(w) : word(cut, w))
  const days = daysOf(period)
  const totals = new Map<string, number>()
  for (const x of cells) totals.set(x.word, (totals.get(x.word) ?? 0) + x.claims)
  const order = [...totals].sort((a, b) => b[1] - a[1]).map(([w]) => w)
  const named = order.slice(0, MOST_SERIES)
  const rest = order.slice(MOST_SERIES)
  const all = sum(cells)
  const was = sum(before.data ?? [])
  const first = order[0]
  const back = new Map<string, number>()
  for (const x of cells) back.set(x.currency, (back.get(x.currency) ?? 0) + x.refunded_cents)
  const money = [...back].filter(([, cents]) => cents > 0).map(([currency, cents]) => fmt.money(cents, currency))
  const finding = !found.data
    ? t('claims.loading')
    : !all
      ? t('claims.none')
      : was
        ? t(all >= was ? 'claims.more' : 'claims.fewer', { count: all, change: fmt.percent(Math.abs(all - was) / was, 0) })
        : t('claims.some', { count: all })
  const title = first ? t('claims.chart', { what: called(first), count: totals.get(first) ?? 0, share: fmt.percent((totals.get(first) ?? 0) / all, 0) }) : t('claims.none')
  const on = (day: string, words: readonly string[]) => cells.filter((x) => x.day === day && words.includes(x.word)).reduce((n, x) => n + x.claims, 0)
  const beforeDays = (before.data ?? []).reduce((days, x) => days.set(x.day, (days.get(x.day) ?? 0) + x.claims), new Map<string, number>())
  const ghostDays = daysOf({ preset: 'custom', from: earlier.since.slice(0, 10), until: earlier.until.slice(0, 10) }).slice(-days.length)
  const series = [...named.map((w) => ({ name: called(w), words: [w] })), ...(rest.length ? [{ name: t('claims.others', { count: rest.length }), words: rest }] : [])]
  return (
    <Page about={t('claims.about')} finding={finding} tools={<ScopeTools />}>
      {money.length > 0 && <p className="muted section-lead">{t('claims.refunded', { money: fmt.list(money) })}</p>}
      {may('insights.read') && (
        <ChartFrame
          title={title}
          unit={t('unit.claims')}
          sample={all}
          period={`${fmt.date(span.since)} – ${fmt.date(period.until)}`}
          tools={
            <>
              <Segmented label={t('promise1.cut')} value={cut} onPick={setCut} choices={cuts.map((x) => ({ value: x, label: t(`cut.${x}`) }))} />
              <Segmented label={t('claims.compare')} value={compare ? 'yes' : 'no'} onPick={(v) => setCompare(v === 'yes')} choices={[{ value: 'no', label: t('claims.alone') }, { value: 'yes', label: t('claims.withBefore') }]} />
            </>
          }
          table={{ columns: [t('column.day'), ...series.map((s) => s.name)], rows: all ? days.map((d) => [d, ...series.map((s) => on(d, s.words))]) : [] }}
          fileName="claims-by-day.csv"
          loading={found.isPending}
          error={found.error ?? undefined}
          onRetry={() => void found.refetch()}
        >
          <Chart
            label={title}
            option={{
              color: [c.jade, c.slateFill, c.jadeTrack, c.ink3, c.slate, c.hairline],
              legend: {},
              grid: { left: 4, right: 12, top: 40, bottom: 4, containLabel: true },
              xAxis: { type: 'category', data: days },
              yAxis: { type: 'value', minInterval: 1 },
              series: [
                ...series.map((s) => ({ name: s.name, type: 'bar', stack: 'all', itemStyle: { borderRadius: 0 }, data: days.map((d) => on(d, s.words)) })),
                ...(compare ? [{ name: t('measured.before'), type: 'line', lineStyle: { type: 'dashed', width: 1.5 }, data: ghostDays.map((d) => beforeDays.get(d) ?? 0) }] : []),
              ],
            }}
          />
        </ChartFrame>
      )}
      <ClaimList />
    </Page>
  )
}

function ClaimList() {
  const { t } = useText()
  const { shop } = useScope()
  const { nameOf } = useShops()
  const word = useWords()
  const [kind, setKind] = useState<Kind | ''>('')
  const [state, setState] = useState<State | ''>('')
  const [open, setOpen] = useState<'all' | 'open' | 'ended'>('all')
  const [typed, setTyped] = useState('')
  const [search, setSearch] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed.trim()), 300)
    return () => clearTimeout(timer)
  }, [typed])
  const query = { shop_id: shop || undefined, kinds: kind ? [kind] : undefined, states: state ? [state] : undefined, open: open === 'all' ? undefined : open === 'open', search: search || undefined }
  const narrowed = Object.values(query).some((value) => value !== undefined)
  const list = usePages<ClaimRow>(['claims', query], (after) => ask(api.GET('/api/claims', { params: { query: { ...query, after, limit: 25 } } })))
  return (
    <Section title={t('claims.list')} aside={<ButtonLink small icon="download" href={`/api/claims.csv?${inAddress(query)}`} download>{t('action.csv')}</ButtonLink>}>
      <div className="filters">
        <Input icon="search" type="search" aria-label={t('claims.search')} placeholder={t('claims.search')} value={typed} onChange={(e) => setTyped(e.target.value)} />
        <Select aria-label={t('cut.kind')} value={kind} onPick={(v) => setKind(v as Kind | '')} choices={[{ value: '', label: t('claims.everyKind') }, ...kinds.map((k) => ({ value: k, label: word('kind', k) }))]} />
        <Select aria-label={t('cut.state')} value={state} onPick={(v) => setState(v as State | '')} choices={[{ value: '', label: t('claims.everyState') }, ...states.map((s) => ({ value: s, label: word('state', s) }))]} />
        <Segmented label={t('claims.openOrNot')} value={open} onPick={setOpen} choices={[{ value: 'all', label: t('claims.all') }, { value: 'open', label: t('claims.open') }, { value: 'ended', label: t('claims.ended') }]} />
      </div>
      <DataTable
        label={t('claims.list')}
        loading={list.loading}
        error={list.error}
        onRetry={list.retry}
        rows={list.items}
        rowKey={(r) => r.id}
        empty={<EmptyState drawing="search" title={t(narrowed ? 'claims.noneFound' : 'claims.noneYet')} text={t(narrowed ? 'claims.noneFoundText' : 'claims.noneYetText')} />}
        columns={[
          { id: 'ring', title: '', width: '44px', cell: (r) => (r.clock ? <PromiseRing clock={r.clock} /> : <Thumb src={r.image} alt="" size={28} />) },
          {
            id: 'claim',
            title: t('column.claim'),
            cell: (r) => (
              <span className="cell-two">
                <a href={`${caseHref(r.case_id)}&claim=${r.id}`}>{r.number}</a>
                <span>
                  {r.title} × {r.quantity}
                </span>
              </span>
            ),
          },
          { id: 'kind', title: t('cut.kind'), cell: (r) => <span className="cell-two"><span>{word('kind', r.kind)}</span><span>{word('reason', r.reason)}</span></span> },
          { id: 'state', title: t('cut.state'), cell: (r) => <Tag tone={['refunded', 'completed'].includes(r.state) ? 'jade' : 'plain'}>{word('state', r.state)}</Tag> },
          { id: 'shop', title: t('column.shop'), cell: (r) => nameOf(r.shop_id) },
          { id: 'money', title: t('column.money'), end: true, cell: (r) => <Money cents={r.agreed_cents || r.requested_cents} currency={r.currency} /> },
          { id: 'at', title: t('column.applied'), end: true, cell: (r) => <RelativeTime at={r.applied_at} /> },
        ]}
        foot={<Pager shown={list.items.length} hasMore={!!list.hasMore} loading={list.loadingMore} error={list.moreError} onMore={list.more} />}
      />
      <p className="muted small">{t('claims.exportNote')}</p>
    </Section>
  )
}
