import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { api, ask } from '../../api/client'
import { usePages } from '../../api/pages'
import type { components } from '../../api/schema'
import { Avatar, Button, EmptyState, ErrorState, Facts, Icon, IconButton, List, Money, MoneyStrip, Pager, PromiseRing, RelativeTime, Row, SkeletonRows, Tabs, TabPanel, Tag, Thumb, WhyCard } from '../../design'
import { useText } from '../../i18n'
import { AddressLines } from '../case/moves'
import { Story } from '../case/CasePane'
import { type ClaimPage, type ClaimRow, keys, ringOf, type OrderSummary, type OrderView, type ShipmentView, useCase, useClaim, useCustomer, useMay, useOrder } from '../data'
import { addressOf, usePlace } from '../place'
import { CaseCosts } from './CaseCosts'
import { useFailureWords } from '../refundFailure'
import css from './customer.module.css'
import { Contacts, Unknown } from './Contacts'
import { Foreseen } from './Foreseen'
import { Gallery } from './Gallery'
import { Privacy } from './Privacy'
import { StartClaim } from './StartClaim'

/** The third pane: the matter in money and proof, the customer whole, everything that happened. */
export function CustomerPane() {
  const { t } = useText()
  const { place, to } = usePlace()
  const page = useCase(place.case || null).data
  const claims = page?.links.filter((l) => l.object_kind === 'claim').map((l) => l.object_id) ?? []
  const claimId = claims.includes(place.claim) ? place.claim : claims[claims.length - 1]
  const [tab, setTab] = useState<'matter' | 'customer' | 'story'>('matter')
  if (!place.case) return null
  if (!page)
    return (
      <div className={css.inset}>
        <SkeletonRows rows={6} />
      </div>
    )
  const shown = tab === 'matter' && !claimId && !page.case.order_id ? 'customer' : tab
  return (
    <div className={css.pane}>
      <div className={css.tabs}>
        <span className={css.back}>
          <IconButton small icon="back" label={t('pane.case')} onClick={() => to({ pane: 'middle' })} />
        </span>
        <Tabs
          label={t('pane.customer')}
          idBase="customer"
          value={shown}
          onPick={setTab}
          items={[
            { value: 'matter', label: t('customer.matter') },
            { value: 'customer', label: t('customer.tab') },
            { value: 'story', label: t('customer.story') },
          ]}
        />
      </div>
      <TabPanel key={shown} idBase="customer" value={shown}>
        {shown === 'matter' && (
          <>
            {claimId ? <ClaimMatter id={claimId} /> : null}
            {page.case.order_id && <OrderCard id={page.case.order_id} open={!claimId} caseId={page.case.id} />}
          </>
        )}
        {shown === 'customer' && (page.case.customer_id ? <Customer id={page.case.customer_id} caseId={page.case.id} /> : <Part title={t('customer.none')}><Unknown page={page} /></Part>)}
        {(shown === 'matter' || (!claimId && !page.case.order_id && shown === 'customer')) && <Foreseen caseId={page.case.id} Part={Part} />}
        {(shown === 'matter' || (!claimId && !page.case.order_id && shown === 'customer')) && <CaseCosts caseId={page.case.id} Part={Part} />}
        {shown === 'story' && <Story page={page} open={false} factsOnly />}
      </TabPanel>
    </div>
  )
}

