import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useLocation, useSearch } from 'wouter'
import { asProblem, problemText } from '../../api/client'
import { Button, EmptyState, ErrorState, Field, Icon, Input, Select, Skeleton, Textarea } from '../../design'
import { useText } from '../../i18n'
import { useDraft } from '../../shell/drafts'
import { type Case, post, refresh, useOrders } from '../data'
import { Head } from '../parts'
import { Entered } from '../session'

export default function NewTalk() {
  return <Entered>{() => <Ask />}</Entered>
}

function Ask() {
  const { t, has, fmt } = useText()
  const [, go] = useLocation()
  const queries = useQueryClient()
  const orders = useOrders()
  const wanted = new URLSearchParams(useSearch()).get('order')
  const { value: draft, set, clear } = useDraft('ask', { order: '', title: '', body: '' })
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<{ title?: string; body?: string; all?: string }>({})
  const about = orders.data?.find((one) => one.id === (draft.order || wanted)) ?? orders.data?.[0]
  const send = async (event: FormEvent) => {
    event.preventDefault()
    const missing = { title: draft.title.trim() ? undefined : t('ask.titleMissing'), body: draft.body.trim() ? undefined : t('ask.bodyMissing') }
    setWrong(missing)
    if (missing.title || missing.body || !about) return
    setBusy(true)
    try {
      const opened = await post<Case>('/my/cases', { shop_id: about.shop_id, customer_id: about.customer_id, order_id: about.id, title: draft.title, body: draft.body })
      clear()
      refresh(queries)
      go(`/cases/${opened.id}`, { replace: true })
    } catch (error) {
      const told = asProblem(error)
      setWrong({ all: told.status === 0 ? t('talk.notSent') : problemText(told, t, has) })
      setBusy(false)
    }
  }
  return (
    <>
      <Head up={{ href: '/', label: t('home.title') }} title={t('ask.title')} text={t('ask.text')} />
      {orders.error ? (
        <ErrorState error={orders.error} onRetry={() => void orders.refetch()} />
      ) : orders.isPending ? (
        <Skeleton height={200} />
      ) : !about ? (
        <EmptyState drawing="orders" title={t('home.noOrders')} text={t('home.noOrdersText')} />
      ) : (
        <form className="stack" onSubmit={(e) => void send(e)} noValidate>
          <Field label={t('ask.about')}>
            <Select value={about.id} onPick={(order) => set((now) => ({ ...now, order }))} choices={(orders.data ?? []).map((one) => ({ value: one.id, label: `${one.title} · ${one.shop_name} · ${fmt.date(one.placed_at)}` }))} />
          </Field>
          <Field label={t('ask.subject')} error={wrong.title}>
            <Input value={draft.title} maxLength={120} onChange={(e) => set((now) => ({ ...now, title: e.target.value }))} />
          </Field>
          <Field label={t('ask.body')} error={wrong.body}>
            <Textarea rows={5} value={draft.body} maxLength={4000} onChange={(e) => set((now) => ({ ...now, body: e.target.value }))} />
          </Field>
          {wrong.all && (
            <p className="field-error" role="alert">
              <Icon name="warning" size={16} />
              <span>{wrong.all}</span>
            </p>
          )}
          <Button kind="primary" type="submit" wide busy={busy}>
            {t('talk.send')}
          </Button>
        </form>
      )}
    </>
  )
}
