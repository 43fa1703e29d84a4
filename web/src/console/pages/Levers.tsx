import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import type { LeverView, WhatIf } from '../../api/schema'
import { Button, Dialog, EmptyState, ErrorState, Field, Input, Section, Segmented, Select, SkeletonRows, Tag, Textarea } from '../../design'
import { colours } from '../../design/tokens'
import { useText } from '../../i18n'
import { parseMoney } from '../../i18n/format'
import { useTheme } from '../../shell/theme'
import { Chart, ChartFrame } from '../../staff/chart'
import { CostNav } from '../CostNav'
import { switched } from '../carriers'
import { major, useCutName } from '../costs'
import { useMay, useShops, useWords } from '../data'
import { Page } from '../Page'
import { DataTable, Figures, ScopeTools } from '../parts'
import { Refusal } from '../Refusal'
import { spanOf, useScope } from '../scope'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'

const kinds = ['automation', 'carrier', 'policy', 'routing', 'product', 'other'] as const
const carriers = ['shunfeng', 'jd', 'zhongtong', 'yuantong', 'yunda', 'dhl_parcel_de', 'dpd'] as const
const claimKinds = ['refund_only', 'return_refund', 'exchange', 'resend', 'repair', 'cancel_unshipped', 'compensation', 'refuse_parcel', 'recall'] as const

/** Whether the interval of the change leaves no change out. */
const isClear = ({ change }: LeverView) => change.low_cents !== null && change.high_cents !== null && (change.high_cents < 0 || change.low_cents > 0)

/** What was done to make service cheaper, what it cost and what came of it; and what could be done. */
export default function Levers() {
  const { t } = useText()
  const may = useMay()
  const [adding, setAdding] = useState(false)
  const found = useQuery({ queryKey: ['levers'], queryFn: () => ask(api.GET('/api/insights/levers')) })
  const all = found.data ?? []
  const measured = all.filter(isClear).length
  const paid = all.filter((l) => isClear(l) && l.returned.paid_back_on && !l.returned.paid_back_expected).length
  const finding = found.isPending ? t('costs.loading') : all.length ? t('costs.levers.finding', { count: all.length, measured, paid }) : t('costs.levers.nothing')
  return (
    <Page about={t('costs.levers.about')} finding={finding} tools={<ScopeTools>{may('insights.write') && <Button icon="plus" onClick={() => setAdding(true)}>{t('costs.levers.add')}</Button>}</ScopeTools>}>
      <CostNav />
      <p className="muted section-lead">{t('costs.levers.text')}</p>
      {found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <SkeletonRows />
      ) : !all.length ? (
        <EmptyState drawing="clear" title={t('costs.levers.nothing')} text={t('costs.levers.nothingText')} />
      ) : (
        <div className="lever-list">
          {all.map((lever) => (
            <OneLever key={lever.id} lever={lever} />
          ))}
        </div>
      )}
      <Trying />
      {adding && <NewLever onClose={() => setAdding(false)} />}
    </Page>
  )
}

