import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type FormEvent, useEffect, useId, useState } from 'react'
import { Link, useLocation, useParams, useSearch } from 'wouter'
import { EmptyState, ErrorState, Icon, Section, SkeletonRows } from '../../design'
import { useText } from '../../i18n'
import { type Headline, helpApi, type Piece } from '../helpCentre'
import { useTopicName } from '../../shell/topics'
import { Head, PageSkeleton } from '../parts'
import s from './HelpShop.module.css'

const MS_BETWEEN_KEYS = 180

/** A shop's help centre: search, what is read most, topics. Search and topic stand in the address. */
export default function HelpShop() {
  const { shop = '' } = useParams()
  const { t, locale } = useText()
  const nameOf = useTopicName()
  const asked = new URLSearchParams(useSearch())
  const q = asked.get('q') ?? ''
  const topic = asked.get('topic')
  const home = useQuery({ queryKey: ['help', shop, locale], queryFn: ({ signal }) => helpApi.home(shop, locale, signal), staleTime: 300_000 })
  const here = `/help/${encodeURIComponent(shop)}`
  if (home.error && !home.data)
    return (
      <>
        <Head up={{ href: '/', label: t('home.title') }} title={t('help.title')} />
        <ErrorState error={home.error} onRetry={() => void home.refetch()} />
      </>
    )
  if (!home.data) return <PageSkeleton />
  return (
    <>
      <Head up={q || topic ? { href: here, label: home.data.shop_name } : { href: '/help', label: t('help.title') }} title={t('centre.title', { shop: home.data.shop_name })} />
      <SearchBox shop={shop} q={q} />
      {q ? (
        <Results shop={shop} q={q} />
      ) : topic ? (
        <Topic shop={shop} topic={topic} />
      ) : (
        <>
          {home.data.topics.length > 1 && (
            <nav className={s.topics} aria-label={t('centre.topics')}>
              {home.data.topics.map((one) => (
                <Link key={one.topic} href={`${here}?topic=${one.topic}`}>
                  {nameOf(one.topic)}
                  <span className="muted small">{one.articles}</span>
                </Link>
              ))}
            </nav>
          )}
          <Section title={t('centre.popular')}>
            {home.data.popular.length ? <Headlines shop={shop} rows={home.data.popular} /> : <EmptyState title={t('centre.empty')} text={t('centre.emptyText')} />}
          </Section>
        </>
      )}
      <StillNeedHelp shop={shop} question={q} locale={locale} />
    </>
  )
}

function SearchBox({ shop, q }: { shop: string; q: string }) {
  const { t, locale } = useText()
  const [, go] = useLocation()
  const [typed, type] = useState(q)
  const [begun, begin] = useState('')
  const [open, setOpen] = useState(false)
  const list = useId()
  useEffect(() => type(q), [q])
  useEffect(() => {
    const timer = setTimeout(() => begin(typed.trim()), MS_BETWEEN_KEYS)
    return () => clearTimeout(timer)
  }, [typed])
  const titles = useQuery({ queryKey: ['help', shop, locale, 'suggest', begun], queryFn: ({ signal }) => helpApi.suggest(shop, begun, locale, signal), enabled: open && begun.length > 0 && begun !== q, placeholderData: keepPreviousData, staleTime: 60_000 })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setOpen(false)
    const words = typed.trim()
    go(`/help/${encodeURIComponent(shop)}${words ? `?q=${encodeURIComponent(words)}` : ''}`)
  }
  const shown = open && begun && titles.data?.length ? titles.data : []
  return (
    <form className={s.search} role="search" onSubmit={submit} onBlur={(e) => !e.currentTarget.contains(e.relatedTarget) && setOpen(false)}>
      <Icon name="search" size={20} />
      <input
        type="search"
        value={typed}
        maxLength={200}
        enterKeyHint="search"
        autoComplete="off"
        aria-label={t('centre.search')}
        aria-controls={list}
        placeholder={t('centre.searchHint')}
        onFocus={() => setOpen(true)}
        onKeyDown={(e) => e.key === 'Escape' && setOpen(false)}
        onChange={(e) => {
          type(e.target.value)
          setOpen(true)
        }}
      />
      <ul id={list} className={s.suggestions} hidden={!shown.length}>
        {shown.map((one) => (
          <li key={one.article_id}>
            <Link href={`/help/${encodeURIComponent(shop)}/${one.article_id}`}>{one.title}</Link>
          </li>
        ))}
      </ul>
    </form>
  )
}

