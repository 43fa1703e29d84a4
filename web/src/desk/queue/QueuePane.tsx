import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type CSSProperties, memo, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { api, ask, asProblem, problemText } from '../../api/client'
import { Avatar, Button, Dialog, EmptyState, ErrorState, Field, Icon, IconButton, type IconName, Input, Menu, type MenuItem, PromiseRing, RelativeTime, Select, SkeletonRows, toast } from '../../design'
import { useText } from '../../i18n'
import { useKeys } from '../../shell/keys'
import { useStaffSession } from '../../staff/session'
import { keys, type QueueItem, ringOf } from '../data'
import { useTagName } from '../tags'
import { addressOf, filtersOf, type Place, placeOf, usePlace, VIEWS, type ViewName } from '../place'
import css from './queue.module.css'
import { useFollowing } from './following'
import { stepFrom } from './step'
import { useLongList } from './longList'
import { useSteady, useWindowed } from './windowed'

const HEIGHT = 88
const MOST_SEARCHED = 200
const CHANNELS = ['portal', 'email', 'chat', 'phone', 'sms', 'social', 'api', 'desk'] as const
const PRIORITIES = ['urgent', 'high', 'normal', 'low'] as const
const LINKED = ['claim', 'shipment', 'repair'] as const
const TAGS = ['return_refund', 'refund_only', 'exchange', 'resend', 'repair', 'cancel_unshipped', 'refuse_parcel', 'compensation'] as const
const channelIcons: Record<string, IconName> = { portal: 'globe', email: 'mail', chat: 'chat', phone: 'phone', sms: 'chat', social: 'people', api: 'link', desk: 'user' }

export function QueuePane() {
  const { t, fmt } = useText()
  const { place, to } = usePlace()
  const filters = useMemo(() => filtersOf(place), [place.view, place.shop, place.priority, place.channel, place.tag, place.linked, place.q])
  const { words, ...rest } = filters
  const scroller = useRef<HTMLDivElement>(null)
  const shown = useWindowed(scroller, HEIGHT)
  const list = useLongList<QueueItem>(keys.queue(filters), (after, signal) => ask(api.GET('/api/cases', { params: { query: { ...rest, q: words, after, limit: 100 } }, signal })), shown)
  const { ids } = list
  const here = useMemo(() => `/desk${addressOf({ ...place, case: 'the-case', claim: '' })}`, [place])
  useSteady(scroller, ids, HEIGHT)
  const [cursor, setCursor] = useState<string | null>(place.case || null)
  const at = ids.indexOf(cursor ?? place.case)
  const follow = useFollowing((id) => to({ case: id, claim: '', pane: 'middle' }, { replace: !!place.case }))
  const lead = useRef(to)
  lead.current = to
  const open = useCallback((id: string) => {
    setCursor(id)
    lead.current({ case: id, claim: '', pane: 'middle' })
  }, [])
  const stoodAt = useRef(-1)
  if (at >= 0) stoodAt.current = at
  const move = (by: 1 | -1) => {
    const next = stepFrom(ids, at, stoodAt.current, by)
    if (!next) return
    setCursor(next)
    shown.show(ids.indexOf(next))
    // On a desk the case follows the cursor; on one pane it waits for Enter.
    if (innerWidth > 1100) follow(next)
  }
  useEffect(() => {
    if (place.case) setCursor(place.case)
  }, [place.case])
  const search = useRef<HTMLInputElement>(null)
  useKeys([
    { keys: 'j', label: t('queue.next'), section: t('pane.queue'), run: () => move(1) },
    { keys: 'k', label: t('queue.previous'), section: t('pane.queue'), run: () => move(-1) },
    { keys: 'enter', label: t('queue.open'), section: t('pane.queue'), enabled: !!cursor, run: () => cursor && open(cursor) },
    { keys: '/', label: t('queue.search'), section: t('pane.queue'), run: () => search.current?.focus() },
  ])
  return (
    <div className={css.pane}>
      <Head search={search} />
      {place.q && <Meant key={place.q} words={place.q} onPick={(q) => to({ q, view: 'all', saved: '' }, { replace: true })} />}
      <div ref={scroller} className={css.scroller} role={ids.length ? 'list' : 'group'} aria-label={t('pane.queue')} aria-busy={list.loading}>
        {list.loading ? (
          <div className={css.inset}>
            <SkeletonRows rows={8} />
          </div>
        ) : list.error ? (
          <ErrorState error={list.error} onRetry={list.retry} />
        ) : !ids.length ? (
          <Empty place={place} to={to} />
        ) : (
          <div style={{ height: ids.length * HEIGHT + 44, position: 'relative' }}>
            {ids.slice(shown.from, shown.to).map((id, i) => {
              const row = list.row(id)
              const top = (shown.from + i) * HEIGHT
              return row ? (
                <QueueRow
                  key={id}
                  row={row}
                  top={top}
                  position={shown.from + i + 1}
                  total={list.hasMore ? -1 : ids.length}
                  selected={id === place.case}
                  cursor={id === cursor}
                  href={here.replace('the-case', id)}
                  onOpen={open}
                />
              ) : (
                <div key={id} className={css.row} style={{ '--top': `${top}px`, height: HEIGHT } as CSSProperties} aria-hidden="true">
                  <SkeletonRows rows={1} />
                </div>
              )
            })}
            <p className={css.foot} style={{ top: ids.length * HEIGHT }}>
              {list.moreError ? (
                <Button small onClick={list.retry}>
                  {t('action.retry')}
                </Button>
              ) : list.hasMore ? (
                t('queue.loadingMore')
              ) : (
                t('queue.end', { count: ids.length, shown: fmt.number(ids.length) })
              )}
            </p>
          </div>
        )}
      </div>
    </div>
  )
}

