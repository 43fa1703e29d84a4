import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { api, ask, asProblem, problemText } from '../../api/client'
import { usePages } from '../../api/pages'
import { Button, Dialog, EmptyState, ErrorState, Field, Input, Pager, SkeletonRows, Tag, toast } from '../../design'
import { useText } from '../../i18n'
import { AddressLines } from '../case/moves'
import { useMay } from '../data'
import css from './screens.module.css'

const key = ['pickups'] as const
type Act = { id: string; verb: 'collected' | 'failed' | 'schedule' }

/** Pick-ups that wait for a carrier, the most urgent first. */
export default function Pickups() {
  const { t, has, fmt } = useText()
  const may = useMay()
  const queries = useQueryClient()
  const list = usePages(key, (after, signal) => ask(api.GET('/api/pickups', { params: { query: { after, limit: 50 } }, signal })))
  const [act, setAct] = useState<Act | null>(null)
  const [given, setGiven] = useState({ carrier: '', number: '', reason: '', from: '', until: '' })
  const run = useMutation({
    mutationFn: async () => {
      if (!act) return
      const params = { params: { path: { pickup_id: act.id } } }
      const waybill = { carrier: given.carrier || null, number: given.number || null }
      if (act.verb === 'collected') await ask(api.POST('/api/pickups/{pickup_id}/collected', { ...params, body: waybill }))
      else if (act.verb === 'failed') await ask(api.POST('/api/pickups/{pickup_id}/failed', { ...params, body: { reason: given.reason } }))
      else await ask(api.POST('/api/pickups/{pickup_id}/schedule', { ...params, body: { ...waybill, from_at: new Date(given.from).toISOString(), until_at: new Date(given.until).toISOString() } }))
    },
    onSuccess: async () => {
      toast(t('pickup.done'))
      setAct(null)
      await queries.invalidateQueries({ queryKey: key })
    },
    onError: (error) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' }),
  })
  const missing = act?.verb === 'failed' ? !given.reason.trim() : act?.verb === 'schedule' ? !given.from || !given.until || given.until <= given.from : false
  return (
    <div className={css.wide}>
      <header className={css.pageHead}>
        <h1>{t('rail.pickups')}</h1>
      </header>
      {list.loading ? (
        <SkeletonRows />
      ) : list.error ? (
        <ErrorState error={list.error} onRetry={list.retry} />
      ) : !list.items.length ? (
        <EmptyState drawing="parcel" title={t('pickup.none')} text={t('pickup.noneText')} />
      ) : (
        <div className={css.scrollX}>
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">{t('pickup.wanted')}</th>
                <th scope="col">{t('customer.address')}</th>
                <th scope="col">{t('finance.state')}</th>
                <th scope="col">{t('finance.claim')}</th>
                <th scope="col">
                  <span className="sr">{t('next.label')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.items.map((one) => (
                <tr key={one.id}>
                  <td>
                    {fmt.date(one.wanted_on)} {one.wanted_window}
                    {one.from_at && one.until_at && <p className="muted small">{`${fmt.dateTime(one.from_at)} – ${fmt.time(one.until_at)}`}</p>}
                  </td>
                  <td>
                    <AddressLines address={one.address} />
                  </td>
                  <td>
                    <Tag tone={one.status === 'failed' ? 'vermilion' : 'slate'}>{t(`pickupStatus.${one.status}`)}</Tag>
                    {one.failed_reason && <p className={css.failure}>{one.failed_reason}</p>}
                  </td>
                  <td>{one.claim_id && <Link href={`/claims/${one.claim_id}`}>{t('pickup.openClaim')}</Link>}</td>
                  <td className={css.actions}>
                    {may('logistics.write') &&
                      (['schedule', 'collected', 'failed'] as const).map((verb) => (
                        <Button key={verb} small kind="quiet" onClick={() => setAct({ id: one.id, verb })}>
                          {t(`pickup.${verb}`)}
                        </Button>
                      ))}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          <Pager shown={list.items.length} hasMore={list.hasMore} loading={list.loadingMore} error={list.moreError ?? undefined} onMore={list.more} />
        </div>
      )}
      <Dialog
        open={!!act}
        onClose={() => setAct(null)}
        title={act ? t(`pickup.${act.verb}`) : ''}
        actions={
          <Button kind="primary" busy={run.isPending} disabled={missing} onClick={() => run.mutate()}>
            {act ? t(`pickup.${act.verb}`) : ''}
          </Button>
        }
      >
        {act?.verb === 'failed' ? (
          <Field label={t('words.reason')} required>
            <Input maxLength={60} value={given.reason} onChange={(e) => setGiven({ ...given, reason: e.target.value })} />
          </Field>
        ) : (
          <>
            {act?.verb === 'schedule' && (
              <>
                <Field label={t('pickup.from')} required>
                  <Input type="datetime-local" value={given.from} onChange={(e) => setGiven({ ...given, from: e.target.value })} />
                </Field>
                <Field label={t('pickup.until')} required>
                  <Input type="datetime-local" value={given.until} onChange={(e) => setGiven({ ...given, until: e.target.value })} />
                </Field>
              </>
            )}
            <Field label={t('ship.carrier')} optional>
              <Input maxLength={60} value={given.carrier} onChange={(e) => setGiven({ ...given, carrier: e.target.value })} />
            </Field>
            <Field label={t('ship.number')} optional>
              <Input maxLength={60} value={given.number} onChange={(e) => setGiven({ ...given, number: e.target.value })} />
            </Field>
          </>
        )}
      </Dialog>
    </div>
  )
}
