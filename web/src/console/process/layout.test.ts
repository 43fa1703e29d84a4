import { describe, expect, it } from 'vitest'
import { along, BEGIN, END, partOf, path, place } from './layout'

const node = (activity: string, count: number, begins = 0, ends = 0) => ({ activity, count, begins, ends })
const edge = (source: string, target: string, count: number) => ({ source, target, count, median: 60, p90: 90, total: 60 * count })
const nodes = [node('a', 10, 10), node('b', 9), node('c', 10, 0, 9), node('d', 1, 0, 1)]
const edges = [edge('a', 'b', 9), edge('b', 'c', 8), edge('a', 'c', 1), edge('b', 'd', 1), edge('c', 'c', 1)]

describe('the part of a map that is shown', () => {
  it('is all of it when all is asked', () => {
    expect(partOf(nodes, edges, 1)).toEqual({ nodes, edges })
  })
  it('is the commonest ways, each reached and left', () => {
    const part = partOf(nodes, edges, 0)
    expect(part.nodes.map((n) => n.activity)).toEqual(['a', 'b', 'c'])
    expect(part.edges.map((e) => `${e.source}${e.target}`)).toEqual(['ab', 'bc'])
  })
})

describe('the drawing', () => {
  it('has a place for everything, begin above end', () => {
    const drawn = place(nodes, edges)
    expect(drawn.boxes.map((b) => b.id).sort()).toEqual([BEGIN, END, 'a', 'b', 'c', 'd'].sort())
    const y = (id: string) => drawn.boxes.find((b) => b.id === id)?.y ?? 0
    expect(y(BEGIN) < y('a') && y('a') < y('b') && y('b') < y('c') && y('c') < y(END)).toBe(true)
    expect(drawn.lines).toHaveLength(edges.length + 3)
  })
  it('is as large as its lines and labels reach', () => {
    const more = [...edges, ...Array.from({ length: 12 }, (_, i) => edge('a', `x${i}`, 1)), edge('c', 'a', 3)]
    const drawn = place([...nodes, ...Array.from({ length: 12 }, (_, i) => node(`x${i}`, 1, 0, 1))], more)
    const points = [...drawn.lines.flatMap((l) => [...l.points, l.label]), ...drawn.boxes]
    expect(Math.min(...points.flatMap((p) => [p.x, p.y]))).toBeGreaterThanOrEqual(12)
    expect(Math.max(...points.map((p) => p.x))).toBeLessThanOrEqual(drawn.width - 12)
    expect(Math.max(...points.map((p) => p.y))).toBeLessThanOrEqual(drawn.height - 12)
  })
  it('runs along its lines', () => {
    const points = [{ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 30 }]
    expect(along(points, 0)).toEqual({ x: 0, y: 0 })
    expect(along(points, 0.5)).toEqual({ x: 10, y: 10 })
    expect(along(points, 1)).toEqual({ x: 10, y: 30 })
    expect(path(points)).toBe('M0.0 0.0Q10.0 0.0 10.0 15.0L10.0 30.0')
  })
})
