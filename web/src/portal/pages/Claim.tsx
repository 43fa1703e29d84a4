import { lazy, type ReactNode, Suspense, useState } from 'react'
import { Link, useLocation, useParams } from 'wouter'
import { ErrorState, FileLinks, Icon, Money, type MoneyLine, MoneyStrip, type NextAction, NextActionBar, RelativeTime, Section, SkeletonRows, Tag, Thumb, Timeline, WhyCard } from '../../design'
import { useText } from '../../i18n'
import { type Claim as ClaimShape, fileUrl, useCase, useClaim, useFacts } from '../data'
import { lineOf, paysBack, saidOnce } from '../claimLine'
import { moveIcons, moveLabel, movesOf, OfferWords } from '../actions'
import { ParcelList } from '../Parcels'
import { addressLines, ClockRing, CopyButton, Head, Notice, PageSkeleton, ringOf } from '../parts'
import { Entered } from '../session'
import s from './Claim.module.css'

const MoveForm = lazy(() => import('../Moves'))
const PayDifference = lazy(() => import('../PayDifference'))
const Survey = lazy(() => import('../Survey'))

export default function Claim() {
  const { id = '' } = useParams()
  return <Entered>{() => <ClaimPage id={id} />}</Entered>
}

function ClaimPage({ id }: { id: string }) {
  const { t } = useText()
  const claim = useClaim(id)
  const [doing, setDoing] = useState<string | null>(null)
  const [paying, setPaying] = useState(false)
  const [, go] = useLocation()
  const up = { href: '/', label: t('home.title') }
  if (claim.error && !claim.data) return <><Head up={up} title={t('claim.title')} /><ErrorState error={claim.error} onRetry={() => void claim.refetch()} /></>
  if (!claim.data) return <PageSkeleton />
  const data = claim.data
  const moves = movesOf(data)
  const owes = owesDifference(data)
  const mine = data.waiting_for === 'customer' || owes
  // What ends the matter stands under 'more', not beside what carries it on.
  const shown = moves.filter((one) => !ENDS.has(one.verb)).length + Number(owes) >= 2 ? 2 : 1
  const actions: NextAction[] = moves.map((one) => ({ id: one.verb, verb: moveLabel(data, one.verb, t), icon: moveIcons[one.verb], harm: one.verb === 'cancel', onPick: () => setDoing(one.verb) }))
  // First what goes back, then what is paid.
  if (owes) actions.splice(data.state === 'awaiting_return' ? 1 : 0, 0, { id: 'pay', verb: t('pay.title'), icon: 'money', onPick: () => setPaying(true) })
  const waits = !mine && !data.ended && data.waiting_for !== 'nobody'
  // Who waits may write; once a promise is broken, that is called what it is.
  if (waits && (late(data) || actions.every((one) => ENDS.has(one.id)))) actions.unshift({ id: 'ask', verb: t(late(data) ? 'claim.urge' : 'talk.ask'), icon: 'chat', onPick: () => go(`/cases/${data.case_id}`) })
  return (
    <div className={s.claim}>
      <Head
        up={up}
        title={data.kind_label}
        text={
          <>
            {data.shop_name} · <span className={s.number}>{data.number}</span>
          </>
        }
      />
      <div className={s.columns}>
        <div className={s.main}>
          <Stand claim={data} />
          <Now claim={data} />
          {data.ended && (
            <Suspense>
              <Survey caseId={data.case_id} />
            </Suspense>
          )}
          <Progress claim={data} />
          <Talk claim={data} />
          {paysBack(data) && (
            <Section title={t('claim.money')}>
              <MoneyStrip lines={stripOf(data, t('order.freight'))} />
              <MoneyNotes claim={data} />
            </Section>
          )}
        </div>
        <div className={s.side}>
          <Goods claim={data} />
          {data.shipments.length > 0 && (
            <Section title={t('parcel.title')}>
              <ParcelList parcels={data.shipments} />
            </Section>
          )}
          <Told claim={data} />
        </div>
      </div>
      <NextActionBar
        shown={mine ? shown : 1}
        lead={!waits || moves.some((one) => one.verb === 'ship') ? undefined : late(data) ? t('claim.waitsTooLong', { who: t(`actor.${data.waiting_for}`) }) : t('claim.waitsFor', { who: t(`actor.${data.waiting_for}`) })}
        actions={actions}
      />
      {doing && (
        <Suspense>
          <MoveForm key={doing} claim={data} verb={doing} onClose={() => setDoing(null)} />
        </Suspense>
      )}
      {paying && owes && (
        <Suspense>
          <PayDifference claim={data} onClose={() => setPaying(false)} />
        </Suspense>
      )}
    </div>
  )
}

