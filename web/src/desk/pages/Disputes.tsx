import { useEffect } from 'react'
import { useLocation, useSearch } from 'wouter'
import { api, ask } from '../../api/client'
import { usePages } from '../../api/pages'
import { EmptyState, ErrorState, Facts, IconButton, Money, MoneyStrip, NextActionBar, Pager, PromiseRing, RelativeTime, Row, Segmented, SkeletonRows, Tag, Thumb, WhyCard, Words } from '../../design'
import { useText } from '../../i18n'
import { useKeys } from '../../shell/keys'
import { Panes } from '../../shell/Panes'
import { Story } from '../case/CasePane'
import { useMoves } from '../case/moves'
import { moneyOf, reasonsOf } from '../customer/CustomerPane'
import { Gallery } from '../customer/Gallery'
import { type ClaimPage, type ClaimState, keys, nextClock, ringOf, useCase, useClaim } from '../data'
import { clockName } from '../queue/QueuePane'
import css from './screens.module.css'

const OPEN: ClaimState[] = ['disputed', 'collecting_evidence', 'judging']
const RULED: ClaimState[] = ['ruled_customer', 'ruled_merchant', 'mediated', 'closed_ruled']

/** The arbiter's screen: both sides beside each other, what was said before, and the ruling. */
export default function Disputes() {
  const { t } = useText()
  const [, go] = useLocation()
  const given = new URLSearchParams(useSearch())
  const which = given.get('which') === 'ruled' ? 'ruled' : 'open'
  const id = given.get('claim')
  const address = (change: { which?: string; claim?: string | null }) => {
    const next = new URLSearchParams()
    const w = change.which ?? which
    const c = change.claim === undefined ? id : change.claim
    if (w !== 'open') next.set('which', w)
    if (c) next.set('claim', c)
    return `/disputes${next.size ? `?${next}` : ''}`
  }
  const list = usePages(keys.claims({ disputes: which }), (after, signal) => ask(api.GET('/api/claims', { params: { query: { states: which === 'open' ? OPEN : RULED, after, limit: 50 } }, signal })))
  const rows = which === 'open' ? [...list.items].sort((a, b) => (a.clock?.due_at ?? '9').localeCompare(b.clock?.due_at ?? '9')) : list.items
  useEffect(() => {
    if (!id && rows[0] && innerWidth > 1100) go(address({ claim: rows[0].id }), { replace: true })
  }, [id, rows[0]?.id])
  const move = (by: number) => {
    const at = rows.findIndex((r) => r.id === id)
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))]
    if (next) go(address({ claim: next.id }), { replace: true })
  }
  useKeys([
    { keys: 'j', label: t('queue.next'), section: t('rail.disputes'), run: () => move(1) },
    { keys: 'k', label: t('queue.previous'), section: t('rail.disputes'), run: () => move(-1) },
  ])
  return (
    <Panes
      name="disputes"
      shown={id ? 'middle' : 'start'}
      labels={{ start: t('rail.disputes'), middle: t('dispute.one') }}
      start={
        <div className={css.list}>
          <header className={css.listHead}>
            <h1>{t('rail.disputes')}</h1>
            <Segmented
              label={t('dispute.which')}
              value={which}
              onPick={(w) => go(address({ which: w, claim: null }))}
              choices={[
                { value: 'open', label: t('dispute.open') },
                { value: 'ruled', label: t('dispute.ruled') },
              ]}
            />
          </header>
          <div className={css.listBody}>
            {list.loading ? (
              <SkeletonRows rows={6} />
            ) : list.error ? (
              <ErrorState error={list.error} onRetry={list.retry} />
            ) : !rows.length ? (
              <EmptyState title={t(which === 'open' ? 'dispute.none' : 'dispute.noneRuled')} text={t('dispute.noneText')} />
            ) : (
              <>
                <ul role="list">
                  {rows.map((row) => (
                    <Row
                      key={row.id}
                      lead={row.clock ? <PromiseRing clock={ringOf(row.clock)} name={clockName(t, row.clock.name)} /> : <Thumb src={row.image} alt="" size={28} />}
                      title={`${row.customer_name} · ${row.kind_label}`}
                      titleLines={1}
                      text={row.title}
                      meta={<Tag tone={row.state === 'judging' ? 'jade' : 'slate'}>{row.state_label}</Tag>}
                      aside={<Money cents={row.requested_cents} currency={row.currency} />}
                      href={`/desk${address({ claim: row.id })}`}
                      onClick={() => go(address({ claim: row.id }))}
                      selected={row.id === id}
                    />
                  ))}
                </ul>
                <Pager shown={rows.length} hasMore={list.hasMore} loading={list.loadingMore} error={list.moreError ?? undefined} onMore={list.more} />
              </>
            )}
          </div>
        </div>
      }
      middle={id ? <Dispute key={id} id={id} onBack={() => go(address({ claim: null }))} /> : <EmptyState drawing="talk" title={t('dispute.pick')} text={t('dispute.pickText')} />}
    />
  )
}

