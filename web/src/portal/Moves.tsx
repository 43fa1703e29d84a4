/** The customer's moves of a claim: each verb opens the small form that it needs. */
import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { asProblem, newKey, problemText } from '../api/client'
import { Button, Field, FileDrop, Icon, Input, RadioCards, Segmented, Select, Sheet, Stepper, type StoredFile, Textarea, toast } from '../design'
import { useText } from '../i18n'
import { parseMoney } from '../i18n/format'
import { useDraft } from '../shell/drafts'
import { useNow } from '../shell/now'
import { askedFor, moveLabel, namesAmount, OfferWords, reasonsFor } from './actions'
import { carrierName } from './Parcels'
import { type Claim, get, orderQuery, post, refresh, type ServicePoint, type Shipment, uploadTo } from './data'
import { addressLines, Notice } from './parts'
import s from './Moves.module.css'

interface FormProps {
  claim: Claim
  verb: string
  onClose: () => void
}

export default function MoveForm(props: FormProps) {
  switch (props.verb) {
    case 'ship':
      return <Ship {...props} />
    case 'edit':
      return <EditForm {...props} />
    case 'add_evidence':
    case 'dispute':
    case 'deny_offline':
      return <WithWords {...props} />
    case 'refuse_offer':
      return askedFor(props.claim) ? <JustAsk {...props} /> : <CounterOffer {...props} />
    default:
      return <JustAsk {...props} />
  }
}

/** Sends one move under one key; on success everything on the screen is fetched anew. */
function useMove({ claim, verb, onClose }: FormProps) {
  const { t, has } = useText()
  const queries = useQueryClient()
  const key = useRef(newKey())
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<string | null>(null)
  const send = async (body: unknown = {}): Promise<{ shipped?: { warnings: string[]; drop_off_code: string | null } } | null> => {
    setBusy(true)
    setWrong(null)
    try {
      const answer = await post<Claim & { claim?: Claim; shipped?: { warnings: string[]; drop_off_code: string | null } }>(`/claims/${claim.id}/${verb}`, body, key.current)
      refresh(queries)
      toast(has(`move.done.${verb}`) ? t(`move.done.${verb}`) : t('move.done.other'))
      onClose()
      return answer
    } catch (error) {
      const told = asProblem(error)
      setWrong(problemText(told, t, has))
      // Somebody was faster: show where it stands now.
      if (told.status === 409) refresh(queries)
      return null
    } finally {
      setBusy(false)
    }
  }
  return { send, busy, wrong, setWrong }
}

function Frame({ title, verb, harm, busy, wrong, onClose, onSend, children }: { title: ReactNode; verb: string; harm?: boolean; busy: boolean; wrong: string | null; onClose: () => void; onSend: () => void; children: ReactNode }) {
  const { t } = useText()
  const id = `move-form`
  return (
    <Sheet
      open
      onClose={onClose}
      title={title}
      actions={
        <>
          <Button onClick={onClose}>{t(harm ? 'move.keep' : 'action.cancel')}</Button>
          <Button kind={harm ? 'harm' : 'primary'} type="submit" form={id} busy={busy}>
            {verb}
          </Button>
        </>
      }
    >
      <form
        id={id}
        className="stack"
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          onSend()
        }}
      >
        {children}
        {wrong && (
          <p className="field-error" role="alert">
            <Icon name="warning" size={16} />
            <span>{wrong}</span>
          </p>
        )}
      </form>
    </Sheet>
  )
}

