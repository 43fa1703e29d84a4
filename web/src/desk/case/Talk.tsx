/** What the assistant said in a case, and why; whoever knows better says what was meant. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask, asProblem, problemText } from '../../api/client'
import type { components } from '../../api/schema'
import { Dialog, ErrorState, EmptyState, Select, SkeletonRows, Tag, toast } from '../../design'
import { useText } from '../../i18n'
import { useActions } from '../../shell/Palette'
import { type CasePage, useMay } from '../data'
import css from './case.module.css'

type Turn = components['schemas']['TurnView']

interface Why {
  guess?: { intent: string; probability: number; in_scope: number; known: boolean; others: [string, number][] } | null
  entities?: { kind: string; value: string; text: string }[]
  calls?: { tool: string; asked: Record<string, string>; found: string }[]
  passages?: { title: string; score: number }[]
  handed_over?: string | null
  language_model?: { outcome: string }
}

export function AssistantTalk({ page }: { page: CasePage }) {
  const { t } = useText()
  const [open, setOpen] = useState(false)
  const talked = page.messages.some((one) => one.offers)
  const id = page.case.id
  const found = useQuery({ queryKey: ['assistantTalk', id, page.messages.length], queryFn: () => ask(api.GET('/api/cases/{case_id}/assistant', { params: { path: { case_id: id } } })), enabled: open })
  const intents = useQuery({ queryKey: ['intents'], queryFn: () => ask(api.GET('/api/assistant/intents')), enabled: open, staleTime: Infinity })
  useActions(talked ? [{ id: 'assistant', title: t('talk.open'), section: t('palette.here'), icon: 'help' as const, run: () => setOpen(true) }] : [])
  if (!talked) return null
  const names = new Map((intents.data ?? []).map((one) => [one.intent, one.label]))
  return (
    <>
      <button type="button" className={css.talkButton} onClick={() => setOpen(true)}>
        {t('talk.open')}
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} title={t('talk.title')} wide>
        {found.isPending ? (
          <SkeletonRows rows={5} />
        ) : found.isError ? (
          <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />
        ) : !found.data ? (
          <EmptyState title={t('talk.none')} />
        ) : (
          <ol className={css.talk}>
            {found.data.turns.map((turn) => (
              <TurnWhy key={turn.id} turn={turn} names={names} talk={['assistantTalk', id]} />
            ))}
          </ol>
        )}
      </Dialog>
    </>
  )
}

function TurnWhy({ turn, names, talk }: { turn: Turn; names: ReadonlyMap<string, string>; talk: readonly unknown[] }) {
  const { t, has, fmt } = useText()
  const may = useMay()
  const queries = useQueryClient()
  const why = turn.why as Why
  const called = (intent: string) => names.get(intent) ?? (intent || t('talk.outside'))
  const correct = useMutation({
    mutationFn: (intent: string) => ask(api.POST('/api/assistant/turns/{turn_id}/correct', { params: { path: { turn_id: turn.id } }, body: { intent: intent === 'none' ? null : intent } })),
    onSuccess: () => {
      toast(t('talk.corrected'))
      void queries.invalidateQueries({ queryKey: talk })
    },
    onError: (error) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' }),
  })
  const meant = turn.corrected_intent === null ? null : turn.corrected_intent || 'none'
  return (
    <li>
      <p className={css.turnSaid}>
        <q>{turn.said}</q> <span className="muted small">{fmt.time(turn.at)}</span>
      </p>
      <p className={css.turnAnswer}>{String((turn.answer as { text?: string }).text ?? '')}</p>
      <p className={css.turnTags}>
        <Tag tone={turn.probability >= 0.5 ? 'jade' : 'amber'}>
          {called(turn.intent)} · {fmt.percent(turn.probability)}
        </Tag>
        <Tag>{t(`talk.outcome.${turn.outcome}`)}</Tag>
        {turn.mood !== 'neutral' && <Tag tone={turn.mood === 'angry' ? 'vermilion' : 'plain'}>{t(`talk.mood.${turn.mood}`)}</Tag>}
      </p>
      <dl className={css.turnWhy}>
        {why.guess && why.guess.others.length > 0 && (
          <>
            <dt>{t('talk.others')}</dt>
            <dd>{why.guess.others.map(([intent, p]) => `${called(intent)} ${fmt.percent(p)}`).join('、')}</dd>
          </>
        )}
        {!!why.entities?.length && (
          <>
            <dt>{t('talk.read')}</dt>
            <dd>{why.entities.map((one) => one.text).join('、')}</dd>
          </>
        )}
        {!!why.passages?.length && (
          <>
            <dt>{t('talk.passages')}</dt>
            <dd>{why.passages.map((one) => `${one.title} (${fmt.percent(one.score)})`).join('、')}</dd>
          </>
        )}
        {!!why.calls?.length && (
          <>
            <dt>{t('talk.calls')}</dt>
            <dd>{why.calls.map((one) => `${one.tool} → ${one.found}`).join('；')}</dd>
          </>
        )}
        <dt>{t('talk.model')}</dt>
        <dd>{turn.model}</dd>
      </dl>
      {may('cases.write') && (
        <label className={css.turnCorrect}>
          <span className="muted small">{t('talk.meant')}</span>
          <Select value={meant ?? ''} onPick={(v) => v && correct.mutate(v)} placeholder={t('talk.asUnderstood')} choices={[...[...names].map(([value, label]) => ({ value, label })), { value: 'none', label: t('talk.outside') }]} />
        </label>
      )}
    </li>
  )
}
