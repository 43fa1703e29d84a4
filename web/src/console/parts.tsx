/** Pieces that the pages of the console share: tables, pickers, a line of numbers. */
import { type ReactNode, useState } from 'react'
import { EmptyState, ErrorState, Pager, Skeleton } from '../design'
import { useText } from '../i18n'
import { useShops } from './data'
import { PeriodPicker } from './PeriodPicker'
import { useScope } from './scope'
import { ShopPicker } from './shops'
import './parts.css'

export interface Column<T> {
  id: string
  title: ReactNode
  cell: (row: T) => ReactNode
  end?: boolean
  width?: string
  /** Cut to one line. */
  tight?: boolean
}

/** A table with its skeleton, its empty state and its error; on a phone each row is a card that names its figures (roles keep it a table). */
export function DataTable<T>({ label, columns, rows, rowKey, loading, error, onRetry, empty, onPick, picked, dim, foot, atFirst = Infinity }: {
  label: string
  columns: readonly Column<T>[]
  rows: readonly T[]
  rowKey: (row: T) => string
  loading?: boolean
  error?: unknown
  onRetry?: () => void
  empty: ReactNode
  onPick?: (row: T) => void
  picked?: string
  dim?: (row: T) => boolean
  foot?: ReactNode
  /** So many rows of a long list are shown at first; as many again when asked. */
  atFirst?: number
}) {
  const [shown, show] = useState(atFirst)
  if (error) return <ErrorState compact error={error} onRetry={onRetry} />
  if (!loading && !rows.length) return <>{empty}</>
  return (
    <div className="data-table" tabIndex={0} role="region" aria-label={label}>
      <table role="table">
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((c) => (
              <th key={c.id} scope="col" role="columnheader" className={c.end ? 'is-end' : undefined} style={{ width: c.width }}>
                {c.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup" aria-busy={loading || undefined}>
          {loading
            ? Array.from({ length: 5 }, (_, i) => (
                <tr key={i} role="row">
                  {columns.map((c, j) => (
                    <td key={c.id} role="cell">
                      <Skeleton width={`${70 - ((i * 13 + j * 17) % 40)}%`} />
                    </td>
                  ))}
                </tr>
              ))
            : rows.slice(0, shown).map((row) => (
                <tr key={rowKey(row)} role="row" className={[onPick && 'is-live', picked === rowKey(row) && 'is-picked', dim?.(row) && 'is-dim'].filter(Boolean).join(' ') || undefined} onClick={onPick && ((e) => !(e.target as HTMLElement).closest('a,button,input,select,label') && onPick(row))}>
                  {columns.map((c) => (
                    <td key={c.id} role="cell" data-title={typeof c.title === 'string' && c.title ? c.title : undefined} className={[c.end && 'is-end', c.tight && 'is-tight'].filter(Boolean).join(' ') || undefined}>
                      {c.cell(row)}
                    </td>
                  ))}
                </tr>
              ))}
        </tbody>
      </table>
      {rows.length > atFirst && <Pager shown={Math.min(shown, rows.length)} total={rows.length} hasMore={shown < rows.length} onMore={() => show(shown + atFirst)} />}
      {foot}
    </div>
  )
}

/** Shop and period of the whole console; stands at the head of every page of findings. */
export function ScopeTools({ noPeriod, children }: { noPeriod?: boolean; children?: ReactNode }) {
  const { shop, period, pickShop, pickPeriod } = useScope()
  return (
    <>
      {children}
      <ShopPicker value={shop} onPick={pickShop} />
      {!noPeriod && <PeriodPicker period={period} onPick={pickPeriod} />}
    </>
  )
}

/** A page about one shop's own rules needs one: the one picked, else the first. */
export function useOneShop() {
  const { shop, pickShop } = useScope()
  const { shops, loading, error, retry } = useShops()
  const one = shops.find((s) => s.id === shop) ?? shops[0]
  return { one, shops, loading, error, retry, pickShop }
}

export interface Figure {
  id: string
  value: ReactNode
  name: ReactNode
  tone?: 'amber' | 'vermilion' | 'slate'
  onPick?: () => void
  pressed?: boolean
}

/** A row of numbers with their names, under hairlines. */
export function Figures({ items }: { items: readonly Figure[] }) {
  return (
    <ul className="figures" role="list">
      {items.map((f) => {
        const inside = (
          <>
            <span className={`figure-value${f.tone ? ` is-${f.tone}` : ''}`}>{f.value}</span>
            <span className="figure-name">{f.name}</span>
          </>
        )
        return (
          <li key={f.id}>
            {f.onPick ? (
              <button type="button" aria-pressed={f.pressed} onClick={f.onPick}>
                {inside}
              </button>
            ) : (
              <div>{inside}</div>
            )}
          </li>
        )
      })}
    </ul>
  )
}

export interface Part {
  id: string
  name: string
  value: number
  tone: 'jade' | 'amber' | 'vermilion' | 'slate' | 'track'
}

/** Parts of a whole on one line, each as long as it is many. */
export function PartsBar({ label, parts }: { label: string; parts: readonly Part[] }) {
  const { fmt } = useText()
  const shown = parts.filter((p) => p.value > 0)
  return (
    <div className="parts-bar" role="img" aria-label={`${label}: ${shown.map((p) => `${p.name} ${fmt.number(p.value)}`).join(', ')}`}>
      {shown.map((p) => (
        <span key={p.id} className={`is-${p.tone}`} style={{ flexGrow: p.value }} title={`${p.name} ${fmt.number(p.value)}`} />
      ))}
    </div>
  )
}

/** Nothing to choose from: no shop is seen. */
export function NoShop() {
  const { t } = useText()
  return <EmptyState drawing="search" title={t('scope.noShop')} text={t('scope.noShopText')} />
}
