import { Link } from 'wouter'
import { ButtonLink, EmptyState, ErrorState, Icon, Money, Pager, RelativeTime, Section, Skeleton, Tag, Thumb } from '../../design'
import { useText } from '../../i18n'
import { usePages } from '../../api/pages'
import { type Case, type ClaimRow, get, type Me, type OrderRow, type Paged, useCases, useNotices } from '../data'
import { Delays, useDelays } from '../Delays'
import { ClockRing, Head, PageSkeleton } from '../parts'
import { Entered } from '../session'
import s from './Home.module.css'

export default function Home() {
  return <Entered>{(me) => <Matters me={me} />}</Entered>
}

function Matters({ me }: { me: Me }) {
  const { t, locale } = useText()
  const open = usePages<ClaimRow>(['claims', 'open', locale], (after, signal) => get<Paged<ClaimRow>>(`/claims?open=true&limit=20${mark(after)}`, signal))
  const done = usePages<ClaimRow>(['claims', 'done', locale], (after, signal) => get<Paged<ClaimRow>>(`/claims?open=false&limit=5${mark(after)}`, signal))
  const cases = useCases()
  const delays = useDelays()
  const notices = useNotices()
  // Told all at once: what comes late would push the rest away under a finger.
  if (open.loading || done.loading || cases.isLoading || delays.isLoading || notices.isLoading) return <PageSkeleton />
  const claimed = new Set([...open.items, ...done.items].map((claim) => claim.case_id))
  const asked = (cases.data ?? []).filter((one) => !claimed.has(one.id) && one.status !== 'closed')
  const questions = asked.filter((one) => one.status !== 'solved')
  const answered = asked.filter((one) => one.status === 'solved').slice(0, 5)
  return (
    <>
      <Head title={t('home.title')} text={me.contact ? t('home.as', { contact: me.contact }) : undefined} />
      <Delays delays={delays.data ?? []} />
      <News />
      <Section title={t('home.open')} aside={open.items.length > 1 ? t('home.count', { count: open.items.length }) : undefined}>
        {open.error ? (
          <ErrorState compact error={open.error} onRetry={open.retry} />
        ) : open.items.length || questions.length ? (
          <div className={s.matters}>
            {[...open.items].sort(mostPressing).map((claim) => (
              <Matter key={claim.id} claim={claim} />
            ))}
            {questions.map((one) => (
              <Question key={one.id} one={one} />
            ))}
          </div>
        ) : (
          <p className={s.calm}>
            <Icon name="check" size={20} /> {t('home.nothingOpen')}
          </p>
        )}
        {open.hasMore && <Pager shown={open.items.length} hasMore loading={open.loadingMore} error={open.moreError} onMore={open.more} />}
      </Section>
      <Orders />
      {done.items.length + answered.length > 0 && (
        <Section title={t('home.done')}>
          <ul className={s.done} role="list">
            {done.items.map((claim) => (
              <li key={claim.id}>
                <Link href={`/claims/${claim.id}`}>
                  <Thumb src={claim.image} alt="" size={40} />
                  <span className={s.doneWords}>
                    <span className="one-line">{claim.title}</span>
                    <span className="muted small">
                      {claim.kind_label} · {claim.state_label}
                    </span>
                  </span>
                  <span className="muted small">
                    <RelativeTime at={claim.moved_at} />
                  </span>
                </Link>
              </li>
            ))}
          </ul>
          {answered.length > 0 && (
            <div className={s.matters}>
              {answered.map((one) => (
                <Question key={one.id} one={one} />
              ))}
            </div>
          )}
          {done.hasMore && <Pager shown={done.items.length} hasMore loading={done.loadingMore} error={done.moreError} onMore={done.more} />}
        </Section>
      )}
      <Section title={t('privacy.title')}>
        <p className="muted small">{t('privacy.text')}</p>
        <p>
          <ButtonLink small href="/api/my/data.zip" download>
            {t('privacy.export')}
          </ButtonLink>
        </p>
      </Section>
    </>
  )
}

const mark = (after: string | undefined) => (after ? `&after=${encodeURIComponent(after)}` : '')

/** What waits for the customer first, then what is due first. */
function mostPressing(a: ClaimRow, b: ClaimRow): number {
  const mine = (claim: ClaimRow) => (claim.waiting_for === 'customer' ? 0 : 1)
  const due = (claim: ClaimRow) => (claim.clock ? Date.parse(claim.clock.due_at) : Infinity)
  return mine(a) - mine(b) || (due(a) === due(b) ? 0 : due(a) - due(b))
}

