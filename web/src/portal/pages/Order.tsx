import { useState } from 'react'
import { Link, useLocation, useParams } from 'wouter'
import { ErrorState, Facts, Icon, Money, NextActionBar, RelativeTime, Section, Sheet, Skeleton, Tag, Thumb, WhyBody, type Why } from '../../design'
import { useText } from '../../i18n'
import { type Entitlement, type Line, type Order as OrderShape, useClaims, useEntitlements, useOrder } from '../data'
import { Head, kindIcon, PageSkeleton } from '../parts'
import { Parcels } from '../Parcels'
import { Entered } from '../session'
import s from './Order.module.css'

export default function Order() {
  const { id = '' } = useParams()
  return <Entered>{() => <OrderPage id={id} />}</Entered>
}

function OrderPage({ id }: { id: string }) {
  const { t, fmt } = useText()
  const order = useOrder(id)
  const entitled = useEntitlements(id)
  const faulty = useEntitlements(id, 'defective')
  const claims = useClaims(`?order_id=${id}`)
  const [, go] = useLocation()
  const up = { href: '/', label: t('home.title') }
  if (order.error) return <><Head up={up} title={t('order.title')} /><ErrorState error={order.error} onRetry={() => void order.refetch()} /></>
  // All that stands above the ways open comes with them: nothing moves under a finger.
  if (!order.data || claims.isLoading) return <PageSkeleton />
  const data = order.data
  const faultOf = new Map((faulty.data ?? []).map((one) => [one.order_line_id, one.kinds]))
  const kinds = new Map((entitled.data ?? []).map((one) => [one.order_line_id, rightsOf(one.kinds, faultOf.get(one.order_line_id) ?? [])]))
  const possible = [...kinds.values()].some((all) => all.some((right) => right.kind.open))
  return (
    <>
      <Head up={up} title={data.shop_name} text={<>{t('order.number')} <span className={s.number}>{data.number}</span></>} aside={<Tag tone={data.status === 'delivered' ? 'jade' : 'plain'}>{t(`order.status.${data.status}`)}</Tag>} />
      <Way order={data} />
      {claims.data && claims.data.items.length > 0 && (
        <Section title={t('order.matters')}>
          <ul className={s.matters} role="list">
            {claims.data.items.map((claim) => (
              <li key={claim.id}>
                <Link href={`/claims/${claim.id}`}>
                  <Icon name={kindIcon(claim.kind)} />
                  <span>
                    <strong>{claim.kind_label}</strong>
                    <span className="muted small">
                      {claim.state_label} · <RelativeTime at={claim.moved_at} />
                    </span>
                  </span>
                  <Icon name="next" size={18} />
                </Link>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Section title={t('order.goods')} lead={t('order.goodsLead')}>
        <ul className={s.lines} role="list">
          {data.lines.map((line) => (
            <LineRow key={line.id} line={line} kinds={kinds.get(line.id)} loading={entitled.isPending || faulty.isPending} />
          ))}
        </ul>
        {entitled.error && <ErrorState compact error={entitled.error} onRetry={() => void entitled.refetch()} />}
      </Section>
      <Parcels orderId={id} />
      <Section title={t('order.money')}>
        <Facts
          items={[
            { name: t('order.goodsSum'), value: <Money cents={data.goods_cents} currency={data.currency} /> },
            ...(data.discount_cents ? [{ name: t('order.discount'), value: <Money cents={-data.discount_cents} currency={data.currency} /> }] : []),
            { name: t('order.freight'), value: data.freight_cents ? <Money cents={data.freight_cents} currency={data.currency} /> : t('order.freightFree') },
            { name: t('order.paid'), value: <Money cents={data.paid_cents} currency={data.currency} strong /> },
            { name: t('order.placed'), value: fmt.dateTime(data.placed_at) },
          ]}
        />
      </Section>
      {(possible || entitled.isPending) && (
        <NextActionBar
          actions={[
            { id: 'apply', verb: t('order.apply'), icon: 'undo', disabled: !possible, onPick: () => go(`/orders/${id}/apply`) },
            { id: 'ask', verb: t('talk.ask'), onPick: () => go(`/cases/new?order=${id}`) },
          ]}
        />
      )}
    </>
  )
}

/** Paid, sent, arrived: with their days, and the day it was promised for. */
function Way({ order }: { order: OrderShape }) {
  const { t, fmt } = useText()
  if (order.cancelled_at)
    return <p className="muted">{t('order.cancelledAt', { at: fmt.dateTime(order.cancelled_at) })}</p>
  const steps = [
    { key: 'paid', at: order.paid_at },
    { key: 'shipped', at: order.shipped_at },
    { key: 'delivered', at: order.delivered_at },
  ] as const
  const now = steps.findIndex((step) => !step.at)
  return (
    <ol className={s.way}>
      {steps.map((step, i) => (
        <li key={step.key} data-done={!!step.at || undefined} data-now={i === now || undefined} aria-current={i === now ? 'step' : undefined}>
          <span>{t(step.at ? `order.way.${step.key}` : `order.wayNext.${step.key}`)}</span>
          <span className="muted small">{step.at ? fmt.date(step.at) : step.key === 'delivered' && order.promised_at ? t('order.promised', { at: fmt.date(order.promised_at) }) : '\u00a0'}</span>
        </li>
      ))}
    </ol>
  )
}

interface Right {
  kind: Entitlement
  /** Open only when something is wrong with the goods. */
  fault: boolean
}

const SHOWN_CLOSED = ['return_refund', 'exchange', 'repair']

/** What is open anyway, then what is open when the goods are at fault, then what is not; each with the longer of its ends. */
function rightsOf(plain: readonly Entitlement[], faulty: readonly Entitlement[]): Right[] {
  const rights = plain.map((kind) => {
    const other = faulty.find((one) => one.kind === kind.kind)
    if (kind.open) return { kind, fault: false }
    // Closed in either case: the right that ends last says why.
    return { kind: other ?? kind, fault: !!other?.open }
  })
  const rank = (right: Right) => (!right.kind.open ? 2 : right.fault ? 1 : 0)
  return rights
    .filter((right) => right.kind.kind !== 'compensation' && (right.kind.open || SHOWN_CLOSED.includes(right.kind.kind)))
    .sort((a, b) => rank(a) - rank(b) || (a.kind.until ?? '9999').localeCompare(b.kind.until ?? '9999'))
}

function LineRow({ line, kinds, loading }: { line: Line; kinds: Right[] | undefined; loading: boolean }) {
  const { t, fmt } = useText()
  const [shown, show] = useState<Entitlement | null>(null)
  return (
    <li className={s.line}>
      <div className={s.goods}>
        <Thumb src={line.image} alt="" size={72} />
        <div className={s.name}>
          <h3>{line.title}</h3>
          <p className="muted small">
            {line.sku && <>{line.sku} · </>}× {line.quantity}
          </p>
        </div>
        <Money cents={line.paid_cents} currency={line.currency} strong />
      </div>
      {loading ? (
        <Skeleton lines={2} />
      ) : !kinds?.length ? null : (
        <ul className={s.rights} role="list">
          {kinds.map(({ kind, fault }) => (
            <li key={kind.kind}>
              <button type="button" className={s.right} data-closed={!kind.open || undefined} aria-haspopup="dialog" onClick={() => show(kind)}>
                <Icon name={kindIcon(kind.kind)} size={18} />
                <span className={s.rightName}>
                  {kind.label}
                  {fault && <span className={s.fault}>{t('order.ifFaulty')}</span>}
                </span>
                <span className={s.until}>{!kind.open ? t('order.closed') : kind.until ? t('order.until', { at: fmt.date(`${kind.until}T12:00:00`) }) : t('order.openNow')}</span>
                <Icon name="help" size={16} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <Sheet open={!!shown} onClose={() => show(null)} title={t('why.title')}>
        {shown && <WhyBody why={whyOf(shown, t)} />}
      </Sheet>
    </li>
  )
}

function whyOf(kind: Entitlement, t: ReturnType<typeof useText>['t']): Why {
  const said = [
    kind.open && kind.freight_payer !== 'nobody' ? t(`freight.${kind.freight_payer}`) : '',
    kind.open && kind.fee_percent ? t('option.fee', { percent: kind.fee_percent }) : '',
    kind.open && kind.automatic ? t('option.automatic') : '',
  ].filter(Boolean)
  return {
    decision: t(kind.open ? 'order.why.open' : 'order.why.closed', { kind: kind.label }),
    reasons: [{ rule: '', text: kind.why.sentence }, ...said.map((text) => ({ rule: text.charAt(0).toUpperCase() + text.slice(1) }))],
    source: kind.why.source ? { title: kind.why.source, url: /^https?:/.test(kind.why.source) ? kind.why.source : null } : { title: t(kind.why.origin === 'law' ? 'order.why.law' : 'order.why.shop') },
  }
}