/** `total` is −1 while more may come. */
const QueueRow = memo(function QueueRow({ row, top, position, total, selected, cursor, href, onOpen }: { row: QueueItem; top: number; position: number; total: number; selected: boolean; cursor: boolean; href: string; onOpen: (id: string) => void }) {
  const { t } = useText()
  const tagName = useTagName()
  const name = row.customer_name || t('customer.unknown')
  const mine = row.last_author === 'staff'
  return (
    <div
      role="listitem"
      aria-setsize={total}
      aria-posinset={position}
      aria-current={selected || undefined}
      className={css.row}
      data-selected={selected || undefined}
      data-cursor={cursor || undefined}
      style={{ '--top': `${top}px`, height: HEIGHT } as CSSProperties}
    >
      <div className={css.ring}>{row.ring ? <PromiseRing clock={ringOf(row.ring)} name={clockName(t, row.ring.name)} /> : <Avatar name={name} size={28} />}</div>
      <div className={css.body}>
        <p className={css.who}>
          <span className={css.name}>{name}</span>
          {(row.priority === 'urgent' || row.priority === 'high') && <span className={css.pressing}>{t(`priority.${row.priority}`)}</span>}
          <span className={css.when}>
            <RelativeTime at={row.last_message_at} />
          </span>
        </p>
        <a
          className={css.title}
          href={href}
          onClick={(e) => {
            if (e.metaKey || e.ctrlKey || e.shiftKey) return
            e.preventDefault()
            onOpen(row.id)
          }}
        >
          {row.tags[0] && isKind(row.tags[0]) ? `${tagName(row.tags[0])} · ` : ''}
          {row.title}
        </a>
        <p className={css.words}>
          <span className={css.channel} title={t(`channel.${row.channel}`)}>
            <Icon name={channelIcons[row.channel] ?? 'chat'} size={14} label={t(`channel.${row.channel}`)} />
          </span>
          {row.snoozed_until ? (
            <span className={css.waits}>{t('queue.asleep')}</span>
          ) : (
            row.waiting_for && <span className={css.waits} data-us={row.waiting_for === 'shop' || undefined}>{t(`waits.${row.waiting_for}`)}</span>
          )}
          <span className={css.snippet}>
            {mine ? t('queue.us') : ''}
            {row.last_words}
          </span>
          {row.owner_name && (
            <span className={css.owner} title={t('case.owner', { name: row.owner_name })}>
              <Avatar name={row.owner_name} size={24} />
            </span>
          )}
        </p>
      </div>
    </div>
  )
})

/** What a search may have meant that no case fits as it was typed. */
function Meant({ words, onPick }: { words: string; onPick: (words: string) => void }) {
  const { t } = useText()
  const meant = useQuery({ queryKey: ['meant', words], queryFn: ({ signal }) => ask(api.GET('/api/cases/meant', { params: { query: { q: words } }, signal })), staleTime: 60_000, retry: false }).data?.words
  if (!meant) return null
  return (
    <p className={css.meant} role="status">
      {t('queue.meant')}
      <Button kind="quiet" small onClick={() => onPick(meant)}>
        {meant}
      </Button>
    </p>
  )
}

export const isKind = (tag: string) => (TAGS as readonly string[]).includes(tag)

export function clockName(t: (key: string) => string, name: string): string {
  return t(`clock.${name.replace(/^claim\.decide_.*/, 'claim.decide').replace('.', '_')}`)
}

