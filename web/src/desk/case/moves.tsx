/** The moves of a claim: each verb opens the smallest form that carries what it needs, and says plainly when it is too late. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { api, ask, asProblem, Problem, problemText } from '../../api/client'
import { Button, Checkbox, Dialog, Facts, Field, FileDrop, Icon, Input, Money, RadioCards, Segmented, Select, type StoredFile, Stepper, Textarea, toast } from '../../design'
import { useText } from '../../i18n'
import { minorDigits, parseMoney, decimalOfMinor } from '../../i18n/format'
import { type ClaimPage, type ClaimState, keys, takeMove, toOrder, useIntention, useMay } from '../data'
import { emptyGrades, Grading, gradesComplete, type GradeRow } from './Grading'
import css from './case.module.css'

/** Verbs that the desk has a form for, and what the form consists of. */
const FORMS = {
  approve: 'approve',
  reject: 'words',
  offer: 'offer',
  add_evidence: 'words',
  ship: 'ship',
  receive: 'count',
  inspect: 'grades',
  accept: 'grades',
  accept_partly: 'grades',
  refuse_receipt: 'words',
  send_back: 'waybill',
  reship: 'waybill',
  confirm_sent_back: 'confirm',
  out_of_stock: 'confirm',
  settle_difference: 'confirm',
  retry_refund: 'confirm',
  to_wallet: 'confirm',
  offer_offline: 'words',
  appeal: 'words',
  collect_evidence: 'words',
  judge: 'confirm',
  rule_for_customer: 'ruling',
  rule_for_merchant: 'words',
  mediate: 'terms',
  carry_out: 'confirm',
  extend: 'extend',
} as const
export type Verb = keyof typeof FORMS

const HARMS = new Set<Verb>(['reject', 'refuse_receipt', 'out_of_stock', 'rule_for_merchant'])
/** What can be taken back, or hurts nobody, is done at once. */
const AT_ONCE = new Set<Verb>(['judge', 'retry_refund'])
const GRADES: readonly string[] = ['inspect', 'accept', 'accept_partly']

export interface DeskMove {
  verb: Verb
  label: string
  harm: boolean
  needs: readonly string[]
}

/** What this person can do with the claim here, the likeliest first; one button for all that is said by grading. */
export function movesOf(claim: ClaimPage, t: (key: string) => string, may: (permission: string) => boolean): DeskMove[] {
  const found: DeskMove[] = []
  for (const action of claim.actions) {
    if (!(action.verb in FORMS)) continue
    const verb = action.verb as Verb
    if (GRADES.includes(verb)) {
      if (!found.some((m) => GRADES.includes(m.verb))) found.push({ verb: 'inspect', label: t('move.inspect'), harm: false, needs: ['grades'] })
      continue
    }
    found.push({ verb, label: action.label, harm: HARMS.has(verb), needs: action.needs })
  }
  if (claim.state === 'refund_failed' && may('claims.money')) found.splice(1, 0, { verb: 'to_wallet', label: t('move.to_wallet'), harm: false, needs: [] })
  if (claim.difference_cents > 0 && !claim.difference_settled_at && may('claims.money') && !claim.ended) found.push({ verb: 'settle_difference', label: t('move.settle_difference'), harm: false, needs: [] })
  if (extendable(claim).length && (may('claims.decide') || may('claims.arbitrate'))) found.push({ verb: 'extend', label: t('move.extend'), harm: false, needs: [] })
  return found
}

const extendable = (claim: ClaimPage) => claim.clocks.filter((c) => c.state === 'running' && !c.settled_at && c.extensions < c.max_extensions)

