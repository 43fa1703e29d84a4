/** Around the answer: texts of the shop, the check of wording, sending later, several actions at once. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { api, ask, asProblem, newKey, problemText } from '../../api/client'
import type { components } from '../../api/schema'
import { Button, Checkbox, Dialog, EmptyState, Field, Icon, IconButton, Input, Menu, SkeletonRows, Textarea, toast } from '../../design'
import { type Locale, localeNames, locales, useText } from '../../i18n'
import { serverNow } from '../../shell/now'
import { useActions } from '../../shell/Palette'
import { useStaffSession } from '../../staff/session'
import { type CasePage, keys, useMay } from '../data'
import { useTagName } from '../tags'
import css from './conversing.module.css'

export type Finding = components['schemas']['Finding']
type Macro = components['schemas']['MacroView']
type Planned = components['schemas']['PlannedView']

const MS_BETWEEN_KEYS = 200
const MS_TO_CHECK = 600

/** The findings about what stands in the editor, a moment after the last key. */
export function useWording(id: string, body: string, wanted: boolean) {
  const [settled, setSettled] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setSettled(body.trim()), MS_TO_CHECK)
    return () => clearTimeout(timer)
  }, [body])
  const found = useQuery({
    queryKey: ['wording', id, settled],
    queryFn: ({ signal }) => ask(api.POST('/api/cases/{case_id}/wording', { params: { path: { case_id: id } }, body: { body: settled }, signal })),
    enabled: wanted && !!settled,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry: false,
  })
  const fits = wanted && !!body.trim()
  const current = fits && found.data && !found.isPlaceholderData && settled === body.trim()
  return { findings: fits ? (found.data?.findings ?? []).filter((f) => f.end <= settled.length && (f.flaw === 'delay' || body.includes(f.words))) : [], held: !!current && !!found.data?.held }
}

export function Findings({ findings, onReplace, onBegin }: { findings: readonly Finding[]; onReplace: (words: string, by: string) => void; onBegin: (words: string) => void }) {
  const { t } = useText()
  if (!findings.length) return null
  return (
    <ul className={css.findings} aria-label={t('wording.title')} aria-live="polite">
      {findings.map((f) => (
        <li key={`${f.flaw} ${f.start}`} data-blocks={f.severity === 'blocks' || undefined}>
          <Icon name={f.severity === 'blocks' ? 'warning' : 'eye'} size={16} />
          <span>
            {f.words && <q>{f.words}</q>} {t(`wording.${f.flaw}`)}
          </span>
          {f.instead && (
            <button type="button" className={css.act} onClick={() => (f.words ? onReplace(f.words, f.instead) : onBegin(f.instead))}>
              {t(f.words ? 'wording.write' : 'wording.begin', { words: f.instead })}
            </button>
          )}
        </li>
      ))}
    </ul>
  )
}

