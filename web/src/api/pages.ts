import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'

/** A keyset page of the API: `next` is the mark to send as `after`, null at the end. */
export interface Page<T> {
  items: T[]
  next: string | null
}

/** A list that grows downwards and keeps its place: `const list = usePages(['orders', filter], (after, signal) => ask(api.GET(…)))`,
then `list.items`, and `<Pager shown={list.items.length} hasMore={list.hasMore} loading={list.loadingMore} onMore={list.more} />`. */
export function usePages<T>(key: readonly unknown[], load: (after: string | undefined, signal: AbortSignal) => Promise<Page<T>>, { enabled = true } = {}) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => load(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    enabled,
  })
  const items = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data])
  return {
    items,
    loading: query.isPending,
    /** Of the first page; a failed next page is `moreError`. */
    error: query.data ? null : query.error,
    moreError: query.isFetchNextPageError ? query.error : null,
    hasMore: query.hasNextPage,
    loadingMore: query.isFetchingNextPage,
    more: () => void query.fetchNextPage(),
    retry: () => void query.refetch(),
  }
}
