import { useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { api, ask, Problem, request } from '../../api/client'
import { Button, ButtonLink, EmptyState, ErrorState, Section, Segmented, Select, Skeleton, TabPanel, Tabs, Tag } from '../../design'
import { useText } from '../../i18n'
import { ChartFrame } from '../../staff/chart'
import { saveCsv } from '../../staff/csv'
import { caseHref, useClockName, useFirstThere, useWords } from '../data'
import { Page } from '../Page'
import { DataTable, Figures, ScopeTools } from '../parts'
import { ProcessPicture, type Shown, useShort } from '../process/ProcessPicture'
import { spanOf, useScope } from '../scope'

type Of = 'claims' | 'cases' | 'orders'
const ofs: readonly Of[] = ['claims', 'cases', 'orders']
type View = 'map' | 'ways' | 'handbook' | 'compare' | 'open' | 'own'
const views: readonly View[] = ['map', 'ways', 'handbook', 'compare', 'open', 'own']
const kinds = ['cancel_unshipped', 'refund_only', 'return_refund', 'exchange', 'resend', 'repair', 'refuse_parcel', 'recall', 'compensation'] as const
const channels = ['chat', 'email', 'phone', 'portal', 'sms', 'social'] as const

/** What an activity is called in the language of the reader. */
function useActivity(): (activity: string) => string {
  const { t, has } = useText()
  const word = useWords()
  const { data } = useQuery({ queryKey: ['processActivities'], queryFn: () => ask(api.GET('/api/insights/process/activities')), staleTime: Infinity })
  return (activity) => {
    if (!activity) return '–'
    const known = data?.find((x) => x.activity === activity)
    if (known) return known.group === 'stage' ? t('process.stage', { stage: word('stage', known.word) }) : word('move', known.word)
    const key = `process.activity.${activity.replaceAll('.', '_')}`
    return has(key) ? t(key) : activity
  }
}

/** How the work really went. */
export default function Process() {
  const { t, fmt } = useText()
  const { shop, period } = useScope()
  const word = useWords()
  const name = useActivity()
  const short = useShort()
  const [picked, setOf] = useState<Of>()
  const first = useFirstThere(ofs)
  const of = picked ?? first ?? 'claims'
  const [view, setView] = useState<View>('map')
  const [value, setValue] = useState('')
  const [late, setLate] = useState<'all' | 'late' | 'in_time'>('all')
  const [share, setShare] = useState(0.25)
  const [shown, setShown] = useState<Shown>('count')
  const [moving, setMoving] = useState(false)
  const span = spanOf(period)
  const attribute = of === 'claims' ? 'kind' : 'channel'
  const query = { ...span, of, shop_id: shop || undefined, attribute: value ? attribute : undefined, value: value || undefined, late: late === 'all' ? undefined : late === 'late' }
  const map = useQuery({ queryKey: ['process', 'map', query], queryFn: () => ask(api.GET('/api/insights/process/map', { params: { query } })), enabled: !!(picked ?? first) })
  const work = useQuery({ queryKey: ['process', 'work', query], queryFn: () => ask(api.GET('/api/insights/process/work', { params: { query } })), enabled: view === 'map' && !!map.data?.cases })
  const replay = useQuery({ queryKey: ['process', 'replay', query], queryFn: () => ask(api.GET('/api/insights/process/replay', { params: { query } })), enabled: moving && view === 'map' })
  const data = map.data
  const narrow = data?.bottlenecks[0]
  const finding = !data
    ? t('process.loading')
    : !data.cases
      ? t('process.nothing')
      : narrow
        ? t('process.finding', { cases: data.cases, of: t(`process.of.${of}`), share: fmt.percent(narrow.share, 0), from: name(narrow.source), to: name(narrow.target) })
        : t('process.findingPlain', { cases: data.cases, of: t(`process.of.${of}`) })
  const values = of === 'claims' ? kinds.map((k) => ({ value: k as string, label: word('kind', k) })) : channels.map((k) => ({ value: k as string, label: t(`process.channel.${k}`) }))
  const log = (form: 'ocel' | 'xes') => {
    const params = new URLSearchParams({ ...span, of, form })
    if (shop) params.set('shop_id', shop)
    if (value) {
      params.set('attribute', attribute)
      params.set('value', value)
    }
    return `/api/insights/process/log?${params}`
  }
  return (
    <Page
      about={t('process.about')}
      finding={finding}
      tools={
        <ScopeTools>
          <Segmented label={t('process.object')} value={of} onPick={(x) => (setOf(x), setValue(''))} choices={ofs.map((x) => ({ value: x, label: t(`process.of.${x}`) }))} />
          {of !== 'orders' && <Select aria-label={t(of === 'claims' ? 'process.kind' : 'process.channelOf')} value={value} onPick={setValue} choices={[{ value: '', label: t('process.every') }, ...values]} />}
          <Segmented label={t('process.late')} value={late} onPick={setLate} choices={[{ value: 'all', label: t('process.all') }, { value: 'late', label: t('process.onlyLate') }, { value: 'in_time', label: t('process.onlyInTime') }]} />
        </ScopeTools>
      }
    >
      <Tabs label={t('process.about')} idBase="process" value={view} onPick={setView} items={views.map((v) => ({ value: v, label: t(`process.view.${v}`) }))} />
      <TabPanel idBase="process" value={view}>
        {view === 'map' &&
          (map.error ? (
            <ErrorState error={map.error} onRetry={() => void map.refetch()} />
          ) : data && !data.cases ? (
            <EmptyState drawing="clear" title={t('process.nothing')} text={t('process.nothingText')} />
          ) : (
            <>
              <p className="section-lead">{data ? t('process.mapText', { cases: data.cases, events: data.events, ways: data.edges.length }) : ' '}</p>
              <ChartFrame
                title={narrow ? t('process.mapTitle', { from: name(narrow.source), to: name(narrow.target), median: short(narrow.median), p90: short(narrow.p90) }) : t('process.about')}
                unit={t(shown === 'count' ? 'process.times' : 'process.medianWait')}
                sample={data?.cases ?? 0}
                period={`${fmt.date(span.since)} – ${fmt.date(period.until)}`}
                loading={map.isPending}
                height={420}
                fileName="process-map.csv"
                table={{ columns: [t('process.from'), t('process.to'), t('process.times'), t('process.medianWait'), t('process.p90')], rows: (data?.edges ?? []).map((e) => [name(e.source), name(e.target), e.count, Math.round(e.median), Math.round(e.p90)]) }}
                tools={
                  <>
                    <Segmented label={t('process.shown')} value={shown} onPick={setShown} choices={[{ value: 'count', label: t('process.times') }, { value: 'wait', label: t('process.medianWait') }]} />
                    <label className="process-share small">
                      {t('process.share')}
                      <input type="range" min={0} max={100} step={5} value={Math.round(share * 100)} onChange={(e) => setShare(Number(e.target.value) / 100)} aria-valuetext={fmt.percent(share)} />
                    </label>
                    <Button small aria-pressed={moving} busy={replay.isFetching} onClick={() => setMoving(!moving)}>
                      {t(moving ? 'process.stopMoving' : 'process.moving')}
                    </Button>
                  </>
                }
              >
                {data && <ProcessPicture nodes={data.nodes} edges={data.edges} share={moving ? 1 : share} shown={shown} name={name} label={t('process.pictureLabel', { cases: data.cases })} moves={moving ? replay.data : undefined} />}
              </ChartFrame>
              {moving && replay.data && <p className="muted section-lead">{t('process.movingText', { shown: replay.data.shown, cases: replay.data.cases })}</p>}
              <Section title={t('process.bottlenecks')} lead={t('process.bottlenecksLead')}>
                <DataTable
                  label={t('process.bottlenecks')}
                  loading={map.isPending}
                  rows={data?.bottlenecks ?? []}
                  rowKey={(x) => `${x.source}${x.target}`}
                  empty={<EmptyState drawing="clear" title={t('process.nothing')} text="" />}
                  columns={[
                    { id: 'from', title: t('process.from'), cell: (x) => name(x.source) },
                    { id: 'to', title: t('process.to'), cell: (x) => name(x.target) },
                    { id: 'bar', title: t('process.shareOfWaiting'), width: '24%', cell: (x) => <span className="process-bar" style={{ width: `${x.share * 100}%` }} /> },
                    { id: 'share', title: '', end: true, cell: (x) => fmt.percent(x.share, 1) },
                    { id: 'n', title: t('process.times'), end: true, cell: (x) => fmt.number(x.count) },
                    { id: 'median', title: t('process.medianWait'), end: true, cell: (x) => short(x.median) },
                    { id: 'p90', title: t('process.p90'), end: true, cell: (x) => short(x.p90) },
                  ]}
                />
              </Section>
              <Section title={t('process.loops')} lead={t('process.loopsLead')}>
                <DataTable
                  label={t('process.loops')}
                  loading={work.isPending}
                  error={work.error}
                  onRetry={() => void work.refetch()}
                  rows={work.data?.loops.slice(0, 10) ?? []}
                  rowKey={(x) => x.activity}
                  empty={<p className="muted">{t('process.noLoops')}</p>}
                  columns={[
                    { id: 'what', title: t('process.what'), cell: (x) => name(x.activity) },
                    { id: 'cases', title: t(`process.of.${of}`), end: true, cell: (x) => `${fmt.number(x.cases)} (${fmt.percent(x.share, 1)})` },
                    { id: 'again', title: t('process.again'), end: true, cell: (x) => fmt.number(x.repeats) },
                    { id: 'time', title: t('process.firstToLast'), end: true, cell: (x) => short(x.median) },
                  ]}
                />
              </Section>
              <Section title={t('process.handOvers')} lead={t('process.handOversLead')}>
                <DataTable
                  label={t('process.handOvers')}
                  loading={work.isPending}
                  error={work.error}
                  onRetry={() => void work.refetch()}
                  rows={work.data?.hand_overs.slice(0, 12) ?? []}
                  rowKey={(x) => `${x.source.id ?? x.source.name}${x.target.id ?? x.target.name}`}
                  empty={<p className="muted">{t('process.noHandOvers')}</p>}
                  columns={[
                    { id: 'from', title: t('process.from'), cell: (x) => <Who person={x.source} /> },
                    { id: 'to', title: t('process.to'), cell: (x) => <Who person={x.target} /> },
                    { id: 'n', title: t('process.times'), end: true, cell: (x) => fmt.number(x.count) },
                    { id: 'back', title: t('process.back'), end: true, cell: (x) => fmt.number(x.back) },
                    { id: 'median', title: t('process.medianWait'), end: true, cell: (x) => short(x.median) },
                  ]}
                />
              </Section>
              <p className="section-lead">
                <ButtonLink small icon="download" href={log('ocel')} download>{t('process.ocel')}</ButtonLink> <ButtonLink small icon="download" href={log('xes')} download>{t('process.xes')}</ButtonLink>
              </p>
            </>
          ))}
        {view === 'ways' && <Ways query={query} of={of} name={name} />}
        {view === 'handbook' && <ByTheBook query={query} of={of} name={name} />}
        {view === 'compare' && <Compare query={query} of={of} name={name} />}
        {view === 'open' && <Open query={query} of={of} name={name} />}
        {view === 'own' && <Own />}
      </TabPanel>
    </Page>
  )
}

interface Part {
  query: { since: string; until: string; of: Of; shop_id?: string; attribute?: string; value?: string; late?: boolean }
  of: Of
  name: (activity: string) => string
}

function Who({ person }: { person: { id: string | null; name: string } }) {
  const { t, has } = useText()
  const key = `actor.${person.name}`
  return <>{person.id ? person.name : has(key) ? t(key) : person.name}</>
}

function Example({ example }: { example: { case_id: string | null; number: string } }) {
  return example.case_id ? <a href={caseHref(example.case_id)}>{example.number}</a> : <>{example.number}</>
}

function Way({ activities, name }: { activities: readonly string[]; name: (activity: string) => string }) {
  return (
    <span className="process-way">
      {activities.map((a, i) => (
        <span key={i}>{name(a)}</span>
      ))}
    </span>
  )
}

function Ways({ query, of, name }: Part) {
  const { t, fmt } = useText()
  const short = useShort()
  const found = useQuery({ queryKey: ['process', 'ways', query], queryFn: () => ask(api.GET('/api/insights/process/variants', { params: { query } })) })
  const most = found.data?.shown[0]?.cases ?? 1
  return (
    <Section
      title={found.data ? t('process.waysTitle', { all: found.data.all, cases: found.data.cases, of: t(`process.of.${of}`) }) : t('process.loading')}
      lead={t('process.waysLead')}
      aside={
        <Button small icon="download" disabled={!found.data} onClick={() => saveCsv('ways.csv', [t(`process.of.${of}`), t('process.shareOf'), t('process.lasted'), t('process.way')], (found.data?.shown ?? []).map((x) => [x.cases, x.share, Math.round(x.median), x.activities.map(name).join(' → ')]))}>
          CSV
        </Button>
      }
    >
      <DataTable
        label={t('process.view.ways')}
        loading={found.isPending}
        error={found.error}
        onRetry={() => void found.refetch()}
        rows={found.data?.shown ?? []}
        rowKey={(x) => x.activities.join('\u0001')}
        empty={<EmptyState drawing="clear" title={t('process.nothing')} text={t('process.nothingText')} />}
        columns={[
          { id: 'bar', title: t(`process.of.${of}`), width: '14%', cell: (x) => <span className="process-bar" style={{ width: `${(100 * x.cases) / most}%` }} /> },
          { id: 'n', title: '', end: true, cell: (x) => fmt.number(x.cases) },
          { id: 'share', title: t('process.shareOf'), end: true, cell: (x) => fmt.percent(x.share, 1) },
          { id: 'time', title: t('process.lasted'), end: true, cell: (x) => short(x.median) },
          { id: 'way', title: t('process.way'), width: '62%', cell: (x) => <Way activities={x.activities} name={name} /> },
        ]}
      />
    </Section>
  )
}

function ByTheBook({ query, of, name }: Part) {
  const { t, fmt } = useText()
  const short = useShort()
  const clock = useClockName()
  const found = useQuery({ queryKey: ['process', 'conformance', query], queryFn: () => ask(api.GET('/api/insights/process/conformance', { params: { query } })) })
  const data = found.data
  return (
    <Section title={!data ? t('process.loading') : data.cases ? t('process.bookTitle', { share: fmt.percent(data.share, 1), cases: data.cases, of: t(`process.of.${of}`) }) : t('process.nothing')} lead={t(`process.bookLead.${of}`)}>
      <DataTable
        label={t('process.view.handbook')}
        loading={found.isPending}
        error={found.error}
        onRetry={() => void found.refetch()}
        rows={data?.deviations ?? []}
        rowKey={(x) => `${x.kind}${x.source}\u0001${x.target}`}
        empty={<EmptyState drawing="clear" title={t('process.noDeviation')} text={t('process.noDeviationText')} />}
        columns={[
          { id: 'kind', title: t('process.what'), cell: (x) => <Tag tone={x.kind === 'late' ? 'amber' : x.kind === 'wrong_hand' ? 'vermilion' : 'plain'}>{t(`process.deviation.${x.kind}`)}</Tag> },
          { id: 'where', title: t('process.where'), cell: (x) => (x.kind === 'late' && !x.source ? (of === 'orders' ? t('process.arrivedLate') : clock(x.target)) : <>{x.source ? name(x.source) : t('process.begin')} → {x.target ? name(x.target) : t('process.end')}</>) },
          { id: 'skipped', title: t('process.skipped'), cell: (x) => (x.kind === 'late' && x.late_seconds !== null ? t('process.lateBy', { time: short(x.late_seconds) }) : x.skipped.map(name).join('、')) },
          { id: 'n', title: t(`process.of.${of}`), end: true, cell: (x) => fmt.number(x.cases) },
          { id: 'who', title: t('process.byWhom'), cell: (x) => x.people.slice(0, 3).map((p, i) => <span key={i}>{i > 0 && ', '}<Who person={p} /> ({fmt.number(p.count)})</span>) },
          { id: 'see', title: t('process.examples'), cell: (x) => x.examples.map((e, i) => <span key={e.id}>{i > 0 && ', '}<Example example={e} /></span>) },
        ]}
      />
    </Section>
  )
}

function Compare({ query, of, name }: Part) {
  const { t, fmt, has } = useText()
  const short = useShort()
  const word = useWords()
  const [split, setSplit] = useState<'late' | 'slow'>('late')
  const found = useQuery({ queryKey: ['process', 'comparison', query, split], queryFn: () => ask(api.GET('/api/insights/process/comparison', { params: { query: { ...query, late: undefined, split } } })), retry: false })
  const data = found.data
  const said = (what: string) => what.split(' → ').map(name).join(' → ')
  const attribute = (a: string) => (has(`process.attribute.${a}`) ? t(`process.attribute.${a}`) : a)
  const valueOf = (a: string, v: string) => (a === 'kind' || a === 'reason' ? word(a, v) : a === 'channel' && has(`process.channel.${v}`) ? t(`process.channel.${v}`) : v)
  const small = found.error && 'code' in found.error && found.error.code === 'group_too_small'
  const tools = <Segmented label={t('process.split')} value={split} onPick={setSplit} choices={[{ value: 'late', label: t('process.splitLate') }, { value: 'slow', label: t('process.splitSlow') }]} />
  if (small) return <Section aside={tools} title={t('process.tooFew')}><EmptyState drawing="clear" title={t('process.tooFew')} text={t('process.tooFewText')} /></Section>
  return (
    <>
      <Section aside={tools} title={data ? t('process.compareTitle', { first: data.first, second: data.second, a: short(data.median_first), b: short(data.median_second) }) : t('process.loading')} lead={data ? t('process.compareLead', { compared: data.compared }) : undefined}>
        <DataTable
          label={t('process.view.compare')}
          loading={found.isPending}
          error={found.error}
          onRetry={() => void found.refetch()}
          rows={data?.differences ?? []}
          rowKey={(x) => `${x.kind}${x.what}${x.value}`}
          empty={<EmptyState drawing="clear" title={t('process.noDifference')} text={t('process.noDifferenceText')} />}
          columns={[
            { id: 'kind', title: t('process.what'), cell: (x) => <Tag>{t(`process.difference.${x.kind}`)}</Tag> },
            { id: 'what', title: t('process.where'), cell: (x) => (x.kind === 'attribute' ? `${attribute(x.what)}: ${valueOf(x.what, x.value)}` : said(x.what)) },
            { id: 'first', title: t(split === 'late' ? 'process.splitLate' : 'process.splitSlow'), end: true, cell: (x) => (x.kind === 'wait' ? short(x.first) : fmt.percent(x.first, 1)) },
            { id: 'second', title: t('process.others'), end: true, cell: (x) => (x.kind === 'wait' ? short(x.second) : fmt.percent(x.second, 1)) },
            { id: 'effect', title: t('process.effect'), end: true, cell: (x) => x.effect.toFixed(2) },
            { id: 'q', title: 'q', end: true, cell: (x) => (x.q < 0.001 ? '< 0.001' : x.q.toFixed(3)) },
          ]}
        />
      </Section>
      <Section title={t('process.causes')} lead={t('process.causesLead')}>
        <DataTable
          label={t('process.causes')}
          loading={found.isPending}
          rows={data?.factors ?? []}
          rowKey={(x) => `${x.attribute}${x.value}`}
          empty={<p className="muted">{t('process.noCauses')}</p>}
          columns={[
            { id: 'what', title: t('process.attributeOf'), cell: (x) => `${attribute(x.attribute)}: ${valueOf(x.attribute, x.value)}` },
            { id: 'n', title: t(`process.of.${of}`), end: true, cell: (x) => fmt.number(x.cases) },
            { id: 'with', title: t('process.shareWith'), end: true, cell: (x) => fmt.percent(x.share_with, 1) },
            { id: 'without', title: t('process.shareWithout'), end: true, cell: (x) => fmt.percent(x.share_without, 1) },
            { id: 'odds', title: t('process.odds'), end: true, cell: (x) => `${x.odds.toFixed(2)} (${x.low.toFixed(2)}–${x.high.toFixed(2)})` },
          ]}
        />
      </Section>
    </>
  )
}

function Open({ query, of, name }: Part) {
  const { t, fmt } = useText()
  const short = useShort()
  const { shop_id, attribute, value } = query
  const asked = { of, shop_id, attribute, value }
  const found = useQuery({ queryKey: ['process', 'outlook', asked], queryFn: () => ask(api.GET('/api/insights/process/outlook', { params: { query: asked } })) })
  const m = found.data?.measured
  const rows = found.data?.open ?? []
  return (
    <Section
      title={found.data ? t('process.openTitle', { count: rows.length }) : t('process.loading')}
      lead={!found.data ? undefined : m ? t(m.error < m.plain ? 'process.measured' : 'process.measuredPoor', { cases: m.cases, right: fmt.percent(m.next_right), plainRight: fmt.percent(m.next_plain), error: short(m.error), plain: short(m.plain), inside: fmt.percent(m.inside) }) : t('process.notMeasured')}
      aside={
        <Button small icon="download" disabled={!rows.length} onClick={() => saveCsv('open.csv', [t('process.number'), t('process.standsAt'), t('process.waited'), t('process.next'), t('process.chance'), t('process.remaining'), t('process.low'), t('process.high')], rows.map((x) => [x.example.number, name(x.activity), Math.round(x.waited), x.next === null ? '' : x.next ? name(x.next) : t('process.end'), x.chance, x.median, x.low, x.high]))}>
          CSV
        </Button>
      }
    >
      {m && (
        <Figures
          items={[
            { id: 'right', name: t('process.nextRight'), value: fmt.percent(m.next_right) },
            { id: 'error', name: t('process.error'), value: short(m.error) },
            { id: 'inside', name: t('process.inside'), value: fmt.percent(m.inside) },
          ]}
        />
      )}
      <DataTable
        label={t('process.view.open')}
        loading={found.isPending}
        error={found.error}
        onRetry={() => void found.refetch()}
        rows={rows}
        rowKey={(x) => x.example.id}
        empty={<EmptyState drawing="clear" title={t('process.noneOpen')} text="" />}
        columns={[
          { id: 'number', title: t('process.number'), cell: (x) => <Example example={x.example} /> },
          { id: 'at', title: t('process.standsAt'), cell: (x) => name(x.activity) },
          { id: 'waited', title: t('process.waited'), end: true, cell: (x) => short(x.waited) },
          { id: 'next', title: t('process.next'), cell: (x) => (x.next === null ? <span className="muted">{t('process.notEnough')}</span> : <>{x.next ? name(x.next) : t('process.end')} {x.chance !== null && <span className="muted">{fmt.percent(x.chance)}</span>}</>) },
          { id: 'remaining', title: t('process.remaining'), end: true, cell: (x) => (x.median === null ? '–' : short(x.median)) },
          { id: 'between', title: t('process.fourOfFive'), end: true, cell: (x) => (x.low === null || x.high === null ? '–' : `${short(x.low)} – ${short(x.high)}`) },
        ]}
      />
    </Section>
  )
}

interface Brought {
  told: string[]
  map: { cases: number; events: number; nodes: { activity: string; count: number; begins: number; ends: number }[]; edges: { source: string; target: string; count: number; median: number; p90: number; total: number }[] }
  variants: { cases: number; all: number; shown: { activities: string[]; cases: number; share: number; median: number }[] }
}

/** A log that somebody brings: looked at and forgotten. */
function Own() {
  const { t, fmt } = useText()
  const short = useShort()
  const picker = useRef<HTMLInputElement>(null)
  const [file, setFile] = useState<File | null>(null)
  const [share, setShare] = useState(0.5)
  const found = useQuery<Brought>({
    queryKey: ['process', 'own', file?.name, file?.size, file?.lastModified],
    enabled: file !== null,
    retry: false,
    queryFn: async () => {
      const form = new FormData()
      if (file) form.append('file', file)
      return (await request('/api/insights/process/brought', { method: 'POST', body: form })).json() as Promise<Brought>
    },
  })
  const plain = (activity: string) => activity
  const data = found.data
  const most = data?.variants.shown[0]?.cases ?? 1
  return (
    <Section title={data ? t('process.ownTitle', { file: file?.name ?? '', cases: data.map.cases, events: data.map.events }) : t('process.view.own')} lead={t('process.ownLead')}>
      <p className="section-lead">
        <input ref={picker} type="file" className="sr" tabIndex={-1} aria-hidden="true" accept=".csv,.xes,.gz,.json,.jsonocel,.xml,.sqlite,.parquet" onChange={(e) => setFile(e.target.files?.[0] ?? null)} />
        <Button kind="primary" busy={found.isFetching} onClick={() => picker.current?.click()}>{t('process.bring')}</Button>
      </p>
      {found.error && <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />}
      {found.error instanceof Problem && Array.isArray(found.error.extras.columns) && <p className="muted">{t('process.ownColumns', { columns: fmt.list(found.error.extras.columns.map(String)) })}</p>}
      {found.isFetching && <Skeleton width="60%" />}
      {data && (
        <>
          {data.told.map((x) => <p key={x} className="muted">{x}</p>)}
          <label className="process-share small">
            {t('process.share')}
            <input type="range" min={0} max={100} step={5} value={Math.round(share * 100)} onChange={(e) => setShare(Number(e.target.value) / 100)} aria-valuetext={fmt.percent(share)} />
          </label>
          <ProcessPicture nodes={data.map.nodes} edges={data.map.edges} share={share} shown="count" name={plain} label={t('process.pictureLabel', { cases: data.map.cases })} />
          <DataTable
            label={t('process.view.ways')}
            rows={data.variants.shown}
            rowKey={(x) => x.activities.join('\u0001')}
            empty={null}
            columns={[
              { id: 'bar', title: t('process.of.cases'), width: '14%', cell: (x) => <span className="process-bar" style={{ width: `${(100 * x.cases) / most}%` }} /> },
              { id: 'n', title: '', end: true, cell: (x) => fmt.number(x.cases) },
              { id: 'time', title: t('process.lasted'), end: true, cell: (x) => short(x.median) },
              { id: 'way', title: t('process.way'), width: '66%', cell: (x) => <Way activities={x.activities} name={plain} /> },
            ]}
          />
        </>
      )}
    </Section>
  )
}
