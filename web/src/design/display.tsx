import { type HTMLAttributes, type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from 'react'
import { asProblem, problemText } from '../api/problem'
import { useText } from '../i18n'
import { clockFace } from '../i18n/format'
import { useNow } from '../shell/now'
import { Button } from './controls'
import { Icon, type IconName } from './icons'

const join = (...names: (string | false | undefined | null)[]) => names.filter(Boolean).join(' ')

export type Tone = 'plain' | 'jade' | 'slate' | 'amber' | 'vermilion'

/** A state in one or two words. Amber and vermilion are for clocks and harm only. */
export function Tag({ tone = 'plain', icon, children }: { tone?: Tone; icon?: IconName; children: ReactNode }) {
  return (
    <span className={join('tag', `is-${tone}`)}>
      {icon && <Icon name={icon} size={14} />}
      {children}
    </span>
  )
}

/** A part of a page under a hairline: title, optional aside (a link, a count), content. */
export function Section({ title, aside, lead, children, level = 2, className, ...rest }: Omit<HTMLAttributes<HTMLElement>, 'title'> & { title?: ReactNode; aside?: ReactNode; lead?: ReactNode; level?: 2 | 3 }) {
  const id = useId()
  const Heading = level === 2 ? 'h2' : 'h3'
  return (
    <section {...rest} className={join('section', className)} aria-labelledby={title ? id : undefined}>
      {(title || aside) && (
        <header className="section-head">
          {title && <Heading id={id}>{title}</Heading>}
          {aside && <div className="section-aside">{aside}</div>}
        </header>
      )}
      {lead && <p className="muted section-lead">{lead}</p>}
      {children}
    </section>
  )
}

/** Lifted sheet for one thing that stands apart. Prefer `Section`. */
export function Card({ className, ...rest }: HTMLAttributes<HTMLDivElement>) {
  return <div {...rest} className={join('card', className)} />
}

export function List({ label, className, children }: { label?: string; className?: string; children: ReactNode }) {
  return (
    <ul className={join('list', className)} aria-label={label} role="list">
      {children}
    </ul>
  )
}

export interface RowProps {
  /** Ring, picture or avatar. */
  lead?: ReactNode
  title: ReactNode
  /** Second line, muted. */
  text?: ReactNode
  /** Third line: tags, small facts. */
  meta?: ReactNode
  /** Right edge: amount, time, state. */
  aside?: ReactNode
  href?: string
  onClick?: () => void
  /** Not seen before. */
  fresh?: boolean
  selected?: boolean
  /** Lines the title may take before it is cut. */
  titleLines?: 1 | 2
}

/** One row of a list; the whole row is the link. */
export function Row({ lead, title, text, meta, aside, href, onClick, selected, fresh, titleLines = 2 }: RowProps) {
  const ref = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (selected) ref.current?.scrollIntoView({ block: 'nearest' })
  }, [selected])
  const inner = <span className={join('row-title', `lines-${titleLines}`)}>{title}</span>
  return (
    <li ref={ref} className={join('row', selected && 'is-selected', fresh && 'is-fresh', (href || onClick) && 'is-live')} aria-current={selected || undefined}>
      {lead && <div className="row-lead">{lead}</div>}
      <div className="row-body">
        {href ? (
          <a className="row-link" href={href} onClick={onClick && ((e) => { if (!e.metaKey && !e.ctrlKey && !e.shiftKey) { e.preventDefault(); onClick() } })}>
            {inner}
          </a>
        ) : onClick ? (
          <button type="button" className="row-link" onClick={onClick}>
            {inner}
          </button>
        ) : (
          inner
        )}
        {text && <div className="row-text">{text}</div>}
        {meta && <div className="row-meta">{meta}</div>}
      </div>
      {aside && <div className="row-aside">{aside}</div>}
    </li>
  )
}

/** Name and value pairs, aligned. */
export function Facts({ items }: { items: { name: ReactNode; value: ReactNode }[] }) {
  return (
    <dl className="facts">
      {items.map((item, i) => (
        <div key={i}>
          <dt>{item.name}</dt>
          <dd>{item.value}</dd>
        </div>
      ))}
    </dl>
  )
}

export interface TabItem<V extends string> {
  value: V
  label: ReactNode
  count?: number
}

/** The panel is yours: give it id `${idBase}-panel` and role tabpanel, or use `<TabPanel>`. */
export function Tabs<V extends string>({ label, value, onPick, items, idBase }: { label: string; value: V; onPick: (value: V) => void; items: readonly TabItem<V>[]; idBase: string }) {
  const list = useRef<HTMLDivElement>(null)
  const move = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (!step) return
    event.preventDefault()
    const at = items.findIndex((i) => i.value === value)
    const next = items[(at + step + items.length) % items.length]
    if (!next) return
    onPick(next.value)
    list.current?.querySelector<HTMLElement>(`[data-tab="${CSS.escape(next.value)}"]`)?.focus()
  }
  return (
    <div className="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
      {items.map((item) => (
        <button
          key={item.value}
          type="button"
          role="tab"
          data-tab={item.value}
          id={`${idBase}-${item.value}`}
          aria-selected={value === item.value}
          aria-controls={`${idBase}-panel`}
          tabIndex={value === item.value ? 0 : -1}
          onClick={() => onPick(item.value)}
        >
          {item.label}
          {item.count !== undefined && <span className="tab-count">{item.count}</span>}
        </button>
      ))}
    </div>
  )
}

