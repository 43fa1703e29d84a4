import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import type { CostRateView } from '../../api/schema'
import { Button, Dialog, EmptyState, ErrorState, Field, Input, Section, Select, SkeletonRows, Tag } from '../../design'
import { useText } from '../../i18n'
import { minorDigits } from '../../i18n/format'
import { CostNav } from '../CostNav'
import { useCutName } from '../costs'
import { useMay, useShops } from '../data'
import { Page } from '../Page'
import { DataTable } from '../parts'
import { Refusal } from '../Refusal'
import { useScope } from '../scope'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'

const kinds = ['people', 'telephony', 'bot', 'inspection', 'freight_out', 'freight_back', 'packaging', 'goods', 'goods_written_off'] as const
type Kind = (typeof kinds)[number]
const shares = new Set<string>(['goods', 'goods_written_off'])
const MONTHS = 18

interface Row {
  id: string
  first: CostRateView
  rates: CostRateView[]
}

/** What one unit costs, and from when until when. */
export default function CostRates() {
  const { t, fmt } = useText()
  const may = useMay()
  const { nameOf } = useShops()
  const nameOfCut = useCutName()
  const { shop } = useScope()
  const [adding, setAdding] = useState<Partial<CostRateView> | null>(null)
  const found = useQuery({ queryKey: ['costRates'], queryFn: () => ask(api.GET('/api/insights/costs/rates')) })
  const rates = (found.data?.rates ?? []).filter((r) => !shop || !r.shop_id || r.shop_id === shop)
  const missing = (found.data?.missing ?? []).filter((m) => !shop || m.shop_id === shop)
  const rows = new Map<string, Row>()
  for (const rate of rates) {
    const id = [rate.shop_id, rate.kind, rate.part, rate.currency].join(' ')
    const row = rows.get(id) ?? { id, first: rate, rates: [] }
    row.rates.push(rate)
    rows.set(id, row)
  }
  const until = Date.now()
  const since = new Date(new Date().getFullYear(), new Date().getMonth() - MONTHS + 1, 1).getTime()
  const amount = (r: { kind: string; amount: number | null; currency: string; unit: string }) =>
    r.amount === null ? t('costs.rates.ended') : shares.has(r.kind) ? fmt.percent(r.amount / 1000, 1) : `${fmt.number(r.amount / 10 ** minorDigits(r.currency), { style: 'currency', currency: r.currency, maximumFractionDigits: 4 })} / ${t(`costs.unit.${r.unit}`)}`
  const partName = (r: { kind: string; part: string }) => (!r.part ? '' : r.kind.startsWith('freight') ? nameOfCut('carrier', { value: r.part, label: null }) : r.kind === 'goods' ? nameOfCut('category', { value: r.part, label: null }) : r.kind === 'people' ? t(`costs.part.${r.part}`) : t(`costs.disposition.${r.part}`))
  const nowCount = rates.filter((r) => Date.parse(r.valid_from) <= until && (!r.valid_until || Date.parse(r.valid_until) > until)).length
  const finding = found.isPending ? t('costs.loading') : missing.length ? t('costs.rates.missing', { count: missing.length }) : rates.length ? t('costs.rates.finding', { count: nowCount }) : t('costs.rates.nothing')
  const write = may('insights.write')
  return (
    <Page about={t('costs.rates.about')} finding={finding} tools={write && <><Anew /><Button icon="plus" kind="primary" onClick={() => setAdding({})}>{t('costs.rates.add')}</Button></>}>
      <CostNav />
      {found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <SkeletonRows />
      ) : (
        <>
          {missing.length > 0 && (
            <Section title={t('costs.rates.missingTitle')} lead={t('costs.rates.missingLead')}>
              <DataTable
                label={t('costs.rates.missingTitle')}
                rows={missing}
                rowKey={(m) => [m.shop_id, m.kind, m.part, m.currency].join(' ')}
                empty={null}
                columns={[
                  { id: 'kind', title: t('costs.rates.what'), cell: (m) => <span className="cell-two"><span>{t(`costs.rateKind.${m.kind}`)}</span><span>{partName(m)}</span></span> },
                  { id: 'shop', title: t('column.shop'), cell: (m) => nameOf(m.shop_id) },
                  { id: 'currency', title: t('column.currency'), cell: (m) => m.currency },
                  { id: 'since', title: t('column.since'), cell: (m) => fmt.date(m.since) },
                  { id: 'lines', title: t('costs.rates.lines'), end: true, cell: (m) => fmt.number(m.lines) },
                  { id: 'do', title: '', end: true, cell: (m) => write && <Button small onClick={() => setAdding({ kind: m.kind, part: m.part, currency: m.currency, valid_from: m.since })}>{t('costs.rates.give')}</Button> },
                ]}
              />
            </Section>
          )}
          <Section lead={t('costs.rates.text')}>
            <DataTable
              label={t('costs.rates.about')}
              rows={[...rows.values()]}
              rowKey={(r) => r.id}
              empty={<EmptyState drawing="clear" title={t('costs.rates.nothing')} text={t('costs.rates.nothingText')} />}
              columns={[
                { id: 'kind', title: t('costs.rates.what'), cell: ({ first }) => <span className="cell-two"><span>{t(`costs.rateKind.${first.kind}`)}</span><span>{[partName(first), shares.has(first.kind) && fmt.currency(first.currency)].filter(Boolean).join(' · ')}</span></span> },
                { id: 'shop', title: t('column.shop'), cell: ({ first }) => (first.shop_id ? nameOf(first.shop_id) : <Tag>{t('costs.rates.group')}</Tag>) },
                {
                  id: 'time',
                  title: <span className="rate-scale"><span>{fmt.date(since)}</span><span>{fmt.date(until)}</span></span>,
                  width: '52%',
                  cell: ({ rates: of }) => (
                    <div className="rate-line">
                      {of.map((r) => {
                        const from = Math.max(since, Date.parse(r.valid_from))
                        const to = Math.min(until, r.valid_until ? Date.parse(r.valid_until) : until)
                        if (to <= from) return null
                        const left = ((from - since) / (until - since)) * 100
                        const now = !r.valid_until || Date.parse(r.valid_until) > until
                        return (
                          <span key={r.id} className={r.amount === null ? 'is-none' : now ? 'is-now' : undefined} style={{ left: `${left}%`, width: `${((to - from) / (until - since)) * 100}%` }} title={`${fmt.date(r.valid_from)} – ${r.valid_until ? fmt.date(r.valid_until) : '…'}: ${amount(r)}${r.reason ? ` · ${r.reason}` : ''}`}>
                            {amount(r)}
                          </span>
                        )
                      })}
                    </div>
                  ),
                },
                { id: 'lines', title: t('costs.rates.lines'), end: true, cell: ({ rates: of }) => fmt.number(of.reduce((n, r) => n + r.lines, 0)) },
                { id: 'do', title: '', end: true, cell: ({ first, rates: of }) => write && <Button small kind="quiet" onClick={() => setAdding({ ...(of[of.length - 1] ?? first), valid_from: '' })}>{t('action.change')}</Button> },
              ]}
            />
          </Section>
        </>
      )}
      {adding && <NewRate like={adding} onClose={() => setAdding(null)} />}
    </Page>
  )
}

