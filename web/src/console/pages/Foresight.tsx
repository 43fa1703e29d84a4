import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import type { ChanceView, ModelCard, FailingProduct } from '../../api/schema'
import { ButtonLink, EmptyState, ErrorState, Section, Segmented, SkeletonRows, Tag } from '../../design'
import { colours } from '../../design/tokens'
import { useText } from '../../i18n'
import { useTheme } from '../../shell/theme'
import { Chart, ChartFrame } from '../../staff/chart'
import { caseHref, useShops } from '../data'
import { Page } from '../Page'
import { DataTable, ScopeTools } from '../parts'
import { useScope } from '../scope'
import './Foresight.css'

type Matter = 'orders' | 'cases' | 'customers'
const matters: readonly Matter[] = ['orders', 'cases', 'customers']

/** What will go wrong, told in time to act. */
export default function Foresight() {
  const { t, fmt } = useText()
  const { shop } = useScope()
  const [matter, setMatter] = useState<Matter>('orders')
  const query = { shop_id: shop || undefined, limit: 25 }
  const found = useQuery({
    queryKey: ['foresight', matter, query],
    queryFn: () => ask(api.GET('/api/insights/foresight/chances/{matter}', { params: { path: { matter }, query } })),
  })
  const models = useQuery({ queryKey: ['foresightModels'], queryFn: () => ask(api.GET('/api/insights/foresight/models')) })
  const products = useQuery({
    queryKey: ['foresightProducts', shop],
    queryFn: () => ask(api.GET('/api/insights/foresight/products', { params: { query: { shop_id: shop || undefined } } })),
  })
  const rows = found.data?.items ?? []
  const likely = rows.filter((r) => r.chance >= Math.max(0.3, 2 * r.usual)).length
  const served = (models.data ?? []).filter((m) => foretellsOf[matter].includes(m.foretells) && m.version !== null)
  const finding = found.isPending || models.isPending ? t('foresight.loading') : !served.length ? t('foresight.nothingSaid') : likely ? t('foresight.finding', { count: likely }) : t('foresight.calm')
  const told = rows[0]?.told_at
  const silent = (models.data ?? []).filter((m) => foretellsOf[matter].includes(m.foretells) && m.version === null)
  return (
    <Page
      about={t('foresight.about')}
      finding={finding}
      tools={
        <ScopeTools noPeriod>
          <Segmented label={t('foresight.which')} value={matter} onPick={setMatter} choices={matters.map((m) => ({ value: m, label: t(`foresight.matter.${m}`) }))} />
        </ScopeTools>
      }
    >
      <p className="muted section-lead">{t('foresight.text')}</p>
      {found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <SkeletonRows />
      ) : !rows.length ? (
        <Nothing matter={matter} models={models.data ?? []} />
      ) : (
        <>
          <ChanceChart rows={rows} matter={matter} />
          <Chances rows={rows} matter={matter} />
          <p className="muted small">
            {told && t('foresight.toldAt', { when: fmt.dateTime(told) })} {silent.length > 0 && t('foresight.someSilent', { names: silent.map((m) => t(`foresight.foretells.${m.foretells}`)).join(t('foresight.comma')) })}
          </p>
        </>
      )}
      <Products rows={products.data ?? []} loading={products.isPending} error={products.error} onRetry={() => void products.refetch()} />
      <Section title={t('foresight.models')}>
        <p className="muted section-lead">{t('foresight.modelsText')}</p>
        {models.error ? (
          <ErrorState compact error={models.error} onRetry={() => void models.refetch()} />
        ) : models.isPending ? (
          <SkeletonRows />
        ) : (
          <div className="model-list">
            {models.data.map((m) => (
              <OneModel key={m.foretells} card={m} />
            ))}
          </div>
        )}
      </Section>
    </Page>
  )
}

const foretellsOf: Record<Matter, readonly ModelCard['foretells'][]> = {
  orders: ['order_approved', 'order_handed_over'],
  cases: ['case_late', 'case_reopened', 'case_escalated', 'case_disputed'],
  customers: ['customer_leaves'],
}

