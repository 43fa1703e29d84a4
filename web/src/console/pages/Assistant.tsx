import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { api, ask } from '../../api/client'
import type { components } from '../../api/schema'
import { Button, Checkbox, EmptyState, ErrorState, Field, Input, Pager, Section, Select, Tag, Textarea } from '../../design'
import { useText } from '../../i18n'
import { useMay } from '../data'
import { offer } from '../decisions'
import { Page } from '../Page'
import { DataTable, Figures, NoShop, useOneShop } from '../parts'
import { Refusal } from '../Refusal'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'
import './Macros.css'

type Turn = components['schemas']['TurnLine']
type Model = components['schemas']['ModelView']

const OUTCOMES = ['answered', 'asked', 'acted', 'handed_over', 'silent'] as const
const CHANNELS = ['chat', 'portal', 'email', 'sms', 'wechat', 'wecom', 'whatsapp', 'telegram', 'webhook'] as const

/** The colleague that never sleeps: where it answers, how sure it must be, what it said, what it learned. */
export default function Assistant() {
  const { t } = useText()
  const may = useMay()
  const { one: shop, shops, loading, error, retry, pickShop } = useOneShop()
  const shop_id = shop?.id ?? ''
  const found = useQuery({ queryKey: ['assistant', 'switch', shop_id], queryFn: () => ask(api.GET('/api/assistant/switches/{shop_id}', { params: { path: { shop_id } } })), enabled: !!shop && may('policies.read') })
  if (error) return <ErrorState error={error} onRetry={retry} />
  if (!loading && !shops.length) return <NoShop />
  return (
    <Page about={t('bot.about')} finding={found.data ? t(found.data.active ? 'bot.on' : 'bot.off', { shop: shop?.name ?? '' }) : t('bot.loading')} tools={<ShopPicker every={false} value={shop_id} onPick={pickShop} />}>
      {found.error && <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />}
      {found.data && <Switching key={`${shop_id} ${found.data.active} ${found.data.sure}`} now={found.data} />}
      {shop && may('cases.read') && <Turns shopId={shop.id} />}
      {may('policies.read') && <Models />}
      {shop && may('cases.write') && <Teach shopId={shop.id} />}
    </Page>
  )
}

function Switching({ now }: { now: components['schemas']['SwitchView'] }) {
  const { t, fmt } = useText()
  const lacks = useLacks()
  const write = useMay()('policies.write')
  const [active, setActive] = useState(now.active)
  const [channels, setChannels] = useState<string[]>(now.channels)
  const [model, setModel] = useState(now.language_model)
  const [sure, setSure] = useState(now.sure)
  const doing = useDoing(['assistant', 'switch', now.shop_id])
  const save = () =>
    ask(api.PUT('/api/assistant/switches/{shop_id}', { params: { path: { shop_id: now.shop_id } }, body: { active, channels: channels as NonNullable<components['schemas']['Switching']['channels']>, language_model: model, sure } }))
  return (
    <Section title={t('bot.switch')} lead={t('bot.switchLead')}>
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        <Checkbox label={t('bot.active')} checked={active} disabled={!write} onChange={(e) => setActive(e.target.checked)} />
        <fieldset className="bot-channels" disabled={!write || !active}>
          <legend className="field-label">{t('bot.channels')}</legend>
          {CHANNELS.map((one) => (
            <Checkbox key={one} label={t(`bot.channel.${one}`)} checked={channels.includes(one)} onChange={(e) => setChannels(e.target.checked ? [...channels, one] : channels.filter((x) => x !== one))} />
          ))}
        </fieldset>
        <Field label={t('bot.sure', { share: fmt.percent(sure) })} hint={t('bot.sureHint')}>
          <Input type="range" min={0.3} max={0.95} step={0.05} value={sure} disabled={!write} onChange={(e) => setSure(Number(e.target.value))} />
        </Field>
        <Checkbox label={t('bot.languageModel')} hint={t('bot.languageModelHint')} checked={model} disabled={!write} onChange={(e) => setModel(e.target.checked)} />
        {write && (
          <div className="filters">
            <Button kind="primary" busy={doing.busy === 'save'} why={lacks(active && !channels.length && t('bot.channels'))} onClick={() => void doing.run('save', save, t('bot.saved'))}>
              {t('action.save')}
            </Button>
          </div>
        )}
      </div>
    </Section>
  )
}

function useIntents() {
  const found = useQuery({ queryKey: ['intents'], queryFn: () => ask(api.GET('/api/assistant/intents')), staleTime: Infinity })
  return found.data ?? []
}