export function TabPanel({ idBase, value, children }: { idBase: string; value: string; children: ReactNode }) {
  return (
    <div role="tabpanel" id={`${idBase}-panel`} aria-labelledby={`${idBase}-${value}`} tabIndex={0} className="tab-panel">
      {children}
    </div>
  )
}

/** Grey shape of what is coming; `lines` of text or one block of `height`. */
export function Skeleton({ lines, width, height }: { lines?: number; width?: string; height?: number }) {
  if (!lines) return <span className="skeleton" style={{ width, height }} aria-hidden="true" />
  return (
    <span className="skeleton-lines" aria-hidden="true">
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} className="skeleton" style={{ width: i === lines - 1 ? '60%' : '100%' }} />
      ))}
    </span>
  )
}

/** A list that is on its way. */
export function SkeletonRows({ rows = 5 }: { rows?: number }) {
  const { t } = useText()
  return (
    <div role="status" aria-label={t('state.loading')} className="list">
      {Array.from({ length: rows }, (_, i) => (
        <div className="row" key={i}>
          <div className="row-lead">
            <span className="skeleton is-round" />
          </div>
          <div className="row-body">
            <Skeleton width={`${72 - ((i * 17) % 30)}%`} />
            <Skeleton width={`${48 - ((i * 11) % 20)}%`} />
          </div>
        </div>
      ))}
    </div>
  )
}

export type Drawing = 'orders' | 'clear' | 'search' | 'talk' | 'parcel' | 'lost' | 'line'

const drawings: Record<Drawing, ReactNode> = {
  orders: (<><path d="m30 40 30-14 30 14v32L60 86 30 72z" /><path d="m30 40 30 14 30-14M60 54v32" /><path className="accent" d="m45 33 30 14v11" /></>),
  clear: (<><circle cx="60" cy="56" r="30" /><circle cx="60" cy="56" r="11" /><path className="accent" d="m50 56 7 7 14-15" /></>),
  search: (<><circle cx="54" cy="50" r="24" /><path d="m72 67 18 19" /><path className="accent" d="M44 50h20M44 58h12" /></>),
  talk: (<><path d="M24 30h52v34H46L34 76V64H24z" /><path d="M84 44h12v34H86v10L76 78H58" /><path className="accent" d="M36 42h28M36 51h18" /></>),
  parcel: (<><path d="M18 44h46v30H18zM64 52h16l14 13v9H64" /><circle cx="36" cy="78" r="7" /><circle cx="78" cy="78" r="7" /><path className="accent" d="M28 34h24M36 26h28" /></>),
  lost: (<><path d="M28 26h64v60H28z" /><path d="M40 26v60M28 46h64" /><path className="accent" d="m56 58 18 18m0-18-18 18" /></>),
  line: (<><path d="M18 62c12-12 24 12 34 0" /><path d="M68 62c12-12 24 12 34 0" /><path className="accent" d="m57 52 6 6m0 8-6 6" /></>),
}

/** Nothing here: says why in a title and what to do in a sentence, with at most one button. */
export function EmptyState({ drawing = 'clear', title, text, action }: { drawing?: Drawing; title: ReactNode; text?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <svg viewBox="0 0 120 104" width="120" height="104" aria-hidden="true">
        <path className="ground" d="M14 92h92" />
        {drawings[drawing]}
      </svg>
      <h3>{title}</h3>
      {text && <p className="muted">{text}</p>}
      {action && <div className="empty-action">{action}</div>}
    </div>
  )
}

/** Something failed: what, whether trying again helps, the request id to quote, and a way out. */
export function ErrorState({ error, onRetry, wayOut, compact }: { error: unknown; onRetry?: () => void; wayOut?: ReactNode; compact?: boolean }) {
  const { t, has } = useText()
  const problem = asProblem(error)
  return (
    <div className={join('empty', 'is-error', compact && 'is-compact')} role="alert">
      {!compact && (
        <svg viewBox="0 0 120 104" width="120" height="104" aria-hidden="true">
          <path className="ground" d="M14 92h92" />
          {drawings[problem.status === 404 ? 'lost' : 'line']}
        </svg>
      )}
      <h3>{problemText(problem, t, has)}</h3>
      <p className="muted">{t(problem.code === 'offline' ? 'error.offlineHelp' : problem.passing ? 'error.tryAgain' : 'error.cannot')}</p>
      <div className="empty-action">
        {onRetry && problem.passing && (
          <Button icon="refresh" onClick={onRetry}>
            {t('action.retry')}
          </Button>
        )}
        {wayOut}
      </div>
      {problem.requestId && (
        <p className="small muted request-id">
          {t('error.requestId')} <code>{problem.requestId}</code>
        </p>
      )}
    </div>
  )
}