function OneLever({ lever }: { lever: LeverView }) {
  const { t, fmt } = useText()
  const may = useMay()
  const { nameOf } = useShops()
  const word = useWords()
  const nameOfCut = useCutName()
  const { shown } = useTheme()
  const c = colours[shown]
  const [spending, setSpending] = useState(false)
  const { change, returned } = lever
  const money = (cents: number) => fmt.money(Math.round(cents), lever.currency)
  const between = (low: number | null, high: number | null, write: (n: number) => string) => (low === null || high === null ? '–' : `${write(low)} – ${write(high)}`)
  const percent = (n: number) => fmt.percent(n, 0)
  const scope = [
    ...lever.scope.shops.map(nameOf),
    ...lever.scope.claim_kinds.map((k) => word('kind', k)),
    ...lever.scope.reasons.map((r) => word('reason', r)),
    ...lever.scope.channels.map((x) => nameOfCut('channel', { value: x, label: null })),
    ...lever.scope.categories.map((x) => nameOfCut('category', { value: x, label: null })),
    ...lever.scope.carriers.map((x) => nameOfCut('carrier', { value: x, label: null })),
  ]
  const sure = isClear(lever)
  const title = !change.enough
    ? t('costs.levers.few', { n: Math.min(change.touched_before, change.touched_after, change.others_before, change.others_after) })
    : !sure
      ? t('costs.levers.unclear', { amount: money(change.change_cents ?? 0), low: money(change.low_cents ?? 0), high: money(change.high_cents ?? 0) })
      : t((change.change_cents ?? 0) < 0 ? 'costs.levers.saves' : 'costs.levers.costs', { amount: money(Math.abs(change.change_cents ?? 0)), low: money(change.low_cents ?? 0), high: money(change.high_cents ?? 0) })
  const payback = change.enough && !sure ? t('costs.levers.backUnclear') : returned.paid_back_on ? t(returned.paid_back_expected ? 'costs.levers.backExpected' : 'costs.levers.backOn', { day: fmt.date(returned.paid_back_on) }) : returned.saved_cents === null ? t('costs.few') : t('costs.levers.backNever')
  const days = returned.days
  const step = Math.max(1, Math.floor(days.length / 120))
  const drawn = days.filter((_, i) => i % step === 0 || i === days.length - 1)
  const line = (key: 'saved_cents' | 'low_cents' | 'high_cents' | 'spent_cents') => drawn.map((d) => major(d[key], lever.currency))
  return (
    <section aria-labelledby={`lever-${lever.id}`}>
      <div className="lever-head">
        <h3 id={`lever-${lever.id}`}>{lever.name}</h3>
        <Tag tone={sure && (change.change_cents ?? 0) < 0 ? 'jade' : 'plain'}>{t(`costs.leverKind.${lever.kind}`)}</Tag>
        <span className="muted">{t('costs.levers.since', { day: fmt.date(lever.started_on) })}{lever.ended_on && ` – ${fmt.date(lever.ended_on)}`} · {fmt.list(scope)}</span>
        {may('insights.write') && <Button small kind="quiet" onClick={() => setSpending(true)}>{t('costs.levers.spend')}</Button>}
      </div>
      {lever.words && <p className="muted">{lever.words}</p>}
      <Figures
        items={[
          { id: 'change', name: t('costs.levers.change', { range: between(change.low_cents, change.high_cents, money) }), value: change.change_cents === null ? t('costs.few') : money(change.change_cents) },
          { id: 'saved', name: t('costs.levers.saved', { count: returned.cases, range: between(returned.saved_low_cents, returned.saved_high_cents, money) }), value: returned.saved_cents === null ? '–' : money(returned.saved_cents) },
          { id: 'spent', name: t('costs.levers.spent'), value: money(returned.spent_cents) },
          { id: 'roi', name: t('costs.levers.roi', { range: between(returned.roi_low, returned.roi_high, percent) }), value: returned.roi === null ? '–' : percent(returned.roi) },
          { id: 'back', name: t('costs.levers.back'), value: payback },
        ]}
      />
      <ChartFrame
        title={title}
        unit={lever.currency}
        sample={change.touched_before + change.touched_after + change.others_before + change.others_after}
        period={t('costs.levers.windows', { a: fmt.date(lever.before.first), b: fmt.date(lever.before.last), c: fmt.date(lever.after.first), d: fmt.date(lever.after.last) })}
        table={{
          columns: [t('costs.levers.group'), t('costs.cases'), t('costs.perCaseUnit', { currency: lever.currency })],
          rows: (['touchedBefore', 'touchedAfter', 'othersBefore', 'othersAfter'] as const).map((g, i) => [t(`costs.levers.${g}`), [change.touched_before, change.touched_after, change.others_before, change.others_after][i] ?? 0, change.means[i] == null ? null : major(change.means[i] ?? 0, lever.currency)]),
        }}
        fileName="lever.csv"
        height={change.enough ? 240 : 120}
      >
        {change.enough ? (
          <Chart
            height={240}
            label={title}
            option={{
              legend: { data: [t('costs.levers.savedLine'), t('costs.levers.spent')] },
              grid: { left: 4, right: 16, top: 36, bottom: 4, containLabel: true },
              xAxis: { type: 'category', data: drawn.map((d) => d.day) },
              yAxis: { type: 'value' },
              series: [
                { name: t('costs.levers.savedLine'), type: 'line', data: line('saved_cents'), lineStyle: { color: c.jade }, itemStyle: { color: c.jade } },
                { name: t('costs.levers.low'), type: 'line', data: line('low_cents'), lineStyle: { color: c.ink3, width: 1, type: 'dotted' }, itemStyle: { color: c.ink3 } },
                { name: t('costs.levers.high'), type: 'line', data: line('high_cents'), lineStyle: { color: c.ink3, width: 1, type: 'dotted' }, itemStyle: { color: c.ink3 } },
                { name: t('costs.levers.spent'), type: 'line', step: 'end', data: line('spent_cents'), lineStyle: { color: c.slateFill }, itemStyle: { color: c.slateFill } },
              ],
            }}
          />
        ) : (
          <EmptyState drawing="search" title={t('costs.levers.fewTitle')} text={t('costs.levers.fewText')} />
        )}
      </ChartFrame>
      {spending && <Spending lever={lever} onClose={() => setSpending(false)} />}
    </section>
  )
}

