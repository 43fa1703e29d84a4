/** What a customer may do with a claim, by name; the forms come when one of them is asked for. */
import type { IconName } from '../design'
import { type Translate, useText } from '../i18n'
import type { Claim, Line } from './data'
import s from './Moves.module.css'

export const moveIcons: Record<string, IconName> = {
  ship: 'truck',
  accept_offer: 'check',
  refuse_offer: 'close',
  add_evidence: 'camera',
  edit: 'edit',
  cancel: 'trash',
  agree_to_part: 'check',
  dispute: 'scales',
  withdraw_dispute: 'undo',
  confirm: 'check',
  confirm_sent_back: 'check',
  confirm_offline: 'check',
  deny_offline: 'close',
}

/** What the shop asks for instead of offering something: that is done or not, but there is nothing to accept. */
export const askedFor = (claim: Claim) => claim.offers.find((one) => one.state === 'open' && (one.asks === 'proof' || one.asks === 'cancel'))?.asks as 'proof' | 'cancel' | undefined

/** The moves that have a form here, in the order of their weight; what the shop asks for comes first. */
export function movesOf(claim: Claim) {
  const moves = claim.actions.filter((one) => one.verb in moveIcons)
  const asked = claim.state === 'negotiating' ? askedFor(claim) : undefined
  if (!asked) return moves
  const first = asked === 'proof' ? 'add_evidence' : 'cancel'
  return [...moves].sort((a, b) => Number(b.verb === first) - Number(a.verb === first) || Number(b.verb === 'refuse_offer') - Number(a.verb === 'refuse_offer'))
}

export function moveLabel(claim: Claim, verb: string, t: Translate): string {
  if (verb === 'ship' && claim.kind === 'refuse_parcel') return t('ship.refused')
  const asked = verb === 'refuse_offer' && askedFor(claim)
  return asked ? t(`move.answer.${asked}`) : (claim.actions.find((one) => one.verb === verb)?.label ?? verb)
}

/** The kinds of which less than everything may be asked for. */
export const namesAmount = (kind: string | null): boolean => kind === 'compensation' || kind === 'refund_only'

const BEFORE_SENDING = ['no_reason', 'price_dropped', 'late', 'other']
const ON_THE_WAY = ['not_received', 'late', 'no_reason', 'other']
const ARRIVED = ['no_reason', 'wrong_size', 'defective', 'damaged', 'wrong_item', 'missing_item', 'not_as_described', 'counterfeit', 'price_dropped', 'agreed_with_shop', 'other']

/** What can be wrong with goods that are where these are. */
export const reasonsFor = (lines: Line[]) => (lines.some((line) => line.delivered_at) ? ARRIVED : lines.some((line) => line.shipped_at) ? ON_THE_WAY : BEFORE_SENDING)

/** What the shop proposes, in one sentence and its own words. */
export function OfferWords({ claim }: { claim: Claim }) {
  const { t, fmt } = useText()
  const offer = claim.offers.find((one) => one.state === 'open')
  if (!offer) return null
  return (
    <div className={s.offer}>
      <p className={s.offerLead}>
        {offer.asks === 'other_amount'
          ? t(offer.keep_goods ? 'offer.amountKeep' : 'offer.amount', { amount: fmt.money(offer.amount_cents ?? 0, claim.currency) })
          : offer.asks === 'other_kind' && offer.kind
            ? t('offer.kind', { kind: t(`kind.${offer.kind}`) })
            : t(`offer.${offer.asks}`)}
      </p>
      {offer.words && <p className="message">{offer.words}</p>}
    </div>
  )
}