function ClaimMatter({ id }: { id: string }) {
  const { t, has } = useText()
  const why = useFailureWords()
  const found = useClaim(id)
  if (found.isPending) return <SkeletonRows rows={4} />
  if (!found.data) return <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />
  const claim = found.data
  return (
    <>
      <Part title={`${claim.kind_label} ${claim.number}`} aside={<Tag tone={claim.ended ? 'slate' : 'jade'}>{claim.state_label}</Tag>}>
        {claim.lines.map((line) => (
          <div key={line.order_line_id} className={css.line}>
            <Thumb src={line.image} alt="" size={48} />
            <div>
              <p className={css.lineTitle}>{line.title}</p>
              <p className="muted small">
                {t('claim.quantity', { quantity: line.quantity, bought: line.bought })} · {line.sku}
                {line.new_product_title && ` → ${line.new_product_title}`}
              </p>
            </div>
          </div>
        ))}
        <Reason claim={claim} />
      </Part>
      <Part title={t('customer.money')}>
        <div className={css.strip}>
          <MoneyStrip lines={claim.lines.map((l) => moneyOf(l, claim))} />
        </div>
        <Facts
          items={[
            ...(claim.freight_cents ? [{ name: t('claim.freight'), value: <Money cents={claim.freight_cents} currency={claim.currency} /> }] : []),
            ...(claim.fee_cents ? [{ name: t('claim.fee'), value: <Money cents={claim.fee_cents} currency={claim.currency} /> }] : []),
            ...(claim.difference_cents ? [{ name: t('claim.difference'), value: <><Money cents={claim.difference_cents} currency={claim.currency} /> {claim.difference_settled_at ? t('claim.settled') : ''}</> }] : []),
            { name: t('claim.freightPayer'), value: t(`payer.${claim.freight_payer}`) },
          ]}
        />
        {claim.refunds.map((refund) => (
          <p key={refund.id} className={css.refund}>
            <Money cents={refund.amount_cents} currency={refund.currency} strong />
            <Tag tone={refund.state === 'paid' ? 'jade' : refund.state === 'failed' ? 'vermilion' : 'slate'}>{t(`refundState.${refund.state}`)}</Tag>
            <span className="muted small">{has(`provider.${refund.provider}`) ? t(`provider.${refund.provider}`) : refund.provider}</span>
            {refund.failure && <span className={css.failure}>{why(refund.failure)}</span>}
          </p>
        ))}
      </Part>
      {(claim.evidence.length > 0 || claim.findings.length > 0) && (
        <Part title={t('customer.evidence')} aside={claim.evidence.filter((e) => e.file_id).length || undefined}>
          <Gallery evidence={claim.evidence} />
          {claim.findings.map((f) => (
            <p key={f.id} className="small">
              {t('grading.found', { count: f.quantity, grade: t(`grade.${f.grade}`) })} · {t(f.accepted ? 'grading.yes' : 'grading.no')}
              {f.disposition && ` · ${t(`disposition.${f.disposition}`)}`}
            </p>
          ))}
        </Part>
      )}
      {claim.offers.length > 0 && (
        <Part title={t('claim.offers')}>
          {claim.offers.map((offer) => (
            <p key={offer.id} className={css.offer}>
              <strong>{t(`offer.${offer.asks}`)}</strong> {offer.amount_cents !== null && <Money cents={offer.amount_cents} currency={claim.currency} />} <Tag>{t(`offerState.${offer.state}`)}</Tag>
              {offer.words && <span className="muted small">{offer.words}</span>}
            </p>
          ))}
        </Part>
      )}
      {claim.shipments.length > 0 && (
        <Part title={t('customer.parcels')}>
          {claim.shipments.map((shipment) => (
            <Parcel key={shipment.id} shipment={shipment} />
          ))}
        </Part>
      )}
    </>
  )
}

function Reason({ claim }: { claim: ClaimPage }) {
  const { t } = useText()
  const fit = claim.why.filter((w) => w.matched)
  const best = fit[0] ?? claim.why[0]
  return (
    <div className={css.reason}>
      <Facts
        items={[
          { name: t('claim.reason'), value: claim.reason_label },
          { name: t('claim.fault'), value: t(`fault.${claim.fault_side}`) },
          ...(claim.description ? [{ name: t('claim.said'), value: <span className={css.said}>{claim.description}</span> }] : []),
          ...(claim.rejection ? [{ name: t('claim.rejection'), value: <span className={css.said}>{claim.rejection}</span> }] : []),
          ...(claim.override_reason ? [{ name: t('claim.override'), value: claim.override_reason }] : []),
          ...(claim.return_address ? [{ name: t('approve.returnTo'), value: <AddressLines address={claim.return_address} /> }] : []),
        ]}
      />
      {best && (
        <p className={css.because}>
          <span>{best.sentence}</span>
          <WhyCard
            why={{
              decision: t(`outcome.${claim.outcome}`),
              ...reasonsOf(claim),
              version: `${claim.policy} · ${claim.law}`,
              source: best.source ? { title: best.source } : undefined,
              decidedAt: claim.applied_at,
              object: t('why.override'),
            }}
          />
        </p>
      )}
    </div>
  )
}

