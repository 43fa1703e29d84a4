/** What Ctrl-K finds beyond pages and verbs: cases, claims, orders, customers. */
import { useCallback } from 'react'
import { useLocation } from 'wouter'
import { api, ask } from '../api/client'
import { useText } from '../i18n'
import type { Action } from '../shell/Palette'
import { useMay } from './data'
import { addressOf } from './place'

export function useDeskSearch(): (typed: string, signal: AbortSignal) => Promise<readonly Action[]> {
  const { t, fmt } = useText()
  const may = useMay()
  const [, go] = useLocation()
  return useCallback(
    async (typed, signal) => {
      const none = { items: [] as never[] }
      const [cases, claims, orders, meant] = await Promise.all([
        may('cases.read') ? ask(api.GET('/api/cases', { params: { query: { view: 'all', q: typed, limit: 6 } }, signal })).catch(() => none) : none,
        may('claims.read') && typed.length >= 4 ? ask(api.GET('/api/claims', { params: { query: { search: typed, limit: 4 } }, signal })).catch(() => none) : none,
        may('orders.read') ? ask(api.GET('/api/orders', { params: { query: { search: typed, limit: 5 } }, signal })).catch(() => none) : none,
        may('cases.read') ? ask(api.GET('/api/cases/meant', { params: { query: { q: typed } }, signal })).then((m) => m.words, () => null) : null,
      ])
      const people = new Map(orders.items.map((o) => [o.customer_id, o]))
      return [
        ...(meant ? [{ id: `meant ${meant}`, title: t('palette.meant', { words: meant }), section: t('palette.cases'), icon: 'search' as const, run: () => go(addressOf({ view: 'all', q: meant })) }] : []),
        ...claims.items.map((c) => ({ id: `claim ${c.id}`, title: `${c.number} · ${c.kind_label}`, text: `${c.customer_name} · ${c.title} · ${c.state_label}`, section: t('palette.claims'), icon: 'undo' as const, run: () => go(addressOf({ view: 'all', case: c.case_id, claim: c.id })) })),
        ...cases.items.map((c) => ({ id: `case ${c.id}`, title: c.title, text: `${c.number} · ${c.customer_name ?? ''} · ${t(`status.${c.status}`)}`, section: t('palette.cases'), icon: 'chat' as const, run: () => go(addressOf({ view: 'all', case: c.id })) })),
        ...orders.items.map((o) => ({ id: `order ${o.id}`, title: `${o.number} · ${o.title}`, text: `${o.customer_name} · ${fmt.money(o.paid_cents, o.currency)} · ${t(`orderStatus.${o.status}`)}`, section: t('palette.orders'), icon: 'box' as const, run: () => go(`/customers/${o.customer_id}?order=${o.id}`) })),
        ...[...people.values()].slice(0, 3).map((o) => ({ id: `customer ${o.customer_id}`, title: o.customer_name, text: o.shop_name, section: t('palette.customers'), icon: 'user' as const, run: () => go(`/customers/${o.customer_id}`) })),
      ]
    },
    [t, fmt, go],
  )
}