/** Sliders on numbers of the ledger. */
function Trying() {
  const { t, fmt } = useText()
  const { shop, period } = useScope()
  const [picked, pick] = useState('')
  const query = { ...spanOf(period), shop_id: shop || undefined }
  const found = useQuery({ queryKey: ['costWhatIf', query], queryFn: () => ask(api.GET('/api/insights/costs/what-if', { params: { query } })) })
  const all = found.data ?? []
  const one = all.find((w) => w.currency === picked) ?? [...all].sort((a, b) => b.total_cents - a.total_cents)[0]
  return (
    <Section
      title={t('costs.tryOut.title')}
      lead={t('costs.tryOut.lead', { from: fmt.date(query.since), until: fmt.date(period.until) })}
      aside={all.length > 1 && <Segmented label={t('costs.currency')} value={one?.currency ?? ''} onPick={pick} choices={all.map((w) => ({ value: w.currency, label: w.currency }))} />}
    >
      {found.error ? <ErrorState compact error={found.error} onRetry={() => void found.refetch()} /> : found.isPending ? <SkeletonRows rows={3} /> : !one ? <EmptyState drawing="clear" title={t('costs.nothingHere')} /> : <Sliders key={one.currency} what={one} />}
    </Section>
  )
}

function Sliders({ what }: { what: WhatIf }) {
  const { t, fmt } = useText()
  const word = useWords()
  const nameOfCut = useCutName()
  const [automatic, setAutomatic] = useState(20)
  const [shorter, setShorter] = useState(10)
  const [moved, setMoved] = useState(30)
  const parcels = [...new Set(what.carriers.map((x) => x.carrier))].filter(Boolean)
  const priceOf = (carrier: string) => {
    const own = switched(what.carriers, carrier, carrier)
    return own.now / own.parcels
  }
  const byPrice = [...parcels].sort((a, b) => priceOf(b) - priceOf(a))
  const [from, setFrom] = useState(byPrice[0] ?? '')
  const [to, setTo] = useState(byPrice[byPrice.length - 1] ?? '')
  const money = (cents: number) => fmt.money(Math.round(cents), what.currency)
  const auto = (automatic / 100) * what.saving_cents
  const halfAuto = (automatic / 100) * ((what.saving_high_cents - what.saving_low_cents) / 2)
  const time = (shorter / 100) * what.people_cents
  const change = switched(what.carriers, from, to)
  const carried = (moved / 100) * (change.now - change.then)
  const enough = what.automation.some((a) => a.per_case_cents !== null)
  const share = (cents: number) => (what.total_cents > 0 ? t('costs.tryOut.share', { share: fmt.percent(cents / what.total_cents, 1) }) : '')
  const names = parcels.map((x) => ({ value: x, label: nameOfCut('carrier', { value: x, label: null }) }))
  return (
    <>
      <div className="what-if">
        <div>
          <label>
            <span>{t('costs.tryOut.automation', { share: automatic })}</span>
            <input type="range" min={0} max={100} step={5} value={automatic} onChange={(e) => setAutomatic(Number(e.target.value))} disabled={!enough} />
          </label>
          <output>{enough ? money(auto) : t('costs.few')}</output>
          <p className="muted small">{enough ? `${t('costs.tryOut.range', { low: money(auto - halfAuto), high: money(auto + halfAuto) })} ${share(auto)}` : t('costs.tryOut.automationFew')}</p>
        </div>
        <div>
          <label>
            <span>{t('costs.tryOut.carrier', { share: moved })}</span>
            <input type="range" min={0} max={100} step={5} value={moved} onChange={(e) => setMoved(Number(e.target.value))} disabled={parcels.length < 2} />
          </label>
          {parcels.length > 1 && (
            <div className="form-two">
              <Select aria-label={t('costs.tryOut.from')} value={from} onPick={setFrom} choices={names} />
              <Select aria-label={t('costs.tryOut.to')} value={to} onPick={setTo} choices={names} />
            </div>
          )}
          <output>{change.parcels ? money(carried) : t('costs.few')}</output>
          {change.parcels > 0 && <p className="muted small">{t('costs.tryOut.parcels', { count: change.parcels, a: money(change.now / change.parcels), b: money(change.then / change.parcels) })} {share(carried)}</p>}
        </div>
        <div>
          <label>
            <span>{t('costs.tryOut.time', { share: shorter })}</span>
            <input type="range" min={0} max={50} step={1} value={shorter} onChange={(e) => setShorter(Number(e.target.value))} />
          </label>
          <output>{money(time)}</output>
          <p className="muted small">{t('costs.tryOut.people', { amount: money(what.people_cents) })} {share(time)}</p>
        </div>
      </div>
      <p className="muted section-lead">{t('costs.tryOut.text')}</p>
      <DataTable
        label={t('costs.tryOut.title')}
        rows={what.automation}
        rowKey={(a) => a.claim_kind}
        empty={<EmptyState drawing="clear" title={t('costs.nothingHere')} />}
        columns={[
          { id: 'kind', title: t('costs.by.claim_kind'), cell: (a) => word('kind', a.claim_kind) },
          { id: 'people', title: t('costs.tryOut.byPeople'), end: true, cell: (a) => fmt.number(a.by_people) },
          { id: 'peopleCost', title: t('costs.tryOut.each'), end: true, cell: (a) => (a.people_cents === null ? '–' : money(a.people_cents)) },
          { id: 'policy', title: t('costs.tryOut.byPolicy'), end: true, cell: (a) => fmt.number(a.by_policy) },
          { id: 'policyCost', title: t('costs.tryOut.each'), end: true, cell: (a) => (a.policy_cents === null ? '–' : money(a.policy_cents)) },
          { id: 'saves', title: t('costs.tryOut.saves'), end: true, cell: (a) => (a.per_case_cents === null ? t('costs.few') : `${money(a.per_case_cents)} (${money(a.low_cents ?? 0)} – ${money(a.high_cents ?? 0)})`) },
        ]}
      />
    </>
  )
}