function NewRate({ like, onClose }: { like: Partial<CostRateView>; onClose: () => void }) {
  const { t } = useText()
  const lacks = useLacks()
  const { shops } = useShops()
  const [kind, setKind] = useState<Kind>(like.kind ?? 'people')
  const [part, setPart] = useState(like.part ?? '')
  const [shop, setShop] = useState(like.shop_id ?? '')
  const [currency, setCurrency] = useState(like.currency ?? shops[0]?.currency ?? 'CNY')
  const share = shares.has(kind)
  const digits = 10 ** minorDigits(currency)
  const [amount, setAmount] = useState(like.amount == null ? '' : String(share ? like.amount / 10 : like.amount / digits))
  const [from, setFrom] = useState(like.valid_from ? like.valid_from.slice(0, 10) : '')
  const [reason, setReason] = useState('')
  const doing = useDoing(['costRates'], ['costs'])
  const number = Number(amount.replace(',', '.'))
  const priced = amount.trim() !== '' && Number.isFinite(number) && number >= 0
  const amountName = share ? t('costs.rates.share') : t('costs.rates.amount', { unit: t(`costs.unit.${kind === 'people' ? 'hour' : kind === 'telephony' ? 'minute' : 'piece'}`) })
  const save = async () => {
    const minor = (share ? number * 10 : number * digits).toFixed(4)
    const [y = 0, m = 1, d = 1] = from.split('-').map(Number)
    const body = { kind, part: part.trim(), shop_id: shop || null, currency, amount: minor, valid_from: new Date(y, m - 1, d).toISOString(), reason }
    const done = await doing.run('save', () => ask(api.POST('/api/insights/costs/rates', { body })), t('costs.rates.saved'))
    if (done) onClose()
  }
  return (
    <Dialog open form="side" onClose={onClose} title={t('costs.rates.add')} actions={<Button kind="primary" why={lacks(!priced && amountName, !/^[A-Z]{3}$/.test(currency) && t('column.currency'), !from && t('costs.rates.from'))} busy={doing.busy === 'save'} onClick={() => void save()}>{t('action.save')}</Button>}>
      <Refusal problem={doing.problem} />
      <Field label={t('costs.rates.what')}>
        <Select value={kind} onPick={setKind} choices={kinds.map((k) => ({ value: k, label: t(`costs.rateKind.${k}`) }))} />
      </Field>
      <Field label={t('costs.rates.part')} hint={t('costs.rates.partHint')} optional>
        <Input value={part} onChange={(e) => setPart(e.target.value)} />
      </Field>
      <Field label={t('column.shop')}>
        <ShopPicker every={t('costs.rates.group')} value={shop} onPick={setShop} />
      </Field>
      <div className="form-two">
        <Field label={amountName} required>
          <Input inputMode="decimal" value={amount} onChange={(e) => setAmount(e.target.value)} />
        </Field>
        <Field label={t('column.currency')} required>
          <Input value={currency} maxLength={3} onChange={(e) => setCurrency(e.target.value.toUpperCase())} />
        </Field>
      </div>
      <Field label={t('costs.rates.from')} hint={t('costs.rates.fromHint')} required>
        <Input type="date" value={from} onChange={(e) => setFrom(e.target.value)} />
      </Field>
      <Field label={t('costs.rates.reason')} optional>
        <Input value={reason} onChange={(e) => setReason(e.target.value)} />
      </Field>
    </Dialog>
  )
}

