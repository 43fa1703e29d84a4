/** What several pages of the console read. */
import { useQuery } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { api, ask } from '../api/client'
import type { ShopView } from '../api/schema'
import { useText } from '../i18n'
import { useStaffSession } from '../staff/session'

/** Whether the reader may do this; decides what is shown, the server decides what is done. */
export function useMay(): (permission: string) => boolean {
  const { data } = useStaffSession()
  const held = useMemo(() => new Set(data?.permissions), [data])
  return useCallback((permission: string) => held.has(permission), [held])
}

export const shopsKey = ['shops', 'all'] as const

/** The shops that the reader sees. */
export function useShops() {
  const may = useMay()
  const query = useQuery({
    queryKey: shopsKey,
    queryFn: async () => {
      const shops: ShopView[] = []
      let after: string | null | undefined
      do {
        const page = await ask(api.GET('/api/shops', { params: { query: { limit: 200, after: after ?? undefined } } }))
        shops.push(...page.items)
        after = page.next
      } while (after && shops.length < 2000)
      return shops
    },
    enabled: may('shops.read'),
    staleTime: 5 * 60_000,
  })
  const shops = useMemo(() => query.data ?? [], [query.data])
  const names = useMemo(() => new Map(shops.map((s) => [s.id, s.name])), [shops])
  return { shops, loading: query.isPending && query.fetchStatus !== 'idle', error: query.error, retry: () => void query.refetch(), nameOf: (id: string | null | undefined) => (id && names.get(id)) || '–' }
}

/** What kinds, states, reasons and rules are called: from the program's own words, in the language of the page. */
export function useWords(): (group: string, word: string) => string {
  const { locale } = useText()
  const { data } = useQuery({
    queryKey: ['words', locale],
    queryFn: () => ask(api.GET('/api/handbook/words', { params: { query: { locale } } })),
    staleTime: Infinity,
  })
  return useCallback((group: string, word: string) => data?.[`${group}.${word}`] ?? word, [data])
}

/** A promise by its name: '首次回答', '商家处理'. */
export function useClockName(): (name: string) => string {
  const { t, has } = useText()
  const word = useWords()
  return useCallback(
    (name: string) => {
      const own = `clockName.${name.replace('.', '_')}`
      const called = has(own) ? t(own) : word('clock', name.split('.')[1] ?? name)
      return called.charAt(0).toUpperCase() + called.slice(1)
    },
    [t, has, word],
  )
}

/** Where a case is worked on. */
export const caseHref = (id: string) => `/desk/?view=all&case=${id}`
