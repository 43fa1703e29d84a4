import { keepPreviousData, useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from 'react'
import { Link, useLocation, useParams, useSearch } from 'wouter'
import { asProblem, newKey, problemText } from '../../api/client'
import {
  Button,
  Checkbox,
  ErrorState,
  Field,
  FileDrop,
  FilePicture,
  Icon,
  Input,
  Money,
  RadioCards,
  Segmented,
  Skeleton,
  Stepper,
  type StoredFile,
  TAKEN_OUT,
  Textarea,
  Thumb,
  toast,
} from '../../design'
import { useText } from '../../i18n'
import { parseMoney } from '../../i18n/format'
import { draftFiles, dropDraftFiles, keepDraftFile, useDraft } from '../../shell/drafts'
import { type AskedClaim, type Claim, type Line, type Option, type Order, orderQuery, post, refresh, uploadTo, useOrder, useOrders } from '../data'
import { namesAmount, reasonsFor } from '../actions'
import { Head, kindIcon, Notice, PageSkeleton } from '../parts'
import { Entered } from '../session'
import s from './Apply.module.css'
import type { Swapped } from './Swap'

// It asks the shop for its products, so it may come over the line as well.
const Swap = lazy(() => import('./Swap'))

interface Draft {
  quantities: Record<string, number>
  also: string[]
  reason: string | null
  condition: string
  description: string
  files: readonly StoredFile[]
  kind: string | null
  amount: string
  /** Of a fallen price: what one costs now, as it was seen, by line. */
  prices?: Record<string, string>
  swap: Record<string, Swapped>
  key: string
}

const fresh = (): Draft => ({ quantities: {}, also: [], reason: null, condition: 'unknown', description: '', files: [], kind: null, amount: '', swap: {}, key: newKey() })

export default function Apply() {
  const { id = '' } = useParams()
  return <Entered>{() => <Loaded id={id} />}</Entered>
}

function Loaded({ id }: { id: string }) {
  const { t } = useText()
  const order = useOrder(id)
  if (order.error) return <><Head up={{ href: '/', label: t('home.title') }} title={t('apply.title')} /><ErrorState error={order.error} onRetry={() => void order.refetch()} /></>
  if (!order.data) return <PageSkeleton />
  return <Steps order={order.data} />
}

const forFallenPrice = (draft: Draft): boolean => draft.kind === 'compensation' && draft.reason === 'price_dropped'

const STEPS = ['what', 'why', 'wish', 'check'] as const
type Step = (typeof STEPS)[number]

/** Four steps; each has its address, so the phone's own 'back' goes one step back. What was typed stays on this device. */
function Steps({ order }: { order: Order }) {
  const { t, has, fmt, locale } = useText()
  const [, go] = useLocation()
  const queries = useQueryClient()
  const asked = new URLSearchParams(useSearch()).get('step') as Step | null
  const draftKey = `apply.${order.id}`
  // What there is no choice about is chosen.
  const [only] = order.lines
  const [blank] = useState(() => ({ ...fresh(), quantities: only && order.lines.length === 1 ? { [only.id]: only.quantity } : {} }))
  const { value: draft, set, clear, found } = useDraft<Draft>(draftKey, blank)
  const patch = (change: Partial<Draft>) => set((now) => ({ ...now, ...change }))
  const more = useQueries({ queries: draft.also.map(orderQuery) })
  const orders = [order, ...more.flatMap((one) => (one.data ? [one.data] : []))]
  const lines = orders.flatMap((one) => one.lines)
  const chosen = lines.filter((line) => (draft.quantities[line.id] ?? 0) > 0)
  const [busy, setBusy] = useState(false)
  // Leaving the step would break off what is still being sent.
  const [sending, setSending] = useState(0)
  const [wrong, setWrong] = useState<string | null>(null)
  const top = useRef<HTMLDivElement>(null)
  // What was missing may be there now.
  useEffect(() => setWrong(null), [draft])

  const request = useMemo<AskedClaim>(
    () => ({
      kind: draft.kind ?? 'refund_only',
      lines: chosen.map((line) => ({ order_line_id: line.id, quantity: draft.quantities[line.id] ?? 1, new_product_id: draft.kind === 'exchange' ? draft.swap[line.id]?.id : undefined, price_cents: forFallenPrice(draft) ? parseMoney(draft.prices?.[line.id] ?? '', order.currency) : undefined })),
      reason: draft.reason ?? 'no_reason',
      condition: draft.condition,
      description: draft.description,
      file_ids: draft.files.map((file) => file.id),
      asked_cents: namesAmount(draft.kind) ? (parseMoney(draft.amount, order.currency) ?? undefined) : undefined,
      in_advance: false,
      client_key: draft.key,
    }),
    [draft, chosen.length],
  )
  const { kind: _kind, asked_cents: _asked, client_key: _key, ...question } = request
  const options = useQuery({
    queryKey: ['options', locale, JSON.stringify(question)],
    queryFn: () => post<Option[]>('/claims/options', { ...question, kind: 'compensation' }),
    enabled: chosen.length > 0 && !!draft.reason && (asked === 'wish' || asked === 'check'),
    staleTime: 60_000,
    // Another kind or size is another question: until it is answered, what stood there stays.
    placeholderData: keepPreviousData,
  })
  const chosenOf = (offered: Option[] | undefined) => offered?.find((one) => one.kind === draft.kind && one.open) ?? null
  const option = chosenOf(options.data)

  // A step can be entered only when those before it are answered.
  const ready: Record<Step, boolean> = { what: true, why: chosen.length > 0, wish: chosen.length > 0 && !!draft.reason, check: chosen.length > 0 && !!draft.reason && !!draft.kind }
  const step: Step = asked && STEPS.includes(asked) && ready[asked] ? asked : 'what'
  const at = STEPS.indexOf(step)
  // The phone's 'back' from a claim just sent ends in one of its steps: nothing is left to go on with there.
  useEffect(() => {
    if (asked && !found) go(`/orders/${order.id}`, { replace: true })
  }, [])
  useEffect(() => {
    if (asked) top.current?.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true })
    window.scrollTo(0, 0)
  }, [step])

  const problem = (option: Option | null, files: Draft['files']): string | null => {
    if (step === 'what' && !chosen.length) return t('apply.pickSomething')
    if (step === 'why' && !draft.reason) return t('apply.pickReason')
    if (step === 'wish') {
      if (!option) return t('apply.pickWish')
      const amount = parseMoney(draft.amount, order.currency)
      if (namesAmount(option.kind) && (draft.amount.trim() || (option.kind === 'compensation' && !(forFallenPrice(draft) && option.proposed_cents))) && !amount) return t('apply.amountMissing')
      if (namesAmount(option.kind) && amount && amount > option.amount_cents) return t('apply.amountOver', { amount: fmt.money(option.amount_cents, option.currency) })
      if (option.evidence_needed.length && !files.length) return t('apply.photoNeeded')
      if (option.kind === 'exchange' && draft.reason === 'wrong_size' && chosen.some((line) => !draft.swap[line.id])) return t('apply.swapMissing')
    }
    return null
  }
  const answered = async () => {
    setBusy(true)
    const { data } = await options.refetch()
    setBusy(false)
    return data
  }
  // What was picked without a line is sent as soon as one goes on.
  const sendLate = async () => {
    const late = await sendKept(order.id, draftKey)
    if (late.length) set((now) => ({ ...now, files: [...now.files, ...late] }))
    return late
  }
  const next = async () => {
    const waits = step === 'wish' && (options.isPending || options.isPlaceholderData)
    const late = step === 'wish' ? await sendLate().catch(() => []) : []
    const stop = problem(waits ? chosenOf(await answered()) : option, [...draft.files, ...late])
    setWrong(stop)
    if (stop) return
    if (step === 'check') return void send()
    const following = STEPS[at + 1]
    go(`/orders/${order.id}/apply?step=${following}`)
  }
  const send = async () => {
    setBusy(true)
    try {
      const late = await sendLate()
      const claim = await post<Claim>('/claims', { ...request, file_ids: [...request.file_ids, ...late.map((file) => file.id)], channel: 'portal' }, draft.key)
      clear()
      queries.setQueryData(['claim', claim.id], claim)
      refresh(queries)
      toast(t('apply.sent'))
      go(`/claims/${claim.id}`, { replace: true })
    } catch (error) {
      const told = asProblem(error)
      setWrong(told.status === 0 ? t('apply.notSent') : problemText(told, t, has))
      if (told.code === 'not_entitled' || told.code === 'nothing_left') void options.refetch()
    } finally {
      setBusy(false)
    }
  }

  return (
    <div ref={top} className={s.apply}>
      <Head up={{ href: `/orders/${order.id}`, label: t('order.title') }} title={t('apply.title')} />
      <ol className={s.steps} aria-label={t('apply.steps')}>
        {STEPS.map((one, i) => (
          <li key={one} data-done={i < at || undefined} aria-current={i === at ? 'step' : undefined}>
            <span className={s.dot}>{i < at ? <Icon name="check" size={14} /> : i + 1}</span>
            <span className={s.stepName}>{t(`apply.step.${one}`)}</span>
          </li>
        ))}
      </ol>
      {found && at === 0 && (
        <Notice icon="undo">
          {t('apply.restored')}{' '}
          <Button kind="quiet" small onClick={clear}>
            {t('apply.startOver')}
          </Button>
        </Notice>
      )}
      {step === 'what' && <What order={order} orders={orders} draft={draft} patch={patch} />}
      {step === 'why' && <WhyStep order={order} draft={draft} set={set} patch={patch} draftKey={draftKey} onSending={(change) => setSending((now) => now + change)} chosen={chosen} />}
      {step === 'wish' && <Wish order={order} chosen={chosen} draft={draft} patch={patch} options={options.data} loading={options.isPending} error={options.error} retry={() => void options.refetch()} />}
      {step === 'check' && <Check order={order} chosen={chosen} draft={draft} option={option} loading={options.isPending} />}
      <div className={s.foot}>
        {wrong && (
          <p className="field-error" role="alert">
            <Icon name="warning" size={16} />
            <span>{wrong}</span>
          </p>
        )}
        <div className={s.footButtons}>
          {at > 0 && (
            <Button
              onClick={() => {
                setWrong(null)
                go(`/orders/${order.id}/apply?step=${STEPS[at - 1]}`, { replace: true })
              }}
            >
              {t('apply.previous')}
            </Button>
          )}
          <Button kind="primary" wide busy={busy || sending > 0} onClick={next}>
            {t(sending > 0 ? 'apply.sendingPhotos' : step === 'check' ? 'apply.send' : 'apply.next')}
          </Button>
        </div>
      </div>
    </div>
  )
}