/** What gives the matter up stands back. */
const ENDS = new Set(['cancel', 'withdraw_dispute'])

const late = (claim: ClaimShape) => ringOf(claim.clocks.filter((one) => one.subject_kind === 'claim'))?.state === 'fired'

/** Agreed to, and dearer than what was bought: the new goods wait for the customer's money. */
const owesDifference = (claim: ClaimShape) => claim.kind === 'exchange' && claim.difference_cents > 0 && !claim.difference_settled_at && !!claim.decided_at && !claim.rejection && !claim.ended

/** Where it stands, what happens next and by when. */
function Stand({ claim }: { claim: ClaimShape }) {
  const { t, has, fmt } = useText()
  const clock = ringOf(claim.clocks.filter((one) => one.subject_kind === 'claim'))
  // Booked is not collected yet.
  const booked = claim.state === 'in_transit_back' && claim.shipments.some((one) => one.direction === 'return' && one.status === 'pending' && one.way === 'pick_up')
  const own = `next.${claim.state}_${booked ? 'pending' : claim.kind}`
  const next = has(own) ? own : `next.${claim.state}`
  const good = claim.state === 'refunded' || claim.state === 'completed'
  return (
    <section className={s.stand} aria-labelledby="stand">
      <h2 id="stand" aria-live="polite">
        {claim.state_label}
      </h2>
      {has(next) && <p className="muted">{t(next, { amount: fmt.money(claim.agreed_cents || claim.requested_cents, claim.currency) })}</p>}
      {clock && !claim.ended ? (
        <div className={s.ring}>
          <ClockRing clock={clock} size="page" />
        </div>
      ) : claim.ended ? (
        <p className={good ? s.good : s.over}>
          <span className={s.sign}>
            <Icon name={good ? 'check' : 'minus'} size={24} />
          </span>
          <span>
            {claim.refunded_cents > 0 ? t('claim.refundedSum', { amount: fmt.money(claim.refunded_cents, claim.currency) }) : t(good ? 'claim.settled' : 'claim.over')}
            {claim.ended_at && (
              <span className="muted small">
                <RelativeTime at={claim.ended_at} />
              </span>
            )}
          </span>
        </p>
      ) : null}
    </section>
  )
}