/** What was written stays as it was, unless one asks. */
function Anew() {
  const { t, fmt } = useText()
  const lacks = useLacks()
  const { shop } = useScope()
  const [open, setOpen] = useState(false)
  const [from, setFrom] = useState('')
  const [kind, setKind] = useState<Kind | ''>('')
  const doing = useDoing(['costRates'], ['costs'])
  const [told, setTold] = useState('')
  const run = async () => {
    const [y = 0, m = 1, d = 1] = from.split('-').map(Number)
    const done = await doing.run('anew', () => ask(api.POST('/api/insights/costs/price-anew', { body: { since: new Date(y, m - 1, d).toISOString(), until: new Date().toISOString(), kind: kind || null, shop_id: shop || null } })))
    if (done) setTold(t('costs.rates.anewDone', { count: done.lines, sums: Object.entries(done.differences).map(([currency, cents]) => fmt.money(cents, currency)).join(', ') || '0' }))
  }
  return (
    <>
      <Button onClick={() => { setTold(''); setOpen(true) }}>{t('costs.rates.anew')}</Button>
      {open && (
        <Dialog open onClose={() => setOpen(false)} title={t('costs.rates.anew')} actions={<Button kind="primary" why={lacks(!from && t('column.since'))} busy={doing.busy === 'anew'} onClick={() => void run()}>{t('costs.rates.anewDo')}</Button>}>
          <Refusal problem={doing.problem} />
          <p className="muted">{t('costs.rates.anewText')}</p>
          <div className="form-two">
            <Field label={t('column.since')} required>
              <Input type="date" value={from} onChange={(e) => setFrom(e.target.value)} />
            </Field>
            <Field label={t('costs.rates.what')}>
              <Select value={kind} onPick={setKind} choices={[{ value: '', label: t('costs.levers.any') }, ...kinds.map((k) => ({ value: k, label: t(`costs.rateKind.${k}`) }))]} />
            </Field>
          </div>
          {told && <p role="status">{told}</p>}
        </Dialog>
      )}
    </>
  )
}