function Marked({ pieces }: { pieces: readonly Piece[] }) {
  return pieces.map((piece, i) => (piece.hit ? <mark key={i}>{piece.text}</mark> : <span key={i}>{piece.text}</span>))
}

function Results({ shop, q }: { shop: string; q: string }) {
  const { t, locale } = useText()
  const found = useQuery({ queryKey: ['help', shop, locale, 'search', q], queryFn: ({ signal }) => helpApi.search(shop, q, locale, signal), staleTime: 60_000 })
  const nothing = found.data?.items.length === 0
  // What nobody could be told is written down, so that somebody writes it.
  useEffect(() => {
    if (nothing) helpApi.asked(shop, q, locale, 'nothing_found').catch(() => undefined)
  }, [nothing, shop, q, locale])
  if (found.error) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />
  if (!found.data) return <SkeletonRows rows={4} />
  return (
    <Section title={nothing ? undefined : t('centre.found', { count: found.data.items.length })} className={s.results}>
      {found.data.corrected && <p className="muted">{t('centre.corrected', { words: found.data.corrected })}</p>}
      {nothing && <EmptyState drawing="search" title={t('centre.nothing')} text={t('centre.nothingText')} />}
      {found.data.items.map((hit) => (
        <Link key={hit.article_id} className={s.hit} href={`/help/${encodeURIComponent(shop)}/${hit.article_id}?q=${encodeURIComponent(q)}`}>
          <strong>
            <Marked pieces={hit.title} />
          </strong>
          <span className="muted">
            <Marked pieces={hit.excerpt} />
          </span>
        </Link>
      ))}
    </Section>
  )
}

function Topic({ shop, topic }: { shop: string; topic: string }) {
  const { t, locale } = useText()
  const nameOf = useTopicName()
  const rows = useQuery({ queryKey: ['help', shop, locale, 'topic', topic], queryFn: ({ signal }) => helpApi.topic(shop, topic, locale, signal), staleTime: 300_000 })
  if (rows.error) return <ErrorState error={rows.error} onRetry={() => void rows.refetch()} />
  if (!rows.data) return <SkeletonRows rows={4} />
  return (
    <Section title={nameOf(topic)}>
      {rows.data.length ? <Headlines shop={shop} rows={rows.data} /> : <EmptyState title={t('centre.empty')} text={t('centre.emptyText')} />}
    </Section>
  )
}

export function Headlines({ shop, rows }: { shop: string; rows: readonly Headline[] }) {
  return rows.map((one) => (
    <Link key={one.article_id} className={s.hit} href={`/help/${encodeURIComponent(shop)}/${one.article_id}`}>
      <strong>{one.title}</strong>
      {one.summary && <span className="muted">{one.summary}</span>}
    </Link>
  ))
}

/** The way to a person is on every page; who takes it after a search was not helped by it. */
export function StillNeedHelp({ shop, question, locale }: { shop: string; question: string; locale: string }) {
  const { t } = useText()
  return (
    <Link
      href="/cases/new"
      className={s.ask}
      onClick={() => {
        if (question) helpApi.asked(shop, question, locale, 'not_helped').catch(() => undefined)
      }}
    >
      <Icon name="chat" size={24} />
      <span>
        <strong>{t('centre.still')}</strong>
        <span className="muted small">{t('centre.stillText')}</span>
      </span>
      <Icon name="next" size={18} />
    </Link>
  )
}
