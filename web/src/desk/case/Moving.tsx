/** Two cases that are one matter, and one case that is two; each taken back as easily. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { api, ask, asProblem, problemText } from '../../api/client'
import { Button, Checkbox, Dialog, EmptyState, Field, Icon, Input, SkeletonRows, toast } from '../../design'
import { useText } from '../../i18n'
import { type CasePage, keys, useMay } from '../data'
import { usePlace } from '../place'
import css from './case.module.css'

const MS_BETWEEN_KEYS = 250
const MOST_SHOWN = 12

function useMoving(page: CasePage) {
  const { t, has } = useText()
  const queries = useQueryClient()
  const { to } = usePlace()
  const fresh = () => Promise.all([queries.invalidateQueries({ queryKey: ['case'] }), queries.invalidateQueries({ queryKey: ['story'] }), queries.invalidateQueries({ queryKey: ['caseMoves'] }), queries.invalidateQueries({ queryKey: keys.queue() }), queries.invalidateQueries({ queryKey: keys.counts })])
  const wrong = (error: unknown) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' })
  const undo = useMutation({
    mutationFn: (id: string) => ask(api.POST('/api/case-moves/{case_move_id}/undo', { params: { path: { case_move_id: id } } })),
    onSuccess: (move) => {
      toast(t('moving.undone'))
      to({ case: move.case_id, claim: '' })
    },
    onError: wrong,
    onSettled: fresh,
  })
  const merge = useMutation({
    mutationFn: (into: { id: string; number: string }) => ask(api.POST('/api/cases/{case_id}/merge', { params: { path: { case_id: page.case.id } }, body: { into_case_id: into.id } })),
    onSuccess: (move, into) => {
      to({ case: move.into_case_id, claim: '' })
      toast(t('moving.merged', { number: page.case.number, into: into.number }), { undo: () => undo.mutate(move.id) })
    },
    onError: wrong,
    onSettled: fresh,
  })
  const split = useMutation({
    mutationFn: (wish: { message_ids: string[]; title: string }) => ask(api.POST('/api/cases/{case_id}/split', { params: { path: { case_id: page.case.id } }, body: wish })),
    onSuccess: (move) => {
      to({ case: move.into_case_id, claim: '' })
      toast(t('moving.split', { count: move.messages }), { undo: () => undo.mutate(move.id) })
    },
    onError: wrong,
    onSettled: fresh,
  })
  return { merge, split, undo }
}

/** The case goes on in another one: those of the same customer first, any other by its number or words. */
export function Merge({ page, open, onClose }: { page: CasePage; open: boolean; onClose: () => void }) {
  const { t } = useText()
  const { merge } = useMoving(page)
  const [typed, setTyped] = useState('')
  const [q, setQ] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setQ(typed.trim()), MS_BETWEEN_KEYS)
    return () => clearTimeout(timer)
  }, [typed])
  const wanted = q || page.customer?.name || ''
  const found = useQuery({
    queryKey: ['mergeInto', page.case.shop_id, wanted],
    queryFn: ({ signal }) => ask(api.GET('/api/cases', { params: { query: { view: wanted ? 'all' : 'active', shop_id: page.case.shop_id, ...(wanted ? { q: wanted } : {}), limit: MOST_SHOWN } }, signal })),
    enabled: open,
    placeholderData: keepPreviousData,
  })
  const others = (found.data?.items ?? []).filter((one) => one.id !== page.case.id && (one.customer_id === page.case.customer_id || !one.customer_id || !page.case.customer_id))
  return (
    <Dialog open={open} onClose={onClose} title={t('moving.mergeTitle', { number: page.case.number })} wide>
      <p className="muted small">{t('moving.mergeText')}</p>
      <Input icon="search" aria-label={t('moving.search')} placeholder={t('moving.search')} maxLength={200} value={typed} onChange={(e) => setTyped(e.target.value)} />
      {found.isPending ? (
        <SkeletonRows rows={4} />
      ) : others.length ? (
        <div className={css.choices}>
          {others.map((one) => (
            <button
              key={one.id}
              type="button"
              disabled={merge.isPending}
              onClick={() => merge.mutate({ id: one.id, number: one.number }, { onSuccess: onClose })}
            >
              <span>
                {one.title}
                <span className="muted small">
                  {' '}
                  {one.number} · {one.customer_name ?? t('customer.unknown')}
                </span>
              </span>
              <span className="muted small">{t(`status.${one.status}`)}</span>
            </button>
          ))}
        </div>
      ) : (
        <EmptyState drawing="search" title={t('moving.none')} text={t('moving.noneText')} />
      )}
    </Dialog>
  )
}

