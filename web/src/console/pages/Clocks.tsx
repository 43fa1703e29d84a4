import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import type { TermsView } from '../../api/schema'
import { Button, Checkbox, Dialog, EmptyState, ErrorState, Field, Input, Section, Select, Tag, Textarea } from '../../design'
import { useText } from '../../i18n'
import { useClockName, useMay } from '../data'
import { Page } from '../Page'
import { DataTable, NoShop, useOneShop } from '../parts'
import { Refusal } from '../Refusal'
import { ShopPicker } from '../shops'
import { secondsOf } from '../time'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'

type Unit = 'minutes' | 'hours' | 'days' | 'workingDays'
const unitSeconds: Record<Exclude<Unit, 'workingDays'>, number> = { minutes: 60, hours: 3600, days: 86_400 }

/** The next Friday at ten to six in the evening: when a promise in working time shows what it is. */
function fridayEvening(): string {
  const at = new Date()
  at.setDate(at.getDate() + ((5 - at.getDay() + 7) % 7))
  at.setHours(17, 50, 0, 0)
  return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}T17:50`
}

/** How long each promise runs, in whose time, and when it warns. */
export default function Clocks() {
  const { t, fmt } = useText()
  const nameOf = useClockName()
  const may = useMay()
  const { one: shop, shops, loading, error, retry, pickShop } = useOneShop()
  const terms = useQuery({ queryKey: ['terms', shop?.id], queryFn: () => ask(api.GET('/api/promises/terms', { params: { query: { shop_id: shop?.id ?? '' } } })), enabled: !!shop })
  const [picked, pick] = useState<TermsView | null>(null)
  const rows = terms.data ?? []
  const change = may('promises.write') ? t('action.change') : t('clocks.preview')
  const own = rows.filter((r) => r.terms.policy.startsWith('shop')).length
  if (error) return <ErrorState error={error} onRetry={retry} />
  if (!loading && !shops.length) return <NoShop />
  // A day of working time has not 24 hours: there only hours tell how long it is.
  const long = ({ terms: { working_days, business, length } }: TermsView) => (working_days ? t('clocks.workingDays', { count: working_days }) : fmt.duration(secondsOf(length) * 1000, business ? 'hour' : 'day'))
  return (
    <Page about={t('clocks.about')} finding={rows.length ? t('clocks.finding', { count: rows.length, own }) : t('clocks.loading')} tools={<ShopPicker every={false} value={shop?.id ?? ''} onPick={pickShop} />}>
      <Section lead={t('clocks.lead')}>
        <DataTable
          label={t('clocks.about')}
          loading={terms.isPending}
          error={terms.error}
          onRetry={() => void terms.refetch()}
          rows={rows}
          rowKey={(r) => r.name}
          onPick={pick}
          empty={<EmptyState drawing="clear" title={t('clocks.none')} />}
          columns={[
            { id: 'name', title: t('clocks.name'), cell: (r) => <span title={r.name}>{nameOf(r.name)}</span> },
            { id: 'long', title: t('clocks.length'), cell: long },
            { id: 'time', title: t('clocks.time'), cell: (r) => (r.terms.business ? t('clocks.business', { calendar: r.terms.calendar ?? t('calendar.standard') }) : t('clocks.real')) },
            { id: 'warn', title: t('clocks.warn'), cell: (r) => (r.terms.warn_before ? t('clocks.warnAt', { share: fmt.percent(r.terms.warn_before) }) : '–') },
            { id: 'more', title: t('clocks.extensions'), end: true, cell: (r) => fmt.number(r.terms.max_extensions) },
            { id: 'from', title: t('clocks.from'), cell: (r) => <Tag tone={r.terms.policy.startsWith('shop') ? 'jade' : 'plain'}>{r.terms.policy === 'default' ? t('clocks.default') : r.terms.policy.replace(/^(shop|house) v(\d+)$/, (_, who: string, version: string) => t('clocks.version', { who: t(`clockFrom.${who}`), version }))}</Tag> },
            { id: 'do', title: '', end: true, cell: (r) => <Button small kind="quiet" onClick={() => pick(r)}>{change}</Button> },
          ]}
        />
      </Section>
      {picked && shop && <ClockForm key={picked.name} view={picked} shopId={shop.id} shopName={shop.name} onClose={() => pick(null)} />}
    </Page>
  )
}

function ClockForm({ view, shopId, shopName, onClose }: { view: TermsView; shopId: string; shopName: string; onClose: () => void }) {
  const { t, fmt } = useText()
  const lacks = useLacks()
  const may = useMay()
  const nameOf = useClockName()
  const seconds = secondsOf(view.terms.length)
  const firstUnit: Unit = view.terms.working_days ? 'workingDays' : seconds % 86_400 === 0 && !view.terms.business ? 'days' : seconds % 3600 === 0 ? 'hours' : 'minutes'
  const [unit, setUnit] = useState<Unit>(firstUnit)
  const [count, setCount] = useState(firstUnit === 'workingDays' ? view.terms.working_days : Math.round(seconds / unitSeconds[firstUnit as Exclude<Unit, 'workingDays'>]))
  const [business, setBusiness] = useState(view.terms.business)
  const [calendar, setCalendar] = useState('')
  const [warn, setWarn] = useState(Math.round(view.terms.warn_before * 100))
  const [extensions, setExtensions] = useState(view.terms.max_extensions)
  const [reason, setReason] = useState('')
  const [start, setStart] = useState(fridayEvening)
  const doing = useDoing(['terms', shopId])
  const calendars = useQuery({ queryKey: ['calendars', shopId], queryFn: () => ask(api.GET('/api/promises/calendars', { params: { query: { shop_id: shopId } } })) })
  const chosen = calendars.data?.find((c) => c.id === calendar)
  const inDays = unit === 'workingDays'
  const length = inDays ? null : `PT${count * unitSeconds[unit]}S`
  const counts = count > 0
  const terms = { length: length ?? 'PT0S', working_days: inDays ? count : 0, business: business || inDays, calendar: chosen?.name ?? null, warn_before: warn / 100, max_extensions: extensions, policy: 'preview' }
  const startAt = Number.isNaN(Date.parse(start)) ? null : new Date(start).toISOString()
  const due = useQuery({
    queryKey: ['preview', shopId, terms, startAt],
    queryFn: () => ask(api.POST('/api/promises/preview', { body: { shop_id: shopId, terms, start: startAt } })),
    enabled: counts && !!startAt,
    placeholderData: (before) => before,
  })
  const save = async () => {
    const done = await doing.run(
      'save',
      () => ask(api.POST('/api/promises/policies', { body: { name: view.name, shop_id: shopId, length, working_days: inDays ? count : null, business: business || inDays, calendar_id: calendar || null, warn_fraction: warn / 100, max_extensions: extensions, reason } })),
      t('clocks.saved'),
    )
    if (done) onClose()
  }
  const withdraw = async () => {
    await doing.run('withdraw', () => ask(api.DELETE('/api/promises/policies', { params: { query: { name: view.name, shop_id: shopId } } })), t('clocks.withdrawn'))
    onClose()
  }
  const write = may('promises.write')
  return (
    <Dialog
      open
      form="side"
      onClose={onClose}
      title={nameOf(view.name)}
      actions={
        write && (
          <>
            {view.terms.policy.startsWith('shop') && (
              <Button busy={doing.busy === 'withdraw'} onClick={() => void withdraw()}>
                {t('clocks.withdraw')}
              </Button>
            )}
            <Button kind="primary" busy={doing.busy === 'save'} why={lacks(!counts && t('clocks.length'), !reason.trim() && t('clocks.reason'))} onClick={() => void save()}>
              {t('clocks.save', { shop: shopName })}
            </Button>
          </>
        )
      }
    >
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        <p className="clock-preview" role="status">
          {due.error ? t('clocks.previewFails') : due.data ? t('clocks.previewText', { start: fmt.dateTime(due.data.start), due: fmt.dateTime(due.data.due_at), warn: due.data.warn_at ? fmt.dateTime(due.data.warn_at) : '–' }) : '…'}
        </p>
        <Field label={t('clocks.start')}>
          <Input type="datetime-local" value={start} onChange={(e) => setStart(e.target.value)} />
        </Field>
        <div className="form-grid">
          <Field label={t('clocks.length')}>
            <Input type="number" min={1} max={3650} value={count} disabled={!write} onChange={(e) => setCount(Math.max(0, Math.trunc(Number(e.target.value) || 0)))} />
          </Field>
          <Field label={t('clocks.unit')}>
            <Select value={unit} disabled={!write} onPick={setUnit} choices={(['minutes', 'hours', 'days', 'workingDays'] as const).map((u) => ({ value: u, label: t(`clockUnit.${u}`) }))} />
          </Field>
        </div>
        <Checkbox label={t('clocks.businessOnly')} hint={t('clocks.businessHint')} checked={business || inDays} disabled={!write || inDays} onChange={(e) => setBusiness(e.target.checked)} />
        {(business || inDays) && (calendars.data?.length ?? 0) > 0 && (
          <Field label={t('clocks.calendar')}>
            <Select value={calendar} disabled={!write} onPick={setCalendar} choices={[{ value: '', label: t('calendar.standard') }, ...(calendars.data ?? []).filter((c) => c.name !== 'standard').map((c) => ({ value: c.id, label: c.name }))]} />
          </Field>
        )}
        <div className="form-grid">
          <Field label={t('clocks.warnShare')} hint={t('clocks.warnHint')}>
            <Input type="number" min={0} max={99} value={warn} disabled={!write} onChange={(e) => setWarn(Math.min(99, Math.max(0, Math.trunc(Number(e.target.value) || 0))))} />
          </Field>
          <Field label={t('clocks.extensions')}>
            <Input type="number" min={0} max={100} value={extensions} disabled={!write} onChange={(e) => setExtensions(Math.max(0, Math.trunc(Number(e.target.value) || 0)))} />
          </Field>
        </div>
        {write && (
          <Field label={t('clocks.reason')} hint={t('clocks.reasonHint')} required>
            <Textarea rows={2} value={reason} onChange={(e) => setReason(e.target.value)} />
          </Field>
        )}
      </div>
    </Dialog>
  )
}