/** Stands still while the rows below it move. */
const Head = memo(function Head({ search }: { search: React.RefObject<HTMLInputElement | null> }) {
  const { t, has, fmt } = useText()
  const { place, to } = usePlace()
  const queries = useQueryClient()
  const session = useStaffSession().data
  const counts = useQuery({ queryKey: keys.counts, queryFn: () => ask(api.GET('/api/cases/counts')), refetchInterval: 60_000 }).data
  const views = useQuery({ queryKey: keys.views, queryFn: () => ask(api.GET('/api/cases/views')), staleTime: 5 * 60_000 }).data ?? []
  const [typed, setTyped] = useState(place.q)
  const [filtering, setFiltering] = useState(false)
  const [naming, setNaming] = useState(false)
  useEffect(() => setTyped(place.q), [place.q])
  const composing = useRef(false)
  useEffect(() => {
    if (typed === place.q || composing.current) return
    const timer = setTimeout(() => to({ q: typed, saved: '', ...(typed && !place.q ? { view: 'all' as const } : {}) }, { replace: true }), 250)
    return () => clearTimeout(timer)
  }, [typed])
  const count = (view: ViewName): string => {
    const n = counts?.[view as keyof typeof counts]
    return n === undefined ? '' : n > 1000 ? '1000+' : fmt.number(n)
  }
  const saved = views.find((v) => v.id === place.saved)
  const set = [place.shop, place.priority, place.channel, place.tag, place.linked].filter(Boolean).length
  const forget = async (id: string, name: string) => {
    const gone = views.find((v) => v.id === id)
    const restore = () =>
      gone &&
      ask(api.POST('/api/cases/views', { body: { name, position: gone.position, filters: gone.filters } })).then(
        () => queries.invalidateQueries({ queryKey: keys.views }),
        (error) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' }),
      )
    try {
      await ask(api.DELETE('/api/cases/views/{view_id}', { params: { path: { view_id: id } } }))
      toast(t('views.forgotten', { name }), { undo: () => void restore() })
      if (place.saved === id) to({ saved: '' })
    } catch (error) {
      toast(problemText(asProblem(error), t, has), { tone: 'wrong' })
    }
    await queries.invalidateQueries({ queryKey: keys.views })
  }
  const items: (MenuItem | 'line')[] = [
    ...VIEWS.map((view) => ({ id: view, label: t(`view.${view}`), hint: count(view), checked: !saved && place.view === view, onPick: () => to({ ...placeOf({ view: 'active' }), view, saved: '', q: '' }) })),
    ...(views.length ? (['line'] as const) : []),
    ...views.map((v) => ({ id: v.id, label: v.name, checked: saved?.id === v.id, onPick: () => to({ ...placeOf(v.filters), saved: v.id }) })),
    'line' as const,
    { id: 'keep', label: t('views.keep'), icon: 'plus' as const, onPick: () => setNaming(true) },
    ...(saved ? [{ id: 'forget', label: t('views.forget', { name: saved.name }), icon: 'trash' as const, onPick: () => void forget(saved.id, saved.name) }] : []),
  ]
  const quick: ViewName[] = ['mine', 'unassigned', 'waiting', 'late']
  return (
    <header className={css.head}>
      <div className={css.headLine}>
        <Menu
          label={t('views.label')}
          align="start"
          items={items}
          trigger={(props) => (
            <button type="button" {...props} className={css.view}>
              <h1>{saved?.name ?? t(`view.${place.view}`)}</h1>
              <span className={css.count}>{saved ? '' : count(place.view)}</span>
              <Icon name="down" size={16} />
            </button>
          )}
        />
        <IconButton icon="filter" label={t('filter.open')} aria-expanded={filtering} data-set={set || undefined} className={css.filterButton} onClick={() => setFiltering(!filtering)} />
      </div>
      <nav className={css.quick} aria-label={t('views.label')}>
        {quick.map((view) => (
          <button key={view} type="button" aria-pressed={!saved && place.view === view} data-late={(view === 'late' && !!counts?.late) || undefined} onClick={() => to({ view, saved: '', q: '' })}>
            {t(`viewShort.${view}`)}
            <span>{count(view)}</span>
          </button>
        ))}
      </nav>
      <Input
        ref={search}
        icon="search"
        type="search"
        maxLength={MOST_SEARCHED}
        value={typed}
        placeholder={t('queue.searchHint')}
        aria-label={t('queue.search')}
        onChange={(e) => setTyped(e.target.value)}
        onCompositionStart={() => (composing.current = true)}
        onCompositionEnd={(e) => {
          composing.current = false
          setTyped('')
          setTyped(e.currentTarget.value)
        }}
        onKeyDown={(e) => {
          if (e.key === 'Escape') {
            setTyped('')
            e.currentTarget.blur()
          }
        }}
      />
      {filtering && (
        <div className={css.filters}>
          {(session?.shops.length ?? 0) > 1 && (
            <Select aria-label={t('filter.shop')} value={place.shop || 'any'} onPick={(v) => to({ shop: v === 'any' ? '' : v, saved: '' })} choices={[{ value: 'any', label: t('filter.anyShop') }, ...(session?.shops ?? []).map((s) => ({ value: s.id, label: s.name }))]} />
          )}
          <Select aria-label={t('filter.tag')} value={place.tag || 'any'} onPick={(v) => to({ tag: v === 'any' ? '' : v, saved: '' })} choices={[{ value: 'any', label: t('filter.anyTag') }, ...TAGS.map((v) => ({ value: v as string, label: t(`kind.${v}`) }))]} />
          <Select aria-label={t('filter.priority')} value={place.priority || 'any'} onPick={(v) => to({ priority: v === 'any' ? '' : v, saved: '' })} choices={[{ value: 'any', label: t('filter.anyPriority') }, ...PRIORITIES.map((v) => ({ value: v as string, label: t(`priority.${v}`) }))]} />
          <Select aria-label={t('filter.channel')} value={place.channel || 'any'} onPick={(v) => to({ channel: v === 'any' ? '' : v, saved: '' })} choices={[{ value: 'any', label: t('filter.anyChannel') }, ...CHANNELS.map((v) => ({ value: v as string, label: t(`channel.${v}`) }))]} />
          <Select aria-label={t('filter.linked')} value={place.linked || 'any'} onPick={(v) => to({ linked: v === 'any' ? '' : v, saved: '' })} choices={[{ value: 'any', label: t('filter.anyLinked') }, ...LINKED.map((v) => ({ value: v as string, label: t(`linked.${v}`) }))]} />
          {set > 0 && (
            <Button kind="quiet" small onClick={() => to({ shop: '', priority: '', channel: '', tag: '', linked: '', saved: '' })}>
              {t('filter.clear')}
            </Button>
          )}
        </div>
      )}
      <KeepView open={naming} onClose={() => setNaming(false)} place={place} onKept={(id) => to({ saved: id })} />
    </header>
  )
})

