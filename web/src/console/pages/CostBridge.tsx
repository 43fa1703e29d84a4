import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import type { CostBridge as Bridge } from '../../api/schema'
import { EmptyState, ErrorState, Section, Segmented, Select, SkeletonRows } from '../../design'
import { colours } from '../../design/tokens'
import { useText } from '../../i18n'
import { useTheme } from '../../shell/theme'
import { Chart, ChartFrame, chartFont } from '../../staff/chart'
import { CostNav } from '../CostNav'
import { major, useCutName } from '../costs'
import { useShops } from '../data'
import { Page } from '../Page'
import { DataTable, Figures, ScopeTools } from '../parts'
import { spanBefore, spanOf, useScope } from '../scope'

const cuts = ['claim_kind', 'reason', 'shop', 'channel', 'category', 'market'] as const
type Cut = (typeof cuts)[number]
const effects = ['volume', 'mix', 'efficiency', 'rate'] as const

/** The sign stays with its amount. */
const signed = (cents: number, text: string) => (cents > 0 ? `+\u2060${text}` : text)

const yearEarlier = (at: string) => {
  const day = new Date(at)
  return new Date(day.getFullYear() - 1, day.getMonth(), day.getDate()).toISOString()
}

/** Why a period cost more or less than another. */
export default function CostBridge() {
  const { t, fmt } = useText()
  const { shop, period } = useScope()
  const [by, setBy] = useState<Cut>('claim_kind')
  const [only, setOnly] = useState<'all' | 'service'>('all')
  const [against, setAgainst] = useState<'before' | 'year'>('before')
  const [picked, pick] = useState('')
  const span = spanOf(period)
  const earlier = against === 'before' ? spanBefore(period) : { since: yearEarlier(span.since), until: yearEarlier(span.until) }
  const query = { ...span, before_since: earlier.since, before_until: earlier.until, by, only, shop_id: shop || undefined }
  const found = useQuery({ queryKey: ['costBridge', query], queryFn: () => ask(api.GET('/api/insights/costs/bridge', { params: { query } })) })
  const all = found.data ?? []
  const one = all.find((b) => b.currency === picked) ?? [...all].sort((a, b) => b.after_cases - a.after_cases)[0]
  const tools = (
    <ScopeTools>
      {all.length > 1 && <Segmented label={t('costs.currency')} value={one?.currency ?? ''} onPick={pick} choices={all.map((b) => ({ value: b.currency, label: b.currency }))} />}
      <Segmented label={t('costs.which')} value={only} onPick={setOnly} choices={[{ value: 'all', label: t('costs.all') }, { value: 'service', label: t('costs.service') }]} />
    </ScopeTools>
  )
  const money = (cents: number) => (one ? fmt.money(cents, one.currency) : '')
  const difference = one ? one.after_cents - one.before_cents : 0
  const strongest = one ? [...effects].sort((a, b) => Math.abs(one[`${b}_cents`]) - Math.abs(one[`${a}_cents`]))[0] : undefined
  const finding = !one
    ? t(found.isPending ? 'costs.loading' : 'costs.bridge.nothing')
    : difference === 0
      ? t('costs.bridge.same')
      : t(difference > 0 ? 'costs.bridge.more' : 'costs.bridge.less', { amount: money(Math.abs(difference)), effect: t(`costs.effect.${strongest ?? 'volume'}`).toLowerCase() })
  return (
    <Page about={t('costs.bridge.about')} finding={finding} tools={tools}>
      <CostNav />
      {found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <SkeletonRows />
      ) : !one ? (
        <EmptyState drawing="clear" title={t('costs.bridge.nothing')} text={t('costs.nothingText')} />
      ) : (
        <Drawn
          bridge={one}
          by={by}
          title={finding}
          period={`${fmt.date(earlier.since)} – ${fmt.date(new Date(Date.parse(earlier.until) - 1))} → ${fmt.date(span.since)} – ${fmt.date(period.until)}`}
          tools={
            <>
              <Segmented label={t('costs.bridge.against')} value={against} onPick={setAgainst} choices={[{ value: 'before', label: t('costs.bridge.before') }, { value: 'year', label: t('costs.bridge.year') }]} />
              <Select aria-label={t('costs.bridge.by')} value={by} onPick={setBy} choices={cuts.map((x) => ({ value: x, label: t(`costs.by.${x}`) }))} />
            </>
          }
        />
      )}
    </Page>
  )
}