/** Why nothing is told: nothing is open, or no model may speak. */
function Nothing({ matter, models }: { matter: Matter; models: readonly ModelCard[] }) {
  const { t } = useText()
  const own = models.filter((m) => foretellsOf[matter].includes(m.foretells))
  const spoken = own.some((m) => m.version !== null)
  const reason = own.find((m) => m.silent && m.silent !== 'too_few')?.silent ?? 'too_few'
  return <EmptyState drawing="clear" title={t(spoken ? 'foresight.empty' : 'foresight.nothingSaid')} text={t(spoken ? 'foresight.emptyText' : `foresight.silent.${reason}`)} />
}

function nameOfRow(row: ChanceView, t: (key: string) => string): string {
  return row.number ?? `${t('foresight.customer')} ${row.subject_id.slice(-6)}`
}

/** A number of thirty signs is told by its ends. */
const shortened = (name: string) => (name.length > 20 ? `${name.slice(0, 8)}…${name.slice(-6)}` : name)

function ChanceChart({ rows, matter }: { rows: readonly ChanceView[]; matter: Matter }) {
  const { t, fmt } = useText()
  const { shown } = useTheme()
  const c = colours[shown]
  const top = [...rows.slice(0, 12)].reverse()
  const title = t('foresight.chart', { name: rows[0] ? nameOfRow(rows[0], t) : '', chance: fmt.percent(rows[0]?.chance ?? 0, 0) })
  const height = 60 + top.length * 26
  return (
    <ChartFrame
      title={title}
      unit={t('foresight.chance')}
      sample={rows.length}
      period={t('foresight.now')}
      fileName={`foresight-${matter}.csv`}
      height={height}
      table={{
        columns: [t('foresight.what'), t('foresight.which'), `${t('foresight.chance')} (%)`, `${t('foresight.usual')} (%)`, t('foresight.due')],
        rows: rows.map((r) => [nameOfRow(r, t), t(`foresight.foretells.${r.foretells}`), Math.round(r.chance * 1000) / 10, Math.round(r.usual * 1000) / 10, r.due_at]),
      }}
    >
      <Chart
        height={height}
        label={title}
        option={{
          xAxis: { type: 'value', min: 0, max: 1, axisLabel: { formatter: (v: number) => fmt.percent(v, 0) } },
          grid: { left: 4, right: 40, top: 8, bottom: 4, containLabel: true },
          yAxis: { type: 'category', data: top.map((r) => shortened(nameOfRow(r, t))), axisLabel: { interval: 0 } },
          tooltip: { trigger: 'item', formatter: (p: { dataIndex: number }) => `${t(`foresight.foretells.${top[p.dataIndex]?.foretells ?? ''}`)} · ${fmt.percent(top[p.dataIndex]?.chance ?? 0, 1)}` },
          series: [{ type: 'bar', data: top.map((r) => ({ value: r.chance, itemStyle: { color: r.chance >= 0.5 ? c.amber : c.jade, borderRadius: [0, 2, 2, 0] } })) }],
        }}
      />
    </ChartFrame>
  )
}

/** The reasons that make it likelier, in words; the strongest first. */
export function Whys({ row }: { row: Pick<ChanceView, 'why'> }) {
  const { t, fmt } = useText()
  const up = row.why.filter((w) => w.effect > 0.05)
  if (!up.length) return <span className="muted">{t('foresight.noWhy')}</span>
  return (
    <ul className="whys">
      {up.map((w) => (
        <li key={w.reason}>
          {t(`foresight.why.${w.reason}`)}
          {w.longer !== null && w.longer > 0.02 && <span className="muted small"> {t('foresight.longer', { share: fmt.percent(w.longer, 0) })}</span>}
        </li>
      ))}
    </ul>
  )
}

