/** What a shop's help centre tells, and who reads it here. */
import { get, post } from './data'

export interface Centre {
  shop_code: string
  shop_name: string
}

export interface Headline {
  article_id: string
  locale: string
  title: string
  summary: string
  topic: string
}

export interface HelpHome extends Centre {
  support_email: string | null
  topics: { topic: string; articles: number }[]
  popular: Headline[]
}

export interface Piece {
  text: string
  hit: boolean
}

export interface Found {
  items: { article_id: string; locale: string; instead_of: string | null; topic: string; title: Piece[]; excerpt: Piece[]; score: number }[]
  corrected: string | null
}

export interface Article {
  article_id: string
  version: number
  locale: string
  instead_of: string | null
  locales: string[]
  topic: string
  title: string
  summary: string
  html: string
  published_at: string
  helped: boolean | null
  related: Headline[]
}

const KEPT = 'aftercare.reader'

/** A random name that this browser keeps, so that one reader counts once. Nothing else is known by it. */
export function readerName(): string {
  try {
    const kept = localStorage.getItem(KEPT)
    if (kept) return kept
    const made = crypto.randomUUID().replaceAll('-', '')
    localStorage.setItem(KEPT, made)
    return made
  } catch {
    return crypto.randomUUID().replaceAll('-', '')
  }
}

const at = (shop: string) => `/help/${encodeURIComponent(shop)}`
const asked = (values: Record<string, string>) => new URLSearchParams(values).toString()

export const helpApi = {
  centres: (signal?: AbortSignal) => get<Centre[]>('/help', signal),
  home: (shop: string, locale: string, signal?: AbortSignal) => get<HelpHome>(`${at(shop)}?${asked({ locale })}`, signal),
  topic: (shop: string, topic: string, locale: string, signal?: AbortSignal) => get<Headline[]>(`${at(shop)}/articles?${asked({ topic, locale })}`, signal),
  search: (shop: string, q: string, locale: string, signal?: AbortSignal) => get<Found>(`${at(shop)}/search?${asked({ q, locale })}`, signal),
  suggest: (shop: string, q: string, locale: string, signal?: AbortSignal) => get<{ article_id: string; title: string }[]>(`${at(shop)}/suggest?${asked({ q, locale })}`, signal),
  article: (shop: string, id: string, locale: string, signal?: AbortSignal) => get<Article>(`${at(shop)}/articles/${encodeURIComponent(id)}?${asked({ locale, reader: readerName() })}`, signal),
  rate: (shop: string, id: string, given: { helped: boolean; words?: string; locale: string; question?: string }) => post(`${at(shop)}/articles/${encodeURIComponent(id)}/feedback`, { ...given, reader: readerName() }),
  asked: (shop: string, words: string, locale: string, outcome: 'found' | 'nothing_found' | 'not_helped') => post(`${at(shop)}/questions`, { words, locale, outcome }),
}