/** `opened`: the form that stands open from the beginning, for screens that offer one move from a list. */
export function useMoves(
  claim: ClaimPage | null | undefined,
  { opened = null, onClosed }: { opened?: Verb | null; onClosed?: () => void } = {},
): { moves: DeskMove[]; start: (verb: Verb) => void; busy: Verb | null; form: ReactNode } {
  const { t, has } = useText()
  const may = useMay()
  const queries = useQueryClient()
  const [open, show] = useState<Verb | null>(opened)
  const [busy, setBusy] = useState<Verb | null>(null)
  const setOpen = (verb: Verb | null) => {
    show(verb)
    if (!verb) onClosed?.()
  }
  const intention = useIntention()
  const moves = claim ? movesOf(claim, t, may) : []
  const settled = (next: ClaimPage, verb: Verb) => {
    queries.setQueryData(keys.claim(next.id), next)
    void queries.invalidateQueries({ queryKey: keys.claims() })
    void queries.invalidateQueries({ queryKey: keys.refunds })
    void queries.invalidateQueries({ queryKey: keys.case(next.case_id) })
    void queries.invalidateQueries({ queryKey: keys.story(next.case_id) })
    void queries.invalidateQueries({ queryKey: keys.queue() })
    toast(t('move.done', { what: moves.find((m) => m.verb === verb)?.label ?? '', state: next.state_label }))
  }
  const atOnce = async (verb: Verb) => {
    if (!claim || busy) return
    setBusy(verb)
    try {
      settled(await takeMove(claim.id, verb, null, intention.renew()), verb)
    } catch (error) {
      toast(problemText(asProblem(error), t, has), { tone: 'wrong' })
      await queries.invalidateQueries({ queryKey: keys.claim(claim.id) })
    } finally {
      setBusy(null)
    }
  }
  return {
    moves,
    busy,
    start: (verb) => (AT_ONCE.has(verb) ? void atOnce(verb) : setOpen(verb)),
    form: claim && open && (
      <MoveForm
        key={`${claim.id} ${open}`}
        claim={claim}
        verb={open}
        label={moves.find((m) => m.verb === open)?.label ?? ''}
        needs={moves.find((m) => m.verb === open)?.needs ?? []}
        moves={moves}
        onOther={setOpen}
        onClose={() => setOpen(null)}
        onDone={(next) => {
          setOpen(null)
          settled(next, open)
        }}
      />
    ),
  }
}

interface Given {
  words: string
  files: readonly StoredFile[]
  amount: string
  asks: 'other_kind' | 'other_amount' | 'proof' | 'cancel'
  kind: string
  keep: boolean
  remedy: 'refund' | 'reship' | 'repair'
  carrier: string
  number: string
  way: 'waybill' | 'pick_up' | 'drop_off'
  store: string
  day: string
  window: string
  address: string
  phone: string
  counts: Record<string, number>
  grades: GradeRow[]
  clock: string
  hours: number
}

const KINDS = ['return_refund', 'refund_only', 'exchange', 'resend', 'repair', 'compensation'] as const
const REMEDIES: Partial<Record<string, readonly Given['remedy'][]>> = { repair: ['refund', 'reship', 'repair'], recall: ['refund', 'reship', 'repair'], exchange: ['reship', 'refund'], resend: ['reship', 'refund'] }
const CARRIERS = ['顺丰速运', '中通快递', '圆通速递', '韵达快递', '申通快递', '京东快递', '邮政 EMS', '极兔速递', '德邦快递', 'DHL', 'UPS', 'Correios']