function Chances({ rows, matter }: { rows: readonly ChanceView[]; matter: Matter }) {
  const { t, fmt } = useText()
  const { nameOf } = useShops()
  return (
    <DataTable
      label={t(`foresight.matter.${matter}`)}
      rows={rows}
      rowKey={(r) => `${r.foretells}${r.subject_id}`}
      empty={null}
      columns={[
        {
          id: 'what',
          title: t('foresight.what'),
          cell: (r) => (
            <>
              {r.case_id ? <a href={caseHref(r.case_id)}>{nameOfRow(r, t)}</a> : <span className="num">{nameOfRow(r, t)}</span>}
              <div className="muted small">{r.title ?? nameOf(r.shop_id)}</div>
            </>
          ),
        },
        { id: 'foretells', title: t('foresight.which'), cell: (r) => t(`foresight.foretells.${r.foretells}`) },
        {
          id: 'chance',
          title: t('foresight.chance'),
          end: true,
          cell: (r) => (
            <>
              <Tag tone={r.chance >= 0.5 ? 'amber' : 'plain'}>{fmt.percent(r.chance, 0)}</Tag>
              <div className="muted small">{t('foresight.usually', { share: fmt.percent(r.usual, 0) })}</div>
            </>
          ),
        },
        { id: 'why', title: t('foresight.whyTitle'), cell: (r) => <Whys row={r} /> },
        { id: 'due', title: t('foresight.due'), cell: (r) => (r.due_at ? fmt.date(r.due_at) : '') },
        { id: 'act', title: t('foresight.act'), cell: (r) => <Action row={r} /> },
      ]}
    />
  )
}

/** What one can do about it, where it is done. */
function Action({ row }: { row: ChanceView }) {
  const { t } = useText()
  if (row.case_id) {
    const act = row.foretells === 'case_late' ? (row.owner_id ? 'reassign' : 'take') : row.foretells === 'case_disputed' ? 'call' : 'answer'
    return <ButtonLink small href={caseHref(row.case_id)}>{t(`foresight.action.${act}`)}</ButtonLink>
  }
  if (row.order_id) return <ButtonLink small href={`/desk/?find=${encodeURIComponent(row.number ?? '')}`}>{t('foresight.action.warn')}</ButtonLink>
  return <ButtonLink small href={`/desk/?customer=${row.customer_id ?? ''}`}>{t('foresight.action.care')}</ButtonLink>
}

function Products({ rows, loading, error, onRetry }: { rows: readonly FailingProduct[]; loading: boolean; error: unknown; onRetry: () => void }) {
  const { t, fmt } = useText()
  const { nameOf } = useShops()
  const up = rows.filter((r) => r.rises)
  return (
    <Section title={loading ? t('foresight.products') : up[0] ? t('foresight.productFinding', { title: up[0].title, rate: fmt.percent(up[0].rate, 1) }) : t('foresight.productCalm')}>
      <p className="muted section-lead">{t('foresight.productText')}</p>
      <DataTable
        label={t('foresight.products')}
        rows={rows.slice(0, 20)}
        rowKey={(r) => `${r.product_id}${r.batch}`}
        loading={loading}
        error={error}
        onRetry={onRetry}
        empty={<p className="muted">{t('foresight.productNone')}</p>}
        columns={[
          {
            id: 'product',
            title: t('foresight.product'),
            cell: (r) => (
              <>
                {r.title} {r.rises && <Tag tone="amber" icon="warning">{t('foresight.rises')}</Tag>}
                <div className="muted small">
                  {r.sku} {r.batch && t('foresight.batch', { batch: r.batch })} · {nameOf(r.shop_id)}
                </div>
              </>
            ),
          },
          { id: 'failed', title: t('foresight.failed'), end: true, cell: (r) => t('foresight.of', { failed: fmt.number(r.failed), units: fmt.number(r.units) }) },
          { id: 'rate', title: t('foresight.rate'), end: true, cell: (r) => `${fmt.percent(r.rate, 1)} (${fmt.percent(r.low, 1)} – ${fmt.percent(Math.min(1, r.high), 1)})` },
          { id: 'before', title: t('foresight.before'), end: true, cell: (r) => (r.rate_before === null ? t('foresight.unknown') : fmt.percent(r.rate_before, 1)) },
        ]}
      />
    </Section>
  )
}

interface Bin {
  said: number
  happened: number
  count: number
}