function KeepView({ open, onClose, place, onKept }: { open: boolean; onClose: () => void; place: Place; onKept: (id: string) => void }) {
  const { t } = useText()
  const queries = useQueryClient()
  const [name, setName] = useState('')
  const [error, setError] = useState<unknown>(null)
  const keep = async () => {
    try {
      const kept = await ask(api.POST('/api/cases/views', { body: { name, position: 0, filters: filtersOf(place) } }))
      await queries.invalidateQueries({ queryKey: keys.views })
      onKept(kept.id)
      setName('')
      onClose()
    } catch (problem) {
      setError(problem)
    }
  }
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t('views.keep')}
      actions={
        <Button kind="primary" disabled={!name.trim()} onClick={() => void keep()}>
          {t('views.keepIt')}
        </Button>
      }
    >
      <Field label={t('views.name')} hint={t('views.keepHint')}>
        <Input value={name} maxLength={60} onChange={(e) => setName(e.target.value)} onKeyDown={(e) => e.key === 'Enter' && !e.nativeEvent.isComposing && name.trim() && void keep()} />
      </Field>
      {error !== null && <ErrorState compact error={error} />}
    </Dialog>
  )
}

function Empty({ place, to }: { place: Place; to: (change: Partial<Place>) => void }) {
  const { t } = useText()
  const narrowed = place.q || place.shop || place.priority || place.channel || place.tag || place.linked
  if (narrowed)
    return (
      <EmptyState
        drawing="search"
        title={t('queue.foundNothing')}
        text={t('queue.foundNothingText')}
        action={<Button onClick={() => to({ q: '', shop: '', priority: '', channel: '', tag: '', linked: '', saved: '' })}>{t('filter.clear')}</Button>}
      />
    )
  if (place.view === 'mine') return <EmptyState title={t('queue.mineEmpty')} text={t('queue.mineEmptyText')} action={<Button onClick={() => to({ view: 'unassigned' })}>{t('view.unassigned')}</Button>} />
  return <EmptyState title={t('queue.emptyTitle')} text={t('queue.emptyText')} />
}
