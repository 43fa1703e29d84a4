import { type CSSProperties, type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from 'react'
import { useText } from '../i18n'

export interface PanesProps {
  /** Widths are kept under this name. */
  name: string
  start: ReactNode
  middle: ReactNode
  end?: ReactNode
  labels: { start: string; middle: string; end?: string }
  /** On narrow screens one pane is shown at a time. */
  shown?: 'start' | 'middle' | 'end'
}

const LIMITS = { start: { least: 280, most: 560, usual: 360 }, end: { least: 260, most: 520, usual: 320 } }
type Side = keyof typeof LIMITS

/** Queue · case · customer: three panes, each scrolling by itself, the outer two as wide as the agent likes. */
export function Panes({ name, start, middle, end, labels, shown = 'middle' }: PanesProps) {
  const [widths, setWidths] = useState(() => read(name))
  const resize = (side: Side, width: number) => {
    const { least, most } = LIMITS[side]
    const next = { ...widths, [side]: Math.round(Math.min(most, Math.max(least, width))) }
    setWidths(next)
    try {
      localStorage.setItem(`aftercare.panes.${name}`, JSON.stringify(next))
    } catch {
      // Not kept, but resized.
    }
  }
  return (
    <div className="panes" data-shown={shown} data-panes={end ? 3 : 2} style={{ '--start': `${widths.start}px`, '--end': `${widths.end}px` } as CSSProperties}>
      <section className="pane pane-start" aria-label={labels.start}>
        {start}
      </section>
      <Divider side="start" width={widths.start} onResize={resize} label={labels.start} />
      <section className="pane pane-middle" aria-label={labels.middle}>
        {middle}
      </section>
      {end && (
        <>
          <Divider side="end" width={widths.end} onResize={resize} label={labels.end ?? ''} />
          <section className="pane pane-end" aria-label={labels.end}>
            {end}
          </section>
        </>
      )}
    </div>
  )
}

function Divider({ side, width, onResize, label }: { side: Side; width: number; onResize: (side: Side, width: number) => void; label: string }) {
  const { t } = useText()
  const from = useRef<{ x: number; width: number } | null>(null)
  const sign = side === 'start' ? 1 : -1
  return (
    <div
      className="divider"
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={t('panes.width', { pane: label })}
      aria-valuenow={width}
      aria-valuemin={LIMITS[side].least}
      aria-valuemax={LIMITS[side].most}
      onPointerDown={(e: PointerEvent<HTMLDivElement>) => {
        from.current = { x: e.clientX, width }
        e.currentTarget.setPointerCapture(e.pointerId)
      }}
      onPointerMove={(e) => from.current && onResize(side, from.current.width + sign * (e.clientX - from.current.x))}
      onPointerUp={() => (from.current = null)}
      onDoubleClick={() => onResize(side, LIMITS[side].usual)}
      onKeyDown={(e: KeyboardEvent) => {
        const step = e.key === 'ArrowRight' ? 16 : e.key === 'ArrowLeft' ? -16 : 0
        if (!step) return
        e.preventDefault()
        onResize(side, width + sign * step)
      }}
    />
  )
}

function read(name: string): Record<Side, number> {
  const usual = { start: LIMITS.start.usual, end: LIMITS.end.usual }
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(`aftercare.panes.${name}`) ?? '{}') as object) }
  } catch {
    return usual
  }
}