const keptAs = (file: File) => `${file.name}.${file.size}.${file.lastModified}`

/** Photos that were picked and are not through yet. What is refused would be refused again. */
async function sendKept(orderId: string, draftKey: string): Promise<StoredFile[]> {
  const sent: StoredFile[] = []
  for (const file of await draftFiles(draftKey).catch(() => [])) {
    try {
      sent.push(await uploadTo(`/orders/${orderId}/files`, file, () => undefined, new AbortController().signal))
    } catch (error) {
      if (asProblem(error).passing) throw error
    }
    await dropDraftFiles(draftKey, keptAs(file))
  }
  return sent
}

function StepTitle({ children, text }: { children: ReactNode; text?: ReactNode }) {
  return (
    <div className={s.title}>
      <h2 tabIndex={-1}>{children}</h2>
      {text && <p className="muted">{text}</p>}
    </div>
  )
}

function What({ order, orders, draft, patch }: { order: Order; orders: Order[]; draft: Draft; patch: (change: Partial<Draft>) => void }) {
  const { t, fmt } = useText()
  const all = useOrders()
  const others = (all.data ?? []).filter((one) => one.shop_id === order.shop_id && one.customer_id === order.customer.id && one.currency === order.currency && one.id !== order.id && !draft.also.includes(one.id))
  const [more, setMore] = useState(false)
  const put = (line: Line, quantity: number) => patch({ quantities: { ...draft.quantities, [line.id]: quantity } })
  return (
    <>
      <StepTitle>{t('apply.whatTitle')}</StepTitle>
      {orders.map((one) => (
        <section key={one.id} aria-label={t('apply.ofOrder', { number: one.number })}>
          {orders.length > 1 && <p className="muted small">{t('apply.ofOrder', { number: one.number })}</p>}
          <ul className={s.lines} role="list">
            {one.lines.map((line) => {
              const quantity = draft.quantities[line.id] ?? 0
              return (
                <li key={line.id} data-chosen={quantity > 0 || undefined}>
                  <Thumb src={line.image} alt="" size={64} />
                  <div className={s.lineWords}>
                    <Checkbox label={line.title} checked={quantity > 0} onChange={(e) => put(line, e.target.checked ? line.quantity : 0)} />
                    <p className="muted small">
                      <Money cents={line.paid_cents} currency={line.currency} /> · {t('claim.pieces', { count: line.quantity })}
                    </p>
                    {quantity > 0 && line.quantity > 1 && <Stepper label={t('apply.quantity', { title: line.title })} min={1} max={line.quantity} value={quantity} onChange={(n) => put(line, n)} />}
                  </div>
                </li>
              )
            })}
          </ul>
        </section>
      ))}
      {/* Its place is kept: what comes late would push the button away from under a finger. */}
      <div className={s.also}>
        {others.length > 0 &&
          (more ? (
            <ul className="picks" role="list">
              {others.slice(0, 20).map((one) => (
                <li key={one.id}>
                  <button type="button" onClick={() => patch({ also: [...draft.also, one.id] })}>
                    <Thumb src={one.image} alt="" size={40} />
                    <span>
                      <span className="one-line">{one.title}</span>
                      <span className="muted small">
                        {one.number} · {fmt.date(one.placed_at)}
                      </span>
                    </span>
                    <Icon name="plus" size={18} />
                  </button>
                </li>
              ))}
            </ul>
          ) : (
            <Button kind="quiet" icon="plus" onClick={() => setMore(true)}>
              {t('apply.alsoOther')}
            </Button>
          ))}
      </div>
    </>
  )
}

