import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import type { components } from '../../api/schema'
import { Button, Checkbox, Confirm, EmptyState, ErrorState, Field, IconButton, Input, List, Row, Section, Select, SkeletonRows, Tag, Textarea } from '../../design'
import { useText } from '../../i18n'
import { useMay } from '../data'
import { Page } from '../Page'
import { NoShop, useOneShop } from '../parts'
import { Refusal } from '../Refusal'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'
import './Templates.css'
import './Macros.css'

type Macro = components['schemas']['MacroView']
type Step = Macro['steps'][number]

const DOING = ['answer', 'note', 'tag', 'priority', 'stage', 'give', 'snooze', 'solve'] as const
const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const
const STAGES = ['consulted', 'diagnosed', 'offered', 'carried_out', 'followed_up', 'evaluated', 'improved'] as const
const MOST_STEPS = 12

const fresh = (what: (typeof DOING)[number], template: string): Step =>
  what === 'answer' ? { do: 'answer', template_id: template }
  : what === 'note' ? { do: 'note', words: '' }
  : what === 'tag' ? { do: 'tag', add: [], remove: [] }
  : what === 'priority' ? { do: 'priority', priority: 'high' }
  : what === 'stage' ? { do: 'stage', stage: 'followed_up' }
  : what === 'give' ? { do: 'give', to: 'me' }
  : what === 'snooze' ? { do: 'snooze', hours: 24 }
  : { do: 'solve' }

/** Several actions on a case at once: for the whole shop, or one's own. */
export default function Macros() {
  const { t } = useText()
  const may = useMay()
  const { one: shop, shops, loading, error, retry, pickShop } = useOneShop()
  const [picked, pick] = useState('')
  const shop_id = shop?.id ?? ''
  const found = useQuery({ queryKey: ['macros', shop_id], queryFn: () => ask(api.GET('/api/macros', { params: { query: { shop_id } } })), enabled: !!shop })
  if (error) return <ErrorState error={error} onRetry={retry} />
  if (!loading && !shops.length) return <NoShop />
  const all = found.data ?? []
  const shown = picked === 'new' ? null : (all.find((x) => x.id === picked) ?? all[0])
  const write = may('cases.write')
  return (
    <Page
      about={t('macros.about')}
      finding={found.isPending ? t('macros.loading') : t('macros.finding', { count: all.filter((x) => x.shared).length, own: all.filter((x) => !x.shared).length })}
      tools={
        <>
          <ShopPicker every={false} value={shop_id} onPick={pickShop} />
          {write && (
            <Button icon="plus" onClick={() => pick('new')}>
              {t('macros.add')}
            </Button>
          )}
        </>
      }
    >
      {found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <SkeletonRows />
      ) : (
        <div className="templates">
          {all.length ? (
            <List label={t('macros.about')} className="template-list">
              {all.map((one) => (
                <Row key={one.id} title={one.name} text={one.steps.map((step) => t(`macros.do.${step.do}`)).join(' → ')} titleLines={1} selected={one.id === shown?.id} onClick={() => pick(one.id)} aside={<Tag tone={one.shared ? 'jade' : 'plain'}>{t(one.shared ? 'macros.shared' : 'macros.own')}</Tag>} />
              ))}
            </List>
          ) : (
            <EmptyState drawing="clear" title={t('macros.none')} text={t('macros.noneText')} />
          )}
          {shop && (shown || (picked === 'new' && write)) && <One key={`${shop.id} ${shown?.id ?? 'new'} ${shown?.changed_at ?? ''}`} macro={shown ?? null} shopId={shop.id} onDone={pick} />}
        </div>
      )}
    </Page>
  )
}

