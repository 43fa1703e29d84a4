/** The map as a picture, and what happened moving on it. */
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { Button } from '../../design'
import { colours } from '../../design/tokens'
import { useText } from '../../i18n'
import { useTheme } from '../../shell/theme'
import { along, BEGIN, END, type MapEdge, type MapNode, partOf, path, place } from './layout'
import './process.css'

export type Shown = 'count' | 'wait'

export interface Moves {
  since: string
  until: string
  activities: string[]
  cases: number
  shown: number
  moves: (readonly [number, number, number, number, number] | number[])[]
}

const SECONDS_OF_SHOW = 45

/** Without seconds for what is short, and with one digit for what is long: labels are small. */
export function useShort() {
  const { t, fmt } = useText()
  const one = (n: number) => fmt.number(n, { maximumFractionDigits: 1 })
  return (seconds: number) =>
    seconds < 60 ? t('process.short.s', { n: Math.round(seconds) }) : seconds < 5400 ? t('process.short.min', { n: Math.round(seconds / 60) }) : seconds < 129_600 ? t('process.short.h', { n: one(seconds / 3600) }) : t('process.short.d', { n: one(seconds / 86_400) })
}

export function ProcessPicture({ nodes, edges, share, shown, name, label, moves }: { nodes: readonly MapNode[]; edges: readonly MapEdge[]; share: number; shown: Shown; name: (activity: string) => string; label: string; moves?: Moves }) {
  const { fmt, t } = useText()
  const { shown: theme } = useTheme()
  const short = useShort()
  const c = colours[theme]
  const part = useMemo(() => partOf(nodes, edges, share), [nodes, edges, share])
  const drawn = useMemo(() => place(part.nodes, part.edges), [part])
  const most = Math.max(1, ...part.edges.map((e) => (shown === 'count' ? e.count : e.total)))
  const busiest = Math.max(1, ...part.nodes.map((n) => n.count))
  const edgeOf = new Map(part.edges.map((e) => [`${e.source}\u0001${e.target}`, e]))
  const nodeOf = new Map(part.nodes.map((n) => [n.activity, n]))
  const picture = (
    <svg viewBox={`0 0 ${drawn.width} ${drawn.height}`} role="img" aria-label={label}>
      <defs>
        <marker id="process-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto-start-reverse">
          <path d="M0 0L8 4L0 8z" fill={c.ink3} />
        </marker>
      </defs>
      {drawn.lines.map((line) => {
        const edge = edgeOf.get(`${line.source}\u0001${line.target}`)
        const weight = edge ? (shown === 'count' ? edge.count : edge.total) / most : 0
        return (
          <g key={`${line.source}\u0001${line.target}`}>
            <path d={path(line.points)} fill="none" stroke={edge ? (weight > 0.6 ? c.jade : c.ink3) : c.rule} strokeWidth={edge ? 1 + 4 * weight : 1} strokeDasharray={edge ? undefined : '3 4'} markerEnd="url(#process-arrow)">
              {edge && <title>{t('process.edgeTitle', { from: name(edge.source), to: name(edge.target), count: edge.count, median: short(edge.median), p90: short(edge.p90) })}</title>}
            </path>
            {edge && (
              <text x={line.label.x} y={line.label.y} className="process-label" textAnchor="middle" dominantBaseline="central" fill={c.ink2} stroke={c.paper} strokeWidth={4} paintOrder="stroke">
                {shown === 'count' ? fmt.number(edge.count) : short(edge.median)}
              </text>
            )}
          </g>
        )
      })}
      {drawn.boxes.map((box) => {
        if (box.id === BEGIN || box.id === END)
          return (
            <g key={box.id}>
              <circle cx={box.x} cy={box.y} r={11} fill={box.id === BEGIN ? c.jade : c.paper} stroke={c.jade} strokeWidth={3} />
              <title>{t(box.id === BEGIN ? 'process.begin' : 'process.end')}</title>
            </g>
          )
        const node = nodeOf.get(box.id)
        return (
          <g key={box.id}>
            <rect x={box.x - box.width / 2} y={box.y - box.height / 2} width={box.width} height={box.height} rx={8} fill={c.raised} stroke={c.rule} strokeWidth={1} />
            <rect x={box.x - box.width / 2} y={box.y + box.height / 2 - 5} width={(box.width * (node?.count ?? 0)) / busiest} height={5} rx={2} fill={c.jade} />
            <foreignObject x={box.x - box.width / 2} y={box.y - box.height / 2} width={box.width} height={box.height - 6}>
              <div className="process-node" title={name(box.id)}>
                <span>{name(box.id)}</span>
                <b>{fmt.number(node?.count ?? 0)}</b>
              </div>
            </foreignObject>
          </g>
        )
      })}
    </svg>
  )
  return (
    <div className="process-picture" tabIndex={0} role="region" aria-label={label}>
      <div className="process-sheet" style={{ maxInlineSize: drawn.width, minInlineSize: Math.min(drawn.width * 0.6, 1400) }}>
        {moves ? (
          <Tokens key={`${moves.since}${moves.moves.length}`} moves={moves} drawn={drawn}>
            {picture}
          </Tokens>
        ) : (
          picture
        )}
      </div>
    </div>
  )
}