const AS_BOUGHT = ['no_reason', 'wrong_size', 'agreed_with_shop']
const SHOWN_BY_PHOTO = ['defective', 'damaged', 'wrong_item', 'missing_item', 'not_as_described', 'counterfeit']

function WhyStep({
  order,
  draft,
  set,
  patch,
  draftKey,
  onSending,
  chosen,
}: {
  order: Order
  draft: Draft
  set: (change: (now: Draft) => Draft) => void
  patch: (change: Partial<Draft>) => void
  draftKey: string
  onSending: (change: 1 | -1) => void
  chosen: Line[]
}) {
  const { t } = useText()
  const delivered = chosen.some((line) => line.delivered_at)
  const upload = (file: File, tell: (share: number) => void, signal: AbortSignal) => {
    // Kept on this device until it is through: the line may break, the page may be left or loaded again.
    const kept = keepDraftFile(draftKey, keptAs(file), file).catch(() => undefined)
    const forget = () => void kept.then(() => dropDraftFiles(draftKey, keptAs(file)))
    signal.addEventListener('abort', () => signal.reason === TAKEN_OUT && forget())
    onSending(1)
    return uploadTo(`/orders/${order.id}/files`, file, tell, signal)
      .then(
        (stored) => {
          forget()
          return stored
        },
        async (error: unknown) => {
          if (!signal.aborted && !asProblem(error).passing) forget()
          // Said when it is true: that it goes out later can be trusted once it is kept.
          await kept
          throw error
        },
      )
      .finally(() => onSending(-1))
  }
  const [unsent, setUnsent] = useState<readonly File[]>()
  useEffect(() => {
    void draftFiles(draftKey).then(setUnsent, () => undefined)
  }, [draftKey])
  return (
    <>
      <StepTitle>{t('apply.whyTitle')}</StepTitle>
      <fieldset className={s.reasons}>
        <legend className="sr">{t('apply.reason')}</legend>
        {reasonsFor(chosen).map((reason) => (
          <label key={reason}>
            <input type="radio" name="reason" checked={draft.reason === reason} onChange={() => patch({ reason, kind: null })} />
            <span>{t(`reason.${reason}`)}</span>
          </label>
        ))}
      </fieldset>
      {delivered && draft.reason && AS_BOUGHT.includes(draft.reason) && (
        <div className={s.condition}>
          <p className="field-label" id="condition">
            {t('apply.condition')}
          </p>
          <Segmented
            label={t('apply.condition')}
            value={draft.condition}
            onPick={(condition) => patch({ condition })}
            choices={['unopened', 'as_new', 'used'].map((value) => ({ value, label: t(`condition.${value}`) }))}
          />
        </div>
      )}
      {draft.reason && (
        <>
          <Field label={t('apply.description')} optional hint={t(SHOWN_BY_PHOTO.includes(draft.reason) ? 'apply.descriptionFault' : 'apply.descriptionHint')}>
            <Textarea value={draft.description} maxLength={4000} onChange={(e) => patch({ description: e.target.value })} />
          </Field>
          <FileDrop
            camera
            label={t('apply.photos')}
            hint={t(SHOWN_BY_PHOTO.includes(draft.reason) ? 'apply.photosFault' : 'apply.photosHint')}
            files={draft.files}
            onChange={(change) => set((now) => ({ ...now, files: change(now.files) }))}
            upload={upload}
            unsent={unsent}
          />
        </>
      )}
    </>
  )
}

