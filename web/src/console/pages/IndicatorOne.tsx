import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { Link, useParams } from 'wouter'
import { api, ask } from '../../api/client'
import type { IndicatorAnswer, IndicatorCase, IndicatorDefinition } from '../../api/schema'
import { Button, ButtonLink, EmptyState, ErrorState, Field, Input, RelativeTime, Section, Segmented, Select, SkeletonRows, Tag } from '../../design'
import { colours } from '../../design/tokens'
import { useText } from '../../i18n'
import { problemText } from '../../api/problem'
import { useTheme } from '../../shell/theme'
import { Chart, ChartFrame } from '../../staff/chart'
import { caseHref, useClockName, useFactWords, useMay, useShops, useWords } from '../data'
import { axisOf, boundsText, standingOf, targetText, valueText } from '../indicators'
import { Page } from '../Page'
import { DataTable, ScopeTools } from '../parts'
import { spanOf, useScope, zone } from '../scope'
import { useDoing } from '../useDoing'
import { tones } from './Indicators'
import './Indicators.css'

type Grain = IndicatorAnswer['grain']
type Which = 'all' | 'missed' | 'counted'
/** What of the picture the list below is about. */
interface Picked {
  label: string
  since?: string
  until?: string
  key?: string
}

/** One indicator: what it is, how it went, where it differs, and the cases behind any of it. */
export default function IndicatorOne() {
  const { t, fmt, locale } = useText()
  const { fact: factName } = useFactWords()
  const { name = '' } = useParams<{ name: string }>()
  const { shop, period } = useScope()
  const span = spanOf(period)
  const [grain, setGrain] = useState<Grain | ''>('')
  const [cut, setCut] = useState('')
  const [picked, setPicked] = useState<Picked | null>(null)
  const query = { ...span, shop_id: shop || undefined, time_zone: zone(), grain: grain || undefined, cut: cut || undefined, locale }
  const catalogue = useQuery({ queryKey: ['catalogue', locale], queryFn: () => ask(api.GET('/api/insights/catalogue', { params: { query: { locale } } })), staleTime: 10 * 60_000 })
  const found = useQuery({
    queryKey: ['indicator', name, shop, span, grain, cut, locale],
    queryFn: () => ask(api.GET('/api/insights/indicators/{name}', { params: { path: { name }, query } })),
    placeholderData: keepPreviousData,
  })
  const defined = catalogue.data?.indicators.find((one) => one.name === name)
  if (found.error) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />
  if (!found.data || !defined) return <Page about={<Link href="/indicators">{t('nav.indicators')}</Link>} finding={defined?.title ?? t('indicators.loading')} tools={<ScopeTools />}><SkeletonRows /></Page>
  const one = found.data
  const stands = standingOf(one)
  const value = one.figure.value === null ? null : valueText(one, one.figure.value, fmt)
  const finding =
    value === null
      ? t(stands === 'no_source' ? 'indicators.isWithout' : 'indicators.isFew', { name: one.title, n: one.figure.n })
      : t(stands === 'kept' ? 'indicators.isKept' : stands === 'missed' ? 'indicators.isMissed' : 'indicators.is', { name: one.title, value })
  const file = new URLSearchParams(Object.entries(query).filter((pair): pair is [string, string] => !!pair[1]))
  const cuts = ['', ...defined.cuts].map((value) => ({ value, label: t(`indicators.cut.${value || 'none'}`) }))
  return (
    <Page
      about={
        <>
          <Link href="/indicators">{t('nav.indicators')}</Link> / {one.title}
        </>
      }
      finding={finding}
      tools={<ScopeTools />}
    >
      <p className="section-lead">{one.formula}</p>
      <dl className="indicator-facts">
        <dt>{t('indicators.stand')}</dt>
        <dd>
          <Tag tone={tones[stands]}>{t(`indicators.stands.${stands}`)}</Tag> {targetText(one, t, fmt) && <span className="muted">{`${t('indicators.target')} ${targetText(one, t, fmt)}`}</span>}
        </dd>
        {value !== null && (
          <>
            <dt>{t('indicators.interval')}</dt>
            <dd>
              {boundsText(one, one.figure, fmt) ?? '–'} <span className="muted">{t(`indicators.method.${one.method}`)}</span>
            </dd>
          </>
        )}
        <dt>{t('indicators.counts')}</dt>
        <dd>
          {t('indicators.countsText', { numerator: tellSum(one, one.figure.numerator), denominator: tellSum(one, one.figure.denominator), n: fmt.number(one.figure.n), least: one.enough_from })}
          {one.figure.within !== null && one.limit_seconds !== null && ` · ${t('measured.within', { share: fmt.percent(one.figure.within, 1), time: fmt.duration(one.limit_seconds * 1000) })}`}
          {one.figure.p90 !== null && ` · ${t('indicators.p90', { time: valueText(one, one.figure.p90, fmt) })}`}
          {one.currencies.length > 1 && ` · ${t('indicators.oneCurrency', { currency: one.currency })}`}
        </dd>
        <dt>{t('indicators.facts')}</dt>
        <dd>
          {defined.facts.map((fact) => (
            <span key={fact} className="fact-name" title={fact}>
              {factName(fact)}
            </span>
          ))}
          {defined.planned && <span className="muted">{t('indicators.planned')}</span>}
        </dd>
        <dt>{t('indicators.owner')}</dt>
        <dd>{t(`indicators.role.${defined.owner}`)}</dd>
        <dt>{t('indicators.source')}</dt>
        <dd>{t(`indicators.sources.${one.source}`, { at: fmt.dateTime(one.as_of) })}</dd>
      </dl>
      <TrendChart one={one} loading={found.isPending} grain={grain} onGrain={setGrain} onPick={setPicked} />
      <div className="indicator-tools">
        <span className="indicator-files">
          {(['csv', 'xlsx', 'parquet'] as const).map((form) => (
            <ButtonLink key={form} small kind="quiet" icon="download" href={`/api/insights/indicators/${name}/export?${file}&form=${form}`} download>
              {t(`indicators.form.${form}`)}
            </ButtonLink>
          ))}
        </span>
      </div>
      <Section title={t('indicators.parts')} aside={<Select aria-label={t('indicators.cutBy')} value={cut} onPick={(next) => { setCut(next); setPicked(null) }} choices={cuts} />}>
        {one.cut && one.cut === cut ? <PartsChart one={one} onPick={setPicked} /> : <p className="muted">{t(cut ? 'indicators.loading' : 'indicators.partsText')}</p>}
      </Section>
      <Behind one={one} picked={picked} onForget={() => setPicked(null)} />
      <Targets one={one} defined={defined} />
    </Page>
  )

  function tellSum(told: IndicatorAnswer, sum: number): string {
    return told.kind === 'money' && told.currency && sum === told.figure.numerator ? fmt.money(Math.round(sum), told.currency) : fmt.number(sum, { maximumFractionDigits: 1 })
  }
}

