/** A queue of any length. Its pages hang together by their marks; of those near the screen the rows are held and kept true, of the
others only the ids: what happens in the house renews two or three pages, however far somebody has scrolled. */
import { useQueries } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { Page } from '../../api/pages'

const ROWS_AHEAD = 100
const MS_HELD = 60_000

/** The pages of a list as far as it is known: `marks[i]` begins page i, whose rows are `ids[i]`. */
export interface Chain {
  of: string
  marks: readonly string[]
  ids: readonly (readonly string[])[]
}

export const noChain = (of: string): Chain => ({ of, marks: [''], ids: [[]] })

/** The chain with what these pages, by their marks, now hold. A page that ends elsewhere than before moves the beginning of the next. */
export function linked(chain: Chain, pages: ReadonlyMap<string, { ids: readonly string[]; next: string | null }>): Chain {
  let changed = false
  const marks = [...chain.marks]
  const ids = [...chain.ids]
  for (let i = 0; i < marks.length; i++) {
    const page = pages.get(marks[i] as string)
    if (!page) continue
    if (page.ids.length !== ids[i]?.length || page.ids.some((id, at) => id !== ids[i]?.[at])) {
      ids[i] = page.ids
      changed = true
    }
    if (page.next === null ? marks.length > i + 1 : page.next !== marks[i + 1]) {
      changed = true
      if (page.next === null) {
        marks.length = ids.length = i + 1
      } else {
        marks[i + 1] = page.next
        ids[i + 1] ??= []
      }
    }
  }
  return changed ? { ...chain, marks, ids } : chain
}

/** The pages that hold the rows from `from` to `to`, and the next ones while they are not far. */
export function pagesNear(chain: Chain, from: number, to: number): { first: number; last: number } {
  let at = 0
  let first = -1
  let last = 0
  for (let i = 0; i < chain.ids.length; i++) {
    const rows = chain.ids[i]?.length ?? 0
    if (first < 0 && (at + rows > from || i === chain.ids.length - 1)) first = i
    if (at < to + ROWS_AHEAD) last = i
    at += rows
  }
  return { first: Math.max(0, Math.min(first, last)), last }
}

export function useLongList<T extends { id: string }>(key: readonly unknown[], load: (after: string | undefined, signal: AbortSignal) => Promise<Page<T>>, seen: { from: number; to: number }) {
  const of = JSON.stringify(key)
  const [kept, keep] = useState(() => noChain(of))
  const chain = kept.of === of ? kept : noChain(of)
  const { first, last } = pagesNear(chain, seen.from, seen.to)
  const marks = chain.marks.slice(first, last + 1)
  const found = useQueries({
    queries: marks.map((mark) => ({
      queryKey: [...key, mark],
      queryFn: ({ signal }: { signal: AbortSignal }) => load(mark || undefined, signal),
      gcTime: MS_HELD,
    })),
  })
  const pages = found.map((one) => one.data)
  useEffect(() => {
    const told = new Map(marks.flatMap((mark, i) => (pages[i] ? [[mark, { ids: pages[i].items.map((row) => row.id), next: pages[i].next }] as const] : [])))
    keep((now) => linked(now.of === of ? now : noChain(of), told))
  }, [of, ...marks, ...pages])
  // A page that begins elsewhere is asked for anew: what is known of its rows stands until it comes.
  const held = useRef(new Map<string, T>())
  const rows = useMemo(() => {
    const next = new Map<string, T>()
    for (const ids of chain.ids.slice(first, last + 1)) for (const id of ids) if (held.current.has(id)) next.set(id, held.current.get(id) as T)
    for (const page of pages) for (const row of page?.items ?? []) next.set(row.id, row)
    held.current = next
    return next
  }, [chain, first, last, ...pages])
  const ids = useMemo(() => chain.ids.flat(), [chain])
  const failed = found.find((one) => one.isError && !one.data)
  const whole = chain.ids.every((page, i) => page.length > 0 || (i === 0 && pages[0]?.next === null))
  return {
    /** Of all rows that are known, in their order. */
    ids,
    /** Near the screen; undefined elsewhere, and while it comes. */
    row: (id: string) => rows.get(id),
    loading: !ids.length && found.some((one) => one.isPending && !one.isError),
    error: !ids.length && failed ? failed.error : null,
    moreError: ids.length && failed ? failed.error : null,
    hasMore: !whole,
    retry: () => void (failed ?? found[0])?.refetch(),
  }
}
