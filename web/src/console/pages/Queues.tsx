import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import { usePages } from '../../api/pages'
import type { QueueItem } from '../../api/schema'
import { Avatar, Elapsed, EmptyState, ErrorState, Pager, PromiseRing, RelativeTime, Section, Select, Tag } from '../../design'
import { colours } from '../../design/tokens'
import { useText } from '../../i18n'
import { useTheme } from '../../shell/theme'
import { Chart, ChartFrame } from '../../staff/chart'
import { largest } from '../board'
import { caseHref, useMay, useShops } from '../data'
import { Page } from '../Page'
import { DataTable, Figures, ScopeTools } from '../parts'
import { useScope } from '../scope'
import './Queues.css'

const ages = ['hours4', 'day', 'days3', 'week', 'older'] as const
const views = ['waiting', 'late', 'unassigned', 'snoozed', 'active'] as const
type View = (typeof views)[number]

/** What is open now, how old it is, who carries it, and who waits. */
export default function Queues() {
  const { t, fmt } = useText()
  const may = useMay()
  const { shop } = useScope()
  const { nameOf } = useShops()
  const { shown } = useTheme()
  const c = colours[shown]
  const [view, setView] = useState<View>('waiting')
  const [owner, setOwner] = useState('')
  const shop_id = shop || undefined
  const load = useQuery({ queryKey: ['load', shop], queryFn: () => ask(api.GET('/api/insights/queues', { params: { query: { shop_id } } })), refetchInterval: 30_000 })
  const counts = useQuery({ queryKey: ['counts', shop], queryFn: () => ask(api.GET('/api/cases/counts', { params: { query: { shop_id } } })), enabled: may('cases.read'), refetchInterval: 30_000 })
  const list = usePages<QueueItem>(['queue', view, owner, shop], (after) => ask(api.GET('/api/cases', { params: { query: { view, shop_id, owner_id: owner || undefined, after, limit: 25 } } })), { enabled: may('cases.read') })
  const data = load.data
  const cells = data?.cells ?? []
  const open = cells.reduce((n, x) => n + x.cases, 0)
  const shopIds = [...new Set(cells.map((x) => x.shop_id))]
  const at = (id: string, age: string) => cells.filter((x) => x.shop_id === id && x.age === age).reduce((n, x) => n + x.cases, 0)
  const rows = shopIds.map((id) => [nameOf(id), ...ages.map((a) => at(id, a))] as (string | number)[])
  const oldest = largest(shopIds, (id) => at(id, 'older') + at(id, 'week'))
  const old = cells.filter((x) => x.age === 'older' || x.age === 'week').reduce((n, x) => n + x.cases, 0)
  const working = data?.people.filter((p) => p.working).length ?? 0
  const finding = !data ? t('queues.loading') : data.waiting ? t('queues.finding', { count: data.waiting, longest: fmt.duration((data.waiting_longest_seconds ?? 0) * 1000) }) : open ? t('queues.nobodyWaits', { count: open }) : t('queues.none')
  const chartTitle = !open ? t('queues.none') : old && oldest ? t('queues.oldTitle', { old, open, shop: nameOf(oldest.row), most: oldest.count }) : t('queues.youngTitle', { open })
  const tones = [c.jadeTrack, c.jade, c.slateFill, c.slate, c.ink2]
  const height = Math.max(130, shopIds.length * 46 + 60)
  const number = (n: number | undefined) => (n === undefined ? '–' : n > 1000 ? '1000+' : fmt.number(n))
  return (
    <Page about={t('queues.about')} finding={finding} tools={<ScopeTools noPeriod />}>
      {load.error ? (
        <ErrorState error={load.error} onRetry={() => void load.refetch()} />
      ) : (
        <>
          <Figures
            items={[
              ...views.map((v) => ({ id: v, name: t(`queueView.${v}`), value: number(counts.data?.[v]), tone: v === 'late' && counts.data?.late ? ('vermilion' as const) : undefined, pressed: view === v, onPick: () => setView(v) })),
              { id: 'median', name: t('queues.median'), value: data?.waiting_median_seconds == null ? '–' : fmt.duration(data.waiting_median_seconds * 1000) },
              { id: 'p90', name: t('queues.p90'), value: data?.waiting_p90_seconds == null ? '–' : fmt.duration(data.waiting_p90_seconds * 1000) },
            ]}
          />
          {open > 0 || load.isPending ? <ChartFrame
            title={chartTitle}
            unit={t('unit.cases')}
            sample={open}
            period={t('queues.now')}
            table={{ columns: [t('column.shop'), ...ages.map((a) => t(`age.${a}`))], rows }}
            fileName="queues.csv"
            loading={load.isPending}
            height={height}
          >
            <Chart
              height={height}
              label={chartTitle}
              option={{
                legend: {},
                grid: { left: 4, right: 16, top: 36, bottom: 4, containLabel: true },
                xAxis: { type: 'value', minInterval: 1 },
                yAxis: { type: 'category', inverse: true, data: shopIds.map((id) => nameOf(id)) },
                series: ages.map((a, i) => ({ name: t(`age.${a}`), type: 'bar', stack: 'all', itemStyle: { color: tones[i], borderRadius: 0 }, data: shopIds.map((id) => at(id, a)) })),
              }}
            />
          </ChartFrame> : null}
          <Section title={t('queues.people')} aside={t('queues.working', { count: working })} lead={t('queues.peopleLead')}>
            <DataTable
              label={t('queues.people')}
              loading={load.isPending}
              rows={data?.people ?? []}
              rowKey={(p) => p.account_id}
              picked={owner}
              onPick={(p) => {
                setOwner(owner === p.account_id ? '' : p.account_id)
                setView('active')
              }}
              empty={<EmptyState drawing="talk" title={t('queues.nobody')} text={t('queues.nobodyText')} />}
              columns={[
                {
                  id: 'who',
                  title: t('column.name'),
                  cell: (p) => (
                    <span className="person">
                      <Avatar name={p.name} size={28} /> {p.name}
                    </span>
                  ),
                },
                { id: 'work', title: t('column.presence'), cell: (p) => (p.working ? <Tag tone="jade">{t('queues.atWork')}</Tag> : <Tag>{t('queues.away')}</Tag>) },
                {
                  id: 'load',
                  title: t('column.load'),
                  width: '32%',
                  cell: (p) => (
                    <span className="load" title={t('queues.loadOf', { cases: p.cases, capacity: p.capacity ?? '–' })}>
                      <span className="load-track">
                        <span className={p.capacity !== null && p.cases > p.capacity ? 'is-over' : ''} style={{ width: `${Math.min(100, (p.cases / Math.max(1, p.capacity ?? Math.max(p.cases, 1))) * 100)}%` }} />
                      </span>
                      <span className="small">
                        {fmt.number(p.cases)}
                        {p.capacity !== null && <span className="muted"> / {fmt.number(p.capacity)}</span>}
                      </span>
                    </span>
                  ),
                },
                { id: 'waiting', title: t('queueView.waiting'), end: true, cell: (p) => fmt.number(p.waiting) },
                { id: 'late', title: t('queueView.late'), end: true, cell: (p) => (p.late ? <Tag tone="vermilion">{fmt.number(p.late)}</Tag> : 0) },
                { id: 'since', title: t('queues.oldest'), end: true, cell: (p) => (p.waiting_since ? <Elapsed since={p.waiting_since} /> : '–') },
              ]}
            />
          </Section>
          {may('cases.read') && (
            <Section title={t(`queueView.${view}`)} aside={<Select aria-label={t('column.owner')} value={owner} onPick={setOwner} choices={[{ value: '', label: t('queues.everyOwner') }, ...(data?.people ?? []).map((p) => ({ value: p.account_id, label: p.name }))]} />}>
              <DataTable
                label={t(`queueView.${view}`)}
                loading={list.loading}
                error={list.error}
                onRetry={list.retry}
                rows={list.items}
                rowKey={(r) => r.id}
                empty={<EmptyState drawing="clear" title={t('queues.empty')} text={t(open ? 'queues.emptyText' : 'queues.noneText')} />}
                columns={[
                  { id: 'ring', title: '', width: '44px', cell: (r) => (r.ring ? <PromiseRing clock={{ ...r.ring, paused_at: r.ring.state === 'paused' ? r.last_message_at : null }} /> : null) },
                  {
                    id: 'case',
                    title: t('column.case'),
                    cell: (r) => (
                      <span className="cell-two">
                        <a href={caseHref(r.id)}>{r.title}</a>
                        <span>
                          {r.number} · {r.customer_name ?? '–'}
                        </span>
                      </span>
                    ),
                  },
                  { id: 'owner', title: t('column.owner'), cell: (r) => r.owner_name ?? <span className="muted">{t('owner.none')}</span> },
                  { id: 'shop', title: t('column.shop'), cell: (r) => nameOf(r.shop_id) },
                  { id: 'age', title: t('column.opened'), end: true, cell: (r) => <RelativeTime at={r.opened_at} /> },
                  { id: 'waiting', title: t('column.waiting'), end: true, cell: (r) => (r.waiting_since ? <Elapsed since={r.waiting_since} /> : '–') },
                ]}
                foot={<Pager shown={list.items.length} hasMore={!!list.hasMore} loading={list.loadingMore} error={list.moreError} onMore={list.more} />}
              />
            </Section>
          )}
        </>
      )}
    </Page>
  )
}