/** What this very state asks to be read: the offer, the refusal, the address, the question. */
function Now({ claim }: { claim: ClaimShape }) {
  const { t, fmt } = useText()
  const parts: ReactNode[] = []
  if (claim.state === 'negotiating') parts.push(<OfferWords key="offer" claim={claim} />)
  if (claim.rejection && ['rejected', 'receipt_refused', 'disputed', 'collecting_evidence', 'judging', 'partly_accepted'].includes(claim.state))
    parts.push(
      <div key="rejection" className={s.said}>
        <p className="muted small">{t('claim.shopSaid')}</p>
        <p className="message">{claim.rejection}</p>
        <FileLinks files={claim.evidence.filter((one) => one.side === 'shop' && one.file_id).map((one) => ({ id: one.id, name: one.name ?? '', content_type: one.media_type ?? '', size: 0, url: fileUrl(one.file_id ?? '') }))} />
      </div>,
    )
  if (claim.state === 'awaiting_return' && claim.return_address && !claim.keep_goods) {
    const { who, where } = addressLines(claim.return_address)
    parts.push(
      <div key="address" className={s.address}>
        <p className="muted small">{t('claim.returnTo')}</p>
        <p>
          <strong>{who}</strong>
        </p>
        <p>{where}</p>
        <div className={s.addressFoot}>
          <span className="muted small">{t(claim.freight_payer === 'shop' ? 'ship.shopPays' : 'ship.youPay')}</span>
          <CopyButton text={[who, where].filter(Boolean).join('\n')} label={t('claim.copyAddress')} />
        </div>
      </div>,
    )
  }
  if (claim.state === 'collecting_evidence' && claim.dispute?.question)
    parts.push(
      <Notice key="question" icon="scales">
        <strong>{t('claim.asked')}</strong>
        <p className="message">{claim.dispute.question}</p>
      </Notice>,
    )
  if (claim.dispute?.ruling_words)
    parts.push(
      <div key="ruling" className={s.said}>
        <p className="muted small">{t('claim.ruling')}</p>
        <p className="message">{claim.dispute.ruling_words}</p>
      </div>,
    )
  if (claim.difference_cents > 0 && !claim.difference_settled_at && !claim.ended)
    parts.push(
      <Notice key="difference" icon="money">
        {t('claim.difference', { amount: fmt.money(claim.difference_cents, claim.currency) })}
      </Notice>,
    )
  if (claim.findings.some((one) => one.words || !one.accepted) && ['partly_accepted', 'receipt_refused', 'refunding', 'refunded'].includes(claim.state))
    parts.push(
      <ul key="findings" className={s.findings} role="list">
        {claim.findings.map((one) => (
          <li key={one.id}>
            <Tag tone={one.accepted ? 'jade' : 'amber'}>{t(one.accepted ? 'claim.taken' : 'claim.notTaken')}</Tag>
            <span>
              {t('claim.pieces', { count: one.quantity })} · {t(`grade.${one.grade}`)}
              {one.words && <span className="muted small message">{one.words}</span>}
            </span>
          </li>
        ))}
      </ul>,
    )
  if (!parts.length) return null
  return <div className={s.now}>{parts}</div>
}

function Progress({ claim }: { claim: ClaimShape }) {
  const { t, has, fmt } = useText()
  const facts = useFacts(claim.case_id)
  const entries = lineOf(facts.data?.items ?? [], { t, has, fmt, shop: claim.shop_name, kind: claim.kind })
  return (
    <Section title={t('claim.progress')}>
      {facts.error ? (
        <ErrorState compact error={facts.error} onRetry={() => void facts.refetch()} />
      ) : facts.isPending ? (
        <SkeletonRows rows={3} />
      ) : (
        <Timeline entries={entries} open={!claim.ended} />
      )}
    </Section>
  )
}

function Talk({ claim }: { claim: ClaimShape }) {
  const { t, fmt } = useText()
  const page = useCase(claim.case_id)
  const last = page.data?.messages.at(-1)
  const unread = (page.data?.messages ?? []).filter((one) => one.author_kind !== 'customer' && !one.seen).length
  return (
    <Section title={t('talk.title')} aside={unread > 0 ? <Tag tone="jade">{t('talk.unread', { count: unread })}</Tag> : undefined}>
      <Link href={`/cases/${claim.case_id}`} className={s.talk}>
        <Icon name="chat" />
        <span>
          {last ? (
            <>
              <span className="one-line">{last.body || t('talk.files', { count: last.files.length })}</span>
              <span className="muted small">
                {last.author_kind === 'customer' ? t('actor.customer') : (last.author_name ?? (last.author_kind === 'staff' ? claim.shop_name : t('actor.assistant')))} · {fmt.dateTime(last.sent_at)}
              </span>
            </>
          ) : (
            <span>{t('talk.begin')}</span>
          )}
        </span>
        <Icon name="next" size={18} />
      </Link>
    </Section>
  )
}

function Goods({ claim }: { claim: ClaimShape }) {
  const { t } = useText()
  const orders = new Set(claim.lines.map((line) => line.order_id))
  return (
    <Section title={t('claim.goods')}>
      <ul className={s.goods} role="list">
        {claim.lines.map((line) => (
          <li key={line.order_line_id}>
            <Thumb src={line.image} alt="" size={56} />
            <span>
              <span className={s.goodsTitle}>{line.title}</span>
              <span className="muted small">
                {t('claim.pieces', { count: line.quantity })}
                {orders.size > 1 && <> · {line.order_number}</>}
                {line.received_quantity > 0 && line.received_quantity < line.quantity && <> · {t('claim.receivedOf', { count: line.received_quantity })}</>}
              </span>
              {line.new_product_id && claim.kind === 'exchange' && (
                <span className="small">
                  → {line.new_product_title ?? t('apply.swapSame')}
                </span>
              )}
            </span>
            <Money cents={line.money.paid_cents} currency={claim.currency} />
          </li>
        ))}
      </ul>
    </Section>
  )
}