function News() {
  const { t } = useText()
  const notices = useNotices()
  const fresh = (notices.data?.items ?? []).filter((one) => !one.read_at)
  const first = fresh[0]
  if (!first) return null
  return (
    <Link href={fresh.length === 1 && first.link ? first.link : '/notices'} className={s.news}>
      <Icon name="bell" size={20} />
      <span className={s.newsWords}>
        <strong className="one-line">{first.subject}</strong>
        <span className="muted small">{fresh.length > 1 ? t('home.moreNews', { count: notices.data?.unread ?? fresh.length }) : <RelativeTime at={first.planned_at} />}</span>
      </span>
      <Icon name="next" size={18} />
    </Link>
  )
}

function Matter({ claim }: { claim: ClaimRow }) {
  const { t, has } = useText()
  const mine = claim.waiting_for === 'customer'
  const cents = claim.agreed_cents || claim.requested_cents
  return (
    <article className={mine ? `${s.matter} ${s.mine}` : s.matter}>
      <div className={s.what}>
        <Thumb src={claim.image} alt="" size={48} />
        <div className={s.about}>
          <h3>
            <Link href={`/claims/${claim.id}`} className={s.whole}>
              {claim.title}
            </Link>
          </h3>
          <p className="muted small">
            {claim.kind_label} · {t('claim.pieces', { count: claim.quantity })}
            {cents > 0 && (
              <>
                {' · '}
                <Money cents={cents} currency={claim.currency} />
              </>
            )}
          </p>
          <p>
            <Tag tone={mine ? 'jade' : 'plain'}>{claim.state_label}</Tag>
          </p>
        </div>
      </div>
      <div className={s.stand}>
        {claim.clock && <ClockRing clock={claim.clock} size="tile" bare={false} />}
        {mine && has(`todo.${claim.state}`) && (
          <span className={s.todo}>
            {t(`todo.${claim.state}`)}
            <Icon name="next" size={18} />
          </span>
        )}
      </div>
    </article>
  )
}

function Question({ one }: { one: Case }) {
  const { t } = useText()
  return (
    <article className={s.matter}>
      <div className={s.what}>
        <span className={s.bubble}>
          <Icon name="chat" size={20} />
        </span>
        <div className={s.about}>
          <h3>
            <Link href={`/cases/${one.id}`} className={s.whole}>
              {one.title}
            </Link>
          </h3>
          <p className="muted small">
            <RelativeTime at={one.last_message_at} />
          </p>
          <p>
            <Tag tone={one.status === 'waiting_customer' ? 'jade' : 'plain'}>{t(`case.status.${one.status}`)}</Tag>
          </p>
        </div>
      </div>
    </article>
  )
}

function Orders() {
  const { t, fmt } = useText()
  const orders = usePages<OrderRow>(['orders', 'pages'], (after, signal) => get<Paged<OrderRow>>(`/my/orders?limit=10${mark(after)}`, signal))
  const shops = new Set(orders.items.map((order) => order.shop_id))
  return (
    <Section title={t('home.orders')}>
      {orders.loading ? (
        <div className={s.orders}>
          <Skeleton height={96} />
          <Skeleton height={96} />
        </div>
      ) : orders.error ? (
        <ErrorState error={orders.error} onRetry={orders.retry} />
      ) : !orders.items.length ? (
        <EmptyState
          drawing="orders"
          title={t('home.noOrders')}
          text={t('home.noOrdersText')}
          action={<ButtonLink href="/cases/new">{t('talk.ask')}</ButtonLink>}
        />
      ) : (
        <>
          <ul className={s.orders} role="list">
            {orders.items.map((order) => (
              <li key={order.id} className={s.order}>
                <Thumb src={order.image} alt="" size={72} />
                <div className={s.about}>
                  <h3>
                    <Link href={`/orders/${order.id}`} className={s.whole}>
                      {order.title}
                    </Link>
                  </h3>
                  <p className="muted small">
                    {order.lines > 1 && <>{t('order.more', { count: order.lines - 1 })} · </>}
                    {shops.size > 1 && <>{order.shop_name} · </>}
                    {fmt.date(order.placed_at)}
                  </p>
                  <p className={s.orderFoot}>
                    <Tag tone={order.status === 'delivered' ? 'jade' : 'plain'}>{t(`order.status.${order.status}`)}</Tag>
                    <Money cents={order.paid_cents} currency={order.currency} />
                  </p>
                </div>
                <Icon name="next" size={18} />
              </li>
            ))}
          </ul>
          {orders.hasMore && <Pager shown={orders.items.length} hasMore loading={orders.loadingMore} error={orders.moreError} onMore={orders.more} />}
        </>
      )}
    </Section>
  )
}