function MoveForm({ claim, verb, label: offered, needs: asked, moves, onOther, onClose, onDone }: { claim: ClaimPage; verb: Verb; label: string; needs: readonly string[]; moves: DeskMove[]; onOther: (verb: Verb) => void; onClose: () => void; onDone: (next: ClaimPage) => void }) {
  const { t, fmt } = useText()
  const queries = useQueryClient()
  const { key } = useIntention()
  const form = FORMS[verb]
  // A colleague may be quicker: what this form is called and asks for stays as it was when it opened.
  const [{ label, needs }] = useState({ label: offered, needs: asked })
  const gone = !moves.some((m) => m.verb === verb)
  const digits = minorDigits(claim.currency)
  const most = claim.requested_cents
  const [busy, setBusy] = useState(false)
  const [refused, setRefused] = useState<Problem | null>(null)
  const clocks = extendable(claim)
  const [g, setAll] = useState<Given>(() => ({
    words: '',
    files: [],
    amount: decimalOfMinor(claim.proposed_cents || (form === 'offer' ? Math.round(most / 2) : most), digits),
    asks: 'other_amount',
    kind: KINDS.find((k) => k !== claim.kind) ?? 'refund_only',
    keep: form === 'offer' || form === 'terms' || form === 'ruling' ? claim.keep_goods : false,
    remedy: (REMEDIES[claim.kind] ?? ['refund'])[0] ?? 'refund',
    carrier: '',
    number: '',
    way: 'waybill',
    store: '',
    day: '',
    window: '09:00-12:00',
    address: '',
    phone: '',
    counts: Object.fromEntries(claim.lines.map((l) => [l.order_line_id, l.quantity])),
    grades: emptyGrades(claim),
    clock: clocks[0]?.id ?? '',
    hours: 24,
  }))
  const set = (change: Partial<Given>) => {
    setRefused(null)
    setAll((now) => ({ ...now, ...change }))
  }
  const cents = parseMoney(g.amount, claim.currency)
  const tooMuch = cents === null || cents > most
  const fileIds = g.files.map((f) => f.id)
  const less = form === 'grades' && g.grades.some((row) => !row.accepted || row.grade === 'missing')
  const body = (): object | null => {
    switch (form) {
      case 'approve':
        return { amount_cents: cents }
      case 'words':
        return verb === 'offer_offline' ? { words: g.words, voucher_file_id: fileIds[0] ?? null } : { words: g.words, file_ids: fileIds }
      case 'offer':
        return { asks: g.asks, words: g.words, keep_goods: g.asks === 'other_amount' && g.keep, ...(g.asks === 'other_kind' ? { kind: g.kind } : {}), ...(g.asks === 'other_amount' ? { amount_cents: cents } : {}) }
      case 'ruling':
        return { words: g.words, remedy: g.remedy, keep_goods: g.keep, amount_cents: g.remedy === 'refund' ? cents : null }
      case 'terms':
        return { words: g.words, amount_cents: cents, keep_goods: g.keep }
      case 'ship':
        return g.way === 'waybill'
          ? { way: g.way, carrier: g.carrier, tracking_number: g.number }
          : g.way === 'drop_off'
            ? { way: g.way, store: g.store }
            : { way: g.way, pick_up_on: g.day, pick_up_window: g.window, address: { line: g.address, phone: g.phone } }
      case 'waybill':
        return { carrier: g.carrier, tracking_number: g.number }
      case 'count':
        return { counted: Object.entries(g.counts).map(([order_line_id, quantity]) => ({ order_line_id, quantity })) }
      case 'grades':
        return {
          graded: g.grades.filter((r) => r.quantity > 0).map((r) => ({ order_line_id: r.line, quantity: r.quantity, grade: r.grade, accepted: r.accepted, disposition: r.disposition, words: r.words })),
          words: g.words,
          file_ids: fileIds,
        }
      case 'extend':
        return { clock_id: g.clock, hours: g.hours, reason: g.words }
      default:
        return null
    }
  }
  const proof = needs.includes('proof') || verb === 'offer_offline' || verb === 'add_evidence' || verb === 'refuse_receipt'
  const missing =
    form === 'approve' ? tooMuch
    : form === 'words' ? (verb !== 'add_evidence' && verb !== 'offer_offline' && !g.words.trim()) || (proof && verb !== 'add_evidence' && !g.files.length) || (verb === 'add_evidence' && !g.words.trim() && !g.files.length)
    : form === 'offer' ? (g.asks === 'other_amount' && tooMuch) || ((g.asks === 'proof' || g.asks === 'cancel') && !g.words.trim())
    : form === 'ruling' || form === 'terms' ? !g.words.trim() || ((form === 'terms' || g.remedy === 'refund') && tooMuch)
    : form === 'waybill' ? !g.carrier.trim() || !g.number.trim()
    : form === 'ship' ? (g.way === 'waybill' ? !g.carrier.trim() || !g.number.trim() : g.way === 'drop_off' ? !g.store.trim() : !g.day || !g.address.trim())
    : form === 'grades' ? !gradesComplete(claim, g.grades) || (less && !g.words.trim())
    : form === 'extend' ? !g.clock || !g.words.trim()
    : false
  const go = async () => {
    if (busy || missing) return
    setBusy(true)
    setRefused(null)
    try {
      // In transit the parcel is first counted: what was found is what is graded.
      if (form === 'grades' && claim.state === 'in_transit_back') {
        const counted = claim.lines.map((l) => ({ order_line_id: l.order_line_id, quantity: g.grades.filter((r) => r.line === l.order_line_id).reduce((n, r) => n + r.quantity, 0) }))
        await takeMove(claim.id, 'receive', { counted }, `${key}-count`)
      }
      onDone(await takeMove(claim.id, GRADES.includes(verb) ? 'inspect' : verb, body(), key))
    } catch (error) {
      setRefused(asProblem(error))
      void queries.invalidateQueries({ queryKey: keys.claim(claim.id) })
    } finally {
      setBusy(false)
    }
  }
  const amountField = (text: string) => (
    <Field label={text} hint={claim.proposed_cents === null ? t('move.amountMost', { amount: fmt.money(most, claim.currency) }) : t('move.amountFallen', { fallen: fmt.money(claim.proposed_cents, claim.currency), amount: fmt.money(most, claim.currency) })} error={g.amount && tooMuch ? t('move.amountTooMuch', { amount: fmt.money(most, claim.currency) }) : undefined} required>
      <Input inputMode="decimal" value={g.amount} onChange={(e) => set({ amount: e.target.value })} onFocus={(e) => e.target.select()} />
    </Field>
  )
  const wordsField = (text: string, hint?: string, optional?: boolean) => (
    <Field label={text} hint={hint} required={!optional} optional={optional}>
      <Textarea rows={4} maxLength={4000} value={g.words} onChange={(e) => set({ words: e.target.value })} />
    </Field>
  )
  const proofField = (text: string, hint?: string) => (
    <FileDrop label={text} hint={hint} files={g.files} onChange={(change) => set({ files: change(g.files) })} upload={toOrder(claim.lines[0]?.order_id ?? '')} maxFiles={verb === 'offer_offline' ? 1 : 9} />
  )
  const waybill = (
    <div className={css.two}>
      <Field label={t('ship.carrier')} required>
        <Input list="carriers" value={g.carrier} onChange={(e) => set({ carrier: e.target.value })} autoComplete="off" />
      </Field>
      <Field label={t('ship.number')} required>
        <Input value={g.number} onChange={(e) => set({ number: e.target.value })} autoComplete="off" spellCheck={false} />
      </Field>
      <datalist id="carriers">
        {CARRIERS.map((c) => (
          <option key={c} value={c} />
        ))}
      </datalist>
    </div>
  )
  return (
    <Dialog
      open
      onClose={onClose}
      title={label}
      form="side"
      wide={form === 'grades'}
      actions={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind={HARMS.has(verb) ? 'harm' : 'primary'} busy={busy} disabled={missing || (!!refused && gone)} onClick={() => void go()}>
            {label}
          </Button>
        </>
      }
    >
      <div className={css.form} onKeyDown={(e) => e.key === 'Enter' && (e.metaKey || e.ctrlKey) && void go()}>
        <p className="muted">
          {claim.number} · {claim.kind_label} · {claim.lines[0]?.title}
          {claim.lines.length > 1 ? t('claim.andMore', { count: claim.lines.length - 1 }) : ''}
        </p>
        {form === 'approve' && (
          <>
            {amountField(t('move.agreeAmount'))}
            {needs.includes('return_address') && <ReturnAddress claim={claim} />}
            <p className="muted small">{t(`approve.then.${needs.includes('return_address') ? (claim.kind === 'exchange' || claim.kind === 'repair' ? `${claim.kind}OnReturn` : 'return') : claim.kind === 'exchange' || claim.kind === 'resend' ? 'reship' : claim.kind === 'repair' ? 'repair' : 'refund'}`)}</p>
          </>
        )}
        {form === 'words' && (
          <>
            {wordsField(t(`words.${verb === 'offer_offline' || verb === 'add_evidence' ? 'note' : verb === 'collect_evidence' ? 'question' : 'reason'}`), t(`wordsHint.${verb}`), verb === 'offer_offline' || verb === 'add_evidence')}
            {proof && proofField(t(verb === 'offer_offline' ? 'proof.voucher' : 'proof.label'), t(verb === 'reject' || verb === 'refuse_receipt' ? 'proof.needed' : 'proof.hint'))}
          </>
        )}
        {form === 'offer' && (
          <>
            <RadioCards
              legend={t('offer.legend')}
              value={g.asks}
              onPick={(asks) => set({ asks })}
              cards={(['other_amount', 'other_kind', 'proof', 'cancel'] as const).map((asks) => ({ value: asks, title: t(`offer.${asks}`), text: t(`offerText.${asks}`) }))}
            />
            {g.asks === 'other_amount' && (
              <>
                {amountField(t('offer.amount'))}
                {claim.kind !== 'refund_only' && <Checkbox label={t('offer.keep')} hint={t('offer.keepHint')} checked={g.keep} onChange={(e) => set({ keep: e.target.checked })} />}
              </>
            )}
            {g.asks === 'other_kind' && (
              <Field label={t('offer.kind')} required>
                <Select value={g.kind} onPick={(kind) => set({ kind })} choices={KINDS.filter((k) => k !== claim.kind).map((k) => ({ value: k as string, label: t(`kind.${k}`) }))} />
              </Field>
            )}
            {wordsField(t('offer.words'), t('offer.wordsHint'), g.asks === 'other_amount' || g.asks === 'other_kind')}
          </>
        )}
        {(form === 'ruling' || form === 'terms') && (
          <>
            {form === 'ruling' && (REMEDIES[claim.kind]?.length ?? 0) > 1 && (
              <RadioCards legend={t('ruling.remedy')} value={g.remedy} onPick={(remedy) => set({ remedy })} cards={(REMEDIES[claim.kind] ?? []).map((r) => ({ value: r, title: t(`remedy.${r}`) }))} />
            )}
            {(form === 'terms' || g.remedy === 'refund') && amountField(t(form === 'terms' ? 'ruling.termsAmount' : 'ruling.amount'))}
            {claim.kind !== 'refund_only' && <Checkbox label={t('offer.keep')} hint={t('offer.keepHint')} checked={g.keep} onChange={(e) => set({ keep: e.target.checked })} />}
            {wordsField(t(form === 'terms' ? 'ruling.terms' : 'words.reason'), t('ruling.wordsHint'))}
          </>
        )}
        {form === 'waybill' && waybill}
        {form === 'ship' && (
          <>
            <Segmented label={t('ship.way')} value={g.way} onPick={(way) => set({ way })} choices={(['waybill', 'pick_up', 'drop_off'] as const).map((way) => ({ value: way, label: t(`ship.${way}`) }))} />
            {g.way === 'waybill' && waybill}
            {g.way === 'drop_off' && (
              <Field label={t('ship.store')} required>
                <Input value={g.store} onChange={(e) => set({ store: e.target.value })} />
              </Field>
            )}
            {g.way === 'pick_up' && (
              <>
                <div className={css.two}>
                  <Field label={t('ship.day')} required>
                    <Input type="date" value={g.day} onChange={(e) => set({ day: e.target.value })} />
                  </Field>
                  <Field label={t('ship.window')}>
                    <Select value={g.window} onPick={(window) => set({ window })} choices={['09:00-12:00', '12:00-15:00', '15:00-18:00', '18:00-21:00'].map((v) => ({ value: v, label: v }))} />
                  </Field>
                </div>
                <Field label={t('ship.address')} required>
                  <Input value={g.address} onChange={(e) => set({ address: e.target.value })} />
                </Field>
                <Field label={t('ship.phone')} optional>
                  <Input type="tel" value={g.phone} onChange={(e) => set({ phone: e.target.value })} />
                </Field>
              </>
            )}
          </>
        )}
        {form === 'count' &&
          claim.lines.map((line) => (
            <div key={line.order_line_id} className={css.count}>
              <span>{line.title}</span>
              <Stepper label={line.title} max={line.quantity} value={g.counts[line.order_line_id] ?? 0} onChange={(n) => set({ counts: { ...g.counts, [line.order_line_id]: n } })} />
              <span className="muted small">{t('grading.claimed', { count: line.quantity })}</span>
            </div>
          ))}
        {form === 'grades' && (
          <>
            <Grading claim={claim} rows={g.grades} onChange={(grades) => set({ grades })} />
            {less && (
              <>
                {wordsField(t('grading.why'), t('grading.whyHint'))}
                {proofField(t('proof.label'), t('proof.needed'))}
              </>
            )}
          </>
        )}
        {form === 'extend' && (
          <>
            <RadioCards legend={t('extend.clock')} value={g.clock} onPick={(clock) => set({ clock })} cards={clocks.map((c) => ({ value: c.id, title: t(`clock.${c.name.replace(/^claim\.decide_.*/, 'claim.decide').replace('.', '_')}`), text: t('promise.due', { at: fmt.dateTime(c.due_at) }) }))} />
            <Segmented label={t('extend.by')} value={String(g.hours)} onPick={(h) => set({ hours: Number(h) })} choices={[24, 48, 72, 168].map((h) => ({ value: String(h), label: t('extend.hours', { duration: fmt.duration(h * 3_600_000) }) }))} />
            {wordsField(t('words.reason'))}
          </>
        )}
        {form === 'confirm' && <p>{t(`confirm.${verb}`)}</p>}
        {form === 'confirm' && verb !== 'judge' && claim.agreed_cents > 0 && <Facts items={[{ name: t('money.agreed'), value: <Money cents={claim.agreed_cents} currency={claim.currency} strong /> }]} />}
        {refused && <Refused problem={refused} moves={moves} now={claim} except={verb} onOther={onOther} />}
      </div>
    </Dialog>
  )
}