function One({ macro, shopId, onDone }: { macro: Macro | null; shopId: string; onDone: (id: string) => void }) {
  const { t } = useText()
  const lacks = useLacks()
  const may = useMay()
  const [name, setName] = useState(macro?.name ?? '')
  const [shared, setShared] = useState(macro?.shared ?? false)
  const [steps, setSteps] = useState<Step[]>(macro?.steps ?? [])
  const [asking, setAsking] = useState(false)
  const doing = useDoing(['macros', shopId])
  const templates = useQuery({ queryKey: ['answerTexts', shopId, ''], queryFn: () => ask(api.GET('/api/answer-templates', { params: { query: { shop_id: shopId } } })) })
  const texts = templates.data ?? []
  const forAll = may('notices.write')
  const write = may('cases.write') && (!macro?.shared || forAll)
  const change = (i: number, step: Step) => setSteps(steps.map((one, j) => (j === i ? step : one)))
  const move = (i: number, by: number) => {
    const next = [...steps]
    const [one] = next.splice(i, 1)
    if (one) next.splice(i + by, 0, one)
    setSteps(next)
  }
  const open = DOING.filter((what) => !(what === 'answer' && (!texts.length || steps.some((s) => s.do === 'answer'))) && !(what === 'solve' && steps.some((s) => s.do === 'solve')))
  const empty = steps.map((s) => ((s.do === 'note' && !s.words.trim()) || (s.do === 'tag' && !(s.add?.length || s.remove?.length))) && t(`macros.do.${s.do}`))
  const solvesEarly = steps.slice(0, -1).some((s) => s.do === 'solve')
  const save = async () => {
    const body = { name, shared, steps }
    const kept = await ask(macro ? api.PUT('/api/macros/{macro_id}', { params: { path: { macro_id: macro.id }, query: { shop_id: shopId } }, body }) : api.POST('/api/macros', { params: { query: { shop_id: shopId } }, body }))
    onDone(kept.id)
  }
  const words = (list: string[] | undefined) => (list ?? []).join(', ')
  const list = (typed: string) => typed.split(/[,，、]/).map((one) => one.trim()).filter(Boolean)
  return (
    <Section title={macro?.name ?? t('macros.add')} lead={t('macros.lead')}>
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        <Field label={t('macros.name')} required>
          <Input value={name} maxLength={60} disabled={!write} onChange={(e) => setName(e.target.value)} />
        </Field>
        <Checkbox label={t('macros.forShop')} hint={t(forAll ? 'macros.forShopHint' : 'macros.forShopNot')} checked={shared} disabled={!write || !forAll} onChange={(e) => setShared(e.target.checked)} />
        <ol className="macro-steps" aria-label={t('macros.steps')}>
          {steps.map((step, i) => (
            <li key={i}>
              <strong>{t(`macros.do.${step.do}`)}</strong>
              <div>
                {step.do === 'answer' && <Select aria-label={t('macros.text')} value={step.template_id} disabled={!write} onPick={(v) => change(i, { ...step, template_id: v })} choices={texts.map((x) => ({ value: x.id, label: x.folder ? `${x.folder} · ${x.name}` : x.name }))} />}
                {step.do === 'note' && <Textarea aria-label={t('macros.do.note')} rows={2} value={step.words} disabled={!write} onChange={(e) => change(i, { ...step, words: e.target.value })} />}
                {step.do === 'tag' && (
                  <>
                    <Input aria-label={t('macros.tagAdd')} placeholder={t('macros.tagAdd')} defaultValue={words(step.add)} disabled={!write} onBlur={(e) => change(i, { ...step, add: list(e.target.value) })} />
                    <Input aria-label={t('macros.tagRemove')} placeholder={t('macros.tagRemove')} defaultValue={words(step.remove)} disabled={!write} onBlur={(e) => change(i, { ...step, remove: list(e.target.value) })} />
                  </>
                )}
                {step.do === 'priority' && <Select aria-label={t('macros.do.priority')} value={step.priority} disabled={!write} onPick={(v) => change(i, { ...step, priority: v })} choices={PRIORITIES.map((v) => ({ value: v, label: t(`macros.priority.${v}`) }))} />}
                {step.do === 'stage' && <Select aria-label={t('macros.do.stage')} value={step.stage} disabled={!write} onPick={(v) => change(i, { ...step, stage: v })} choices={STAGES.map((v) => ({ value: v, label: t(`macros.stage.${v}`) }))} />}
                {step.do === 'give' && (step.to === 'me' || step.to === 'queue') && <Select aria-label={t('macros.do.give')} value={step.to} disabled={!write} onPick={(v) => change(i, { ...step, to: v })} choices={(['me', 'queue'] as const).map((v) => ({ value: v, label: t(`macros.to.${v}`) }))} />}
                {step.do === 'snooze' && <span className="macro-hours"><Input type="number" min={1} max={2160} aria-label={t('macros.hours')} value={step.hours} disabled={!write} onChange={(e) => change(i, { ...step, hours: Math.max(1, Number(e.target.value) || 1) })} /> {t('macros.hoursAfter')}</span>}
              </div>
              {write && (
                <span>
                  <IconButton small icon="up" label={t('macros.earlier')} disabled={i === 0} onClick={() => move(i, -1)} />
                  <IconButton small icon="close" label={t('macros.drop')} onClick={() => setSteps(steps.filter((_, j) => j !== i))} />
                </span>
              )}
            </li>
          ))}
        </ol>
        {write && steps.length < MOST_STEPS && (
          <Select aria-label={t('macros.addStep')} value="" placeholder={t('macros.addStep')} onPick={(what) => what && setSteps([...steps, fresh(what, texts[0]?.id ?? '')])} choices={open.map((what) => ({ value: what, label: t(`macros.do.${what}`) }))} />
        )}
        {write && (
          <div className="filters">
            <Button kind="primary" busy={doing.busy === 'save'} why={lacks(!name.trim() && t('macros.name'), !steps.length && t('macros.steps'), ...empty) ?? (solvesEarly && t('macros.solveLast'))} onClick={() => void doing.run('save', save, t('macros.saved'))}>
              {t('action.save')}
            </Button>
            {macro && <Button onClick={() => setAsking(true)}>{t('macros.remove')}</Button>}
          </div>
        )}
      </div>
      {macro && <Confirm open={asking} onClose={() => setAsking(false)} title={t('macros.removeAsk', { name: macro.name })} verb={t('macros.remove')} busy={!!doing.busy} onYes={() => void doing.run('remove', () => ask(api.DELETE('/api/macros/{macro_id}', { params: { path: { macro_id: macro.id } } })), t('macros.removed')).then(() => setAsking(false))} />}
    </Section>
  )
}
