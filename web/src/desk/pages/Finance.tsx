import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useLocation, useSearch } from 'wouter'
import { api, ask, asProblem, newKey, problemText } from '../../api/client'
import { usePages } from '../../api/pages'
import { Button, EmptyState, ErrorState, IconButton, Menu, Money, Pager, RelativeTime, SkeletonRows, Tabs, TabPanel, Tag, toast, type Tone } from '../../design'
import { useText } from '../../i18n'
import { useMoves, type Verb } from '../case/moves'
import { type ClaimPage, keys, type RefundState, type RefundView, takeMove, useClaim, useMay } from '../data'
import { isLasting, useFailureWords } from '../refundFailure'
import css from './screens.module.css'

const STATES: readonly RefundState[] = ['failed', 'requested', 'sending', 'pending', 'offline_offered', 'paid']
const tones: Record<RefundState, Tone> = { failed: 'vermilion', requested: 'slate', sending: 'slate', pending: 'slate', offline_offered: 'slate', paid: 'jade' }

/** Refunds by state, what failed first. Each can be moved once: the button rests while it works, and shows what is true then. */
export default function Finance() {
  const { t, fmt } = useText()
  const [, go] = useLocation()
  const given = new URLSearchParams(useSearch()).get('state') as RefundState | null
  const counts = useQuery({ queryKey: [...keys.refunds, 'counts'], queryFn: () => ask(api.GET('/api/refunds/counts')), refetchInterval: 60_000 })
  const state: RefundState = given && STATES.includes(given) ? given : 'failed'
  const list = usePages([...keys.refunds, state], (after, signal) => ask(api.GET('/api/refunds', { params: { query: { state: [state], after, limit: 100 } }, signal })))
  const [held, setHeld] = useState<readonly { refund: RefundView; at: number }[]>([])
  // A row that was just moved stays a while, so that the next one does not slide under the pressing finger.
  const shown = [...list.items]
  for (const { refund, at } of held) if (refund.state === state && !shown.some((r) => r.id === refund.id)) shown.splice(Math.min(at, shown.length), 0, refund)
  const hold = (refund: RefundView) => {
    const one = { refund, at: shown.findIndex((r) => r.id === refund.id) }
    setHeld((now) => [...now, one])
    setTimeout(() => setHeld((now) => now.filter((h) => h !== one)), 6_000)
  }
  const sums = new Map<string, number>()
  for (const refund of list.items) sums.set(refund.currency, (sums.get(refund.currency) ?? 0) + refund.amount_cents)
  return (
    <div className={css.wide}>
      <header className={css.pageHead}>
        <div>
          <h1>{t('rail.finance')}</h1>
          <p className="muted">{counts.data ? t(counts.data.failed ? 'finance.someFailed' : 'finance.noneFailed', { count: counts.data.failed ?? 0 }) : ' '}</p>
        </div>
        <dl className={css.sums} aria-label={t('finance.sums')}>
          {[...sums].map(([currency, cents]) => (
            <div key={currency}>
              <dt className="muted small">{list.hasMore ? t('finance.sumLoaded', { currency }) : t('finance.sum', { currency })}</dt>
              <dd>
                <Money cents={cents} currency={currency} strong />
              </dd>
            </div>
          ))}
        </dl>
      </header>
      <Tabs label={t('finance.states')} idBase="refunds" value={state} onPick={(s) => go(`/finance?state=${s}`)} items={STATES.map((s) => ({ value: s, label: t(`refundState.${s}`), count: counts.data ? (counts.data[s] ?? 0) : undefined }))} />
      <TabPanel idBase="refunds" value={state}>
        {list.loading ? (
          <SkeletonRows rows={8} />
        ) : list.error ? (
          <ErrorState error={list.error} onRetry={list.retry} />
        ) : !shown.length ? (
          <EmptyState title={t(state === 'failed' ? 'finance.clear' : 'finance.none')} text={t(state === 'failed' ? 'finance.clearText' : 'finance.noneText')} />
        ) : (
          <>
            <div className={css.scrollX}>
              <table className={css.table}>
                <thead>
                  <tr>
                    <th scope="col">{t('finance.claim')}</th>
                    <th scope="col" className={css.number}>
                      {t('finance.amount')}
                    </th>
                    <th scope="col">{t('finance.way')}</th>
                    <th scope="col">{t('finance.state')}</th>
                    <th scope="col">{t('finance.asked')}</th>
                    <th scope="col">
                      <span className="sr">{t('next.label')}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {shown.map((refund) => (
                    <Refund key={refund.id} refund={refund} onMoving={() => hold(refund)} />
                  ))}
                </tbody>
              </table>
            </div>
            <Pager shown={list.items.length} total={list.hasMore ? undefined : list.items.length} hasMore={list.hasMore} loading={list.loadingMore} error={list.moreError ?? undefined} onMore={list.more} />
          </>
        )}
      </TabPanel>
      <p className="muted small">{t('finance.once', { hours: fmt.number(24) })}</p>
    </div>
  )
}

