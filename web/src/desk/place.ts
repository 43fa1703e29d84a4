/** Where the agent stands: view, filters and open case live in the address, so that a reload or a link finds them again. */
import { useMemo } from 'react'
import { useLocation, useSearch } from 'wouter'
import type { Filters } from './data'

export const VIEWS = ['mine', 'unassigned', 'waiting', 'late', 'active', 'snoozed', 'solved', 'all'] as const
export type ViewName = (typeof VIEWS)[number]

export interface Place {
  view: ViewName
  shop: string
  priority: string
  channel: string
  tag: string
  linked: string
  q: string
  case: string
  claim: string
  /** On narrow screens: which pane is shown. */
  pane: 'start' | 'middle' | 'end'
  /** The saved view that was picked. */
  saved: string
}

const usual: Place = { view: 'waiting', shop: '', priority: '', channel: '', tag: '', linked: '', q: '', case: '', claim: '', pane: 'middle', saved: '' }

export function readPlace(search: string): Place {
  const given = new URLSearchParams(search)
  const place: Record<string, string> = { ...usual }
  for (const name of Object.keys(usual)) place[name] = given.get(name) ?? (usual as unknown as Record<string, string>)[name] ?? ''
  if (!VIEWS.includes(place.view as ViewName)) place.view = usual.view
  if (!place.case && place.pane === 'middle') place.pane = 'start'
  return place as unknown as Place
}

export function addressOf(place: Partial<Place>): string {
  const told = new URLSearchParams()
  for (const [name, value] of Object.entries(place)) if (value && value !== (usual as unknown as Record<string, string>)[name]) told.set(name, value)
  const text = told.toString()
  return text ? `/?${text}` : '/'
}

export function usePlace(): { place: Place; to: (change: Partial<Place>, options?: { replace?: boolean }) => void } {
  const search = useSearch()
  const [, go] = useLocation()
  const place = useMemo(() => readPlace(search), [search])
  return { place, to: (change, options) => go(addressOf({ ...place, ...change }), options) }
}

/** The place as the API's query. */
export function filtersOf(place: Place): Filters {
  const { view } = place
  return {
    view: view === 'solved' ? 'all' : view,
    ...(view === 'solved' ? { status: 'solved' as const } : {}),
    ...(place.shop ? { shop_id: place.shop } : {}),
    ...(place.priority ? { priority: place.priority as Filters['priority'] } : {}),
    ...(place.channel ? { channel: place.channel as Filters['channel'] } : {}),
    ...(place.tag ? { tag: place.tag } : {}),
    ...(place.linked ? { linked: place.linked } : {}),
    ...(place.q ? { words: place.q } : {}),
  }
}

/** A saved view as a place. */
export function placeOf(filters: Filters): Partial<Place> {
  return {
    view: filters.status === 'solved' ? 'solved' : filters.view,
    shop: filters.shop_id ?? '',
    priority: filters.priority ?? '',
    channel: filters.channel ?? '',
    tag: filters.tag ?? '',
    linked: filters.linked ?? '',
    q: filters.words ?? '',
  }
}