const NO_GOODS_BACK = new Set(['refund_only', 'cancel_unshipped', 'resend', 'compensation'])

/** A step that has not come yet is a dash, not a zero. */
export function stripOf(claim: ClaimShape, freight: string): MoneyLine[] {
  const decided = claim.decided_at !== null && claim.agreed_cents + claim.refunded_cents > 0
  const back = claim.lines.some((line) => line.received_quantity > 0)
  const paid = claim.refunds.some((one) => one.state === 'paid')
  const goods: MoneyLine[] = claim.lines.map((line) => ({
    id: line.order_line_id,
    label: line.title,
    currency: claim.currency,
    paid: line.money.paid_cents,
    claimed: line.money.claimed_cents,
    agreed: decided ? line.money.agreed_cents : null,
    received: NO_GOODS_BACK.has(claim.kind) || !back ? null : line.money.received_cents,
    refunded: paid ? line.money.refunded_cents : null,
  }))
  if (!claim.freight_cents) return goods
  // What is not of the goods is of the freight, so that the column ends in what was truly paid back.
  const freightBack = claim.refunded_cents - claim.lines.reduce((sum, line) => sum + line.money.refunded_cents, 0)
  return [...goods, { id: 'freight', label: freight, currency: claim.currency, paid: claim.freight_cents, claimed: claim.freight_cents, agreed: decided ? claim.freight_cents : null, received: null, refunded: paid ? freightBack : null }]
}

function MoneyNotes({ claim }: { claim: ClaimShape }) {
  const { t, has, fmt } = useText()
  return (
    <>
      {claim.fee_cents > 0 && <p className="muted small">{t('claim.lessFee', { amount: fmt.money(claim.fee_cents, claim.currency) })}</p>}
      {claim.refunds.length > 0 && (
        <ul className={s.refunds} role="list">
          {claim.refunds.map((one) => (
            <li key={one.id}>
              <span>
                {has(`provider.${one.provider}`) ? t(`provider.${one.provider}`) : t('provider.original')}
                <span className="muted small">
                  {t(`refund.${one.state}`)} · <RelativeTime at={one.paid_at ?? one.requested_at} />
                </span>
              </span>
              <Money cents={one.amount_cents} currency={one.currency} strong />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

/** What was said in the application, the proofs of both sides, and why it was decided so. */
function Told({ claim }: { claim: ClaimShape }) {
  const { t, has } = useText()
  const fits = claim.why.filter((one) => one.matched)
  const told = fits.length ? fits : claim.why.slice(-1)
  const pictures = claim.evidence.filter((one) => one.file_id)
  const words = claim.evidence.filter((one) => !one.file_id && one.words)
  return (
    <Section title={t('claim.told')} aside={told.length > 0 && <WhyCard label={t('claim.whyOpen')} why={{ decision: t(`claim.outcome.${claim.outcome}`), reasons: saidOnce(told), source: told.find((one) => one.source) ? { title: told.find((one) => one.source)?.source ?? '' } : undefined, decidedAt: claim.decided_at ?? undefined, object: <p className="small muted">{t('claim.object')}</p> }} />}>
      {/* As it was called when it was chosen. */}
      <p>{has(`reason.${claim.reason}`) ? t(`reason.${claim.reason}`) : claim.reason_label}</p>
      {claim.description && <p className="muted message">{claim.description}</p>}
      {(['customer', 'shop'] as const).map((side) => {
        const files = pictures.filter((one) => one.side === side)
        const said = words.filter((one) => one.side === side)
        if (!files.length && !said.length) return null
        return (
          <div key={side} className={s.evidence}>
            <p className="muted small">{t(`claim.evidence.${side}`)}</p>
            <FileLinks files={files.map((one) => ({ id: one.id, name: one.name ?? t('claim.file'), content_type: one.media_type ?? '', size: 0, url: fileUrl(one.file_id ?? '') }))} />
            {said.map((one) => (
              <p key={one.id} className="message small">
                {one.words}
              </p>
            ))}
          </div>
        )
      })}
    </Section>
  )
}
