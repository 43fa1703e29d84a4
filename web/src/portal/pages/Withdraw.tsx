import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { Link, useLocation, useSearch } from 'wouter'
import { asProblem, newKey, problemText } from '../../api/client'
import { Button, ButtonLink, Checkbox, EmptyState, ErrorState, Facts, Field, Icon, Input, Select, Skeleton } from '../../design'
import { useText } from '../../i18n'
import { readDraft, writeDraft } from '../../shell/drafts'
import { type Me, post, type Receipt, refresh, useOrder, useOrders } from '../data'
import { Head, inEU, PageSkeleton } from '../parts'
import { Entered } from '../session'
import s from './Withdraw.module.css'

/** The withdrawal function of Directive 2011/83/EU art. 11a: two steps, no reason asked, a receipt with its time. */
export default function Withdraw() {
  const { t } = useText()
  return <Entered why={t('withdraw.enter')}>{(me) => <Steps me={me} />}</Entered>
}

interface Kept {
  receipt: Receipt
  order: string
  shop: string
  goods: string[]
}

function Steps({ me }: { me: Me }) {
  const { t } = useText()
  const asked = new URLSearchParams(useSearch())
  const [, go] = useLocation()
  const orders = useOrders()
  const markets = new Map(me.shops.map((shop) => [shop.id, shop.market]))
  const here = (orders.data ?? []).filter((one) => inEU(markets.get(one.shop_id) ?? ''))
  const receiptOf = asked.get('receipt')
  const kept = receiptOf ? readDraft<Kept>(`receipt.${receiptOf}`) : null
  if (kept) return <ReceiptPage kept={kept} />
  const head = <Head up={{ href: '/', label: t('home.title') }} title={t('withdraw.title')} text={t('withdraw.text')} />
  if (orders.error) return <>{head}<ErrorState error={orders.error} onRetry={() => void orders.refetch()} /></>
  if (orders.isPending) return <>{head}<Skeleton height={200} /></>
  if (!here.length)
    return (
      <>
        {head}
        <EmptyState drawing="orders" title={t('withdraw.none')} text={t('withdraw.noneText')} action={<ButtonLink href="/">{t('home.title')}</ButtonLink>} />
      </>
    )
  const chosen = here.find((one) => one.id === asked.get('order')) ?? here[0]
  return (
    <div className={s.withdraw}>
      {head}
      <Field label={t('withdraw.order')}>
        <Select value={chosen?.id ?? ''} onPick={(id) => go(`/withdraw?order=${id}`, { replace: true })} choices={here.map((one) => ({ value: one.id, label: `${one.number} · ${one.shop_name} · ${one.title}` }))} />
      </Field>
      {chosen && <Statement key={chosen.id} me={me} orderId={chosen.id} />}
    </div>
  )
}

