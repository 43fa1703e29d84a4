/** Where the boxes and lines of a process map stand. */
import { Graph, layout } from '@dagrejs/dagre'

export interface MapNode {
  activity: string
  count: number
  begins: number
  ends: number
}

export interface MapEdge {
  source: string
  target: string
  count: number
  median: number
  p90: number
  total: number
}

export interface Point {
  x: number
  y: number
}

export interface Box extends Point {
  id: string
  width: number
  height: number
}

export interface Line {
  source: string
  target: string
  points: Point[]
  label: Point
}

export interface Drawn {
  width: number
  height: number
  boxes: Box[]
  lines: Line[]
}

/** Before the first activity of a case, and after its last. */
export const BEGIN = '\u0002'
export const END = '\u0003'
const BOX = { width: 168, height: 52 }
const DOT = { width: 26, height: 26 }
const LABEL = { width: 64, height: 18 }
const MARGIN = 12

/** The part of a map that is shown: the commonest ways, and for each activity on them the way by which most come. */
export function partOf(nodes: readonly MapNode[], edges: readonly MapEdge[], share: number): { nodes: MapNode[]; edges: MapEdge[] } {
  const order = [...edges].sort((a, b) => b.count - a.count)
  const kept = new Set(order.slice(0, Math.max(1, Math.ceil(order.length * share))))
  const seen = new Set<string>()
  for (const e of kept) seen.add(e.source).add(e.target)
  // What is shown is reached and left: by the strongest way into and out of it.
  const first = [...nodes].sort((a, b) => b.begins - a.begins)[0]
  if (first?.begins) seen.add(first.activity)
  const queue = [...seen]
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    const node = nodes.find((n) => n.activity === id)
    const into = order.find((e) => e.target === id && e.source !== id)
    const out = order.find((e) => e.source === id && e.target !== id)
    const needed = [node?.begins ? undefined : into, node?.ends ? undefined : out]
    for (const e of needed)
      if (e && !kept.has(e)) {
        kept.add(e)
        for (const end of [e.source, e.target])
          if (!seen.has(end)) {
            seen.add(end)
            queue.push(end)
          }
      }
  }
  return { nodes: nodes.filter((n) => seen.has(n.activity)), edges: order.filter((e) => kept.has(e)) }
}

export function place(nodes: readonly MapNode[], edges: readonly MapEdge[]): Drawn {
  const graph = new Graph({ multigraph: false })
  graph.setGraph({ rankdir: 'TB', nodesep: 34, edgesep: 18, ranksep: 46 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const n of nodes) graph.setNode(n.activity, { ...BOX })
  graph.setNode(BEGIN, { ...DOT })
  graph.setNode(END, { ...DOT })
  for (const e of edges) graph.setEdge(e.source, e.target, { weight: Math.max(1, Math.round(Math.log2(e.count + 1))), ...LABEL, labelpos: 'c' })
  for (const n of nodes) {
    if (n.begins) graph.setEdge(BEGIN, n.activity, { weight: 2 })
    if (n.ends) graph.setEdge(n.activity, END, { weight: 1 })
  }
  layout(graph)
  // What follows itself goes out at the side and comes back.
  const loop = (id: string) => {
    const { x = 0, y = 0, width = 0 } = graph.node(id)
    const right = x + width / 2
    return { points: [{ x: right, y: y - 10 }, { x: right + 22, y: y - 22 }, { x: right + 30, y }, { x: right + 22, y: y + 22 }, { x: right, y: y + 10 }], label: { x: right + 40, y } }
  }
  const boxes = graph.nodes().map((id: string) => {
    const { x = 0, y = 0, width = 0, height = 0 } = graph.node(id)
    return { id, x, y, width, height }
  })
  const lines = graph.edges().map((e: { v: string; w: string }) => {
    if (e.v === e.w) return { source: e.v, target: e.w, ...loop(e.v) }
    const found = graph.edge(e) as { points: Point[]; x?: number; y?: number }
    const middle = found.points[Math.floor(found.points.length / 2)] ?? { x: 0, y: 0 }
    return { source: e.v, target: e.w, points: found.points, label: { x: found.x ?? middle.x, y: found.y ?? middle.y } }
  })
  return whole({ boxes, lines })
}

/** Lines may run outside of the boxes: the sheet is as large as all that is drawn, and begins where it begins. */
function whole({ boxes, lines }: Pick<Drawn, 'boxes' | 'lines'>): Drawn {
  const reach = [
    ...boxes.flatMap((b) => [{ x: b.x - b.width / 2, y: b.y - b.height / 2 }, { x: b.x + b.width / 2, y: b.y + b.height / 2 }]),
    ...lines.flatMap((l) => [...l.points, { x: l.label.x - LABEL.width / 2, y: l.label.y - LABEL.height / 2 }, { x: l.label.x + LABEL.width / 2, y: l.label.y + LABEL.height / 2 }]),
  ]
  if (!reach.length) return { width: 0, height: 0, boxes, lines }
  const [left, right] = [Math.min(...reach.map((p) => p.x)), Math.max(...reach.map((p) => p.x))]
  const [top, bottom] = [Math.min(...reach.map((p) => p.y)), Math.max(...reach.map((p) => p.y))]
  const moved = <P extends Point>(p: P): P => ({ ...p, x: p.x - left + MARGIN, y: p.y - top + MARGIN })
  return {
    width: right - left + 2 * MARGIN,
    height: bottom - top + 2 * MARGIN,
    boxes: boxes.map(moved),
    lines: lines.map((l) => ({ ...l, points: l.points.map(moved), label: moved(l.label) })),
  }
}

/** A soft line through the points. */
export function path(points: readonly Point[]): string {
  const [first, ...rest] = points
  if (!first) return ''
  const parts = [`M${first.x.toFixed(1)} ${first.y.toFixed(1)}`]
  rest.forEach((p, i) => {
    const next = rest[i + 1]
    if (next) parts.push(`Q${p.x.toFixed(1)} ${p.y.toFixed(1)} ${((p.x + next.x) / 2).toFixed(1)} ${((p.y + next.y) / 2).toFixed(1)}`)
    else parts.push(`L${p.x.toFixed(1)} ${p.y.toFixed(1)}`)
  })
  return parts.join('')
}

/** The point that lies at this share of the way along the points. */
export function along(points: readonly Point[], share: number): Point {
  const lengths = points.slice(1).map((p, i) => Math.hypot(p.x - (points[i]?.x ?? 0), p.y - (points[i]?.y ?? 0)))
  let left = share * lengths.reduce((a, b) => a + b, 0)
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i] ?? 0
    const [from, to] = [points[i], points[i + 1]]
    if (from && to && (left <= length || i === lengths.length - 1)) {
      const part = length ? Math.min(1, left / length) : 0
      return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }
    }
    left -= length
  }
  return points[0] ?? { x: 0, y: 0 }
}