function Dispute({ id, onBack }: { id: string; onBack: () => void }) {
  const { t } = useText()
  const found = useClaim(id)
  const moves = useMoves(found.data)
  const first = moves.moves[0]
  useKeys([{ keys: 'a', label: first?.label ?? t('case.keyAct'), section: t('rail.disputes'), enabled: !!first, run: () => first && moves.start(first.verb) }])
  if (found.isPending)
    return (
      <div className={css.inset}>
        <SkeletonRows rows={7} />
      </div>
    )
  if (!found.data) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />
  const claim = found.data
  const clock = nextClock(claim.clocks)
  return (
    <div className={css.detail}>
      <header className={css.detailHead}>
        <span className={css.backButton}>
          <IconButton small icon="back" label={t('rail.disputes')} onClick={onBack} />
        </span>
        <div>
          <h2>
            {claim.kind_label} · {claim.lines[0]?.title}
          </h2>
          <p className="muted small">
            {claim.number} · {claim.shop_name} · {claim.reason_label} · {claim.state_label}
          </p>
        </div>
        {clock && (
          <div className={css.headRing}>
            <PromiseRing clock={ringOf(clock)} size="tile" name={clockName(t, clock.name)} />
          </div>
        )}
      </header>
      <div className={css.detailBody}>
        <Sides claim={claim} />
        {claim.dispute?.ruling && (
          <section className={css.block}>
            <h3>{t('dispute.ruling')}</h3>
            <p>
              <Tag tone="jade">{t(`ruling.${claim.dispute.ruling}`)}</Tag> {claim.dispute.ruled_at && <RelativeTime at={claim.dispute.ruled_at} />}
            </p>
            {claim.dispute.ruling_words && <Words text={claim.dispute.ruling_words} />}
          </section>
        )}
        {claim.dispute?.appeal_words && (
          <section className={css.block}>
            <h3>{t('dispute.appeal')}</h3>
            <Words text={claim.dispute.appeal_words} />
          </section>
        )}
        <section className={css.block}>
          <h3>{t('customer.money')}</h3>
          <MoneyStrip lines={claim.lines.map((l) => moneyOf(l, claim))} />
          {claim.why[0] && (
            <p className={css.why}>
              {(claim.why.find((w) => w.matched) ?? claim.why[0]).sentence}{' '}
              <WhyCard why={{ decision: t(`outcome.${claim.outcome}`), ...reasonsOf(claim), version: `${claim.policy} · ${claim.law}`, source: claim.why[0].source ? { title: claim.why[0].source } : undefined, object: t('why.arbiter') }} />
            </p>
          )}
        </section>
        <section className={css.block}>
          <h3>{t('dispute.before')}</h3>
          <Before caseId={claim.case_id} />
        </section>
      </div>
      {moves.moves.length > 0 && (
        <footer className={css.detailFoot}>
          <NextActionBar lead={<strong>{claim.state_label}</strong>} shown={2} actions={moves.moves.map((m) => ({ id: m.verb, verb: m.label, harm: m.harm, busy: moves.busy === m.verb, onPick: () => moves.start(m.verb) }))} />
        </footer>
      )}
      {moves.form}
    </div>
  )
}

function Sides({ claim }: { claim: ClaimPage }) {
  const { t } = useText()
  const sides = { customer: claim.evidence.filter((e) => e.side === 'customer'), shop: claim.evidence.filter((e) => e.side !== 'customer') }
  const said = { customer: claim.dispute?.words ?? claim.description, shop: claim.rejection ?? '' }
  return (
    <div className={css.sides}>
      {(['customer', 'shop'] as const).map((side) => (
        <section key={side} className={css.side} aria-labelledby={`side-${side}`}>
          <h3 id={`side-${side}`}>{t(side === 'customer' ? 'dispute.customerSays' : 'dispute.shopSays')}</h3>
          {side === 'customer' && <Facts items={[{ name: t('claim.reason'), value: claim.reason_label }, { name: t('money.claimed'), value: <Money cents={claim.requested_cents} currency={claim.currency} strong /> }]} />}
          {side === 'shop' && <Facts items={[{ name: t('claim.fault'), value: t(`fault.${claim.fault_side}`) }, { name: t('money.agreed'), value: <Money cents={claim.agreed_cents} currency={claim.currency} strong /> }]} />}
          {said[side] ? <Words text={said[side]} /> : <p className="muted">{t('dispute.nothingSaid')}</p>}
          {side === 'customer' && claim.description && claim.description !== said.customer && (
            <>
              <p className="muted small">{t('dispute.atFirst')}</p>
              <Words text={claim.description} />
            </>
          )}
          {sides[side].length ? <Gallery large evidence={sides[side].filter((e, i, all) => e.file_id || (e.words && e.words !== said[side] && all.findIndex((o) => o.words === e.words) === i)).map((e) => (e.words === said[side] ? { ...e, words: '' } : e))} /> : <p className="muted small">{t('dispute.noProof')}</p>}
        </section>
      ))}
      {claim.dispute?.question && (
        <section className={css.question}>
          <h3>{t('dispute.question')}</h3>
          <Words text={claim.dispute.question} />
        </section>
      )}
    </div>
  )
}

function Before({ caseId }: { caseId: string }) {
  const found = useCase(caseId)
  if (found.isPending) return <SkeletonRows rows={4} />
  if (!found.data) return <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />
  return <Story page={found.data} open={false} plain />
}