/** The rules that fitted; those that did not are folded, unless there is nothing else to say. */
export function reasonsOf(claim: ClaimPage) {
  const told = (rules: ClaimPage['why']) => rules.map((w) => ({ rule: w.rule, text: w.sentence }))
  const fit = claim.why.filter((w) => w.matched)
  return fit.length ? { reasons: told(fit), others: told(claim.why.filter((w) => !w.matched)) } : { reasons: told(claim.why) }
}

export function moneyOf(line: ClaimPage['lines'][number], claim: ClaimPage) {
  const decided = claim.decided_at !== null || claim.agreed_cents > 0
  return {
    id: line.order_line_id,
    label: line.title,
    currency: claim.currency,
    paid: line.money.paid_cents,
    claimed: line.money.claimed_cents,
    agreed: decided ? line.money.agreed_cents : null,
    received: line.received_quantity > 0 ? line.money.received_cents : null,
    refunded: claim.refunded_cents > 0 ? line.money.refunded_cents : null,
  }
}

export function Parcel({ shipment }: { shipment: ShipmentView }) {
  const { t, fmt } = useText()
  const [open, setOpen] = useState(false)
  const events = open ? shipment.events : shipment.events.slice(0, 1)
  return (
    <div className={css.parcel}>
      <p className={css.parcelHead}>
        <Icon name="truck" size={18} />
        <strong>{t(`direction.${shipment.direction}`)}</strong>
        <span className={shipment.late ? css.late : undefined}>{t(`parcel.${shipment.status}`)}</span>
      </p>
      <p className="small">
        {shipment.carrier ?? t('parcel.noCarrier')} <code>{shipment.tracking_number ?? shipment.drop_off_code ?? '—'}</code>
      </p>
      {shipment.promised_at && (
        <p className={shipment.late ? `small ${css.late}` : 'small muted'}>
          {t('parcel.promised', { at: fmt.dateTime(shipment.promised_at) })}
        </p>
      )}
      {shipment.subscription && (
        <p className="small muted">{t(`parcel.push_${shipment.subscription}`, { said: shipment.subscription_said ?? '' })}</p>
      )}
      <ol className={css.events}>
        {events.map((event, i) => (
          <li key={i}>
            <span className="muted small">
              <RelativeTime at={event.at} />
            </span>
            <span>
              {event.text || (event.status ? t(`parcel.${event.status}`) : event.code)}
              {event.place && <span className="muted"> · {event.place}</span>}
            </span>
          </li>
        ))}
      </ol>
      {shipment.events.length > 1 && (
        <Button kind="quiet" small onClick={() => setOpen(!open)}>
          {open ? t('words.less') : t('parcel.all', { count: shipment.events.length })}
        </Button>
      )}
    </div>
  )
}

function Part({ title, aside, children }: { title: ReactNode; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className={css.part}>
      <header>
        <h3>{title}</h3>
        {aside !== undefined && <span className="muted small">{aside}</span>}
      </header>
      {children}
    </section>
  )
}

/** An order with its lines, what each is entitled to, and a claim for the customer. */
export function OrderCard({ id, open: opened, caseId }: { id: string; open?: boolean; caseId?: string }) {
  const { t, fmt } = useText()
  const may = useMay()
  const [open, setOpen] = useState(!!opened)
  const [starting, setStarting] = useState(false)
  const found = useOrder(id)
  const order = found.data
  if (found.isPending) return <SkeletonRows rows={2} />
  if (!order) return <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />
  return (
    <Part title={t('order.title', { number: order.number })} aside={t(`orderStatus.${order.status}`)}>
      <p className="small muted">
        {order.shop_name} · {fmt.date(order.placed_at)} · <Money cents={order.paid_cents} currency={order.currency} />
        {order.delivered_at && ` · ${t('order.delivered', { at: fmt.date(order.delivered_at) })}`}
      </p>
      {order.lines.map((line) => (
        <div key={line.id} className={css.line}>
          <Thumb src={line.image} alt="" size={48} />
          <div>
            <p className={css.lineTitle}>{line.title}</p>
            <p className="muted small">
              <Money cents={line.paid_cents} currency={line.currency} /> · {t('order.pieces', { count: line.quantity })} · {line.sku}
            </p>
          </div>
        </div>
      ))}
      {open && <Entitlements order={order} />}
      <p className={css.buttons}>
        <Button small kind="quiet" icon={open ? 'up' : 'shield'} onClick={() => setOpen(!open)}>
          {t(open ? 'words.less' : 'order.entitlements')}
        </Button>
        {may('claims.decide') && (
          <Button small icon="plus" onClick={() => setStarting(true)}>
            {t('start.title')}
          </Button>
        )}
      </p>
      {starting && <StartClaim order={order} caseId={caseId} onClose={() => setStarting(false)} />}
    </Part>
  )
}