function useUnit() {
  const { t } = useText()
  return (one: IndicatorAnswer, unit: string) => (unit === '%' ? '%' : unit === 'money' ? (one.currency ?? '') : t(`indicators.unit.${unit}`))
}

function TrendChart({ one, loading, grain, onGrain, onPick }: { one: IndicatorAnswer; loading: boolean; grain: Grain | ''; onGrain: (grain: Grain | '') => void; onPick: (picked: Picked) => void }) {
  const { t, fmt } = useText()
  const { shown } = useTheme()
  const c = colours[shown]
  const unitOf = useUnit()
  const { period } = useScope()
  const axis = axisOf(one, [...one.trend.map((p) => p.figure.value), one.per_days === null ? one.target : null])
  const unit = unitOf(one, axis.unit)
  const labels = one.trend.map((p) => labelOf(p.since, one.grain, fmt))
  const target = one.target !== null && one.per_days === null ? axis.of(one.target) : null
  const option = useMemo(() => {
    const low = one.trend.map((p) => axis.of(p.figure.low))
    const high = one.trend.map((p) => axis.of(p.figure.high))
    const bar = one.kind === 'count' && !one.trend.some((p) => p.figure.low !== null)
    return {
      grid: { left: 4, right: 16, top: 24, bottom: 4, containLabel: true },
      tooltip: { trigger: 'axis', confine: true, valueFormatter: (v: number | null) => (v === null ? '–' : fmt.number(v)) },
      xAxis: { type: 'category', data: labels, boundaryGap: bar },
      yAxis: { type: 'value', scale: !bar },
      series: [
        // The band is what lies between two stacked lines.
        { name: t('indicators.low'), type: 'line', stack: 'band', silent: true, symbol: 'none', lineStyle: { opacity: 0 }, data: low, tooltip: { show: false } },
        { name: t('indicators.interval'), type: 'line', stack: 'band', silent: true, symbol: 'none', lineStyle: { opacity: 0 }, areaStyle: { color: c.jadeTrack, opacity: 0.5 }, data: high.map((h, i) => (h === null || low[i] == null ? null : Math.round((h - (low[i] ?? 0)) * 100) / 100)), tooltip: { show: false } },
        {
          name: one.title,
          type: bar ? 'bar' : 'line',
          showSymbol: true,
          symbolSize: 7,
          color: c.jade,
          connectNulls: false,
          data: one.trend.map((p) => axis.of(p.figure.value)),
          ...(target === null ? {} : { markLine: { silent: true, symbol: 'none', label: { formatter: `${t('indicators.target')} ${valueText(one, one.target, fmt)}`, position: 'insideEndTop' }, data: [{ yAxis: target }] } }),
        },
      ],
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the answer is what changes
  }, [one, c, t])
  const pick = (i: number) => {
    const point = one.trend[i]
    if (point) onPick({ label: labels[i] ?? '', since: point.since, until: point.until })
  }
  return (
    <ChartFrame
      title={t('indicators.trend', { name: one.title })}
      unit={one.kind === 'time' ? t('indicators.medianUnit', { unit }) : unit}
      sample={one.figure.n}
      period={`${fmt.date(one.since)} – ${fmt.date(period.until)}`}
      tools={<Segmented label={t('indicators.grain')} value={grain || one.grain} onPick={onGrain} choices={(['day', 'week', 'month'] as const).map((value) => ({ value, label: t(`indicators.grains.${value}`) }))} />}
      table={{
        columns: [t('indicators.when'), unit, t('indicators.low'), t('indicators.high'), 'n', t('column.numerator'), t('column.denominator')],
        rows: one.missing === 'no_source' ? [] : one.trend.map((p, i) => [labels[i] ?? '', axis.of(p.figure.value), axis.of(p.figure.low), axis.of(p.figure.high), p.figure.n, p.figure.numerator, p.figure.denominator]),
      }}
      fileName={`${one.name}.csv`}
      loading={loading}
      height={280}
    >
      <Chart option={option} height={280} label={t('indicators.trend', { name: one.title })} onPick={(event) => pick(event.dataIndex)} />
    </ChartFrame>
  )
}

function labelOf(since: string, grain: Grain, fmt: ReturnType<typeof useText>['fmt']): string {
  const day = new Date(since)
  if (grain === 'hour') return fmt.time(day)
  if (grain === 'month' || grain === 'quarter') return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}`
  return fmt.date(day)
}

/** What the values of a cut are called. */
function useCutWords(): (cut: string, key: string | null, label: string | null) => string {
  const { t, has, locale } = useText()
  const words = useWords()
  const clockName = useClockName()
  return (cut, key, label) => {
    if (key === null || key === '') return t('indicators.unknown')
    if (label) return label
    if (cut === 'hour') return `${key.padStart(2, '0')}:00`
    if (cut === 'weekday') return new Intl.DateTimeFormat(locale, { weekday: 'long', timeZone: 'UTC' }).format(new Date(Date.UTC(2024, 0, 1 + Number(key))))
    if (cut === 'clock') return clockName(key)
    if (cut === 'kind' || cut === 'reason') return words(cut, key)
    if (cut === 'market') return new Intl.DisplayNames(locale, { type: 'region' }).of(key) ?? key
    if (cut === 'agent') return t('indicators.somebody')
    const own = `indicators.value.${cut}.${key}`
    return has(own) ? t(own) : key
  }
}

function PartsChart({ one, onPick }: { one: IndicatorAnswer; onPick: (picked: Picked) => void }) {
  const { t, fmt } = useText()
  const { shown } = useTheme()
  const c = colours[shown]
  const unitOf = useUnit()
  const wordOf = useCutWords()
  const ordered = one.cut === 'hour' || one.cut === 'weekday'
  const parts = useMemo(() => {
    const known = one.parts.filter((p) => p.figure.value !== null || p.figure.denominator > 0)
    return ordered ? [...known].sort((a, b) => Number(a.key) - Number(b.key)) : known.slice(0, 20)
  }, [one, ordered])
  const axis = axisOf(one, parts.map((p) => p.figure.value))
  const unit = unitOf(one, axis.unit)
  const names = parts.map((p) => wordOf(one.cut ?? '', p.key, p.label))
  const target = one.target !== null && one.per_days === null ? axis.of(one.target) : null
  const height = Math.max(120, parts.length * 30 + 40)
  const whiskers = parts.flatMap((p, i) => (p.figure.low === null || p.figure.high === null ? [] : [[axis.of(p.figure.low), axis.of(p.figure.high), i]]))
  const option = {
    grid: { left: 4, right: 24, top: 8, bottom: 4, containLabel: true },
    tooltip: { trigger: 'item', confine: true, formatter: (e: { dataIndex: number }) => { const p = parts[e.dataIndex]; return p ? `${escapeText(names[e.dataIndex] ?? '')}<br>${valueText(one, p.figure.value, fmt)}<br>${boundsText(one, p.figure, fmt) ?? ''} n = ${fmt.number(p.figure.n)}` : '' } },
    xAxis: { type: 'value' },
    yAxis: { type: 'category', inverse: true, data: names, axisLabel: { width: 180, overflow: 'truncate' } },
    series: [
      { type: 'bar', barMaxWidth: 18, itemStyle: { borderRadius: 0, color: c.jade }, data: parts.map((p) => axis.of(p.figure.value)), ...(target === null ? {} : { markLine: { silent: true, symbol: 'none', label: { show: false }, data: [{ xAxis: target }] } }) },
      {
        type: 'custom',
        silent: true,
        tooltip: { show: false },
        data: whiskers,
        encode: { x: [0, 1], y: 2 },
        renderItem: (_: unknown, at: { value: (i: number) => number; coord: (point: [number, number]) => [number, number] }) => {
          const [x1, y] = at.coord([at.value(0), at.value(2)])
          const [x2] = at.coord([at.value(1), at.value(2)])
          const style = { stroke: c.ink2, lineWidth: 1.5, fill: 'none' }
          return { type: 'group', children: [{ type: 'line', shape: { x1, y1: y, x2, y2: y }, style }, ...[x1, x2].map((x) => ({ type: 'line', shape: { x1: x, y1: y - 4, x2: x, y2: y + 4 }, style }))] }
        },
      },
    ],
  }
  const pick = (i: number) => {
    const part = parts[i]
    if (part && one.cut) onPick({ label: names[i] ?? '', key: `${one.cut}:${part.key ?? ''}` })
  }
  return (
    <ChartFrame
      title={t('indicators.partsOf', { name: one.title, cut: t(`indicators.cut.${one.cut}`) })}
      unit={unit}
      sample={one.figure.n}
      period={`${fmt.date(one.since)} – ${fmt.date(new Date(Date.parse(one.until) - 1))}`}
      table={{
        columns: [t(`indicators.cut.${one.cut}`), unit, t('indicators.low'), t('indicators.high'), 'n', t('column.numerator'), t('column.denominator')],
        rows: parts.map((p, i) => [names[i] ?? '', axis.of(p.figure.value), axis.of(p.figure.low), axis.of(p.figure.high), p.figure.n, p.figure.numerator, p.figure.denominator]),
      }}
      fileName={`${one.name}-${one.cut}.csv`}
      height={height}
    >
      <Chart option={option} height={height} label={t('indicators.partsOf', { name: one.title, cut: t(`indicators.cut.${one.cut}`) })} onPick={(event) => pick(event.dataIndex)} />
    </ChartFrame>
  )
}

const escapeText = (text: string) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)

function Behind({ one, picked, onForget }: { one: IndicatorAnswer; picked: Picked | null; onForget: () => void }) {
  const { t, fmt } = useText()
  const { shop, period } = useScope()
  const { nameOf } = useShops()
  const may = useMay()
  const divides = one.kind === 'share' || one.limit_seconds !== null
  const [which, setWhich] = useState<Which>(divides ? 'missed' : 'all')
  const span = spanOf(period)
  const query = { since: picked?.since ?? span.since, until: picked?.until ?? span.until, shop_id: shop || undefined, time_zone: zone(), filter: picked?.key ? [picked.key] : undefined, which, limit: 100 }
  const cases = useQuery({
    queryKey: ['indicatorCases', one.name, query],
    queryFn: () => ask(api.GET('/api/insights/indicators/{name}/cases', { params: { path: { name: one.name }, query } })),
    enabled: one.missing !== 'no_source',
  })
  if (one.missing === 'no_source') return null
  const timed = one.kind === 'time'
  const valued = timed || one.kind === 'money' || one.kind === 'score' || one.kind === 'index'
  return (
    <Section title={t('indicators.behind')} lead={t('indicators.behindLead')} aside={divides ? <Segmented label={t('indicators.which')} value={which} onPick={setWhich} choices={(['missed', 'all'] as const).map((value) => ({ value, label: t(`indicators.whiches.${one.good === 'down' && one.kind === 'share' && value === 'missed' ? 'counted' : value}`) }))} /> : undefined}>
      {picked && (
        <p className="picked-line">
          <Tag tone="jade">{picked.label}</Tag>
          <Button small kind="quiet" onClick={onForget}>
            {t('indicators.forget')}
          </Button>
        </p>
      )}
      <DataTable<IndicatorCase>
        label={t('indicators.behind')}
        loading={cases.isPending}
        error={cases.error}
        onRetry={() => void cases.refetch()}
        rows={cases.data ?? []}
        rowKey={(r) => `${r.case_id} ${r.claim_id} ${r.order_id} ${r.at} ${r.value}`}
        empty={<EmptyState drawing="clear" title={t(which === 'missed' ? 'indicators.noMissed' : 'indicators.noCases')} />}
        columns={[
          { id: 'case', title: t('column.number'), cell: (r) => <Numbers row={r} link={may('cases.read')} /> },
          { id: 'owner', title: t('column.owner'), cell: (r) => r.owner_name ?? <span className="muted">{t('owner.none')}</span> },
          { id: 'shop', title: t('column.shop'), cell: (r) => nameOf(r.shop_id) },
          { id: 'at', title: t('indicators.when'), end: true, cell: (r) => <RelativeTime at={r.at} /> },
          ...(valued ? [{ id: 'value', title: t(timed ? 'column.took' : 'indicators.amount'), end: true, cell: (r: IndicatorCase) => (r.value === null ? t('indicators.stillWaits') : valueText(one, r.value, fmt)) }] : []),
        ]}
      />
    </Section>
  )
}

function Numbers({ row, link }: { row: IndicatorCase; link: boolean }) {
  const { t } = useText()
  const first = row.case_number ?? row.claim_number ?? row.order_number
  if (first === null) return <span className="muted">{t('indicators.noNumber')}</span>
  const rest = [row.claim_number, row.order_number].filter((one) => one !== null && one !== first).join(' · ')
  return (
    <span className="cell-two">
      {row.case_id && link ? <a href={caseHref(row.case_id)}>{first}</a> : <span>{first}</span>}
      {rest && <span className="one-line">{rest}</span>}
    </span>
  )
}

/** What it shall be: for all shops, or for the one that is looked at. */
function Targets({ one, defined }: { one: IndicatorAnswer; defined: IndicatorDefinition }) {
  const { t, has, fmt } = useText()
  const may = useMay()
  const { shop } = useScope()
  const { nameOf } = useShops()
  const unitOf = useUnit()
  const axis = axisOf(one, [one.target, defined.target])
  const targets = useQuery({ queryKey: ['targets', one.name], queryFn: () => ask(api.GET('/api/insights/indicators/{name}/targets', { params: { path: { name: one.name } } })) })
  const { busy, problem, run } = useDoing(['targets', one.name], ['indicator', one.name], ['indicators'])
  const [typed, setTyped] = useState<string | null>(null)
  const [share, setShare] = useState<string | null>(null)
  const text = typed ?? (one.target === null ? '' : String(axis.of(one.target)))
  const shareText = share ?? (one.share_target === null ? '' : String(Math.round(one.share_target * 1000) / 10))
  const put = (value: number | null, part: number | null) =>
    run('set', () => ask(api.PUT('/api/insights/indicators/{name}/targets', { params: { path: { name: one.name } }, body: { shop_id: shop || null, market: null, value, share: part } })), t('indicators.targetSet')).then((done) => {
      if (done) {
        setTyped(null)
        setShare(null)
      }
    })
  const rows = targets.data ?? []
  const told = (value: number | null, part: number | null) => targetText({ ...one, target: value, share_target: part }, t, fmt) ?? t('indicators.noTarget')
  return (
    <Section title={t('indicators.targets')} lead={t('indicators.targetsLead', { owner: t(`indicators.role.${defined.owner}`) })}>
      <dl className="indicator-facts">
        {rows.map((row) => (
          <div key={`${row.shop_id} ${row.market} ${row.set_at}`} style={{ display: 'contents' }}>
            <dt>{row.set_at === null ? t('indicators.catalogueSays') : row.shop_id ? nameOf(row.shop_id) : (row.market ?? t('scope.everyShop'))}</dt>
            <dd>{told(row.value, row.share)}</dd>
          </div>
        ))}
      </dl>
      {may('insights.write') && (
        <form
          className="target-form"
          onSubmit={(event) => {
            event.preventDefault()
            void put(text.trim() === '' ? null : axis.back(Number(text)), one.limit_seconds === null || shareText.trim() === '' ? null : Number(shareText) / 100)
          }}
        >
          <Field label={t('indicators.targetFor', { shop: shop ? nameOf(shop) : t('scope.everyShop') })} hint={unitOf(one, axis.unit)} error={problem ? problemText(problem, t, has) : undefined}>
            <Input type="number" step="any" value={text} onChange={(event) => setTyped(event.target.value)} />
          </Field>
          {one.limit_seconds !== null && (
            <Field label={t('measured.within', { share: '%', time: fmt.duration(one.limit_seconds * 1000) })} hint="%">
              <Input type="number" step="any" min={0} max={100} value={shareText} onChange={(event) => setShare(event.target.value)} />
            </Field>
          )}
          <Button type="submit" busy={busy === 'set'}>
            {t('indicators.setTarget')}
          </Button>
        </form>
      )}
    </Section>
  )
}