/** The shop's answer texts: searched, filled in by the server with what is true of this case. */
export function Texts({ page, open, onClose, onInsert }: { page: CasePage; open: boolean; onClose: () => void; onInsert: (words: string, template: string) => void }) {
  const { t, has } = useText()
  const id = page.case.id
  const [typed, setTyped] = useState('')
  const [q, setQ] = useState('')
  const [locale, setLocale] = useState<Locale | ''>('')
  useEffect(() => {
    const timer = setTimeout(() => setQ(typed.trim()), MS_BETWEEN_KEYS)
    return () => clearTimeout(timer)
  }, [typed])
  const found = useQuery({
    queryKey: ['answerTexts', page.case.shop_id, q],
    queryFn: ({ signal }) => ask(api.GET('/api/answer-templates', { params: { query: { shop_id: page.case.shop_id, q } }, signal })),
    enabled: open,
    placeholderData: keepPreviousData,
  })
  const pick = useMutation({
    mutationFn: (template_id: string) => ask(api.GET('/api/cases/{case_id}/answer-templates/{template_id}', { params: { path: { case_id: id, template_id }, query: { locale: locale || undefined } } })),
    onSuccess: (draft, template) => {
      onInsert(draft.words, template)
      onClose()
    },
    onError: (error) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' }),
  })
  const texts = found.data ?? []
  // The server fills them in when one is picked; until then a gap is a gap, not a code.
  const filled = (words: string) => words.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, field: string) => (field === 'customer' && page.customer?.name) || '…')
  return (
    <Dialog open={open} onClose={onClose} title={t('texts.title')} wide>
      <div className={css.pick}>
        <Input icon="search" aria-label={t('texts.search')} placeholder={t('texts.search')} value={typed} onChange={(e) => setTyped(e.target.value)} onKeyDown={(e) => e.key === 'Enter' && !e.nativeEvent.isComposing && texts[0] && pick.mutate(texts[0].id)} />
        <div className={css.languages} role="group" aria-label={t('texts.language')}>
          {(['', ...locales] as const).map((l) => (
            <button key={l} type="button" aria-pressed={locale === l} onClick={() => setLocale(l)}>
              {l ? localeNames[l] : t('texts.caseLanguage')}
            </button>
          ))}
        </div>
        {found.isPending ? (
          <SkeletonRows rows={4} />
        ) : texts.length ? (
          <ul className={css.texts}>
            {texts.map((one) => (
              <li key={one.id}>
                <button type="button" disabled={pick.isPending} onClick={() => pick.mutate(one.id)}>
                  <strong>{one.name}</strong>
                  {one.folder && <span className="muted small">{one.folder}</span>}
                  <span className={css.words}>{filled(one.words[locale || page.case.locale] ?? Object.values(one.words)[0] ?? '')}</span>
                  {one.used > 0 && <span className="muted small">{t('texts.used', { count: one.used })}</span>}
                </button>
              </li>
            ))}
          </ul>
        ) : (
          <EmptyState drawing="search" title={t(q ? 'texts.none' : 'texts.empty')} text={t('texts.emptyText')} />
        )}
      </div>
    </Dialog>
  )
}

/** When the answer is to leave. */
export function SendLater({ open, onClose, onPick, busy }: { open: boolean; onClose: () => void; onPick: (at: string, inAnyCase: boolean) => void; busy: boolean }) {
  const { t, fmt } = useText()
  const [own, setOwn] = useState('')
  const [sure, setSure] = useState(false)
  const morning = (days: number) => {
    const day = new Date(serverNow())
    day.setDate(day.getDate() + days)
    day.setHours(9, 0, 0, 0)
    return day
  }
  const choices: [string, Date][] = [
    [t('snooze.hour'), new Date(serverNow() + 3_600_000)],
    [t('snooze.tomorrow'), morning(1)],
    [t('snooze.threeDays'), morning(3)],
  ]
  return (
    <Dialog open={open} onClose={onClose} title={t('later.title')}>
      <div className={css.pick}>
        {choices.map(([name, at], i) => (
          <button key={name} type="button" data-first={i === 0 || undefined} className={css.choice} disabled={busy} onClick={() => onPick(at.toISOString(), sure)}>
            <span>{name}</span>
            <span className="muted small">{fmt.dateTime(at)}</span>
          </button>
        ))}
        <Field label={t('snooze.own')}>
          <Input type="datetime-local" value={own} onChange={(e) => setOwn(e.target.value)} />
        </Field>
        <Checkbox label={t('later.inAnyCase')} hint={t('later.inAnyCaseHint')} checked={sure} onChange={(e) => setSure(e.target.checked)} />
        <Button kind="primary" busy={busy} disabled={!own || new Date(own).getTime() <= serverNow()} onClick={() => onPick(new Date(own).toISOString(), sure)}>
          {t('later.send')}
        </Button>
      </div>
    </Dialog>
  )
}