function Wish({
  order,
  chosen,
  draft,
  patch,
  options,
  loading,
  error,
  retry,
}: {
  order: Order
  chosen: Line[]
  draft: Draft
  patch: (change: Partial<Draft>) => void
  options: Option[] | undefined
  loading: boolean
  error: unknown
  retry: () => void
}) {
  const { t, fmt } = useText()
  const open = (options ?? []).filter((one) => one.open)
  const closed = (options ?? []).filter((one) => !one.open)
  const picked = open.find((one) => one.kind === draft.kind)
  const delivered = chosen.some((line) => line.delivered_at)
  const fallen = forFallenPrice(draft) ? picked?.proposed_cents : null
  const more = useRef<HTMLDivElement>(null)
  if (error) return <ErrorState error={error} onRetry={retry} />
  return (
    <>
      <StepTitle text={t('apply.wishText')}>{t('apply.wishTitle')}</StepTitle>
      {loading ? (
        <div className={s.waiting} role="status" aria-label={t('state.loading')}>
          <Skeleton height={84} />
          <Skeleton height={84} />
          <Skeleton height={84} />
        </div>
      ) : open.length ? (
        <RadioCards
          legend={t('apply.wishTitle')}
          hideLegend
          value={draft.kind}
          onPick={(kind) => {
            patch(kind === draft.kind ? { kind } : { kind, amount: '' })
            // What this kind asks besides stands below the cards, perhaps below the fold.
            requestAnimationFrame(() => more.current?.childElementCount && more.current.scrollIntoView({ block: 'center' }))
          }}
          cards={open.map((one) => ({
            value: one.kind,
            title: one.label,
            icon: kindIcon(one.kind),
            text: <Told option={one} />,
            aside: one.kind !== 'exchange' && one.kind !== 'repair' && one.kind !== 'resend' && one.amount_cents > 0 && one.kind !== 'compensation' ? <Money cents={one.amount_cents} currency={one.currency} /> : undefined,
          }))}
        />
      ) : (
        <Notice icon="help" tone="paused">
          {t('apply.nothingOpen')}
        </Notice>
      )}
      <div ref={more} className={s.more}>
        {picked?.kind === 'exchange' && (
          <Suspense fallback={<Skeleton height={84} />}>
            {chosen.map((line) => <Swap key={line.id} order={order} line={line} other={draft.reason === 'wrong_size'} picked={draft.swap[line.id]} pick={(product) => patch({ swap: product ? { ...draft.swap, [line.id]: product } : Object.fromEntries(Object.entries(draft.swap).filter(([id]) => id !== line.id)) })} />)}
          </Suspense>
        )}
        {picked && forFallenPrice(draft) && (picked.proposed_cents === null || Object.values(draft.prices ?? {}).some(Boolean)) && chosen.map((line) => (
          <Field key={line.id} label={t('apply.priceNow', { title: line.title })} hint={t('apply.priceNowHint')} optional>
            <Input inputMode="decimal" value={draft.prices?.[line.id] ?? ''} onChange={(e) => patch({ prices: { ...draft.prices, [line.id]: e.target.value } })} />
          </Field>
        ))}
        {picked?.kind === 'compensation' && (
          <Field label={t('apply.amount')} hint={fallen ? t('apply.amountFallen', { amount: fmt.money(fallen, picked.currency) }) : t('apply.amountHint')} optional={!!fallen}>
            <Input inputMode="decimal" value={draft.amount} onChange={(e) => patch({ amount: e.target.value })} />
          </Field>
        )}
        {picked?.kind === 'refund_only' && delivered && (
          <Field label={t('apply.amountBack')} hint={t('apply.amountBackHint', { amount: fmt.money(picked.amount_cents, picked.currency) })} optional>
            <Input inputMode="decimal" value={draft.amount} onChange={(e) => patch({ amount: e.target.value })} />
          </Field>
        )}
      </div>
      {picked && picked.evidence_needed.length > 0 && !draft.files.length && (
        <Notice icon="camera">
          {t('apply.photoNeeded')}
        </Notice>
      )}
      {closed.length > 0 && !loading && (
        <details className={s.closed}>
          <summary>{t('apply.closed')}</summary>
          <ul role="list">
            {closed.map((one) => (
              <li key={one.kind}>
                <strong>{one.label}</strong>
                <span className="muted small">{one.why}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <Link href={`/cases/new?order=${order.id}`} className={s.unsure}>
        <Icon name="chat" size={18} />
        {t('apply.unsure')}
      </Link>
    </>
  )
}

/** Days, freight and who decides: told before choosing. */
function Told({ option }: { option: Option }) {
  const { t } = useText()
  const parts = [
    t('option.days', { count: option.usual_days }),
    option.freight_payer === 'nobody' ? '' : t(`freight.${option.freight_payer}`),
    option.automatic ? t('option.automatic') : t('option.byShop'),
  ].filter(Boolean)
  const told = parts.join(t('option.joint'))
  return <>{told.charAt(0).toUpperCase() + told.slice(1)}</>
}

function Check({ order, chosen, draft, option, loading }: { order: Order; chosen: Line[]; draft: Draft; option: Option | null; loading: boolean }) {
  const { t, fmt } = useText()
  const difference = (cents: number, currency: string) => t(cents > 0 ? 'apply.dearer' : 'apply.cheaper', { amount: fmt.money(Math.abs(cents), currency) })
  const edit = (step: Step) => `/orders/${order.id}/apply?step=${step}`
  const [, go] = useLocation()
  const part = (title: string, step: Step, inside: ReactNode) => (
    <section className={s.part}>
      <header>
        <h3>{title}</h3>
        <Button kind="quiet" small onClick={() => go(edit(step))} aria-label={t('apply.changePart', { part: title })}>
          {t('apply.change')}
        </Button>
      </header>
      {inside}
    </section>
  )
  const asked = namesAmount(draft.kind) ? parseMoney(draft.amount, order.currency) : null
  return (
    <>
      <StepTitle>{t('apply.checkTitle')}</StepTitle>
      {option && (
        <div className={s.outcome}>
          <p className="muted small">{option.label}</p>
          {option.kind === 'exchange' || option.kind === 'repair' || option.kind === 'resend' ? (
            <p className={s.outcomeBig}>{t(`outcome.${option.kind}`)}</p>
          ) : (
            <p className={s.outcomeBig}>{t('apply.youGet', { amount: fmt.money(asked ?? option.proposed_cents ?? option.amount_cents, option.currency) })}</p>
          )}
          <p className="small">
            <Told option={option} />
          </p>
        </div>
      )}
      {loading && <Skeleton height={84} />}
      {part(
        t('apply.step.what'),
        'what',
        <ul className={s.checkLines} role="list">
          {chosen.map((line) => (
            <li key={line.id}>
              <Thumb src={line.image} alt="" size={40} />
              <span>
                <span className="one-line">{line.title}</span>
                <span className="muted small">
                  {t('claim.pieces', { count: draft.quantities[line.id] ?? 1 })}
                  {draft.kind === 'exchange' && <> → {draft.swap[line.id]?.title ?? t('apply.swapSame')}</>}
                  {draft.kind === 'exchange' && !!draft.swap[line.id]?.difference_cents && <> · {difference(draft.swap[line.id]?.difference_cents ?? 0, line.currency)}</>}
                </span>
              </span>
            </li>
          ))}
        </ul>,
      )}
      {part(
        t('apply.step.why'),
        'why',
        <>
          <p>{draft.reason && t(`reason.${draft.reason}`)}</p>
          {draft.description && <p className="muted message">{draft.description}</p>}
          {draft.files.length > 0 && (
            <ul className={s.pictures} role="list">
              {draft.files.map((file) => (
                <li key={file.id}>
                  <FilePicture src={file.content_type.startsWith('image/') && file.url} name={file.name} />
                </li>
              ))}
            </ul>
          )}
        </>,
      )}
      <p className="muted small">{t('apply.afterwards')}</p>
    </>
  )
}
