/** Charts of desk and console: ECharts cut down to what is used, one theme made of the tokens. */
import { BarChart, BoxplotChart, CustomChart, HeatmapChart, LineChart, SankeyChart, ScatterChart } from 'echarts/charts'
import { AriaComponent, DataZoomInsideComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from 'echarts/components'
import { type EChartsCoreOption, type ECElementEvent, init, use } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import { type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { EmptyState, ErrorState, IconButton, Skeleton } from '../design'
import { colours, type ThemeName } from '../design/tokens'
import { type Formats, useText } from '../i18n'
import { useTheme } from '../shell/theme'
import { type Cell, saveCsv } from './csv'
import './chart.css'

use([BarChart, BoxplotChart, CustomChart, HeatmapChart, LineChart, SankeyChart, ScatterChart, AriaComponent, DataZoomInsideComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent, VisualMapComponent, CanvasRenderer])

/** Colours of series: jade first, slate to compare with, then neutral inks. Amber and vermilion only by hand, for clocks and harm. */
export function seriesColours(theme: ThemeName): string[] {
  const c = colours[theme]
  return [c.jade, c.slateFill, c.ink3, c.ink, c.jadeTrack, c.rule]
}

function themeOf(theme: ThemeName) {
  const c = colours[theme]
  const text = { color: c.ink2, fontFamily: chartFont(), fontSize: 13 }
  const axis = {
    axisLine: { show: true, lineStyle: { color: c.rule } },
    axisTick: { show: false },
    axisLabel: { ...text, hideOverlap: true },
    nameTextStyle: text,
    splitLine: { show: false, lineStyle: { color: c.hairline } },
    splitArea: { show: false },
  }
  return {
    color: seriesColours(theme),
    backgroundColor: 'transparent',
    textStyle: text,
    animationDuration: 180,
    animationDurationUpdate: 180,
    grid: { left: 4, right: 12, top: 16, bottom: 4, containLabel: true },
    categoryAxis: axis,
    timeAxis: axis,
    logAxis: { ...axis, splitLine: { show: true, lineStyle: { color: c.hairline } } },
    valueAxis: { ...axis, axisLine: { show: false }, splitLine: { show: true, lineStyle: { color: c.hairline } } },
    line: { symbol: 'circle', symbolSize: 4, showSymbol: false, lineStyle: { width: 2 } },
    bar: { itemStyle: { borderRadius: [2, 2, 0, 0] }, barMaxWidth: 36 },
    legend: { textStyle: text, icon: 'roundRect', itemWidth: 12, itemHeight: 4, top: 0, left: 0, inactiveColor: c.rule },
    tooltip: {
      backgroundColor: c.raised,
      borderColor: c.hairline,
      borderWidth: 1,
      padding: [8, 12],
      textStyle: { ...text, color: c.ink },
      extraCssText: 'border-radius:8px;box-shadow:var(--lift)',
      axisPointer: { lineStyle: { color: c.rule }, crossStyle: { color: c.rule }, shadowStyle: { color: c.hairline } },
    },
    markLine: { lineStyle: { color: c.ink3, type: 'dashed' }, label: { color: c.ink2 }, symbol: 'none' },
  }
}

const DAY_OR_MONTH = /^\d{4}-\d\d(-\d\d)?$/
type Axis = { type?: string; data?: readonly unknown[] }

/** Days and months as the API writes them become words of the reader; everything else stays. */
export function dayWord(value: Cell, fmt: Formats): Cell {
  return typeof value === 'string' && DAY_OR_MONTH.test(value) ? (value.length === 7 ? fmt.month(value) : fmt.day(value)) : value
}

function withWords(axis: unknown, fmt: Formats): unknown {
  if (Array.isArray(axis)) return axis.map((one) => withWords(one, fmt))
  const { type, data } = (axis ?? {}) as Axis
  return type === 'category' && data ? { ...(axis as Axis), data: data.map((v) => dayWord(v as Cell, fmt)) } : axis
}

/** The family that charts write in, for texts drawn by hand. */
export const chartFont = () => getComputedStyle(document.documentElement).getPropertyValue('--sans') || 'sans-serif'

/** The bare chart. Days and months on its axes may stand as the API writes them. `label` says for the screen reader what it shows; the numbers themselves belong into a table (ChartFrame). */
export function Chart({ option, height = 280, label, onPick }: { option: EChartsCoreOption; height?: number; label: string; onPick?: (event: ECElementEvent) => void }) {
  const holder = useRef<HTMLDivElement>(null)
  const { shown } = useTheme()
  const { fmt } = useText()
  const chart = useRef<ReturnType<typeof init> | null>(null)
  const pick = useRef(onPick)
  pick.current = onPick
  useEffect(() => {
    if (!holder.current) return
    const made = init(holder.current, themeOf(shown))
    chart.current = made
    made.on('click', (event) => pick.current?.(event as ECElementEvent))
    const watch = new ResizeObserver(() => made.resize())
    watch.observe(holder.current)
    return () => {
      watch.disconnect()
      made.dispose()
      chart.current = null
    }
  }, [shown])
  useEffect(() => {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches
    const axes = Object.fromEntries((['xAxis', 'yAxis'] as const).filter((name) => name in option).map((name) => [name, withWords(option[name], fmt)]))
    // What does not fit beside each other is leafed through, never laid over the bars.
    const legend = option.legend && !Array.isArray(option.legend) ? { legend: { type: 'scroll', ...(option.legend as object) } } : {}
    chart.current?.setOption({ tooltip: { trigger: 'axis', confine: true }, ...option, ...legend, ...axes, animation: !still }, { notMerge: true })
  }, [option, shown, fmt])
  return <div ref={holder} role="img" aria-label={label} style={{ height }} />
}

export interface ChartTable {
  columns: readonly string[]
  rows: readonly (readonly Cell[])[]
}

export interface ChartFrameProps {
  /** The finding as a sentence. */
  title: string
  /** Of the numbers: '小时', '%'. */
  unit: string
  /** How many cases stand behind. */
  sample: number
  period: string
  /** Compare-with and cut-by, as small selects. */
  tools?: ReactNode
  /** Link to the cases behind. */
  casesHref?: string
  table: ChartTable
  fileName?: string
  loading?: boolean
  error?: unknown
  onRetry?: () => void
  height?: number
  children: ReactNode
}

/** Everything a chart owes its reader: finding, unit, sample, period, the numbers as a table, the cases behind, the download. */
export function ChartFrame({ title, unit, sample, period, tools, casesHref, table, fileName = 'aftercare.csv', loading, error, onRetry, height = 280, children }: ChartFrameProps) {
  const { t, fmt } = useText()
  const [asTable, setAsTable] = useState(false)
  const id = useId()
  return (
    <figure className="chart" aria-labelledby={id}>
      <figcaption>
        <h3 id={id}>{title}</h3>
        <p className="muted small">
          {unit.replace(/\b[A-Z]{3}\b/, fmt.currency)} · {t('chart.sample', { n: fmt.number(sample) })} · {period}
        </p>
      </figcaption>
      <div className="chart-tools">
        {tools}
        {casesHref && (
          <a className="small" href={casesHref}>
            {t('chart.cases')}
          </a>
        )}
        <IconButton small icon={asTable ? 'chart' : 'list'} label={t(asTable ? 'chart.asChart' : 'chart.asTable')} aria-pressed={asTable} onClick={() => setAsTable(!asTable)} />
        <IconButton small icon="download" label={t('chart.download')} onClick={() => saveCsv(fileName, table.columns, table.rows)} />
      </div>
      <div className="chart-body" style={{ minHeight: height }}>
        {error ? (
          <ErrorState compact error={error} onRetry={onRetry} />
        ) : loading ? (
          <Skeleton height={height} />
        ) : !table.rows.length ? (
          <EmptyState drawing="search" title={t('chart.none')} text={t('chart.noneText')} />
        ) : asTable ? (
          <div className="chart-table">
            <table>
              <thead>
                <tr>
                  {table.columns.map((c) => (
                    <th key={c} scope="col">
                      {c}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {table.rows.map((row, i) => (
                  <tr key={i}>
                    {row.map((v, j) => (
                      <td key={j} className={typeof v === 'number' ? 'is-number' : undefined}>
                        {typeof v === 'number' ? fmt.number(v) : (dayWord(v, fmt) ?? '–')}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ) : (
          children
        )}
      </div>
    </figure>
  )
}

/** A word-sized line, drawn as SVG: for tiles and rows. `target` is a dashed line. */
export function Sparkline({ values, target, label, width = 120, height = 32, bare }: { values: readonly (number | null)[]; target?: number; label: string; width?: number; height?: number; /** Nothing instead of a dash where there is no line to draw. */ bare?: boolean }) {
  const known = values.filter((v): v is number => v !== null)
  if (known.length < 2) return bare ? null : <span className="muted small">–</span>
  const all = target === undefined ? known : [...known, target]
  const [low, high] = [Math.min(...all), Math.max(...all)]
  const x = (i: number) => (i / (values.length - 1)) * (width - 6) + 3
  const y = (v: number) => (high === low ? height / 2 : height - 4 - ((v - low) / (high - low)) * (height - 8))
  let path = ''
  values.forEach((v, i) => {
    if (v === null) return
    path += `${path && values[i - 1] != null ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`
    // A day alone between days without anything is a dot.
    if (values[i - 1] == null && values[i + 1] == null) path += 'h.01'
  })
  const last = values.findLastIndex((v) => v !== null)
  return (
    <svg className="sparkline" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      {target !== undefined && <path className="sparkline-target" d={`M0 ${y(target)}H${width}`} />}
      <path className="sparkline-line" d={path} />
      <circle className="sparkline-end" cx={x(last)} cy={y(values[last] ?? 0)} r="2.500" />
    </svg>
  )
}