/** Moves that need nothing but a yes: what it means is told first. */
function JustAsk(props: FormProps) {
  const { claim, verb, onClose } = props
  const { t, fmt } = useText()
  const move = useMove(props)
  const offer = claim.offers.find((one) => one.state === 'open')
  const accepted = claim.lines.reduce((sum, line) => sum + line.accepted_quantity, 0)
  const amount = fmt.money(offer?.amount_cents ?? claim.agreed_cents, claim.currency)
  return (
    <Frame title={moveLabel(claim, verb, t)} verb={verb === 'refuse_offer' ? moveLabel(claim, verb, t) : t(`move.yes.${verb}`)} harm={verb === 'cancel'} busy={move.busy} wrong={move.wrong} onClose={onClose} onSend={() => void move.send()}>
      {verb === 'accept_offer' && offer && <OfferWords claim={claim} />}
      <p>{t(`move.means.${verb}`, { amount, accepted, count: claim.lines.reduce((sum, line) => sum + line.quantity, 0) })}</p>
    </Frame>
  )
}

const most = (claim: Claim) => claim.lines.reduce((sum, line) => sum + line.money.paid_cents, 0)

/** Not this, but that: words for the shop, and another amount where money is spoken of. */
function CounterOffer(props: FormProps) {
  const { claim, onClose } = props
  const { t, fmt } = useText()
  const move = useMove(props)
  const { value: draft, set, clear } = useDraft(`move.${claim.id}.counter`, { words: '', amount: '' })
  const amount = draft.amount.trim() ? parseMoney(draft.amount, claim.currency) : undefined
  const limit = fmt.money(most(claim), claim.currency)
  const submit = async () => {
    if (amount !== undefined && (!amount || amount > most(claim))) return move.setWrong(t('move.amountWrong', { amount: limit }))
    if (await move.send({ words: draft.words, asked_cents: amount === claim.requested_cents ? undefined : amount })) clear()
  }
  return (
    <Frame title={moveLabel(claim, 'refuse_offer', t)} verb={t(draft.words.trim() || amount !== undefined ? 'move.counter.send' : 'move.yes.refuse_offer')} busy={move.busy} wrong={move.wrong} onClose={onClose} onSend={() => void submit()}>
      <OfferWords claim={claim} />
      <p className="muted">{t('move.counter.lead')}</p>
      {namesAmount(claim.kind) && claim.edits < MOST_EDITS && (
        <Field label={t('move.counter.amount')} hint={t('move.counter.amountHint', { amount: limit })}>
          <Input inputMode="decimal" value={draft.amount} onChange={(e) => set((now) => ({ ...now, amount: e.target.value }))} />
        </Field>
      )}
      <Field label={t('move.counter.words')} optional>
        <Textarea value={draft.words} maxLength={4000} onChange={(e) => set((now) => ({ ...now, words: e.target.value }))} />
      </Field>
    </Frame>
  )
}

/** Uploads that hold the form back until they are through. */
function counted(setSending: (change: (now: number) => number) => void, orderId: string) {
  return (file: File, tell: (share: number) => void, signal: AbortSignal) => {
    setSending((now) => now + 1)
    return uploadTo(`/orders/${orderId}/files`, file, tell, signal).finally(() => setSending((now) => now - 1))
  }
}

function WithWords(props: FormProps) {
  const { claim, verb, onClose } = props
  const { t } = useText()
  const move = useMove(props)
  const { value: draft, set, clear } = useDraft<{ words: string; files: readonly StoredFile[] }>(`move.${claim.id}.${verb}`, { words: '', files: [] })
  const { words, files } = draft
  const [sending, setSending] = useState(0)
  const orderId = claim.lines[0]?.order_id ?? ''
  const takesFiles = verb !== 'deny_offline'
  return (
    <Frame
      title={moveLabel(claim, verb, t)}
      verb={t(`move.yes.${verb}`)}
      busy={move.busy || sending > 0}
      wrong={move.wrong}
      onClose={onClose}
      onSend={() => {
        if (!words.trim() && !files.length) return move.setWrong(t(verb === 'add_evidence' ? 'move.somethingMissing' : 'move.wordsMissing'))
        if (verb !== 'add_evidence' && !words.trim()) return move.setWrong(t('move.wordsMissing'))
        void move.send(takesFiles ? { words, file_ids: files.map((file) => file.id) } : { words }).then((done) => done && clear())
      }}
    >
      {claim.dispute?.question && verb === 'add_evidence' && <Notice icon="scales">{claim.dispute.question}</Notice>}
      <p className="muted">{t(`move.means.${verb}`)}</p>
      <Field label={t(`move.words.${verb}`)} optional={verb === 'add_evidence'}>
        <Textarea value={words} maxLength={4000} onChange={(e) => set((now) => ({ ...now, words: e.target.value }))} />
      </Field>
      {takesFiles && <FileDrop camera label={t('apply.photos')} files={files} onChange={(change) => set((now) => ({ ...now, files: change(now.files) }))} upload={counted(setSending, orderId)} />}
    </Frame>
  )
}