function Drawn({ bridge, by, title, period, tools }: { bridge: Bridge; by: Cut; title: string; period: string; tools: React.ReactNode }) {
  const { t, fmt } = useText()
  const { nameOf } = useShops()
  const nameOfCut = useCutName()
  const { shown } = useTheme()
  const c = colours[shown]
  const steps = [
    ...effects.map((e) => ({ name: t(`costs.effect.${e}`), cents: bridge[`${e}_cents`] })),
    ...(bridge.loose_cents ? [{ name: t('costs.effect.loose'), cents: bridge.loose_cents }] : []),
  ]
  let level = bridge.before_cents
  const bars = steps.map((step) => {
    const from = level
    level += step.cents
    return { ...step, from, to: level }
  })
  const ends = [bridge.before_cents, ...bars.map((b) => b.to)]
  const names = [t('costs.bridge.then'), ...bars.map((b) => b.name), t('costs.bridge.now')]
  const scale = (cents: number) => major(cents, bridge.currency)
  const floor = Math.min(0, ...ends)
  const segmentName = (segment: string | null) => (by === 'shop' && segment ? nameOf(segment) : nameOfCut(by, { value: segment, label: null }))
  return (
    <>
      <Figures
        items={[
          { id: 'then', name: t('costs.bridge.thenCases', { count: bridge.before_cases }), value: fmt.money(bridge.before_cents, bridge.currency) },
          { id: 'difference', name: t('costs.bridge.difference'), value: signed(bridge.after_cents - bridge.before_cents, fmt.money(bridge.after_cents - bridge.before_cents, bridge.currency)) },
          { id: 'now', name: t('costs.bridge.nowCases', { count: bridge.after_cases }), value: fmt.money(bridge.after_cents, bridge.currency) },
        ]}
      />
      <ChartFrame
        title={title}
        unit={bridge.currency}
        sample={bridge.before_cases + bridge.after_cases}
        period={period}
        tools={tools}
        table={{ columns: [t('costs.bridge.step'), bridge.currency], rows: [[t('costs.bridge.then'), scale(bridge.before_cents)], ...steps.map((s) => [s.name, scale(s.cents)]), [t('costs.bridge.now'), scale(bridge.after_cents)]] }}
        fileName="cost-bridge.csv"
        height={320}
      >
        <Chart
          height={320}
          label={`${title} ${steps.map((s) => `${s.name} ${fmt.money(s.cents, bridge.currency)}`).join(', ')}`}
          option={{
            grid: { left: 4, right: 12, top: 28, bottom: 4, containLabel: true },
            xAxis: { type: 'category', data: names },
            yAxis: { type: 'value', min: scale(floor) },
            tooltip: { trigger: 'item' },
            series: [
              {
                type: 'custom',
                name: t('costs.sum'),
                renderItem: (params: { dataIndex: number }, api: { value: (i: number) => number; coord: (p: number[]) => number[]; size: (p: number[]) => number[] }) => {
                  const [x = 0, top = 0] = api.coord([api.value(0), Math.max(api.value(1), api.value(2))])
                  const [, bottom = 0] = api.coord([api.value(0), Math.min(api.value(1), api.value(2))])
                  const room = api.size([1, 0])[0] ?? 40
                  const width = room * 0.56
                  const tone = api.value(3)
                  const step = bars[params.dataIndex - 1]
                  const cents = step ? step.cents : params.dataIndex ? bridge.after_cents : bridge.before_cents
                  // On a phone there is room for '1.5万', not for every cent.
                  const amount = room < 90 ? fmt.number(scale(cents), { notation: 'compact', maximumFractionDigits: 1 }) : fmt.money(cents, bridge.currency)
                  const text = step ? signed(cents, amount) : amount
                  return {
                    type: 'group',
                    children: [
                      { type: 'rect', shape: { x: x - width / 2, y: top, width, height: Math.max(bottom - top, 1), r: 2 }, style: { fill: tone === 0 ? c.slateFill : tone > 0 ? c.amberFill : c.jade } },
                      { type: 'text', style: { x, y: top - 6, text, align: 'center', verticalAlign: 'bottom', fill: c.ink2, font: `12px ${chartFont()}` } },
                    ],
                  }
                },
                encode: { x: 0, y: [1, 2] },
                data: [
                  { value: [0, 0, scale(bridge.before_cents), 0], name: names[0] },
                  ...bars.map((b, i) => ({ value: [i + 1, scale(b.from), scale(b.to), Math.sign(b.cents)], name: b.name })),
                  { value: [bars.length + 1, 0, scale(bridge.after_cents), 0], name: names[names.length - 1] },
                ],
              },
            ],
          }}
        />
      </ChartFrame>
      <p className="muted section-lead">{t('costs.bridge.text')}</p>
      <Section title={t('costs.bridge.drivers')} lead={t('costs.bridge.driversLead')}>
        <DataTable
          label={t('costs.bridge.drivers')}
          rows={bridge.drivers}
          rowKey={(d) => `${d.effect} ${d.segment ?? ''} ${d.kind}`}
          empty={<EmptyState drawing="clear" title={t('costs.bridge.same')} />}
          columns={[
            { id: 'effect', title: t('costs.bridge.effect'), cell: (d) => t(`costs.effect.${d.effect}`) },
            { id: 'segment', title: t(`costs.by.${by}`), cell: (d) => segmentName(d.segment) },
            { id: 'kind', title: t('costs.by.kind'), cell: (d) => t(`costs.kind.${d.kind}`) },
            { id: 'cents', title: t('costs.sum'), end: true, cell: (d) => <strong className="num">{signed(d.cents, fmt.money(d.cents, bridge.currency))}</strong> },
          ]}
        />
        <details>
          <summary>{t('costs.bridge.formula')}</summary>
          <p className="muted">{t('costs.bridge.formulaText')}</p>
        </details>
      </Section>
    </>
  )
}
