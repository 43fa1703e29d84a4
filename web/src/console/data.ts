/** What several pages of the console read. */
import { useQuery } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { api, ask } from '../api/client'
import type { Newest, ShopView } from '../api/schema'
import { useText } from '../i18n'
import { useStaffSession } from '../staff/session'

type Subject = Newest['there_are'][number]

/** Whether the reader may do this; decides what is shown, the server decides what is done. */
export function useMay(): (permission: string) => boolean {
  const { data } = useStaffSession()
  const held = useMemo(() => new Set(data?.permissions), [data])
  return useCallback((permission: string) => held.has(permission), [held])
}

/** When the newest thing happened, and what there is any of. */
export const newestQuery = { queryKey: ['newest'], queryFn: () => ask(api.GET('/api/insights/newest')), staleTime: 60_000 } as const

/** Which of these to begin with: the first that there is any of; undefined until that is known. */
export function useFirstThere<S extends Subject>(of: readonly S[]): S | undefined {
  const { data, isError } = useQuery(newestQuery)
  return of.find((subject) => data?.there_are.includes(subject)) ?? (data || isError ? of[0] : undefined)
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
        const page = await ask(api.GET('/api/shops', { params: { query: { limit: 1000, after: after ?? undefined } } }))
        shops.push(...page.items)
        after = page.next
      } while (after)
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

/** A template of notices by its title: '已收到申请'. */
export function useTemplateName(): (template: string) => string {
  const { t, has } = useText()
  return (template) => {
    const own = `template.${template.replace('.', '_')}`
    return has(own) ? t(own) : template
  }
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

/** What facts ('claim.applied', 'claim.*'), the things in them ('claim') and what follows from them ('claims.pay_refund') are called; for pages with the texts of 'facts'. */
export function useFactWords(): { fact: (name: string) => string; thing: (word: string) => string; reaction: (name: string) => string } {
  const { t, has } = useText()
  return useMemo(() => {
    const thing = (word: string) => (has(`thing.${word}`) ? t(`thing.${word}`) : t('journal.other'))
    const fact = (name: string) => {
      if (name.endsWith('.*')) return t('journal.allOf', { group: thing(name.slice(0, -2)) })
      const key = `fact.${name.replace('.', '_')}`
      return has(key) ? t(key) : name
    }
    const reaction = (name: string) => (has(`reaction.${name.replaceAll('.', '_')}`) ? t(`reaction.${name.replaceAll('.', '_')}`) : name)
    return { fact, thing, reaction }
  }, [t, has])
}

/** Where a case is worked on. */
export const caseHref = (id: string) => `/desk/?view=all&case=${id}`