function Statement({ me, orderId }: { me: Me; orderId: string }) {
  const { t, has } = useText()
  const order = useOrder(orderId)
  const queries = useQueryClient()
  const [, go] = useLocation()
  const key = useRef(newKey())
  const [left, setLeft] = useState<Record<string, boolean>>({})
  const [name, setName] = useState<string | null>(null)
  const [contact, setContact] = useState(me.contact ?? '')
  const [second, setSecond] = useState(false)
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<{ name?: string; contact?: string; all?: string }>({})
  const title = useRef<HTMLHeadingElement>(null)
  if (order.error) return <ErrorState error={order.error} onRetry={() => void order.refetch()} />
  if (!order.data) return <PageSkeleton />
  const data = order.data
  const lines = data.lines.filter((line) => !left[line.id])
  const consumer = name ?? data.customer.name
  const forward = (event: FormEvent) => {
    event.preventDefault()
    const missing = { name: consumer.trim() ? undefined : t('withdraw.nameMissing'), contact: contact.trim().length >= 3 ? undefined : t('withdraw.contactMissing'), all: lines.length ? undefined : t('apply.pickSomething') }
    setWrong(missing)
    if (missing.name || missing.contact || missing.all) return
    setSecond(true)
    requestAnimationFrame(() => title.current?.focus())
  }
  const confirm = async () => {
    setBusy(true)
    try {
      const receipt = await post<Receipt>('/my/withdrawals', { order_id: data.id, consumer_name: consumer, contact, order_line_ids: lines.length === data.lines.length ? null : lines.map((line) => line.id) }, key.current)
      writeDraft<Kept>(`receipt.${receipt.id}`, { receipt, order: data.number, shop: data.shop_name, goods: lines.map((line) => `${line.title} × ${line.quantity}`) })
      refresh(queries)
      go(`/withdraw?receipt=${receipt.id}`, { replace: true })
    } catch (error) {
      setWrong({ all: problemText(asProblem(error), t, has) })
      setBusy(false)
    }
  }
  const failure = wrong.all && (
    <p className="field-error" role="alert">
      <Icon name="warning" size={16} />
      <span>{wrong.all}</span>
    </p>
  )
  if (second)
    return (
      <section className={s.second}>
        <h2 ref={title} tabIndex={-1}>
          {t('withdraw.check')}
        </h2>
        <p className={s.statement}>{t('withdraw.statement', { name: consumer, shop: data.shop_name, number: data.number })}</p>
        <ul className={s.goods} role="list">
          {lines.map((line) => (
            <li key={line.id}>
              {line.title} × {line.quantity}
            </li>
          ))}
        </ul>
        <p className="muted small">{t('withdraw.receiptTo', { contact })}</p>
        {failure}
        <Button kind="primary" wide busy={busy} onClick={() => void confirm()}>
          {t('withdraw.confirm')}
        </Button>
        <Button wide onClick={() => setSecond(false)}>
          {t('apply.previous')}
        </Button>
      </section>
    )
  return (
    <form className="stack" onSubmit={forward} noValidate>
      {data.lines.length > 1 && (
        <fieldset className={s.lines}>
          <legend className="field-label">{t('withdraw.goods')}</legend>
          {data.lines.map((line) => (
            <Checkbox key={line.id} label={`${line.title} × ${line.quantity}`} checked={!left[line.id]} onChange={(e) => setLeft({ ...left, [line.id]: !e.target.checked })} />
          ))}
        </fieldset>
      )}
      <Field label={t('withdraw.name')} error={wrong.name}>
        <Input autoComplete="name" maxLength={200} value={consumer} onChange={(e) => setName(e.target.value)} />
      </Field>
      <Field label={t('withdraw.contact')} hint={t('withdraw.contactHint')} error={wrong.contact}>
        <Input autoComplete="email" maxLength={320} value={contact} onChange={(e) => setContact(e.target.value)} />
      </Field>
      {failure}
      <Button kind="primary" type="submit" wide>
        {t('withdraw.here')}
      </Button>
    </form>
  )
}

function ReceiptPage({ kept }: { kept: Kept }) {
  const { t, fmt } = useText()
  const { receipt } = kept
  return (
    <article className={s.receipt}>
      <header>
        <span className={s.sign}>
          <Icon name="check" size={24} />
        </span>
        <h1>{t('withdraw.done')}</h1>
        <p className="muted">{t('withdraw.doneText', { contact: receipt.contact })}</p>
      </header>
      <Facts
        items={[
          { name: t('withdraw.statedAt'), value: <time dateTime={receipt.stated_at}>{fmt.exact(receipt.stated_at)}</time> },
          { name: t('withdraw.name'), value: receipt.consumer_name },
          { name: t('withdraw.shop'), value: kept.shop },
          { name: t('order.number'), value: kept.order },
          { name: t('withdraw.goods'), value: kept.goods.join(t('withdraw.goodsJoint')) },
          { name: t('withdraw.receiptNumber'), value: <code className={s.code}>{receipt.id}</code> },
        ]}
      />
      <div className={s.buttons}>
        <Button icon="download" onClick={() => window.print()}>
          {t('withdraw.print')}
        </Button>
        <Link href={`/claims/${receipt.claim_id}`} className="button is-primary">
          {t('withdraw.toClaim')}
        </Link>
      </div>
    </article>
  )
}