function Refund({ refund, onMoving }: { refund: RefundView; onMoving: () => void }) {
  const { t, has } = useText()
  const may = useMay()
  const why = useFailureWords()
  const queries = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [after, setAfter] = useState<ClaimPage | null>(null)
  const [wrong, setWrong] = useState<string | null>(null)
  const [form, setForm] = useState<Verb | null>(null)
  // What the answer said wins over the list, which follows a moment later.
  const now = after?.refunds.find((r) => r.id === refund.id) ?? refund
  const run = async (verb: 'retry_refund' | 'to_wallet') => {
    if (busy) return
    setBusy(true)
    setWrong(null)
    onMoving()
    try {
      const claim = await takeMove(refund.claim_id, verb, null, newKey())
      setAfter(claim)
      queries.setQueryData(keys.claim(claim.id), claim)
      const state = claim.refunds.find((r) => r.id === refund.id)?.state ?? claim.state
      toast(t('finance.did', { number: refund.claim_number, state: t(`refundState.${state}`) }))
      setTimeout(() => void queries.invalidateQueries({ queryKey: keys.refunds }), 1200)
    } catch (error) {
      setWrong(problemText(asProblem(error), t, has))
      void queries.invalidateQueries({ queryKey: keys.refunds })
    } finally {
      setBusy(false)
    }
  }
  const failed = now.state === 'failed'
  const lasting = isLasting(now.failure)
  return (
    <tr aria-busy={busy || undefined}>
      <td>
        <Link href={`/claims/${refund.claim_id}`}>{refund.claim_number}</Link>
      </td>
      <td className={css.number}>
        <Money cents={refund.amount_cents} currency={refund.currency} strong />
      </td>
      <td>
        {has(`provider.${now.provider}`) ? t(`provider.${now.provider}`) : now.provider}
        {now.gateway_reference && <code className={css.reference}>{now.gateway_reference}</code>}
      </td>
      <td>
        <Tag tone={tones[now.state as RefundState] ?? 'plain'}>{t(`refundState.${now.state}`)}</Tag>
        {now.attempts > 1 && <span className="muted small"> {t('finance.attempts', { count: now.attempts })}</span>}
        {now.failure && failed && <p className={css.failure}>{why(now.failure)}</p>}
        {wrong && (
          <p className={css.failure} role="alert">
            {wrong}
          </p>
        )}
      </td>
      <td>
        <RelativeTime at={now.paid_at ?? now.requested_at} />
      </td>
      <td className={css.actions}>
        {failed && may('refunds.execute') && (
          <>
            {lasting ? (
              <Button small busy={busy} icon="upload" onClick={() => setForm('offer_offline')}>
                {t('finance.offline')}
              </Button>
            ) : (
              <Button small busy={busy} icon="refresh" onClick={() => void run('retry_refund')}>
                {t('finance.retry')}
              </Button>
            )}
            <Menu
              label={t('action.more')}
              items={[
                ...(may('claims.money') ? [{ id: 'wallet', label: t('move.to_wallet'), icon: 'money' as const, disabled: busy, onPick: () => void run('to_wallet') }] : []),
                lasting
                  ? { id: 'retry', label: t('finance.retry'), icon: 'refresh' as const, disabled: busy, onPick: () => void run('retry_refund') }
                  : { id: 'offline', label: t('finance.offline'), icon: 'upload' as const, disabled: busy, onPick: () => setForm('offer_offline') },
              ]}
              trigger={(props) => <IconButton {...props} small icon="more" label={t('action.more')} />}
            />
          </>
        )}
        {form && <OneMove claimId={refund.claim_id} verb={form} onClose={() => setForm(null)} />}
      </td>
    </tr>
  )
}

/** Loads the claim and opens one of its forms. */
function OneMove({ claimId, verb, onClose }: { claimId: string; verb: Verb; onClose: () => void }) {
  const claim = useClaim(claimId).data
  const moves = useMoves(claim, { opened: verb, onClosed: onClose })
  return <>{moves.form}</>
}