function NewLever({ onClose }: { onClose: () => void }) {
  const { t } = useText()
  const lacks = useLacks()
  const { shops } = useShops()
  const word = useWords()
  const [name, setName] = useState('')
  const [kind, setKind] = useState<(typeof kinds)[number]>('automation')
  const [shop, setShop] = useState('')
  const [claim, setClaim] = useState('')
  const [carrier, setCarrier] = useState('')
  const [started, setStarted] = useState('')
  const [costs, setCosts] = useState<'service' | 'all'>('service')
  const [words, setWords] = useState('')
  const doing = useDoing(['levers'])
  const currency = shops.find((s) => s.id === shop)?.currency ?? shops[0]?.currency ?? 'CNY'
  const save = async () => {
    const scope = { shops: shop ? [shop] : [], claim_kinds: claim ? [claim] : [], carriers: carrier ? [carrier] : [], reasons: [], channels: [], categories: [], costs }
    const done = await doing.run('save', () => ask(api.POST('/api/insights/levers', { body: { name, kind, currency, started_on: started, scope, words } })), t('costs.levers.added'))
    if (done) onClose()
  }
  return (
    <Dialog open form="side" onClose={onClose} title={t('costs.levers.add')} actions={<Button kind="primary" why={lacks(!name.trim() && t('costs.levers.name'), !started && t('costs.levers.started'), !(shop || claim || carrier) && t('costs.levers.reach'))} busy={doing.busy === 'save'} onClick={() => void save()}>{t('action.save')}</Button>}>
      <Refusal problem={doing.problem} />
      <Field label={t('costs.levers.name')} required>
        <Input value={name} onChange={(e) => setName(e.target.value)} maxLength={120} />
      </Field>
      <div className="form-two">
        <Field label={t('costs.levers.kind')}>
          <Select value={kind} onPick={setKind} choices={kinds.map((k) => ({ value: k, label: t(`costs.leverKind.${k}`) }))} />
        </Field>
        <Field label={t('costs.levers.started')} required>
          <Input type="date" value={started} onChange={(e) => setStarted(e.target.value)} />
        </Field>
      </div>
      <Field label={t('scope.shop')}>
        <ShopPicker every={t('scope.everyShop')} value={shop} onPick={setShop} />
      </Field>
      <div className="form-two">
        <Field label={t('costs.by.claim_kind')}>
          <Select value={claim} onPick={setClaim} choices={[{ value: '', label: t('costs.levers.any') }, ...claimKinds.map((k) => ({ value: k, label: word('kind', k) }))]} />
        </Field>
        <Field label={t('costs.by.carrier')}>
          <Select value={carrier} onPick={setCarrier} choices={[{ value: '', label: t('costs.levers.any') }, ...carriers.map((x) => ({ value: x, label: t(`costs.carrier.${x}`) }))]} />
        </Field>
      </div>
      <Field label={t('costs.which')}>
        <Segmented label={t('costs.which')} value={costs} onPick={setCosts} choices={[{ value: 'service', label: t('costs.service') }, { value: 'all', label: t('costs.all') }]} />
      </Field>
      <Field label={t('costs.levers.words')} optional>
        <Textarea rows={2} value={words} onChange={(e) => setWords(e.target.value)} />
      </Field>
      <p className="muted small">{t('costs.levers.scopeHint')}</p>
    </Dialog>
  )
}