function OneModel({ card }: { card: ModelCard }) {
  const { t, fmt } = useText()
  const { shown } = useTheme()
  const c = colours[shown]
  const name = t(`foresight.foretells.${card.foretells}`)
  const scores = card.scores as { auc?: number | null; auc_low?: number | null; auc_high?: number | null; brier?: number; brier_plain?: number; ece?: number; count?: number; bins?: Bin[] }
  const digits = (value: number | null | undefined) => fmt.number(value ?? 0, { maximumFractionDigits: 3 })
  const between = { auc: digits(scores.auc), low: digits(scores.auc_low), high: digits(scores.auc_high) }
  if (card.version === null) {
    return (
      <div className="model-card">
        <h3>{name}</h3>
        <p>{t('foresight.nothingBecause', { why: t(`foresight.silent.${card.silent ?? 'too_few'}`) })}</p>
        {scores.auc != null && <p className="muted small">{t('foresight.triedOn', { count: fmt.number(scores.count ?? 0), ...between, brier: digits(scores.brier), plain: digits(scores.brier_plain) })}</p>}
      </div>
    )
  }
  const bins = scores.bins ?? []
  const drifted = Object.entries(card.drift).filter(([, v]) => v >= 0.25)
  const last = card.watch[card.watch.length - 1]
  const most = Math.max(0.1, ...bins.flatMap((b) => [b.said, b.happened]))
  const title = scores.ece === undefined ? t('foresight.untried') : t('foresight.calibration', { miss: fmt.percent(scores.ece, 1) })
  return (
    <div className="model-card">
      <h3>{name}</h3>
      <p className="muted small">
        {t('foresight.version', { version: card.version, when: fmt.date(card.trained_at ?? ''), count: fmt.number(card.learned_from), happened: fmt.number(card.happened) })}
      </p>
      <dl className="model-scores">
        <dt>{t('foresight.auc')}</dt>
        <dd className="num">{scores.auc == null ? t('foresight.unknown') : t('foresight.between', between)}</dd>
        <dt>{t('foresight.brier')}</dt>
        <dd className="num">{scores.brier === undefined ? t('foresight.unknown') : `${fmt.number(scores.brier, { maximumFractionDigits: 3 })} / ${fmt.number(scores.brier_plain ?? 0, { maximumFractionDigits: 3 })}`}</dd>
        <dt>{t('foresight.drift')}</dt>
        <dd className="num">{last ? fmt.number(last.chance_drift, { maximumFractionDigits: 2 }) : t('foresight.unknown')}</dd>
      </dl>
      {last && last.chance_drift >= 0.25 && <Tag tone="amber" icon="warning">{t('foresight.drifted')}</Tag>}
      {drifted.length > 0 && <p className="muted small">{t('foresight.drifting', { names: drifted.map(([reason]) => t(`foresight.why.${reason}`)).join(t('foresight.semicolon')) })}</p>}
      {card.refused_version !== null && <p className="muted small">{t('foresight.refused', { version: card.refused_version })}</p>}
      {bins.length > 0 && (
        <ChartFrame
          title={title}
          unit="%"
          sample={scores.count ?? 0}
          period={t('foresight.latest')}
          fileName={`calibration-${card.foretells}.csv`}
          height={180}
          table={{ columns: [t('foresight.said'), t('foresight.happened'), t('foresight.count')], rows: bins.map((b) => [Math.round(b.said * 1000) / 10, Math.round(b.happened * 1000) / 10, b.count]) }}
        >
          <Chart
            height={180}
            label={title}
            option={{
              xAxis: { type: 'value', min: 0, max: most, name: t('foresight.said'), nameLocation: 'middle', nameGap: 24, axisLabel: { formatter: (v: number) => fmt.percent(v, 0) } },
              yAxis: { type: 'value', min: 0, max: most, axisLabel: { formatter: (v: number) => fmt.percent(v, 0) } },
              tooltip: { trigger: 'item' },
              grid: { left: 4, right: 16, top: 12, bottom: 24, containLabel: true },
              series: [
                { type: 'line', data: [[0, 0], [most, most]], lineStyle: { color: c.rule, type: 'dashed', width: 1 }, silent: true },
                { type: 'line', showSymbol: true, symbolSize: 7, data: bins.map((b) => [b.said, b.happened]) },
              ],
            }}
          />
        </ChartFrame>
      )}
    </div>
  )
}
