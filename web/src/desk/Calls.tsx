/** Who is calling, with what of theirs is open; and whom to call back. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { api, ask, asProblem, problemText } from '../api/client'
import type { components } from '../api/schema'
import { Button, Dialog, EmptyState, Icon, List, Row, Select, SkeletonRows, toast } from '../design'
import { useText } from '../i18n'
import { useActions } from '../shell/Palette'
import { useStaffSession } from '../staff/session'
import './calls.css'
import { useMay } from './data'
import { addressOf } from './place'

type Call = components['schemas']['CallView']

const RINGS_FOR = 90_000

export function Calls() {
  const { t, has, fmt } = useText()
  const may = useMay()
  const queries = useQueryClient()
  const me = useStaffSession().data?.id
  const [, go] = useLocation()
  const [open, setOpen] = useState(false)
  const [hidden, setHidden] = useState<readonly string[]>([])
  const allowed = may('cases.read')
  const recent = useQuery({
    queryKey: ['calls', 'recent'],
    queryFn: () => ask(api.GET('/api/calls', { params: { query: { limit: 5 } } })),
    enabled: allowed,
    refetchInterval: 60_000,
  })
  const owed = useQuery({
    queryKey: ['calls', 'owed'],
    queryFn: () => ask(api.GET('/api/calls', { params: { query: { call_back_due: true, limit: 50 } } })),
    enabled: allowed,
    refetchInterval: 60_000,
  })
  const renew = () => queries.invalidateQueries({ queryKey: ['calls'] })
  const wrong = (error: unknown) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' })
  const dial = useMutation({
    mutationFn: (id: string) => ask(api.POST('/api/calls', { body: { call_id: id } })),
    onSuccess: (call) => toast(t('calls.dialling', { number: call.number ?? t('calls.hidden') })),
    onSettled: renew,
  })
  const settle = useMutation({
    mutationFn: ({ id, outcome }: { id: string; outcome: 'done' | 'not_needed' | 'due' }) => ask(api.POST('/api/calls/{call_id}/call-back', { params: { path: { call_id: id } }, body: { outcome } })),
    onSuccess: (call, { id, outcome }) => {
      if (outcome !== 'due') toast(t(`calls.settled.${outcome}`, { number: call.number ?? t('calls.hidden') }), { undo: () => settle.mutate({ id, outcome: 'due' }) })
    },
    onError: wrong,
    onSettled: renew,
  })
  useActions(allowed ? [{ id: 'calls', title: t('calls.title'), section: t('palette.places'), icon: 'phone', run: () => setOpen(true) }] : [])
  if (!allowed) return null
  const waiting = owed.data ?? []
  const ringing = (recent.data ?? []).filter(
    (one) =>
      one.direction === 'inbound' &&
      (one.state === 'ringing' ? Date.now() - Date.parse(one.started_at) < RINGS_FOR && (!one.account_id || one.account_id === me) : one.state === 'answered' && one.account_id === me) &&
      !hidden.includes(one.id),
  )
  const label = waiting.length ? t('calls.waiting', { count: waiting.length }) : t('calls.title')
  const openCase = (id: string) => {
    setOpen(false)
    go(addressOf({ view: 'all', case: id }))
  }
  return (
    <>
      <button type="button" className="rail-link" title={label} aria-label={label} onClick={() => setOpen(true)}>
        <Icon name="phone" />
        <span>{waiting.length || ''}</span>
      </button>
      <div className="calls-now" aria-live="assertive">
        {ringing.map((one) => (
          <Caller key={one.id} call={one} onCase={openCase} onHide={() => setHidden([...hidden, one.id])} />
        ))}
      </div>
      <Dialog open={open} onClose={() => setOpen(false)} title={t('calls.title')} wide>
        {owed.isPending ? (
          <SkeletonRows rows={3} />
        ) : waiting.length ? (
          <List label={t('calls.title')}>
            {waiting.map((one) => (
              <Row
                key={one.id}
                title={`${one.number ?? t('calls.hidden')} ${one.contact_name}`.trim()}
                titleLines={1}
                text={one.voicemail_words}
                meta={[fmt.dateTime(one.started_at), one.call_back_by && t('calls.by', { at: fmt.dateTime(one.call_back_by) })].filter(Boolean).join(' · ')}
                onClick={one.case_id ? () => openCase(one.case_id ?? '') : undefined}
                aside={
                  <span className="calls-do">
                    <Button small icon="phone" busy={dial.isPending && dial.variables === one.id} onClick={() => dial.mutate(one.id)}>
                      {t('calls.dial')}
                    </Button>
                    <Button small busy={settle.isPending && settle.variables.id === one.id} onClick={() => settle.mutate({ id: one.id, outcome: 'done' })}>
                      {t('calls.done')}
                    </Button>
                    <Button small kind="quiet" disabled={settle.isPending} onClick={() => settle.mutate({ id: one.id, outcome: 'not_needed' })}>
                      {t('calls.notNeeded')}
                    </Button>
                  </span>
                }
              />
            ))}
          </List>
        ) : (
          <EmptyState title={t('calls.none')} text={t('calls.noneText')} />
        )}
        {dial.isError && <p role="alert">{problemText(asProblem(dial.error), t, has)}</p>}
      </Dialog>
    </>
  )
}

/** One call that rings here, or that one has taken. */
function Caller({ call, onCase, onHide }: { call: Call; onCase: (id: string) => void; onHide: () => void }) {
  const { t, has } = useText()
  const [words, setWords] = useState('')
  const [into, setInto] = useState('')
  const pop = useQuery({
    queryKey: ['calls', 'pop', call.id, call.state],
    queryFn: () => ask(api.GET('/api/calls/{call_id}', { params: { path: { call_id: call.id } } })),
  })
  const note = useMutation({
    mutationFn: () => ask(api.POST('/api/calls/{call_id}/notes', { params: { path: { call_id: call.id } }, body: { body: words, case_id: into || null } })),
    onSuccess: (noted) => {
      setWords('')
      if (noted.case_id) onCase(noted.case_id)
    },
  })
  const likely = pop.data?.likely.map((one) => one.name).join(' / ')
  const name = pop.data?.customer_name ?? (likely ? t('calls.likely', { name: likely }) : call.contact_name)
  return (
    <section className="calls-caller" aria-label={t(`calls.${call.state === 'ringing' ? 'ringing' : 'answered'}`)}>
      <header>
        <Icon name="phone" size={18} />
        <strong>{call.number ?? t('calls.hidden')}</strong>
        <span>{name}</span>
        <Button small kind="quiet" onClick={onHide}>
          {t('action.close')}
        </Button>
      </header>
      {pop.data?.cases.slice(0, 3).map((one) => (
        <button key={one.id} type="button" className="calls-case" onClick={() => onCase(one.id)}>
          {one.number} · {one.title}
        </button>
      ))}
      {call.state === 'answered' && (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            if (words.trim()) note.mutate()
          }}
        >
          <textarea aria-label={t('calls.note')} placeholder={t('calls.note')} value={words} onChange={(event) => setWords(event.target.value)} rows={2} />
          {!!pop.data?.cases.length && (
            <Select
              aria-label={t('calls.into')}
              value={into}
              onPick={setInto}
              choices={[{ value: '', label: t(pop.data.cases.some((one) => one.sure) ? 'calls.intoOpen' : 'calls.intoNew') }, ...pop.data.cases.map((one) => ({ value: one.id, label: `${one.number} · ${one.title}` }))]}
            />
          )}
          {note.isError && <p role="alert">{problemText(asProblem(note.error), t, has)}</p>}
          <Button small type="submit" busy={note.isPending}>
            {t('calls.keep')}
          </Button>
        </form>
      )}
    </section>
  )
}