/** What will be sent later, and what was held; taken back into the editor or cancelled. */
export function PlannedMessages({ page, onTake }: { page: CasePage; onTake: (words: string) => void }) {
  const { t, has, fmt } = useText()
  const queries = useQueryClient()
  const id = page.case.id
  const key = ['planned', id]
  const found = useQuery({ queryKey: [...key, page.messages.length], queryFn: () => ask(api.GET('/api/cases/{case_id}/planned-messages', { params: { path: { case_id: id } } })), staleTime: 15_000, refetchInterval: 60_000 })
  const cancel = useMutation({
    mutationFn: (one: Planned) => ask(api.POST('/api/planned-messages/{planned_id}/cancel', { params: { path: { planned_id: one.id } } })),
    onError: (error) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' }),
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  })
  const plan = useMutation({
    mutationFn: ({ body, file_ids, send_at, in_any_case }: Planned) => ask(api.POST('/api/cases/{case_id}/planned-messages', { params: { path: { case_id: id } }, body: { body, file_ids, send_at, in_any_case, override: '' } })),
    onError: (error) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' }),
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  })
  if (!found.data?.length) return null
  return (
    <ul className={css.planned} aria-label={t('later.planned')}>
      {found.data.map((one) => (
        <li key={one.id} data-held={one.state === 'held' || undefined}>
          <Icon name={one.state === 'held' ? 'warning' : 'clock'} size={16} />
          <span>
            {one.held ? t(`later.held.${one.held}`) : t('later.at', { at: fmt.dateTime(one.send_at) })} · {one.body}
          </span>
          <button type="button" className={css.act} disabled={cancel.isPending} onClick={() => cancel.mutate(one, { onSuccess: () => onTake(one.body) })}>
            {t('later.edit')}
          </button>
          <IconButton small icon="close" label={t('later.cancel')} disabled={cancel.isPending} onClick={() => cancel.mutate(one, { onSuccess: () => toast(t('later.cancelled'), one.state === 'planned' ? { undo: () => plan.mutate(one) } : {}) })} />
        </li>
      ))}
    </ul>
  )
}

/** Macros stand behind a button and in the palette; what one would say is shown before it is said. What one did can be taken back, but
for the words. */
export function Macros({ page, align }: { page: CasePage; align: 'start' | 'end' }) {
  const { t, has } = useText()
  const tagName = useTagName()
  const may = useMay()
  const queries = useQueryClient()
  const id = page.case.id
  const me = useStaffSession().data?.id
  const [picked, setPicked] = useState<Macro | null>(null)
  const [words, setWords] = useState<string | null>(null)
  const [reason, setReason] = useState('')
  const press = useRef('')
  const found = useQuery({ queryKey: ['macros', page.case.shop_id], queryFn: () => ask(api.GET('/api/macros', { params: { query: { shop_id: page.case.shop_id } } })), enabled: may('cases.write'), staleTime: 60_000 })
  const preview = useQuery({
    queryKey: ['macro', picked?.id, id],
    queryFn: () => ask(api.GET('/api/cases/{case_id}/macros/{macro_id}', { params: { path: { case_id: id, macro_id: picked?.id ?? '' } } })),
    enabled: !!picked,
    gcTime: 0,
  })
  const said = words ?? preview.data?.answer ?? ''
  const wording = useWording(id, said, !!picked)
  const close = () => {
    setPicked(null)
    setWords(null)
    setReason('')
  }
  const settled = {
    onError: (error: unknown) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' }),
    onSettled: () => Promise.all([queries.invalidateQueries({ queryKey: keys.case(id) }), queries.invalidateQueries({ queryKey: keys.queue() }), queries.invalidateQueries({ queryKey: keys.counts }), queries.invalidateQueries({ queryKey: keys.story(id) })]),
  }
  const undo = useMutation({
    mutationFn: async (steps: readonly (() => Promise<unknown>)[]) => {
      for (const step of steps) await step()
    },
    onSuccess: () => toast(t('macro.undone')),
    ...settled,
  })
  const run = useMutation({
    mutationFn: async (macro: Macro) => {
      const ran = await ask(api.POST('/api/cases/{case_id}/macros/{macro_id}', { params: { path: { case_id: id, macro_id: macro.id } }, body: { key: press.current, words: preview.data?.answer == null ? null : said, override: reason } }))
      return { ran, was: page }
    },
    onSuccess: ({ ran, was }, macro) => {
      const answered = macro.steps.some((step) => step.do === 'answer')
      const steps = ran.again ? [] : undoing(was, ran.case, answered, me)
      toast(t(steps.length && macro.steps.some((step) => step.do === 'answer' || step.do === 'note') ? 'macro.doneSaid' : 'macro.done', { name: macro.name }), steps.length ? { undo: () => undo.mutate(steps) } : {})
      close()
    },
    ...settled,
  })
  const stepText = (step: Macro['steps'][number]) =>
    step.do === 'priority' ? t('macro.priority', { priority: t(`priority.${step.priority}`) })
    : step.do === 'stage' ? t('macro.stage', { stage: t(`stage.${step.stage}`) })
    : step.do === 'snooze' ? t('macro.snooze', { hours: step.hours })
    : step.do === 'tag' ? t('macro.tag', { tags: [...(step.add ?? []).map((x) => `+${tagName(x)}`), ...(step.remove ?? []).map((x) => `−${tagName(x)}`)].join(' ') })
    : step.do === 'give' ? t(step.to === 'me' ? 'macro.giveMe' : step.to === 'queue' ? 'macro.giveQueue' : 'macro.give')
    : t(`macro.${step.do}`)
  const start = (macro: Macro) => {
    press.current = newKey()
    setPicked(macro)
  }
  const macros = found.data ?? []
  useActions(macros.map((macro) => ({ id: `macro ${macro.id}`, title: macro.name, text: macro.steps.map(stepText).join(' → '), section: t('macro.title'), icon: 'bolt' as const, run: () => start(macro) })))
  return (
    <>
      {macros.length > 0 && (
        <Menu label={t('macro.title')} up align={align} items={macros.map((macro) => ({ id: macro.id, label: macro.name, onPick: () => start(macro) }))} trigger={(props) => <IconButton {...props} icon="bolt" label={t('macro.title')} />} />
      )}
      <Dialog
        open={!!picked}
        onClose={close}
        title={picked?.name ?? ''}
        wide
        actions={
          <Button kind="primary" busy={run.isPending} disabled={!picked || preview.isPending || (preview.data?.answer != null && !said.trim()) || (wording.held && !reason.trim())} onClick={() => picked && run.mutate(picked)}>
            {t('macro.run')}
          </Button>
        }
      >
        {picked && (
          <div className={css.pick}>
            <ol className={css.steps}>
              {picked.steps.map((step, i) => (
                <li key={i}>{stepText(step)}</li>
              ))}
            </ol>
            {preview.isPending ? (
              <SkeletonRows rows={2} />
            ) : (
              preview.data?.answer != null && (
                <Field label={t('macro.says')}>
                  <Textarea rows={5} value={said} onChange={(e) => setWords(e.target.value)} />
                </Field>
              )
            )}
            <Findings findings={wording.findings} onReplace={(what, by) => setWords(said.replace(what, by))} onBegin={(begin) => setWords(begin + said)} />
            {wording.held && <Reason value={reason} onChange={setReason} />}
          </div>
        )}
      </Dialog>
    </>
  )
}