const MOST_EDITS = 5

function EditForm(props: FormProps) {
  const { claim, onClose } = props
  const { t, has, fmt } = useText()
  const move = useMove(props)
  const { value: draft, set, clear } = useDraft<{ reason: string; description: string; quantities: Record<string, number>; amount: string; files: readonly StoredFile[] }>(`move.${claim.id}.edit.${claim.edits}`, {
    reason: claim.reason,
    description: claim.description,
    quantities: Object.fromEntries(claim.lines.map((line) => [line.order_line_id, line.quantity])),
    amount: '',
    files: [],
  })
  const { reason, description, quantities, files } = draft
  const [sending, setSending] = useState(0)
  const amount = draft.amount.trim() ? parseMoney(draft.amount, claim.currency) : undefined
  const limit = fmt.money(most(claim), claim.currency)
  const orders = useQueries({ queries: [...new Set(claim.lines.map((line) => line.order_id))].map(orderQuery) })
  const claimed = orders.flatMap((one) => one.data?.lines ?? []).filter((line) => claim.lines.some((asked) => asked.order_line_id === line.id))
  const fitting = claimed.length ? reasonsFor(claimed) : []
  // The reason that was given stays, though the parcel has come since.
  const reasons = fitting.includes(claim.reason) ? fitting : [claim.reason, ...fitting]
  const submit = async () => {
    if (amount !== undefined && (!amount || amount > most(claim))) return move.setWrong(t('move.amountWrong', { amount: limit }))
    const changed = claim.lines.filter((line) => quantities[line.order_line_id] !== line.quantity)
    const done = await move.send({
      reason: reason === claim.reason ? undefined : reason,
      description: description === claim.description ? undefined : description,
      quantities: Object.fromEntries(changed.map((line) => [line.order_line_id, quantities[line.order_line_id]])),
      asked_cents: amount,
      file_ids: files.map((file) => file.id),
    })
    if (done) clear()
  }
  return (
    <Frame
      title={moveLabel(claim, 'edit', t)}
      verb={t('move.yes.edit')}
      busy={move.busy || sending > 0}
      wrong={move.wrong}
      onClose={onClose}
      onSend={() => void submit()}
    >
      <p className="muted">{t('move.means.edit', { count: Math.max(0, MOST_EDITS - claim.edits) })}</p>
      {claim.lines
        .filter((line) => line.bought > 1)
        .map((line) => (
          <div key={line.order_line_id} className={s.quantity}>
            <span>{line.title}</span>
            <Stepper label={t('apply.quantity', { title: line.title })} min={1} max={line.bought} value={quantities[line.order_line_id] ?? 1} onChange={(n) => set((now) => ({ ...now, quantities: { ...now.quantities, [line.order_line_id]: n } }))} />
          </div>
        ))}
      <Field label={t('apply.reason')}>
        <Select value={reason} onPick={(reason) => set((now) => ({ ...now, reason }))} choices={reasons.map((value) => ({ value, label: has(`reason.${value}`) ? t(`reason.${value}`) : claim.reason_label }))} />
      </Field>
      <Field label={t('apply.description')} optional>
        <Textarea value={description} maxLength={4000} onChange={(e) => set((now) => ({ ...now, description: e.target.value }))} />
      </Field>
      {namesAmount(claim.kind) && (
        <Field label={t(claim.kind === 'compensation' ? 'apply.amount' : 'apply.amountBack')} hint={t('move.amountStays', { now: fmt.money(claim.requested_cents, claim.currency), amount: limit })} optional>
          <Input inputMode="decimal" value={draft.amount} onChange={(e) => set((now) => ({ ...now, amount: e.target.value }))} />
        </Field>
      )}
      <FileDrop camera label={t('apply.photos')} files={files} onChange={(change) => set((now) => ({ ...now, files: change(now.files) }))} upload={counted(setSending, claim.lines[0]?.order_id ?? '')} />
    </Frame>
  )
}

