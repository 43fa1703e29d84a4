import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import type { components } from '../../api/schema'
import { Button, Dialog, EmptyState, ErrorState, Field, IconButton, Input, Section, Select, Tag } from '../../design'
import { useText } from '../../i18n'
import { useClockName, useMay, useShops } from '../data'
import { Page } from '../Page'
import { DataTable, NoShop } from '../parts'
import { Refusal } from '../Refusal'
import { useScope } from '../scope'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import './Escalation.css'

type Rule = components['schemas']['Rule']
type Wish = Rule['steps'][number]
type Kind = 'tell_owner' | 'tell_team' | 'tell_supervisors' | 'press_next' | 'press_high' | 'press_urgent' | 'reassign' | 'supervise'
const kinds: readonly Kind[] = ['tell_owner', 'tell_team', 'tell_supervisors', 'press_next', 'press_high', 'press_urgent', 'reassign', 'supervise']
type Row = { key: number; when: Wish['when']; minutes: number; kind: Kind; skill: string }

let counted = 0
const kindOf = (wish: Wish) => [wish.do, wish.whom ?? wish.to].filter(Boolean).join('_') as Kind
const rowOf = (wish: Wish): Row => ({ key: ++counted, when: wish.when, minutes: wish.after_minutes, kind: kindOf(wish), skill: wish.skill ?? '' })
function wishOf(row: Row): Wish {
  const [does, more] = row.kind.split('_') as [Wish['do'], string | undefined]
  return {
    when: row.when,
    after_minutes: row.minutes,
    do: does,
    whom: does === 'tell' ? (more as Wish['whom']) : null,
    to: does === 'press' ? (more as Wish['to']) : null,
    skill: does === 'reassign' && row.skill.trim() ? row.skill.trim() : null,
  }
}

/** A step in words: 'half an hour after the deadline: bring a supervisor'. */
function useSentence() {
  const { t, fmt } = useText()
  return (wish: Wish) => {
    const when = wish.after_minutes ? t(`escalation.later.${wish.when}`, { time: fmt.duration(wish.after_minutes * 60_000) }) : t(`escalation.at.${wish.when}`)
    return t('escalation.sentence', { when, what: wish.skill ? t('escalation.do.reassignSkill', { skill: wish.skill }) : t(`escalation.do.${kindOf(wish)}`) })
  }
}

/** What is done when a promise comes near its end, or breaks: steps, each after its time. */
export default function Escalation() {
  const { t } = useText()
  const may = useMay()
  const nameOf = useClockName()
  const sentence = useSentence()
  const { shop, pickShop } = useScope()
  const { shops, loading, error, retry, nameOf: shopName } = useShops()
  const rules = useQuery({ queryKey: ['escalation', shop], queryFn: () => ask(api.GET('/api/escalation/rules', { params: { query: { shop_id: shop || undefined } } })) })
  const [picked, pick] = useState<Rule | null>(null)
  const rows = rules.data ?? []
  const change = may('promises.write') ? t('action.change') : t('escalation.look')
  if (error) return <ErrorState error={error} onRetry={retry} />
  if (!loading && !shops.length) return <NoShop />
  const own = rows.filter((r) => r.source === (shop ? 'shop' : 'house')).length
  return (
    <Page about={t('escalation.about')} finding={rows.length ? t(own ? 'escalation.finding' : 'escalation.findingNone', { count: own, whose: shop ? shopName(shop) : t('escalation.house') }) : t('escalation.loading')} tools={<ShopPicker value={shop} onPick={pickShop} />}>
      <Section lead={t('escalation.lead')}>
        <DataTable
          label={t('escalation.about')}
          loading={rules.isPending}
          error={rules.error}
          onRetry={() => void rules.refetch()}
          rows={rows}
          rowKey={(r) => r.clock}
          onPick={pick}
          empty={<EmptyState drawing="clear" title={t('escalation.none')} />}
          columns={[
            { id: 'clock', title: t('escalation.clock'), width: '24%', cell: (r) => nameOf(r.clock) },
            {
              id: 'steps',
              title: t('escalation.steps'),
              cell: (r) =>
                r.steps.length ? (
                  <ol className="escalation-steps">
                    {r.steps.map((wish, i) => (
                      <li key={i}>{sentence(wish)}</li>
                    ))}
                  </ol>
                ) : (
                  <span className="muted">{t('escalation.nothing')}</span>
                ),
            },
            { id: 'from', title: t('escalation.from'), cell: (r) => <Tag tone={r.source === 'shop' ? 'jade' : 'plain'}>{t(`escalation.source.${r.source}`)}</Tag> },
            { id: 'do', title: '', end: true, cell: (r) => <Button small kind="quiet" onClick={() => pick(r)}>{change}</Button> },
          ]}
        />
      </Section>
      {picked && <RuleForm key={`${shop} ${picked.clock}`} rule={picked} shop={shop} whose={shop ? shopName(shop) : t('escalation.house')} onClose={() => pick(null)} />}
    </Page>
  )
}

