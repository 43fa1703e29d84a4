/** The promise board counted: pure, from what the API told. */
import type { PromiseBoard } from '../api/schema'

/** What we mean to keep of the clocks of every name. */
export const CLOCK_TARGET = 0.95
/** Clocks on which somebody else must act: that they run out is no promise of ours broken. */
const OTHERS = new Set(['send_draft', 'answer', 'answer_part', 'dispute', 'ship', 'transit_back', 'transit_out', 'confirm', 'confirm_offline', 'book_visit', 'evidence'].map((name) => `claim.${name}`))
export const isOurs = (name: string) => !OTHERS.has(name)
/** What we promise about the service, in the order of the board. */
const BOARD = [
  'first_answer', 'csat', 'bot_rating', 'resolved_once', 'fault_resolution', 'claim_decision', 'self_service_refund', 'refund_time', 'automation', 'deliveries',
  'delay_warnings', 'complaint_rate', 'inspection_coverage', 'consistency', 'training_coverage', 'voice_answers', 'voice_positive', 'cost_per_case',
]
/** The same, as they are asked for. */
export const BOARD_PARTS = [BOARD.slice(0, 6), BOARD.slice(6, 12), BOARD.slice(12)]
/** Fewer are not called a number. */
export const ENOUGH = 20

export interface ClockTile {
  name: string
  onTime: number
  atRisk: number
  paused: number
  broken: number
  kept: number
  missed: number
  today: { kept: number; missed: number }
  /** Share kept of each day, null where nothing ended. */
  days: (number | null)[]
}

export const shareOf = (kept: number, missed: number) => (kept + missed ? kept / (kept + missed) : null)

/** One tile for each promise: those broken now first, then those that matter most often. */
export function clockTiles(board: PromiseBoard, days: readonly string[], today: string): ClockTile[] {
  const tiles = new Map<string, ClockTile & { byDay: Map<string, [number, number]> }>()
  const of = (name: string) => {
    let tile = tiles.get(name)
    if (!tile) tiles.set(name, (tile = { name, onTime: 0, atRisk: 0, paused: 0, broken: 0, kept: 0, missed: 0, today: { kept: 0, missed: 0 }, days: [], byDay: new Map() }))
    return tile
  }
  for (const now of board.now) {
    const tile = of(now.name)
    tile.onTime += now.on_time
    tile.atRisk += now.at_risk
    tile.paused += now.paused
    tile.broken += now.broken
  }
  for (const day of board.days) {
    const tile = of(day.name)
    tile.kept += day.kept
    tile.missed += day.broken
    if (day.day === today) {
      tile.today.kept += day.kept
      tile.today.missed += day.broken
    }
    const [kept, missed] = tile.byDay.get(day.day) ?? [0, 0]
    tile.byDay.set(day.day, [kept + day.kept, missed + day.broken])
  }
  return [...tiles.values()]
    .map(({ byDay, ...tile }) => ({ ...tile, days: days.map((d) => shareOf(...(byDay.get(d) ?? ([0, 0] as [number, number])))) }))
    .sort((a, b) => b.broken - a.broken || b.atRisk - a.atRisk || b.kept + b.missed - (a.kept + a.missed))
}

/** The part of the ends of a list that holds its largest share: '其中 5 次在青岚家电'. */
export function largest<T>(rows: readonly T[], count: (row: T) => number): { row: T; count: number } | null {
  let best: { row: T; count: number } | null = null
  for (const row of rows) if (count(row) > (best?.count ?? 0)) best = { row, count: count(row) }
  return best
}
