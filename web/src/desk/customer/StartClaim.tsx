import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import { api, ask, asProblem, Problem, problemText } from '../../api/client'
import { Button, Checkbox, Dialog, EmptyState, ErrorState, Field, FileDrop, Icon, Input, RadioCards, Select, SkeletonRows, Stepper, type StoredFile, Textarea, Thumb, toast } from '../../design'
import { useText } from '../../i18n'
import { parseMoney } from '../../i18n/format'
import { type ClaimKind, keys, type OrderView, toOrder, useIntention } from '../data'
import { usePlace } from '../place'
import css from './customer.module.css'

const REASONS = ['defective', 'damaged', 'wrong_item', 'missing_item', 'not_as_described', 'wrong_size', 'no_reason', 'not_received', 'late', 'counterfeit', 'price_dropped', 'agreed_with_shop', 'other'] as const

/** Applies for the customer: the same possibilities that the customer would see, and an override with a reason. */
export function StartClaim({ order, caseId, onClose }: { order: OrderView; caseId?: string; onClose: () => void }) {
  const { t, has, fmt } = useText()
  const queries = useQueryClient()
  const { to } = usePlace()
  const { key } = useIntention()
  const [counts, setCounts] = useState<Record<string, number>>(() => Object.fromEntries(order.lines.map((l, i) => [l.id, i === 0 ? l.quantity : 0])))
  const [reason, setReason] = useState<(typeof REASONS)[number]>('defective')
  const [kind, setKind] = useState<ClaimKind | null>(null)
  const [asked, setAsked] = useState('')
  const [prices, setPrices] = useState<Record<string, string>>({})
  const [description, setDescription] = useState('')
  const [override, setOverride] = useState('')
  const [instead, setInstead] = useState('')
  const [advance, setAdvance] = useState(false)
  const [files, setFiles] = useState<readonly StoredFile[]>([])
  const [busy, setBusy] = useState(false)
  const [refused, setRefused] = useState<Problem | null>(null)
  const forFallenPrice = kind === 'compensation' && reason === 'price_dropped'
  const lines = order.lines.flatMap((l) => ((counts[l.id] ?? 0) > 0 ? [{ order_line_id: l.id, quantity: counts[l.id] ?? 0, price_cents: forFallenPrice ? parseMoney(prices[l.id] ?? '', order.currency) : null }] : []))
  const wish = useDeferredValue(JSON.stringify({ lines, reason }))
  const options = useQuery({
    queryKey: ['options', order.id, wish],
    queryFn: () => ask(api.POST('/api/claims/options', { body: { kind: 'refund_only', ...(JSON.parse(wish) as { lines: typeof lines; reason: typeof reason }) } as never })),
    enabled: lines.length > 0,
    placeholderData: (before) => before,
  })
  const products = useQuery({ queryKey: ['products', order.shop_id], queryFn: () => ask(api.GET('/api/products', { params: { query: { shop_id: order.shop_id, limit: 50 } } })), enabled: kind === 'exchange' })
  const picked = options.data?.find((o) => o.kind === kind)
  const overriding = !!picked && !picked.open
  const fallen = forFallenPrice ? picked?.proposed_cents : null
  const asksPrice = forFallenPrice && !!picked?.open && (picked.proposed_cents === null || Object.values(prices).some(Boolean))
  const asks = kind === 'compensation' || kind === 'refund_only'
  const cents = asked.trim() ? parseMoney(asked, order.currency) : null
  const missing = !lines.length || !kind || (overriding && !override.trim()) || (asks && asked.trim() !== '' && cents === null) || (kind === 'compensation' && cents === null && !fallen)
  const apply = async () => {
    if (missing || busy || !kind) return
    setBusy(true)
    setRefused(null)
    try {
      const made = await ask(
        api.POST('/api/claims', {
          body: {
            kind,
            lines: lines.map((l) => (kind === 'exchange' && instead ? { ...l, new_product_id: instead } : l)),
            reason,
            description,
            file_ids: files.map((f) => f.id),
            asked_cents: asks ? cents : null,
            in_advance: kind === 'exchange' && advance,
            channel: 'desk',
            case_id: caseId ?? null,
            override_reason: overriding ? override : null,
            client_key: key,
          } as never,
        }),
      )
      await Promise.all([keys.case(made.case_id), keys.order(order.id), keys.queue(), keys.claims()].map((queryKey) => queries.invalidateQueries({ queryKey })))
      toast(t('start.done', { number: made.number, state: made.state_label }))
      onClose()
      to({ case: made.case_id, claim: made.id, ...(caseId ? {} : { view: 'all' as const }) })
    } catch (error) {
      setRefused(asProblem(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('start.title')}
      form="side"
      wide
      actions={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" busy={busy} disabled={missing} onClick={() => void apply()}>
            {t(overriding ? 'start.applyAnyway' : 'start.apply')}
          </Button>
        </>
      }
    >
      <div className={css.startForm}>
        <p className="muted">
          {order.customer.name} · {order.number}
        </p>
        {order.lines.map((line) => (
          <div key={line.id} className={css.startLine}>
            <Thumb src={line.image} alt="" size={48} />
            <span>{line.title}</span>
            <Stepper label={line.title} max={line.quantity} value={counts[line.id] ?? 0} onChange={(n) => setCounts((now) => ({ ...now, [line.id]: n }))} />
          </div>
        ))}
        <Field label={t('start.reason')} required>
          <Select value={reason} onPick={setReason} choices={REASONS.map((r) => ({ value: r, label: t(`reason.${r}`) }))} />
        </Field>
        {!lines.length ? (
          <EmptyState drawing="orders" title={t('start.noLines')} text={t('start.noLinesText')} />
        ) : options.isPending ? (
          <SkeletonRows rows={4} />
        ) : options.error ? (
          <ErrorState compact error={options.error} onRetry={() => void options.refetch()} />
        ) : (
          <RadioCards
            legend={t('start.way')}
            value={kind}
            onPick={setKind}
            cards={options.data.map((o) => ({
              value: o.kind,
              title: o.label,
              text: (
                <>
                  {o.why}
                  {o.open && ` ${t('start.usual', { count: o.usual_days })}`}
                  {o.open && o.automatic && ` ${t('start.automatic')}`}
                  {!o.open && <span className={css.closed}> {t('start.closed')}</span>}
                </>
              ),
              aside: o.open && o.amount_cents > 0 ? fmt.money(o.amount_cents, o.currency) : undefined,
            }))}
          />
        )}
        {asksPrice &&
          order.lines.flatMap((l) =>
            (counts[l.id] ?? 0) > 0
              ? [
                  <Field key={l.id} label={t('start.priceNow', { title: l.title })} hint={t('start.priceNowHint')} optional>
                    <Input inputMode="decimal" value={prices[l.id] ?? ''} onChange={(e) => setPrices((now) => ({ ...now, [l.id]: e.target.value }))} />
                  </Field>,
                ]
              : [],
          )}
        {asks && (
          <Field
            label={t('start.asked')}
            hint={picked?.open && kind === 'refund_only' ? t('start.askedHint', { amount: fmt.money(picked.amount_cents, picked.currency) }) : fallen ? t('start.askedFallen', { amount: fmt.money(fallen, order.currency) }) : undefined}
            optional={kind === 'refund_only' || !!fallen}
            required={kind === 'compensation' && !fallen}
          >
            <Input inputMode="decimal" value={asked} onChange={(e) => setAsked(e.target.value)} />
          </Field>
        )}
        {kind === 'exchange' && (
          <>
            <Field label={t('start.instead')}>
              <Select value={instead || 'same'} onPick={(v) => setInstead(v === 'same' ? '' : v)} choices={[{ value: 'same', label: t('start.same') }, ...(products.data ?? []).map((p) => ({ value: p.id, label: `${p.title} · ${p.sku}` }))]} />
            </Field>
            <Checkbox label={t('start.advance')} hint={t('start.advanceHint')} checked={advance} onChange={(e) => setAdvance(e.target.checked)} />
          </>
        )}
        <Field label={t('start.description')} optional>
          <Textarea value={description} maxLength={4000} onChange={(e) => setDescription(e.target.value)} />
        </Field>
        <FileDrop label={t('proof.label')} hint={picked?.evidence_needed.length ? t('start.evidenceNeeded') : undefined} files={files} onChange={(change) => setFiles(change(files))} upload={toOrder(order.id)} />
        {overriding && (
          <Field label={t('start.override')} hint={t('start.overrideHint')} required>
            <Textarea rows={2} maxLength={1000} value={override} onChange={(e) => setOverride(e.target.value)} />
          </Field>
        )}
        {refused && (
          <p className={css.refused} role="alert">
            <Icon name="warning" size={18} />
            <span>
              {problemText(refused, t, has)} {typeof refused.extras.why === 'string' && refused.extras.why}
            </span>
          </p>
        )}
      </div>
    </Dialog>
  )
}
