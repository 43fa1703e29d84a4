import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import type { AlarmView, CloseReason, PlaybookView } from '../../api/schema'
import { Button, ButtonLink, Dialog, EmptyState, ErrorState, Field, Input, List, Row, Section, Segmented, Select, SkeletonRows, Tag, Textarea } from '../../design'
import { colours } from '../../design/tokens'
import { useText } from '../../i18n'
import { useTheme } from '../../shell/theme'
import { Chart, ChartFrame } from '../../staff/chart'
import { useStaffSession } from '../../staff/session'
import { useMay, useShops } from '../data'
import { Page } from '../Page'
import { ScopeTools } from '../parts'
import { Refusal } from '../Refusal'
import { useScope } from '../scope'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'
import './Alarms.css'

type Locale = 'zh-CN' | 'zh-TW' | 'en'
const reasons: readonly CloseReason[] = ['put_right', 'expected', 'false_alarm', 'passed']

/** What is unusual, who looks after it, and what is to be done. */
export default function Alarms() {
  const { t, locale } = useText()
  const { shop } = useScope()
  const [choosing, setChoosing] = useState(false)
  const [closed, setClosed] = useState<'open' | 'closed'>('open')
  const [book, setBook] = useState(false)
  const query = { closed: closed === 'closed', shop_id: shop || undefined, locale: locale as Locale }
  const found = useQuery({ queryKey: ['alarms', query], queryFn: () => ask(api.GET('/api/insights/alarms', { params: { query } })) })
  const rows = found.data?.items ?? []
  const crisis = rows.filter((r) => r.severity === 'crisis').length
  const unowned = rows.filter((r) => r.state === 'open').length
  const finding = found.isPending
    ? t('alarms.loading')
    : closed === 'closed'
      ? t('alarms.findingClosed', { count: rows.length })
      : crisis
        ? t('alarms.findingCrisis')
        : rows.length
          ? t(unowned ? 'alarms.finding' : 'alarms.findingOwned', { count: rows.length, unowned })
          : t('alarms.calm')
  // Alarms that tell of the same stand together, the heaviest group first.
  const groups = new Map<string, AlarmView[]>()
  for (const one of [...rows].sort((a, b) => weight(b) - weight(a))) {
    const key = `${one.shop_id} ${one.group_key}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return (
    <Page
      about={t('alarms.about')}
      finding={finding}
      tools={
        <ScopeTools noPeriod>
          <Segmented label={t('alarms.show')} value={closed} onPick={setClosed} choices={[{ value: 'open', label: t('alarms.open') }, { value: 'closed', label: t('alarms.closed') }]} />
          <Button onClick={() => setChoosing(true)}>{t('alarms.choose.more')}</Button>
          <Button onClick={() => setBook(true)}>{t('alarms.playbooks')}</Button>
        </ScopeTools>
      }
    >
      <p className="muted section-lead">{t('alarms.text')}</p>
      {found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <SkeletonRows />
      ) : !rows.length ? (
        <EmptyState drawing="clear" title={t(closed === 'closed' ? 'alarms.noneClosed' : 'alarms.calm')} text={t('alarms.calmText')} action={closed === 'open' && <Button onClick={() => setClosed('closed')}>{t('alarms.showClosed')}</Button>} />
      ) : (
        <div className="alarm-list">
          {[...groups.values()].map((of) => (
            <div key={of[0]?.id} className="alarm-group">
              {of.map((one) => (
                <OneAlarm key={one.id} alarm={one} />
              ))}
            </div>
          ))}
        </div>
      )}
      {choosing && <Watching onClose={() => setChoosing(false)} />}
      {book && <Playbooks onClose={() => setBook(false)} />}
    </Page>
  )
}

const weights = { notable: 0, serious: 1, crisis: 2 } as const
const weight = (one: AlarmView) => weights[one.severity] * 10 + (one.state === 'open' ? 1 : 0)

function OneAlarm({ alarm }: { alarm: AlarmView }) {
  const { t, fmt } = useText()
  const { shown } = useTheme()
  const c = colours[shown]
  const { nameOf } = useShops()
  const may = useMay()
  const [closing, setClosing] = useState(false)
  const [open, setOpen] = useState(false)
  const doing = useDoing(['alarms'])
  const title = alarm.title
  const points = alarm.points
  const details = alarm.details as { mood?: number; reach?: number; speed?: number; about?: string; also?: string[]; people?: number; hours?: number }
  const unit = alarm.measured ? t('alarms.perDayMean') : details.hours ? t('alarms.perHours', { hours: details.hours }) : t('alarms.perDay')
  const take = () => doing.run('take', () => ask(api.POST('/api/insights/alarms/{alarm_id}/acknowledge', { params: { path: { alarm_id: alarm.id } }, body: { owner_id: null } })), t('alarms.taken'))
  return (
    <article className={`alarm is-${alarm.severity}`}>
      <p className="alarm-tags">
        <Tag tone={alarm.severity === 'crisis' ? 'vermilion' : alarm.severity === 'serious' ? 'amber' : 'plain'} icon={alarm.severity === 'notable' ? undefined : 'warning'}>
          {t(`alarms.severity.${alarm.severity}`)}
        </Tag>{' '}
        <span className="muted small">
          {nameOf(alarm.shop_id)} · {t('alarms.since', { day: fmt.date(alarm.since_on), last: fmt.date(alarm.last_on) })} ·{' '}
          {alarm.owner_name ? t('alarms.owner', { name: alarm.owner_name }) : t('alarms.nobody')}
        </span>
      </p>
      <ChartFrame
        title={title}
        unit={unit}
        sample={points.reduce((n, p) => n + (p.value ?? 0), 0)}
        period={`${fmt.date(points[0]?.on ?? alarm.since_on)} – ${fmt.date(alarm.last_on)}`}
        fileName={`alarm-${alarm.series}.csv`}
        height={200}
        table={{ columns: [t('alarms.day'), t('alarms.value'), t('alarms.usual'), t('alarms.low'), t('alarms.high')], rows: points.map((p) => [p.on, p.value, p.expected, p.low, p.high]) }}
      >
        <Chart
          height={200}
          label={title}
          option={{
            xAxis: { type: 'category', data: points.map((p) => p.on) },
            yAxis: alarm.measured ? { type: 'value', scale: true } : { type: 'value', minInterval: 1 },
            series: [
              { name: t('alarms.low'), type: 'line', stack: 'band', data: points.map((p) => p.low), lineStyle: { opacity: 0 }, symbol: 'none', silent: true, z: 1 },
              { name: t('alarms.band'), type: 'line', stack: 'band', data: points.map((p) => p.high - p.low), lineStyle: { opacity: 0 }, areaStyle: { color: c.rule, opacity: 0.45 }, symbol: 'none', silent: true, z: 1 },
              { name: t('alarms.usual'), type: 'line', data: points.map((p) => p.expected), lineStyle: { color: c.ink3, type: 'dashed', width: 1 }, z: 4 },
              { name: t('alarms.value'), type: alarm.measured ? 'line' : 'bar', z: 3, data: points.map((p) => ({ value: p.value, itemStyle: { color: p.value !== null && (p.value > p.high || p.value < p.low) ? c.amber : c.jade } })) },
            ],
          }}
        />
      </ChartFrame>
      {alarm.series === 'crisis' && (
        <p>{t('alarms.crisisText', { mood: fmt.percent(details.mood ?? 0, 0), reach: fmt.number(details.reach ?? 0), speed: fmt.number(details.speed ?? 0) })}</p>
      )}
      {alarm.series === 'topic' && (
        <p className="muted">
          {t('alarms.topicText', { people: fmt.number(details.people ?? 0), about: details.about || t('alarms.unknown') })}
          {details.also?.length ? ` ${t('alarms.also', { words: details.also.slice(0, 6).join(t('alarms.comma')) })}` : ''}
        </p>
      )}
      {alarm.state === 'closed' && alarm.close_reason && (
        <p className="muted">
          {t('alarms.closedBecause', { reason: t(`alarms.reason.${alarm.close_reason}`) })} {alarm.note}
        </p>
      )}
      <Refusal problem={doing.problem} />
      <div className="alarm-actions">
        {may('insights.write') && alarm.state === 'open' && <Button kind="primary" busy={doing.busy === 'take'} onClick={() => void take()}>{t('alarms.take')}</Button>}
        {may('insights.write') && alarm.state !== 'closed' && <Button onClick={() => setClosing(true)}>{t('alarms.close')}</Button>}
        <Button aria-expanded={open} onClick={() => setOpen(!open)}>{t('alarms.whatToDo')}</Button>
        {alarm.indicator && <ButtonLink href={`/console/insight/indicators/${alarm.indicator}`}>{t('alarms.toIndicator')}</ButtonLink>}
        {['contacts', 'cases', 'rush', 'anger'].includes(alarm.series) ? <ButtonLink href="/desk/">{t('alarms.toDesk')}</ButtonLink> : null}
      </div>
      {open && <ToDo alarm={alarm} />}
      {closing && <Closing alarm={alarm} onClose={() => setClosing(false)} />}
    </article>
  )
}

function ToDo({ alarm }: { alarm: AlarmView }) {
  const { locale } = useText()
  const found = useQuery({
    queryKey: ['alarm', alarm.id, locale],
    queryFn: () => ask(api.GET('/api/insights/alarms/{alarm_id}', { params: { path: { alarm_id: alarm.id }, query: { locale: locale as Locale } } })),
  })
  if (found.error) return <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <SkeletonRows />
  const book: PlaybookView = found.data.playbook
  return (
    <section className="playbook" aria-label={book.title}>
      <h4>{book.title}</h4>
      <ol>
        {book.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </section>
  )
}

function Closing({ alarm, onClose }: { alarm: AlarmView; onClose: () => void }) {
  const { t } = useText()
  const [reason, setReason] = useState<CloseReason>('put_right')
  const [note, setNote] = useState('')
  const doing = useDoing(['alarms'])
  const save = async () => {
    const done = await doing.run('save', async () => {
      await ask(api.POST('/api/insights/alarms/{alarm_id}/close', { params: { path: { alarm_id: alarm.id } }, body: { reason, note } }))
      return true
    }, t('alarms.isClosed'))
    if (done) onClose()
  }
  return (
    <Dialog open onClose={onClose} title={t('alarms.closeTitle')} actions={<Button kind="primary" busy={doing.busy === 'save'} onClick={() => void save()}>{t('alarms.close')}</Button>}>
      <p>{alarm.title}</p>
      <Refusal problem={doing.problem} />
      <Field label={t('alarms.why')}>
        <Select value={reason} onPick={(v) => setReason(v as CloseReason)} choices={reasons.map((r) => ({ value: r, label: t(`alarms.reason.${r}`) }))} />
      </Field>
      <Field label={t('alarms.note')}>
        <Textarea value={note} maxLength={2000} onChange={(e) => setNote(e.target.value)} />
      </Field>
    </Dialog>
  )
}

/** Which indicators a shop watches besides what is watched everywhere. */
function Watching({ onClose }: { onClose: () => void }) {
  const { t, locale } = useText()
  const { shop } = useScope()
  const may = useMay()
  const me = useStaffSession().data?.id ?? null
  const { nameOf } = useShops()
  const [picked, setPicked] = useState('')
  const [cut, setCut] = useState('')
  const [mine, setMine] = useState('me')
  const doing = useDoing(['alarmRules'])
  const catalogue = useQuery({ queryKey: ['catalogue', locale], queryFn: () => ask(api.GET('/api/insights/catalogue', { params: { query: { locale: locale as Locale } } })), staleTime: 10 * 60_000 })
  const query = { shop_id: shop || undefined }
  const rules = useQuery({ queryKey: ['alarmRules', query], queryFn: () => ask(api.GET('/api/insights/alarms/rules', { params: { query } })) })
  const known = (catalogue.data?.indicators ?? []).filter((one) => !one.planned)
  const one = known.find((i) => i.name === picked) ?? known[0]
  const titleOf = (name: string) => known.find((i) => i.name === name)?.title ?? name
  const cutName = (by: string) => (by ? t(`indicators.cut.${by}`) : t('alarms.choose.whole'))
  const add = () =>
    doing.run('add', () => ask(api.POST('/api/insights/alarms/rules', { body: { shop_id: shop, indicator: one?.name ?? '', cut_by: cut, owner_id: mine === 'me' ? me : null } })), t('alarms.choose.added'))
  const remove = (id: string) => doing.run(id, () => ask(api.DELETE('/api/insights/alarms/rules/{rule_id}', { params: { path: { rule_id: id } } })), t('alarms.choose.removed'))
  return (
    <Dialog open form="side" onClose={onClose} title={t('alarms.choose.chooseTitle')}>
      <p className="muted">{t('alarms.choose.chooseText')}</p>
      <Refusal problem={doing.problem} />
      {rules.error ? (
        <ErrorState compact error={rules.error} onRetry={() => void rules.refetch()} />
      ) : !rules.data || !one ? (
        <SkeletonRows />
      ) : (
        <>
          {may('insights.write') && shop ? (
            <Section title={t('alarms.choose.add')}>
              <Field label={t('alarms.choose.indicator')}>
                <Select value={one.name} onPick={(name) => { setPicked(name); setCut('') }} choices={known.map((i) => ({ value: i.name, label: i.title }))} />
              </Field>
              <Field label={t('alarms.choose.cutBy')}>
                <Select value={cut} onPick={setCut} choices={['', ...one.cuts.filter((c) => c !== 'agent')].map((c) => ({ value: c, label: cutName(c) }))} />
              </Field>
              <Field label={t('alarms.choose.owner')}>
                <Select value={mine} onPick={setMine} choices={[{ value: 'me', label: t('alarms.choose.me') }, { value: 'all', label: t('alarms.choose.everybody') }]} />
              </Field>
              <Button kind="primary" busy={doing.busy === 'add'} onClick={() => void add()}>{t('alarms.choose.add')}</Button>
            </Section>
          ) : (
            <p className="muted small">{t('alarms.choose.pickShop')}</p>
          )}
          {rules.data.length ? (
            <List label={t('alarms.choose.chooseTitle')}>
              {rules.data.map((rule) => (
                <Row
                  key={rule.id}
                  title={`${titleOf(rule.indicator)} · ${cutName(rule.cut_by)}`}
                  meta={`${nameOf(rule.shop_id)} · ${rule.owner_name ?? t('alarms.choose.everybody')}`}
                  aside={may('insights.write') ? <Button small busy={doing.busy === rule.id} onClick={() => void remove(rule.id)}>{t('alarms.choose.remove')}</Button> : undefined}
                />
              ))}
            </List>
          ) : (
            <p className="muted small">{t('alarms.choose.chosenNone')}</p>
          )}
        </>
      )}
    </Dialog>
  )
}

/** What to do at an alarm of each kind; a shop may write its own. */
function Playbooks({ onClose }: { onClose: () => void }) {
  const { t, locale } = useText()
  const { shop } = useScope()
  const may = useMay()
  const [picked, setPicked] = useState('')
  const query = { locale: locale as Locale, shop_id: shop || undefined }
  const found = useQuery({ queryKey: ['playbooks', query], queryFn: () => ask(api.GET('/api/insights/playbooks', { params: { query } })) })
  const one = found.data?.find((p) => p.code === picked) ?? found.data?.[0]
  return (
    <Dialog open form="side" onClose={onClose} title={t('alarms.playbooks')}>
      {found.error ? (
        <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />
      ) : !found.data || !one ? (
        <SkeletonRows />
      ) : (
        <>
          <Field label={t('alarms.kindOf')}>
            <Select value={one.code} onPick={setPicked} choices={found.data.map((p) => ({ value: p.code, label: p.title }))} />
          </Field>
          {may('insights.write') && shop ? (
            <Writing key={`${one.code}${shop}`} book={one} shop={shop} />
          ) : (
            <>
              <ol>
                {one.steps.map((s) => (
                  <li key={s}>{s}</li>
                ))}
              </ol>
              <p className="muted small">{t('alarms.pickShop')}</p>
            </>
          )}
        </>
      )}
    </Dialog>
  )
}

function Writing({ book, shop }: { book: PlaybookView; shop: string }) {
  const { t, locale } = useText()
  const lacks = useLacks()
  const [title, setTitle] = useState(book.title)
  const [steps, setSteps] = useState(book.steps.join('\n'))
  const doing = useDoing(['playbooks'], ['alarm'])
  const lines = steps.split('\n').map((s) => s.trim()).filter(Boolean)
  const save = () =>
    doing.run(
      'save',
      () => ask(api.PUT('/api/insights/playbooks/{code}/{locale}', { params: { path: { code: book.code, locale: locale as Locale }, query: { shop_id: shop } }, body: { title, steps: lines } })),
      t('alarms.bookSaved'),
    )
  return (
    <Section title={t(book.own ? 'alarms.ownBook' : 'alarms.houseBook')}>
      <Refusal problem={doing.problem} />
      <Field label={t('alarms.bookTitle')}>
        <Input value={title} maxLength={120} onChange={(e) => setTitle(e.target.value)} />
      </Field>
      <Field label={t('alarms.bookSteps')}>
        <Textarea rows={10} value={steps} onChange={(e) => setSteps(e.target.value)} />
      </Field>
      <Button kind="primary" why={lacks(!title.trim() && t('alarms.bookTitle'), !lines.length && t('alarms.bookSteps')) ?? (lines.length > 20 && t('alarms.tooManySteps'))} busy={doing.busy === 'save'} onClick={() => void save()}>{t('action.save')}</Button>
    </Section>
  )
}