/** Below a keyset list: how many are shown, and more. The rows above stay where they are. */
export function Pager({ shown, total, hasMore, loading, error, onMore }: { shown: number; total?: number; hasMore: boolean; loading?: boolean; error?: unknown; onMore: () => void }) {
  const { t, fmt } = useText()
  if (error) return <ErrorState compact error={error} onRetry={onMore} />
  return (
    <div className="pager">
      <span className="muted small" role="status">
        {total === undefined ? t('pager.shown', { shown: fmt.number(shown) }) : t('pager.shownOf', { shown: fmt.number(shown), total: fmt.number(total) })}
      </span>
      {hasMore && (
        <Button small busy={loading} onClick={onMore}>
          {t('pager.more')}
        </Button>
      )}
    </div>
  )
}

const AVATAR_TONES = 5

/** Picture or initial; the shade follows the name and is never amber or red. */
export function Avatar({ name, src, size = 36 }: { name: string; src?: string | null; size?: 24 | 28 | 36 | 48 }) {
  const letters = /[㐀-鿿]/.test(name) ? name.trim().slice(-1) : name.trim().split(/\s+/).slice(0, 2).map((w) => w[0]).join('').toUpperCase()
  const shade = [...name].reduce((sum, c) => sum + (c.codePointAt(0) ?? 0), 0) % AVATAR_TONES
  return (
    <span className={`avatar shade-${shade}`} style={{ width: size, height: size, fontSize: size * 0.42 }} data-letters={src ? undefined : letters || '·'} aria-hidden="true">
      {src && <img src={src} alt="" width={size} height={size} loading="lazy" />}
    </span>
  )
}

/** An amount in minor units. `minus` shows money that goes out; `quiet` greys a zero. */
export function Money({ cents, currency, strong }: { cents: number; currency: string; strong?: boolean }) {
  const { fmt } = useText()
  return <data value={cents} className={join('money', strong && 'is-strong')}>{fmt.money(cents, currency)}</data>
}

/** Relative up to a day, then absolute in the reader's zone; the exact instant on hover. */
export function RelativeTime({ at }: { at: string | number }) {
  const { fmt } = useText()
  const now = useNow(30_000)
  const iso = typeof at === 'number' ? new Date(at).toISOString() : at
  return (
    <time dateTime={iso} title={fmt.exact(iso)}>
      {fmt.relative(iso, now)}
    </time>
  )
}

/** How long it has lasted; the instant it began on hover. */
export function Elapsed({ since }: { since: string }) {
  const { fmt } = useText()
  const now = useNow(60_000)
  return (
    <time dateTime={since} title={fmt.exact(since)}>
      {fmt.duration(now - Date.parse(since))}
    </time>
  )
}

/** Time left, in words above an hour and counting seconds below; stops at zero with `done`. */
export function Countdown({ to, done }: { to: string; done?: ReactNode }) {
  const { fmt } = useText()
  const due = Date.parse(to)
  const near = due - useNow(15_000) < 3_700_000
  const now = useNow(near ? 1000 : 15_000)
  const left = due - now
  return (
    <time dateTime={to} title={fmt.exact(to)} role="timer" aria-live="off">
      {left <= 0 ? (done ?? clockFace(0)) : left < 3_600_000 ? clockFace(left) : fmt.duration(left)}
    </time>
  )
}

/** '⌘K' on a Mac, 'Ctrl K' elsewhere; keys as `useKeys` names them ('mod+k', 'g i', '?'). */
export function KeyHint({ keys }: { keys: string }) {
  const mac = /Mac|iPhone|iPad/.test(navigator.platform)
  const names: Record<string, string> = { mod: mac ? '⌘' : 'Ctrl', shift: '⇧', enter: '↵', escape: 'Esc', arrowup: '↑', arrowdown: '↓', alt: mac ? '⌥' : 'Alt' }
  return (
    <span className="keys" aria-hidden="true">
      {keys.split(/[ +]/).map((k, i) => (
        <kbd key={i}>{names[k] ?? (k.length === 1 ? k.toUpperCase() : k)}</kbd>
      ))}
    </span>
  )
}

/** A picture of the product; keeps its square while loading and when there is none. */
export function Thumb({ src, alt, size = 64 }: { src?: string | null; alt: string; size?: number }) {
  return (
    <span className="thumb" style={{ width: size, height: size }}>
      {src ? <img src={src} alt={alt} width={size} height={size} loading="lazy" /> : <Icon name="box" size={Math.round(size * 0.4)} label={alt || undefined} />}
    </span>
  )
}