/** Every case a dot on its way. Stands still, and only goes step by step, for those who asked for less motion. */
function Tokens({ moves, drawn, children }: { moves: Moves; drawn: ReturnType<typeof place>; children: ReactNode }) {
  const { t, fmt } = useText()
  const { shown: theme } = useTheme()
  const c = colours[theme]
  const canvas = useRef<HTMLCanvasElement>(null)
  const length = (new Date(moves.until).getTime() - new Date(moves.since).getTime()) / 1000
  const still = useMemo(() => matchMedia('(prefers-reduced-motion: reduce)').matches, [])
  const [playing, setPlaying] = useState(false)
  const [at, setAt] = useState(0)
  const now = useRef(0)
  const ways = useMemo(() => {
    const lines = new Map(drawn.lines.map((l) => [`${l.source}\u0001${l.target}`, l.points]))
    return moves.moves.flatMap((m) => {
      const [, from = 0, to = 0, left = 0, reached = 0] = m
      const points = lines.get(`${moves.activities[from] ?? ''}\u0001${moves.activities[to] ?? ''}`)
      return points ? [{ points, left, reached: Math.max(reached, left + length / 400) }] : []
    })
  }, [moves, drawn, length])
  useEffect(() => {
    const sheet = canvas.current
    const pen = sheet?.getContext('2d')
    if (!sheet || !pen) return
    const scale = devicePixelRatio || 1
    sheet.width = drawn.width * scale
    sheet.height = drawn.height * scale
    const draw = () => {
      pen.setTransform(scale, 0, 0, scale, 0, 0)
      pen.clearRect(0, 0, drawn.width, drawn.height)
      pen.fillStyle = c.slate
      pen.globalAlpha = 0.75
      for (const way of ways)
        if (way.left <= now.current && now.current <= way.reached) {
          const p = along(way.points, (now.current - way.left) / (way.reached - way.left))
          pen.beginPath()
          pen.arc(p.x, p.y, 4, 0, 2 * Math.PI)
          pen.fill()
        }
    }
    now.current = at
    draw()
    if (!playing) return
    let before = performance.now()
    let frame = 0
    let told = before
    const step = (moment: number) => {
      now.current = Math.min(length, now.current + ((moment - before) / 1000) * (length / SECONDS_OF_SHOW))
      before = moment
      draw()
      if (moment - told > 250 || now.current >= length) {
        told = moment
        setAt(now.current)
      }
      if (now.current >= length) setPlaying(false)
      else frame = requestAnimationFrame(step)
    }
    frame = requestAnimationFrame(step)
    return () => cancelAnimationFrame(frame)
    // `at` moves by itself while it plays; it is read anew when that begins or ends.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [playing, playing ? -1 : at, ways, drawn, c.slate, length])
  const day = length / 30
  return (
    <>
      <div className="process-player">
        {still ? (
          <Button small onClick={() => setAt((x) => (x + day > length ? 0 : x + day))}>
            {t('process.step')}
          </Button>
        ) : (
          <Button
            small
            kind="primary"
            aria-pressed={playing}
            onClick={() => {
              if (!playing && at >= length) setAt(0)
              setPlaying(!playing)
            }}
          >
            {t(playing ? 'process.pause' : 'process.play')}
          </Button>
        )}
        <input type="range" min={0} max={Math.ceil(length)} value={Math.round(at)} aria-label={t('process.moment')} onChange={(e) => (setPlaying(false), setAt(Number(e.target.value)))} />
        <span className="small">{fmt.date(new Date(new Date(moves.since).getTime() + at * 1000).toISOString())}</span>
      </div>
      <div className="process-drawing">
        {children}
        <canvas ref={canvas} className="process-tokens" aria-hidden="true" />
      </div>
    </>
  )
}