function Entitlements({ order }: { order: OrderView }) {
  const { t } = useText()
  const found = useQuery({ queryKey: keys.entitlements(order.id, 'no_reason'), queryFn: () => ask(api.GET('/api/orders/{order_id}/entitlements', { params: { path: { order_id: order.id } } })) })
  if (found.isPending) return <SkeletonRows rows={3} />
  if (!found.data) return <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />
  return (
    <>
      {found.data.map((line) => {
        const open = line.kinds.filter((k) => k.open)
        const closed = line.kinds.filter((k) => !k.open)
        return (
          <div key={line.order_line_id} className={css.rights}>
            {found.data.length > 1 && <p className="small muted">{order.lines.find((l) => l.id === line.order_line_id)?.title}</p>}
            <ul>
              {open.map((kind) => (
                <Entitlement key={kind.kind} kind={kind} />
              ))}
            </ul>
            {closed.length > 0 && (
              <details>
                <summary className="small muted">{t('order.closedKinds', { count: closed.length })}</summary>
                <ul>
                  {closed.map((kind) => (
                    <Entitlement key={kind.kind} kind={kind} />
                  ))}
                </ul>
              </details>
            )}
          </div>
        )
      })}
    </>
  )
}

function Entitlement({ kind }: { kind: components['schemas']['EntitlementView'] }) {
  const { t, fmt } = useText()
  return (
    <li data-open={kind.open || undefined}>
      <Icon name={kind.open ? 'check' : 'minus'} size={16} label={t(kind.open ? 'order.isOpen' : 'order.isClosed')} />
      <span>
        {kind.label}
        {kind.open && kind.until && <span className="muted small"> {t('order.until', { day: fmt.date(kind.until) })}</span>}
      </span>
      <WhyCard
        label={kind.by_law ? t('order.byLaw') : undefined}
        why={{
          decision: `${kind.label} · ${t(kind.open ? 'order.isOpen' : 'order.isClosed')}`,
          reasons: [{ rule: kind.why.rule, text: kind.why.sentence }],
          version: kind.why.version,
          source: kind.why.source ? { title: kind.why.source } : undefined,
          object: t('why.override'),
        }}
      />
    </li>
  )
}