/** An address of an order as the form of a pick-up asks for it. */
function placeOf(given: Record<string, unknown>) {
  const { name, recipient, contact, phone, telephone, country: _, ...place } = given
  const text = (...ones: unknown[]) => String(ones.find(Boolean) ?? '')
  return { name: text(name, recipient, contact), phone: text(phone, telephone), address: addressLines(place).where }
}

const CARRIERS = ['shunfeng', 'zhongtong', 'yuantong', 'yunda', 'shentong', 'jtexpress', 'jd', 'ems', 'youzhengguonei', 'debangkuaidi', 'heimao', 'correios', 'dhl_parcel_de', 'dpd', 'gls', 'ups', 'fedex'] as const
const WINDOWS = ['morning', 'afternoon', 'evening'] as const
const HOURS = { morning: '09:00-12:00', afternoon: '12:00-18:00', evening: '18:00-21:00' }
const DAY = 24 * 3_600_000

function Ship(props: FormProps) {
  const { claim, onClose } = props
  const { t, has, fmt } = useText()
  const move = useMove(props)
  const stores = useQuery({ queryKey: ['stores', claim.shop_id], queryFn: ({ signal }) => get<ServicePoint[]>(`/service-points?shop_id=${claim.shop_id}`, signal), retry: false })
  const open = (stores.data ?? []).filter((one) => one.active && one.takes_drop_off)
  const [way, setWay] = useState<'waybill' | 'pick_up' | 'drop_off'>('waybill')
  const [carrier, setCarrier] = useState('')
  const [other, setOther] = useState('')
  const [number, setNumber] = useState('')
  // A refused parcel goes back under the waybill that it came with.
  const refused = claim.kind === 'refuse_parcel'
  const orderId = claim.lines[0]?.order_id ?? ''
  const came = useQuery({ queryKey: ['parcels', orderId], queryFn: ({ signal }) => get<Shipment[]>(`/my/orders/${orderId}/shipments`, signal), retry: false, enabled: refused })
  const parcel = came.data?.find((one) => one.direction === 'outbound' && one.tracking_number)
  useEffect(() => {
    if (!refused || !parcel) return
    const known = CARRIERS.some((code) => code === parcel.carrier)
    setCarrier((now) => now || (known ? (parcel.carrier ?? '') : 'other'))
    if (!known) setOther((now) => now || (parcel.carrier ?? ''))
    setNumber((now) => now || (parcel.tracking_number ?? ''))
  }, [parcel?.id])
  const [store, setStore] = useState<string | null>(null)
  const now = useNow(60_000)
  // As the person who sends reads the calendar, not UTC.
  const dayOf = (ms: number) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 10)
  const days = Array.from({ length: 5 }, (_, i) => now + (i + 1) * DAY)
  const [day, setDay] = useState('')
  const [hours, setHours] = useState<(typeof WINDOWS)[number]>('morning')
  // Where it was delivered to is where it is fetched, unless the customer says otherwise.
  const order = useQuery({ ...orderQuery(orderId), enabled: way === 'pick_up' })
  const lives = placeOf(order.data?.shipping_address ?? {})
  const [said, setSaid] = useState<Partial<typeof lives>>({})
  const address = { ...lives, ...said }
  const submit = () => {
    const name = carrier === 'other' ? other.trim() : carrier
    if (way === 'waybill') {
      if (!name || !number.trim()) return move.setWrong(t('ship.waybillMissing'))
      return void move.send({ way, carrier: name, tracking_number: number })
    }
    if (way === 'pick_up') {
      if (!day || !address.name.trim() || !address.phone.trim() || !address.address.trim()) return move.setWrong(t('ship.pickUpMissing'))
      return void move.send({ way, pick_up_on: day, pick_up_window: HOURS[hours], address })
    }
    if (!store) return move.setWrong(t('ship.storeMissing'))
    return void move.send({ way, store })
  }
  return (
    <Frame title={t(refused ? 'ship.refused' : 'ship.title')} verb={t(refused ? 'ship.refusedSend' : `ship.yes.${way}`)} busy={move.busy} wrong={move.wrong} onClose={onClose} onSend={submit}>
      <Segmented
        label={t('ship.way')}
        value={way}
        onPick={(next) => {
          setWay(next)
          move.setWrong(null)
        }}
        choices={[
          { value: 'waybill', label: t(refused ? 'ship.asItCame' : 'ship.waybill') },
          ...(refused ? [] : [{ value: 'pick_up' as const, label: t('ship.pickUp') }]),
          ...(open.length && !refused ? [{ value: 'drop_off' as const, label: t('ship.dropOff') }] : []),
        ]}
      />
      {!refused && <p className="muted small">{t(claim.freight_payer === 'shop' ? (way === 'waybill' ? 'ship.shopPays' : 'ship.free') : way === 'waybill' ? 'ship.youPay' : 'ship.yours')}</p>}
      {way === 'waybill' && (
        <>
          <Field label={t('ship.carrier')}>
            <Select placeholder={t('ship.carrierPick')} value={carrier} onPick={setCarrier} choices={[...CARRIERS.filter((code) => has(`carrier.${code}`)).map((code) => ({ value: code as string, label: carrierName(code, t) })), { value: 'other', label: t('ship.carrierOther') }]} />
          </Field>
          {carrier === 'other' && (
            <Field label={t('ship.carrierName')}>
              <Input value={other} maxLength={60} onChange={(e) => setOther(e.target.value)} />
            </Field>
          )}
          <Field label={t('ship.number')} hint={t('ship.numberHint')}>
            <Input value={number} maxLength={60} autoCapitalize="characters" autoComplete="off" spellCheck={false} onChange={(e) => setNumber(e.target.value)} />
          </Field>
        </>
      )}
      {way === 'pick_up' && (
        <>
          <Field label={t('ship.day')}>
            <Select placeholder={t('ship.dayPick')} value={day} onPick={setDay} choices={days.map((at) => ({ value: dayOf(at), label: fmt.date(at) }))} />
          </Field>
          <Segmented label={t('ship.hours')} value={hours} onPick={setHours} choices={WINDOWS.map((one) => ({ value: one, label: t(`ship.window.${one}`) }))} />
          <Field label={t('ship.name')}>
            <Input autoComplete="name" value={address.name} onChange={(e) => setSaid({ ...said, name: e.target.value })} />
          </Field>
          <Field label={t('ship.phone')}>
            <Input type="tel" inputMode="tel" autoComplete="tel" value={address.phone} onChange={(e) => setSaid({ ...said, phone: e.target.value })} />
          </Field>
          <Field label={t('ship.address')}>
            <Textarea rows={2} autoComplete="street-address" value={address.address} onChange={(e) => setSaid({ ...said, address: e.target.value })} />
          </Field>
        </>
      )}
      {way === 'drop_off' && (
        <RadioCards
          legend={t('ship.store')}
          value={store}
          onPick={setStore}
          cards={open.map((one) => ({ value: one.code, title: one.name, text: [addressLines(one.address).where, one.hours].filter(Boolean).join(' · '), icon: 'store' as const }))}
        />
      )}
    </Frame>
  )
}

