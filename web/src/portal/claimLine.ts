/** The facts of a claim as entries of the line, in the customer's words. */
import { WAITING_FOR, type Waited } from '../api/waits'
import type { ActorKind, TimelineEntry } from '../design'
import type { Formats, Translate } from '../i18n'
import type { Claim, Fact, WhyTold } from './data'

const FACES: Record<string, ActorKind> = {
  customer: 'customer',
  agent: 'shop',
  warehouse: 'shop',
  finance: 'shop',
  technician: 'shop',
  arbiter: 'arbiter',
  system: 'system',
  staff: 'shop',
  integration: 'carrier',
}

/** Facts that say nothing new to the customer: the case behind the claim opens, moves and closes along with it. */
const QUIET = /^(case\.(opened|stage_set)|message\.posted|claim\.(carried_out|inspection_begun)|parcel\.moved|shipment\.announced)$/

/** Whoever has the parcel when it has come: who waits for its carrier until then. */
const ARRIVED: Partial<Record<string, Waited>> = { in_transit_back: 'shop', reshipped: 'customer', sending_back: 'customer' }

export function lineOf(facts: readonly Fact[], { t, has, fmt, shop, kind: asked }: { t: Translate; has: (key: string) => boolean; fmt: Formats; shop: string; kind?: string }): TimelineEntry[] {
  const entries: TimelineEntry[] = []
  const waits = (who: Waited | undefined) => (who ? t(`actor.${who}`) : null)
  // A refused parcel turns round by itself.
  const waitsIn = (state: string) => waits(state === 'reshipped' || (state === 'awaiting_return' && asked === 'refuse_parcel') ? 'carrier' : WAITING_FOR[state])
  let state = ''
  for (const fact of [...facts].reverse()) {
    const to = typeof fact.data.to_state === 'string' ? fact.data.to_state : null
    const last = entries.at(-1)
    state = to ?? state
    // A passing move tells nothing but where the matter went; its wait belongs to the line before it.
    if (QUIET.test(fact.name) || (fact.name === 'case.solved' && fact.actor_kind === 'system') || !has(`fact.${fact.name}`)) {
      if (to && last) last.waitingFor = waitsIn(to)
      continue
    }
    const mover = typeof fact.data.mover === 'string' ? fact.data.mover : fact.name.startsWith('refund.') ? 'gateway' : fact.actor_kind
    const kind = mover === 'gateway' ? 'gateway' : (FACES[mover] ?? 'system')
    const cents = typeof fact.data.amount_cents === 'number' ? fact.data.amount_cents : null
    const amount = cents !== null && typeof fact.data.currency === 'string' ? fmt.money(cents, fact.data.currency) : ''
    entries.push({
      id: String(fact.position),
      at: fact.at,
      actor: { kind, name: kind === 'shop' ? shop : t(`actor.${kind === 'customer' ? 'customer' : kind}`) },
      title: t(`fact.${fact.name}`, { amount }).trim(),
      waitingFor: to ? waitsIn(to) : fact.name === 'parcel.delivered' && ARRIVED[state] ? waits(ARRIVED[state]) : (last?.waitingFor ?? null),
      kind: /approved|rejected|ruled|refunded|refund\.paid/.test(fact.name) ? 'decision' : 'fact',
    })
  }
  return entries
}

/** Why it was decided so, in sentences: law and shop may say the same, and the codes of rules are for staff. */
export const saidOnce = (rules: readonly WhyTold[]) => [...new Set(rules.map((one) => one.sentence))].map((text) => ({ rule: '', text }))

const IN_GOODS = ['exchange', 'repair', 'resend']

/** Whether money is spoken of: what is exchanged, repaired or sent again is worth something, and nothing of it is paid back. */
export const paysBack = (claim: Pick<Claim, 'kind' | 'requested_cents' | 'agreed_cents' | 'refunded_cents' | 'difference_cents' | 'refunds'>): boolean =>
  IN_GOODS.includes(claim.kind) ? claim.refunded_cents > 0 || claim.difference_cents !== 0 || claim.refunds.length > 0 : claim.requested_cents + claim.agreed_cents + claim.refunded_cents > 0