/** The calls that bring the case back to where it stood; none where one of them would be refused. */
function undoing(was: CasePage, is: CasePage['case'], answered: boolean, me: string | null | undefined): (() => Promise<unknown>)[] {
  const before = was.case
  const path = { params: { path: { case_id: before.id } } }
  const steps: (() => Promise<unknown>)[] = []
  if (is.status === 'solved' && before.status !== 'solved') {
    const status = answered ? 'waiting_customer' : before.status
    steps.push(() => ask(api.POST('/api/cases/{case_id}/undo-ending', { ...path, body: { status } })))
  }
  if (is.owner_id !== before.owner_id) {
    const owner = before.owner_id
    if (!owner && (is.owner_id === me || was.actions.includes('assign'))) steps.push(() => ask(api.POST('/api/cases/{case_id}/release', path)))
    else if (owner === me && !is.owner_id) steps.push(() => ask(api.POST('/api/cases/{case_id}/take', path)))
    else if (owner && was.actions.includes('assign')) steps.push(() => ask(api.POST('/api/cases/{case_id}/assign', { ...path, body: { account_id: owner } })))
    else return []
  }
  if (is.tags.join() !== before.tags.join()) steps.push(() => ask(api.PUT('/api/cases/{case_id}/tags', { ...path, body: { tags: before.tags } })))
  if (is.priority !== before.priority) steps.push(() => ask(api.PUT('/api/cases/{case_id}/priority', { ...path, body: { priority: before.priority } })))
  if (is.snoozed_until !== before.snoozed_until) {
    const until = before.snoozed_until && Date.parse(before.snoozed_until) > serverNow() ? before.snoozed_until : null
    steps.push(() => ask(api.PUT('/api/cases/{case_id}/snooze', { ...path, body: { until } })))
  }
  return steps
}

export function Reason({ value, onChange }: { value: string; onChange: (reason: string) => void }) {
  const { t } = useText()
  return (
    <div className={css.reason}>
      <Input aria-label={t('wording.reason')} placeholder={t('wording.reason')} value={value} maxLength={1000} onChange={(e) => onChange(e.target.value)} />
    </div>
  )
}