/** Everything about one customer; also stands alone as a page. */
export function Customer({ id, caseId, openOrder }: { id: string; caseId?: string; openOrder?: string }) {
  const { t, fmt } = useText()
  const may = useMay()
  const found = useCustomer(may('orders.read') ? id : null)
  const cases = usePages(keys.queue({ customer: id }), (after, signal) => ask(api.GET('/api/cases', { params: { query: { view: 'all', customer_id: id, after, limit: 20 } }, signal })))
  const claims = useQuery({ queryKey: keys.claims({ customer: id }), queryFn: () => ask(api.GET('/api/claims', { params: { query: { customer_id: id, limit: 20 } } })), enabled: may('claims.read') })
  const [picked, setPicked] = useState<string | null>(openOrder ?? null)
  if (!may('orders.read')) return <EmptyState title={t('problem.http_403')} />
  if (found.isPending) return <SkeletonRows rows={6} />
  if (!found.data) return <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />
  const { customer, also, orders, paid_cents, first_order_at, latest } = found.data
  return (
    <>
      <section className={css.person}>
        <Avatar name={customer.name || '·'} size={48} />
        <div>
          <h3>{customer.name || t('customer.unknown')}</h3>
          <p className="small">
            {customer.tier && <Tag>{customer.tier}</Tag>} <span className="muted">{customer.locale}</span>
          </p>
        </div>
      </section>
      <Facts
        items={[
          ...(customer.phone ? [{ name: t('customer.phone'), value: <a href={`tel:${customer.phone}`}>{customer.phone}</a> }] : []),
          ...(customer.email ? [{ name: t('customer.email'), value: <a href={`mailto:${customer.email}`}>{customer.email}</a> }] : []),
          ...(Object.keys(customer.address).length ? [{ name: t('customer.address'), value: <AddressLines address={customer.address} /> }] : []),
          { name: t('customer.orders'), value: t('customer.ordersSince', { count: orders, shown: fmt.number(orders), since: first_order_at ? fmt.date(first_order_at) : '—' }) },
          { name: t('customer.paid'), value: fmt.list(Object.entries(paid_cents).map(([currency, cents]) => fmt.money(cents, currency))) || '—' },
          ...(also.length ? [{ name: t('customer.also'), value: fmt.list(also.slice(0, 5).map((a) => a.name)) + (also.length > 5 ? ` +${also.length - 5}` : '') }] : []),
        ]}
      />
      <Part title={t('contacts.title')}>
        <Contacts customer={id} name={customer.name} />
      </Part>
      {!!claims.data?.items.length && (
        <Part title={t('customer.claims')}>
          <List label={t('customer.claims')}>
            {claims.data.items.map((claim) => (
              <ClaimItem key={claim.id} claim={claim} />
            ))}
          </List>
        </Part>
      )}
      <Part title={t('customer.orders')}>
        {latest.items.length ? (
          <List label={t('customer.orders')}>
            {latest.items.map((order) =>
              picked === order.id ? (
                <li key={order.id}>
                  <OrderCard id={order.id} open caseId={caseId} />
                </li>
              ) : (
                <OrderItem key={order.id} order={order} onOpen={() => setPicked(order.id)} />
              ),
            )}
          </List>
        ) : (
          <p className="muted small">{t('customer.noOrders')}</p>
        )}
      </Part>
      <Part title={t('customer.cases')} aside={cases.items.length || undefined}>
        <List label={t('customer.cases')}>
          {cases.items.map((one) => (
            <Row key={one.id} title={one.title} titleLines={1} text={`${one.number} · ${t(`status.${one.status}`)}`} aside={<RelativeTime at={one.last_message_at} />} href={`/desk${addressOf({ view: 'all', case: one.id })}`} selected={one.id === caseId} />
          ))}
        </List>
        {(cases.hasMore || cases.moreError !== null) && <Pager shown={cases.items.length} hasMore={cases.hasMore} loading={cases.loadingMore} error={cases.moreError ?? undefined} onMore={cases.more} />}
      </Part>
      <Part title={t('privacy.title')}>
        <Privacy customer={id} name={customer.name} />
      </Part>
    </>
  )
}

function ClaimItem({ claim }: { claim: ClaimRow }) {
  const { fmt } = useText()
  return (
    <Row
      lead={claim.clock ? <PromiseRing clock={ringOf(claim.clock)} /> : <Thumb src={claim.image} alt="" size={28} />}
      title={`${claim.kind_label} · ${claim.title}`}
      titleLines={1}
      text={`${claim.number} · ${claim.state_label}`}
      aside={fmt.money(claim.agreed_cents || claim.requested_cents, claim.currency)}
      href={`/desk${addressOf({ view: 'all', case: claim.case_id, claim: claim.id })}`}
    />
  )
}

function OrderItem({ order, onOpen }: { order: OrderSummary; onOpen: () => void }) {
  const { t, fmt } = useText()
  return <Row lead={<Thumb src={order.image} alt="" size={36} />} title={order.title} titleLines={1} text={`${order.number} · ${t(`orderStatus.${order.status}`)} · ${fmt.date(order.placed_at)}`} aside={fmt.money(order.paid_cents, order.currency)} onClick={onOpen} />
}