/** Some of the messages begin a matter of their own. */
export function Split({ page, open, onClose }: { page: CasePage; open: boolean; onClose: () => void }) {
  const { t, fmt } = useText()
  const { split } = useMoving(page)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [title, setTitle] = useState('')
  useEffect(() => {
    if (!open) return
    setChosen(new Set())
    setTitle('')
  }, [open])
  const words = page.messages.filter((one) => one.kind === 'message')
  const first = words.find((one) => chosen.has(one.id))
  const name = title.trim() || first?.body.split('\n')[0]?.slice(0, 60) || ''
  const all = words.length > 0 && words.length === chosen.size && !page.before
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t('moving.splitTitle', { number: page.case.number })}
      wide
      actions={
        <Button kind="primary" busy={split.isPending} disabled={!chosen.size || all || !name} onClick={() => split.mutate({ message_ids: [...chosen], title: name }, { onSuccess: onClose })}>
          {t('moving.splitDo', { count: chosen.size })}
        </Button>
      }
    >
      <p className="muted small">{t(all ? 'moving.splitAll' : 'moving.splitText')}</p>
      <ul className={css.pickMessages}>
        {words.map((one) => (
          <li key={one.id}>
            <Checkbox
              checked={chosen.has(one.id)}
              label={one.body.split('\n')[0]?.slice(0, 120) || t('moving.filesOnly')}
              hint={`${one.author_name ?? t(`role.${one.author_kind === 'customer' ? 'customer' : one.author_kind === 'staff' ? 'agent' : 'system'}`)} · ${t(`channel.${one.channel}`)} · ${fmt.dateTime(one.sent_at)}`}
              onChange={(e) => {
                const now = new Set(chosen)
                if (e.target.checked) now.add(one.id)
                else now.delete(one.id)
                setChosen(now)
              }}
            />
          </li>
        ))}
      </ul>
      <Field label={t('moving.title')}>
        <Input value={title} maxLength={200} placeholder={name} onChange={(e) => setTitle(e.target.value)} />
      </Field>
    </Dialog>
  )
}

/** What came into this case from others, and where this one went; the newest can be taken back. */
export function Moved({ page }: { page: CasePage }) {
  const { t, fmt } = useText()
  const may = useMay()
  const { to } = usePlace()
  const { undo } = useMoving(page)
  const id = page.case.id
  const found = useQuery({ queryKey: ['caseMoves', id, page.messages.length], queryFn: () => ask(api.GET('/api/cases/{case_id}/moves', { params: { path: { case_id: id } } })), staleTime: 60_000 })
  const moves = (found.data ?? []).filter((one) => !one.undone_at)
  if (!moves.length) return null
  return (
    <ul className={css.moved} aria-label={t('moving.list')}>
      {moves.map((one) => {
        const gone = one.case_id === id
        return (
          <li key={one.id}>
            <Icon name="arrow" size={16} />
            <span>
              {t(`moving.was.${one.kind}.${gone ? 'out' : 'in'}`, { count: one.messages })} · {fmt.dateTime(one.moved_at)}
            </span>
            <Button small kind="quiet" onClick={() => to({ case: gone ? one.into_case_id : one.case_id, claim: '' })}>
              {t('moving.other')}
            </Button>
            {may('cases.write') && (
              <Button small kind="quiet" busy={undo.isPending && undo.variables === one.id} onClick={() => undo.mutate(one.id)}>
                {t('moving.undo')}
              </Button>
            )}
          </li>
        )
      })}
    </ul>
  )
}