function Spending({ lever, onClose }: { lever: LeverView; onClose: () => void }) {
  const { t, fmt } = useText()
  const lacks = useLacks()
  const [amount, setAmount] = useState('')
  const [day, setDay] = useState('')
  const [words, setWords] = useState('')
  const doing = useDoing(['levers'])
  const cents = parseMoney(amount, lever.currency)
  const save = async () => {
    const done = await doing.run('save', () => ask(api.POST('/api/insights/levers/{lever_id}/spending', { params: { path: { lever_id: lever.id } }, body: { spent_on: day, amount_cents: cents ?? 0, words } })), t('costs.levers.spentSaved'))
    if (done) onClose()
  }
  return (
    <Dialog open onClose={onClose} title={`${lever.name} · ${t('costs.levers.spend')}`} actions={<Button kind="primary" why={lacks(!cents && t('column.money'), !day && t('column.day'))} busy={doing.busy === 'save'} onClick={() => void save()}>{t('action.save')}</Button>}>
      <Refusal problem={doing.problem} />
      {lever.spending.map((s, i) => (
        <p key={i} className="muted">{fmt.date(s.spent_on)} · {fmt.money(s.amount_cents, lever.currency)} · {s.words}</p>
      ))}
      <div className="form-two">
        <Field label={`${t('column.money')} (${lever.currency})`} required>
          <Input inputMode="decimal" value={amount} onChange={(e) => setAmount(e.target.value)} />
        </Field>
        <Field label={t('column.day')} required>
          <Input type="date" value={day} onChange={(e) => setDay(e.target.value)} />
        </Field>
      </div>
      <Field label={t('costs.levers.words')} optional>
        <Input value={words} onChange={(e) => setWords(e.target.value)} />
      </Field>
    </Dialog>
  )
}