/** A refusal said plainly: why, where the claim stands now, and what is possible instead. */
export function Refused({ problem, moves, now, except, onOther }: { problem: Problem; moves: DeskMove[]; now: ClaimPage; except?: Verb; onOther: (verb: Verb) => void }) {
  const { t, has } = useText()
  const others = moves.filter((m) => m.verb !== except)
  const state = problem.extras.state as ClaimState | undefined
  const known = has(`problem.${problem.code}`)
  return (
    <div className={css.refused} role="alert">
      <Icon name="warning" size={18} />
      <div>
        <p>
          <strong>{problemText(problem, t, has)}</strong>
        </p>
        {!known && problem.detail && <p className="small">{problem.detail}</p>}
        {problem.status === 409 && (
          <>
            {state && <p>{t('refused.state', { state: now.state_label })}</p>}
            {others.length > 0 ? (
              <p className={css.refusedOthers}>
                {t('refused.instead')}
                {others.map((m) => (
                  <Button key={m.verb} small onClick={() => onOther(m.verb)}>
                    {m.label}
                  </Button>
                ))}
              </p>
            ) : (
              <p>{t('refused.nothing')}</p>
            )}
          </>
        )}
        {Object.entries(problem.fields).map(([field, reason]) => (
          <p key={field} className="small">
            {field}: {reason}
          </p>
        ))}
        {problem.requestId && <p className="small muted">{problem.requestId}</p>}
      </div>
    </div>
  )
}

