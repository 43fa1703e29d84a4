import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useParams } from 'wouter'
import { api, ask } from '../../api/client'
import type { DecisionView } from '../../api/schema'
import { Button, Dialog, EmptyState, ErrorState, Facts, Field, Input, Section, SkeletonRows, Tag, Textarea } from '../../design'
import { colours } from '../../design/tokens'
import { useText } from '../../i18n'
import { useTheme } from '../../shell/theme'
import { Chart, ChartFrame } from '../../staff/chart'
import { useShops, useTemplateName } from '../data'
import { changeText, nameOfSubject } from '../decisions'
import { Page } from '../Page'
import { DataTable } from '../parts'
import { Refusal } from '../Refusal'
import { useDoing } from '../useDoing'
import { stateTones } from './Decisions'
import './Decisions.css'

/** Days after which nobody waits for an answer. */
const LONGEST_WAIT = 730

type Asked = 'keep' | 'undo' | 'go_on'

/** One decision: both arms, the effect with its interval, the verdict, the plan. */
export default function DecisionOne() {
  const { t, fmt, locale } = useText()
  const { id = '' } = useParams<{ id: string }>()
  const { nameOf } = useShops()
  const templateName = useTemplateName()
  const [asking, setAsking] = useState<Asked | null>(null)
  const { busy, problem, run } = useDoing(['decision', id], ['decisions'])
  const path = { path: { decision_id: id }, query: { locale } }
  const found = useQuery({ queryKey: ['decision', id, locale], queryFn: () => ask(api.GET('/api/insights/decisions/{decision_id}', { params: path })) })
  const catalogue = useQuery({ queryKey: ['catalogue', locale], queryFn: () => ask(api.GET('/api/insights/catalogue', { params: { query: { locale } } })), staleTime: 10 * 60_000 })
  const amountOf = (name: string, value: number | null) => {
    const kind = catalogue.data?.indicators.find((i) => i.name === name)?.kind
    if (value === null || !kind) return '–'
    if (kind === 'share') return fmt.percent(value, 1)
    return kind === 'time' ? fmt.duration(value * 1000) : fmt.number(Math.round(kind === 'money' ? value : value * 100) / 100)
  }
  const titleOf = (name: string) => catalogue.data?.indicators.find((i) => i.name === name)?.title ?? name
  const one = found.data
  const power = useQuery({
    queryKey: ['decision-power', id],
    queryFn: () => ask(api.GET('/api/insights/decisions/{decision_id}/power', { params: { path: { decision_id: id } } })),
    enabled: one?.state === 'draft',
  })
  if (found.error) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />
  if (!one) return <SkeletonRows />
  const points = t('decisions.points')
  const told = (value: number | null | undefined) => changeText(value, one.scale, points, fmt)
  const effect = one.reading?.effect
  const finding = one.reading ? t(`decisions.findings.${one.reading.advice}`, { title: one.title }) : one.title
  return (
    <Page
      about={
        <>
          <Link href="/insight/decisions">{t('nav.decisions')}</Link> / {one.title}
        </>
      }
      finding={finding}
      tools={<Tag tone={stateTones[one.state]}>{t(`decisions.states.${one.state}`)}</Tag>}
    >
      {effect ? <Arms one={one} /> : <EmptyState drawing="clear" title={t('decisions.unread')} text={t(one.state === 'draft' ? 'decisions.draftText' : 'decisions.unreadText')} />}
      {one.paragraph && <p className="decision-words">{one.paragraph}</p>}
      {one.state === 'draft' && power.data && (
        <p className="decision-words">
          {power.data.enough && power.data.units !== null
            ? t((power.data.days ?? 0) > LONGEST_WAIT ? 'decisions.powerNever' : 'decisions.power', { units: fmt.number(power.data.units), days: fmt.number(power.data.days ?? 0), perDay: fmt.number(power.data.per_day), detectable: told(power.data.detectable) })
            : t('decisions.powerUnknown')}
        </p>
      )}
      {one.may.length > 0 && (
        <div className="decision-verbs">
          {one.may.includes('start') && (
            <Button kind="primary" busy={busy === 'start'} onClick={() => void run('start', () => ask(api.POST('/api/insights/decisions/{decision_id}/start', { params: path })), t('decisions.started'))}>
              {t('decisions.start')}
            </Button>
          )}
          {one.may.includes('drop') && (
            <Button busy={busy === 'drop'} onClick={() => void run('drop', () => ask(api.POST('/api/insights/decisions/{decision_id}/drop', { params: path })))}>
              {t('decisions.drop')}
            </Button>
          )}
          {one.state === 'running' && (
            <Button icon="refresh" busy={busy === 'read'} onClick={() => void run('read', () => ask(api.POST('/api/insights/decisions/{decision_id}/read', { params: path })))}>
              {t('decisions.read')}
            </Button>
          )}
          {(['keep', 'undo', 'go_on'] as const).map(
            (verb) =>
              one.may.includes(verb) && (
                <Button key={verb} onClick={() => setAsking(verb)}>
                  {t(`decisions.verbs.${verb}`)}
                </Button>
              ),
          )}
        </div>
      )}
      <Refusal problem={problem} />
      <Section title={t('decisions.plan')}>
        <Facts
          items={[
            { name: t('decisions.hypothesis'), value: one.hypothesis },
            { name: t('decisions.indicator'), value: <Link href={`/indicators/${one.indicator}`}>{one.indicator_title}</Link> },
            { name: t('decisions.target'), value: told(one.target) },
            { name: t('decisions.subject'), value: [t(`decisions.kinds.${one.subject_kind}`), nameOfSubject(one.subject_kind, one.subject, templateName)].filter(Boolean).join(' · ') },
            { name: t('decisions.rollOut'), value: [t(`decisions.rollOuts.${one.roll_out}`), one.share ? fmt.percent(one.share) : ''].filter(Boolean).join(' · ') },
            ...(one.treated.length ? [{ name: t('decisions.shops'), value: one.treated.map((s) => `${nameOf(s.shop_id)} ${fmt.date(s.on)}`).join(' · ') }] : []),
            ...(one.met_with + one.met_without ? [{ name: t('decisions.met'), value: t('decisions.metText', { with: fmt.number(one.met_with), without: fmt.number(one.met_without) }) }] : []),
            { name: t('decisions.period'), value: `${fmt.date(one.started_at ?? one.starts_at)} – ${fmt.date(one.ended_at ?? one.ends_at)}` },
            ...(one.why ? [{ name: t('decisions.why'), value: one.why }] : []),
          ]}
        />
      </Section>
      {one.reading && one.reading.guards.length > 0 && (
        <Section title={t('decisions.guards')}>
          <DataTable
            label={t('decisions.guards')}
            rows={one.reading.guards}
            rowKey={(g) => g.indicator}
            empty={null}
            columns={[
              { id: 'name', title: t('decisions.indicator'), cell: (g) => titleOf(g.indicator) },
              { id: 'value', title: t('decisions.value'), end: true, cell: (g) => amountOf(g.indicator, g.value) },
              { id: 'bound', title: t('decisions.bound'), end: true, cell: (g) => `${t(`decisions.sides.${g.side}`)} ${amountOf(g.indicator, g.bound)}` },
              { id: 'stands', title: t('decisions.state'), cell: (g) => <Tag tone={g.broken ? 'vermilion' : 'jade'}>{t(g.broken ? 'decisions.broken' : 'decisions.holds')}</Tag> },
            ]}
          />
        </Section>
      )}
      {one.limits.length > 0 && (
        <Section title={t('decisions.method')}>
          <ul className="decision-limits">
            {one.limits.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </Section>
      )}
      {asking && <Ending one={one} verb={asking} onClose={() => setAsking(null)} />}
    </Page>
  )
}

/** Both arms day by day, and how the interval narrowed. */
function Arms({ one }: { one: DecisionView }) {
  const { t, fmt } = useText()
  const { shown } = useTheme()
  const c = colours[shown]
  const effect = one.reading?.effect
  if (!effect) return null
  const points = t('decisions.points')
  const told = (value: number | null | undefined) => changeText(value, one.scale, points, fmt)
  const share = one.scale === 'share'
  const seen = (value: number | null) => (value === null ? null : share ? Math.round(value * 1000) / 10 : Math.round(value * 100) / 100)
  const start = (one.started_at ?? one.starts_at).slice(0, 10)
  const days = effect.points.map((p) => p.on)
  const at = days.find((d) => d >= start)
  const single = effect.method === 'interrupted'
  const option = {
    legend: {},
    grid: { left: 4, right: 16, top: 36, bottom: 4, containLabel: true },
    xAxis: { type: 'category', data: days },
    yAxis: { type: 'value', scale: true },
    series: [
      { name: t(single ? 'decisions.seen' : 'decisions.treated'), type: 'line', connectNulls: true, lineStyle: { color: c.jade }, itemStyle: { color: c.jade }, data: effect.points.map((p) => seen(p.treated)), ...(at ? { markLine: { silent: true, symbol: 'none', label: { formatter: t('decisions.began'), position: 'insideEndTop' }, data: [{ xAxis: days.indexOf(at) }] } } : {}) },
      { name: t(single ? 'decisions.expected' : 'decisions.control'), type: 'line', connectNulls: true, lineStyle: { color: c.slateFill, type: 'dashed' }, itemStyle: { color: c.slateFill }, data: effect.points.map((p) => seen(p.control)) },
    ],
  }
  const history = one.history.filter((h) => h.estimate !== null)
  return (
    <>
      <ChartFrame
        title={effect.enough ? t('decisions.effectTitle', { change: told(effect.estimate), low: told(effect.low), high: told(effect.high) }) : t('decisions.tooFew')}
        unit={share ? '%' : one.indicator_title}
        sample={effect.n_treated + effect.n_control}
        period={`${fmt.date(one.started_at ?? one.starts_at)} – ${fmt.date(one.ended_at ?? one.ends_at)}`}
        table={{ columns: [t('column.day'), t('decisions.treated'), t('decisions.control'), 'n', 'n'], rows: effect.points.map((p) => [p.on, seen(p.treated), seen(p.control), p.n_treated, p.n_control]) }}
        fileName="decision.csv"
        height={280}
      >
        <Chart option={option} height={280} label={one.paragraph || one.title} />
      </ChartFrame>
      {history.length > 1 && (
        <ChartFrame title={t('decisions.history')} unit={share ? points : '%'} sample={history.length} period={`${fmt.date(history[0]?.at ?? one.starts_at)} – ${fmt.date(history.at(-1)?.at ?? one.ends_at)}`} height={160} fileName="readings.csv" table={{ columns: [t('column.day'), t('decisions.effect'), t('decisions.low'), t('decisions.high')], rows: history.map((h) => [h.at.slice(0, 10), seen(h.estimate), seen(h.low), seen(h.high)]) }}>
          <Chart height={160} label={t('decisions.history')} option={{ grid: { left: 4, right: 16, top: 12, bottom: 4, containLabel: true }, xAxis: { type: 'category', data: history.map((h) => h.at.slice(0, 10)) }, yAxis: { type: 'value', scale: true }, series: [{ type: 'line', lineStyle: { color: c.jade }, data: history.map((h) => seen(h.estimate)) }, { type: 'line', lineStyle: { color: c.rule, type: 'dashed' }, data: history.map((h) => seen(h.low)) }, { type: 'line', lineStyle: { color: c.rule, type: 'dashed' }, data: history.map((h) => seen(h.high)) }] }} />
        </ChartFrame>
      )}
    </>
  )
}

function Ending({ one, verb, onClose }: { one: DecisionView; verb: Asked; onClose: () => void }) {
  const { t, locale } = useText()
  const [why, setWhy] = useState('')
  const [until, setUntil] = useState(one.ends_at.slice(0, 10))
  const { busy, problem, run } = useDoing(['decision', one.id], ['decisions'])
  const params = { path: { decision_id: one.id }, query: { locale } }
  const act = () =>
    verb === 'keep'
      ? ask(api.POST('/api/insights/decisions/{decision_id}/keep', { params, body: { why } }))
      : verb === 'undo'
        ? ask(api.POST('/api/insights/decisions/{decision_id}/undo', { params, body: { why } }))
        : ask(api.POST('/api/insights/decisions/{decision_id}/go-on', { params, body: { until: new Date(`${until}T00:00:00`).toISOString() } }))
  return (
    <Dialog
      open
      onClose={onClose}
      title={t(`decisions.verbs.${verb}`)}
      actions={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" busy={busy === verb} onClick={() => void run(verb, act, t('decisions.saved')).then((done) => done && onClose())}>
            {t(`decisions.verbs.${verb}`)}
          </Button>
        </>
      }
    >
      <p>{t(`decisions.verbText.${verb}`)}</p>
      {verb === 'go_on' ? (
        <Field label={t('decisions.ends')}>
          <Input type="date" value={until} onChange={(e) => setUntil(e.target.value)} />
        </Field>
      ) : (
        <Field label={t('decisions.why')} optional>
          <Textarea rows={3} value={why} maxLength={2000} onChange={(e) => setWhy(e.target.value)} />
        </Field>
      )}
      <Refusal problem={problem} />
    </Dialog>
  )
}
