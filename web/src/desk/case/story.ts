/** Thread and timeline interwoven into one line: what was said, what happened, and who was waited for in between. */
import { WAITING_FOR, type Waited } from '../../api/waits'
import type { ActorKind, TimelineEntry } from '../../design'
import type { Entry, MessageView } from '../data'
import { storedFile } from '../files'

/** Facts that repeat what stands in the line anyway, or are of interest to machines only. */
const SILENT = /^(message\.|note\.|clock\.(started|kept|cancelled)|case\.(linked|link_moved|followed|unfollowed|mentioned|step_taken)|desk\.|trial\.|notice\.(planned|read)|claim\.(carried_out|inspection_begun)|refund\.requested|shipment\.corrected|stock\.|case\.stage_set|assistant\.answered)/

export interface Words {
  fact: (name: string, entry: Entry) => string
  who: (waited: Waited) => string
  nameOf: (accountId: string | null) => string | null
  role: (kind: ActorKind) => string
  said: (what: 'asked' | 'answered' | 'noted' | 'told') => string
  customer: string
}

export function actorKind(entry: Entry): ActorKind {
  if (entry.name.startsWith('parcel.')) return 'carrier'
  if (entry.name.startsWith('refund.')) return 'gateway'
  if (entry.name.startsWith('assistant.')) return 'assistant'
  if (entry.data.mover === 'arbiter') return 'arbiter'
  if (entry.actor_kind === 'customer') return 'customer'
  if (entry.actor_kind === 'staff') return 'agent'
  return 'system'
}

/** Oldest first. Facts come newest first, as the API tells them; messages oldest first. */
export function weave(messages: readonly MessageView[], facts: readonly Entry[], words: Words): TimelineEntry[] {
  type Piece = { at: string; order: number; message?: MessageView; fact?: Entry }
  const pieces: Piece[] = [
    ...messages.map((message) => ({ at: message.sent_at, order: 1, message })),
    ...facts.map((fact) => ({ at: fact.at, order: fact.name === 'case.opened' ? 0 : 2, fact })),
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.order - b.order)
  const broken = facts.filter((f) => f.name === 'clock.fired').map((f) => Date.parse(f.at))
  let claim: Waited | 'nobody' = 'nobody'
  let talk: Waited | 'nobody' = 'nobody'
  const woven: TimelineEntry[] = []
  pieces.forEach((piece, i) => {
    const { message, fact } = piece
    if (message && message.kind === 'message') talk = message.author_kind === 'customer' ? 'shop' : message.author_kind === 'staff' ? 'customer' : talk
    if (fact && /^claim\./.test(fact.name) && typeof fact.data.to_state === 'string') claim = WAITING_FOR[fact.data.to_state] ?? 'nobody'
    if (fact && /^case\.(solved|closed)$/.test(fact.name)) talk = claim = 'nobody'
    const waits = claim !== 'nobody' ? claim : talk
    const waitingFor = waits === 'nobody' ? null : words.who(waits)
    if (fact && SILENT.test(fact.name)) {
      const last = woven[woven.length - 1]
      if (last) woven[woven.length - 1] = { ...last, waitingFor }
      return
    }
    const start = Date.parse(piece.at)
    const next = pieces.slice(i + 1).find((p) => !p.fact || !SILENT.test(p.fact.name))
    const end = next ? Date.parse(next.at) : Infinity
    // A broken clock is told at the end of the wait that broke it, not at the beginning of the next.
    const common = { at: piece.at, waitingFor, late: broken.some((b) => b > start && b <= end) }
    if (message) {
      const kind: ActorKind = message.author_kind === 'customer' ? 'customer' : message.author_kind === 'staff' ? 'agent' : message.offers ? 'assistant' : 'system'
      const name = message.author_name ?? (kind === 'customer' ? words.customer : words.role(kind))
      woven.push({ ...common, id: message.id, actor: { name, kind }, title: words.said(message.kind === 'note' ? 'noted' : kind === 'customer' ? 'asked' : kind === 'system' ? 'told' : 'answered'), text: message.body, files: message.files.map(storedFile), internal: message.kind === 'note', kind: 'message' as const })
      return
    }
    const entry = fact as Entry
    const kind = actorKind(entry)
    const name = kind === 'customer' ? words.customer : (kind === 'agent' || kind === 'arbiter' ? words.nameOf(entry.actor_id) : null) ?? words.role(kind)
    woven.push({
      ...common,
      id: String(entry.position),
      actor: { name, kind },
      title: words.fact(entry.name, entry),
      kind: /^claim\.(approved|rejected|ruled_|mediated|accepted|receipt_refused)/.test(entry.name) ? ('decision' as const) : ('fact' as const),
    })
  })
  return woven
}