function ReturnAddress({ claim }: { claim: ClaimPage }) {
  const { t } = useText()
  const shop = useQuery({ queryKey: ['shop', claim.shop_id], queryFn: () => ask(api.GET('/api/shops/{shop_id}', { params: { path: { shop_id: claim.shop_id } } })), staleTime: 60_000 })
  const address = (shop.data?.return_address ?? {}) as Record<string, string>
  if (shop.isPending) return null
  return Object.keys(address).length ? (
    <Facts items={[{ name: t('approve.returnTo'), value: <AddressLines address={address} /> }]} />
  ) : (
    <p className={css.refused} role="alert">
      <Icon name="warning" size={18} />
      <span>{t('approve.noAddress', { shop: claim.shop_name })}</span>
    </p>
  )
}

export function AddressLines({ address }: { address: Record<string, unknown> }) {
  const text = (name: string) => (typeof address[name] === 'string' ? (address[name] as string) : '')
  const line = text('line') || ['province', 'state', 'city', 'district', 'street', 'line1', 'line2'].map(text).filter(Boolean).join(' ')
  return (
    <span>
      {[text('name'), text('phone').replaceAll(' ', '\u00a0')].filter(Boolean).join(' · ')}
      {text('name') && <br />}
      {[line, text('zip') || text('postcode')].filter(Boolean).join(' ')}
    </span>
  )
}