function RuleForm({ rule, shop, whose, onClose }: { rule: Rule; shop: string; whose: string; onClose: () => void }) {
  const { t } = useText()
  const may = useMay()
  const nameOf = useClockName()
  const write = may('promises.write')
  const [rows, setRows] = useState<Row[]>(() => rule.steps.map(rowOf))
  const doing = useDoing(['escalation', shop])
  const steps = rows.map(wishOf)
  const change = (key: number, part: Partial<Row>) => setRows((all) => all.map((row) => (row.key === key ? { ...row, ...part } : row)))
  const add = () => setRows((all) => [...all, { key: ++counted, when: 'broken', minutes: 30, kind: 'supervise', skill: '' }])
  const save = async () => {
    const done = await doing.run('save', () => ask(api.PUT('/api/escalation/rules', { body: { clock: rule.clock, shop_id: shop || null, steps } })), t('escalation.saved'))
    if (done) onClose()
  }
  const withdraw = async () => {
    await doing.run('withdraw', () => ask(api.DELETE('/api/escalation/rules', { params: { query: { clock: rule.clock, shop_id: shop || undefined } } })), t('escalation.withdrawn'))
    onClose()
  }
  const own = rule.source === (shop ? 'shop' : 'house')
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('escalation.title', { clock: nameOf(rule.clock) })}
      actions={
        write && (
          <>
            {own && (
              <Button busy={doing.busy === 'withdraw'} onClick={() => void withdraw()}>
                {t(shop ? 'escalation.withdrawShop' : 'escalation.withdrawHouse')}
              </Button>
            )}
            <Button kind="primary" busy={doing.busy === 'save'} onClick={() => void save()}>
              {t('escalation.save', { whose })}
            </Button>
          </>
        )
      }
    >
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        <p className="muted small">{t('escalation.hint')}</p>
        <ol className="escalation-rows">
          {rows.map((row, i) => (
            <li key={row.key} className="escalation-row">
              <Field label={t('escalation.when')}>
                <Select value={row.when} disabled={!write} onPick={(when) => change(row.key, { when })} choices={(['warned', 'broken'] as const).map((value) => ({ value, label: t(`escalation.at.${value}`) }))} />
              </Field>
              <Field label={t('escalation.minutes')}>
                <Input type="number" min={0} max={7200} value={row.minutes} disabled={!write} onChange={(e) => change(row.key, { minutes: Math.min(7200, Math.max(0, Math.trunc(Number(e.target.value) || 0))) })} />
              </Field>
              <Field label={t('escalation.what')}>
                <Select value={row.kind} disabled={!write} onPick={(kind) => change(row.key, { kind })} choices={kinds.map((value) => ({ value, label: t(`escalation.do.${value}`) }))} />
              </Field>
              {row.kind === 'reassign' && (
                <Field label={t('escalation.skill')}>
                  <Input value={row.skill} maxLength={40} disabled={!write} onChange={(e) => change(row.key, { skill: e.target.value })} />
                </Field>
              )}
              {write && <IconButton icon="close" label={t('escalation.remove', { step: i + 1 })} onClick={() => setRows((all) => all.filter((one) => one.key !== row.key))} />}
            </li>
          ))}
        </ol>
        {write && rows.length < 20 && (
          <p>
            <Button small onClick={add}>
              {t('escalation.add')}
            </Button>
          </p>
        )}
        <Trial clock={rule.clock} shop={shop} steps={steps} />
      </div>
    </Dialog>
  )
}

/** What these steps would have done in the last seven days. */
function Trial({ clock, shop, steps }: { clock: string; shop: string; steps: Wish[] }) {
  const { t, fmt } = useText()
  const sentence = useSentence()
  const tried = useQuery({
    queryKey: ['escalation trial', shop, clock, steps],
    queryFn: () => ask(api.POST('/api/escalation/trial', { body: { clock, shop_id: shop || null, steps, days: 7 } })),
    placeholderData: (before) => before,
  })
  if (tried.error) return <ErrorState compact error={tried.error} onRetry={() => void tried.refetch()} />
  const data = tried.data
  return (
    <section className="escalation-trial" aria-live="polite">
      <h3>{t('escalation.trial')}</h3>
      {data ? (
        <>
          <p>{t('escalation.trialBegan', { warned: fmt.number(data.warned), broken: fmt.number(data.broken) })}</p>
          <ul>
            {data.steps.map((one, i) => (
              <li key={i}>
                <strong>{t('escalation.times', { count: one.times, shown: fmt.number(one.times) })}</strong> {sentence(one.step)}
                {one.examples.length > 0 && <span className="muted small"> {fmt.list(one.examples.map((e) => t('escalation.example', { number: e.number, at: fmt.dateTime(e.at) })))}</span>}
              </li>
            ))}
          </ul>
        </>
      ) : (
        <p className="muted">…</p>
      )}
    </section>
  )
}