function Turns({ shopId }: { shopId: string }) {
  const { t, fmt } = useText()
  const write = useMay()('cases.write')
  const intents = useIntents()
  const [outcome, setOutcome] = useState<'' | (typeof OUTCOMES)[number]>('')
  const [intent, setIntent] = useState('')
  const [unsure, setUnsure] = useState(false)
  const doing = useDoing(['assistant', 'turns'])
  const found = useInfiniteQuery({
    queryKey: ['assistant', 'turns', shopId, outcome, intent, unsure],
    queryFn: ({ pageParam }) => ask(api.GET('/api/assistant/turns', { params: { query: { shop_id: shopId, outcome: outcome || undefined, intent: intent || undefined, below: unsure ? 0.6 : undefined, uncorrected: unsure || undefined, after: pageParam, limit: 25 } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  })
  const rows = (found.data?.pages ?? []).flatMap((p) => p.items)
  const called = (one: string) => intents.find((x) => x.intent === one)?.label ?? (one || t('bot.outside'))
  const correct = (turn: Turn, meant: string) => void doing.run(turn.id, () => ask(api.POST('/api/assistant/turns/{turn_id}/correct', { params: { path: { turn_id: turn.id } }, body: { intent: meant === 'none' ? null : meant } })), t('bot.corrected'))
  return (
    <Section title={t('bot.turns')} lead={t('bot.turnsLead')}>
      <div className="filters">
        <Select aria-label={t('bot.outcomeOf')} value={outcome} onPick={setOutcome} choices={[{ value: '', label: t('bot.everyOutcome') }, ...OUTCOMES.map((o) => ({ value: o, label: t(`bot.outcome.${o}`) }))]} />
        <Select aria-label={t('bot.intent')} value={intent} onPick={setIntent} choices={[{ value: '', label: t('bot.everyIntent') }, ...intents.map((x) => ({ value: x.intent, label: x.label }))]} />
        <Checkbox label={t('bot.unsure')} checked={unsure} onChange={(e) => setUnsure(e.target.checked)} />
      </div>
      <Refusal problem={doing.problem} />
      <DataTable
        label={t('bot.turns')}
        loading={found.isPending}
        error={found.error}
        onRetry={() => void found.refetch()}
        rows={rows}
        rowKey={(r) => r.id}
        empty={<EmptyState drawing="talk" title={t('bot.noTurns')} text={t('bot.noTurnsText')} />}
        columns={[
          { id: 'said', title: t('bot.said'), width: '34%', cell: (r) => <span className="bot-said">{r.said}</span> },
          { id: 'intent', title: t('bot.intent'), cell: (r) => <Tag tone={r.probability >= 0.5 ? 'jade' : 'amber'}>{`${called(r.intent)} · ${fmt.percent(r.probability)}`}</Tag> },
          { id: 'outcome', title: t('bot.outcomeOf'), cell: (r) => t(`bot.outcome.${r.outcome}`) },
          { id: 'at', title: t('bot.when'), tight: true, cell: (r) => fmt.dateTime(r.at) },
          { id: 'case', title: t('bot.case'), cell: (r) => (r.case_id ? <a href={`/desk/?view=all&case=${r.case_id}`}>{t('bot.openCase')}</a> : '–') },
          ...(write
            ? [{ id: 'meant', title: t('bot.meant'), cell: (r: Turn) => <Select aria-label={t('bot.meant')} value={r.corrected_intent === null ? '' : r.corrected_intent || 'none'} placeholder={t('bot.rightly')} onPick={(v) => v && correct(r, v)} choices={[...intents.map((x) => ({ value: x.intent, label: x.label })), { value: 'none', label: t('bot.outside') }]} /> }]
            : []),
        ]}
      />
      {rows.length > 0 && <Pager shown={rows.length} hasMore={found.hasNextPage} loading={found.isFetchingNextPage} onMore={() => void found.fetchNextPage()} />}
    </Section>
  )
}

function Models() {
  const { t, fmt } = useText()
  const write = useMay()('policies.write')
  const decides = useMay()('insights.write')
  const [, go] = useLocation()
  const doing = useDoing(['assistant', 'models'])
  const found = useQuery({ queryKey: ['assistant', 'models'], queryFn: () => ask(api.GET('/api/assistant/models')) })
  const score = (model: Model, name: string) => (typeof model.scores[name] === 'number' ? fmt.percent(model.scores[name], 1) : '–')
  return (
    <Section
      title={t('bot.models')}
      lead={t('bot.modelsLead')}
      aside={
        write && (
          <Button busy={doing.busy === 'train'} onClick={() => void doing.run('train', () => ask(api.POST('/api/assistant/models')), t('bot.trained'))}>
            {t('bot.train')}
          </Button>
        )
      }
    >
      <Refusal problem={doing.problem} />
      <DataTable
        label={t('bot.models')}
        loading={found.isPending}
        error={found.error}
        onRetry={() => void found.refetch()}
        rows={found.data ?? []}
        rowKey={(m) => m.id}
        empty={<EmptyState drawing="clear" title={t('bot.noModels')} text={t('bot.noModelsText')} />}
        columns={[
          { id: 'version', title: t('bot.version'), cell: (m) => `${m.name} ${m.version}` },
          { id: 'state', title: t('bot.state'), cell: (m) => <Tag tone={m.state === 'serving' ? 'jade' : m.state === 'refused' ? 'vermilion' : m.state === 'candidate' ? 'amber' : 'slate'}>{t(`bot.states.${m.state}`)}</Tag> },
          { id: 'examples', title: t('bot.examples'), end: true, cell: (m) => fmt.number(m.examples) },
          { id: 'accuracy', title: t('bot.accuracy'), end: true, cell: (m) => score(m, 'accuracy') },
          { id: 'trial', title: t('bot.trial'), cell: (m) => <Tried model={m} /> },
          { id: 'at', title: t('bot.when'), tight: true, cell: (m) => fmt.dateTime(m.trained_at) },
          ...(write
            ? [
                {
                  id: 'do',
                  title: '',
                  cell: (m: Model) => (
                    <span className="filters">
                      {m.state === 'candidate' && (
                        <Button small busy={doing.busy === m.id} onClick={() => void doing.run(m.id, () => ask(api.POST('/api/assistant/models/{version}/promote', { params: { path: { version: m.version } } })), t('bot.promoted'))}>
                          {t('bot.promote')}
                        </Button>
                      )}
                      {decides && (m.state === 'candidate' || m.state === 'retired') && (
                        <Button small kind="quiet" icon="scales" onClick={() => go(offer({ kind: 'bot', subject: { version: m.version }, title: `${m.name} ${m.version}` }))}>
                          {t('nav.tryAsDecision')}
                        </Button>
                      )}
                    </span>
                  ),
                },
              ]
            : []),
        ]}
      />
    </Section>
  )
}

/** How a model did beside the one that served when it was tried. */
function Tried({ model }: { model: Model }) {
  const { t, fmt } = useText()
  const trial = model.trial as { accuracy?: number; accuracy_before?: number; turns?: number; agreed?: number; agreed_before?: number } | null
  if (!trial || trial.accuracy === undefined || trial.accuracy_before === undefined) return <>–</>
  return (
    <span className="cell-two">
      <span>{t('bot.onKept', { now: fmt.percent(trial.accuracy, 1), before: fmt.percent(trial.accuracy_before, 1) })}</span>
      {!!trial.turns && <span>{t('bot.onWeek', { count: trial.turns, now: fmt.percent(trial.agreed ?? 0, 1), before: fmt.percent(trial.agreed_before ?? 0, 1) })}</span>}
    </span>
  )
}

function Teach({ shopId }: { shopId: string }) {
  const { t, fmt, locale } = useText()
  const lacks = useLacks()
  const intents = useIntents()
  const [said, setSaid] = useState('')
  const [meant, setMeant] = useState('')
  const doing = useDoing()
  const [seen, setSeen] = useState<components['schemas']['Sketch'] | null>(null)
  const called = (one: string) => intents.find((x) => x.intent === one)?.label ?? (one || t('bot.outside'))
  const teach = async () => {
    await ask(api.POST('/api/assistant/lessons', { body: { shop_id: shopId, text: said, intent: meant === 'none' ? null : meant } }))
    setSaid('')
    setMeant('')
    setSeen(null)
  }
  return (
    <Section title={t('bot.try')} lead={t('bot.tryLead')}>
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        <Field label={t('bot.words')}>
          <Textarea rows={2} value={said} maxLength={2000} onChange={(e) => setSaid(e.target.value)} />
        </Field>
        <div className="filters">
          <Button why={lacks(!said.trim() && t('bot.words'))} busy={doing.busy === 'try'} onClick={() => void doing.run('try', async () => setSeen(await ask(api.POST('/api/assistant/sketch', { body: { text: said, locale } }))))}>
            {t('bot.tryDo')}
          </Button>
          <Select aria-label={t('bot.meant')} value={meant} placeholder={t('bot.meant')} onPick={setMeant} choices={[...intents.map((x) => ({ value: x.intent, label: x.label })), { value: 'none', label: t('bot.outside') }]} />
          <Button why={lacks(!said.trim() && t('bot.words'), !meant && t('bot.meant'))} busy={doing.busy === 'teach'} onClick={() => void doing.run('teach', teach, t('bot.taught'))}>
            {t('bot.teach')}
          </Button>
        </div>
        {seen && (
          <Figures
            items={[
              { id: 'intent', name: t('bot.intent'), value: called(seen.known ? seen.intent : '') },
              { id: 'sure', name: t('bot.surely'), value: fmt.percent(seen.probability) },
              { id: 'mood', name: t('bot.mood'), value: t(`bot.moods.${seen.mood}`) },
              { id: 'language', name: t('bot.language'), value: seen.locale },
            ]}
          />
        )}
      </div>
    </Section>
  )
}
