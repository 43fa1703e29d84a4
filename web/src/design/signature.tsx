import { type ReactNode, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useText } from '../i18n'
import { useNow } from '../shell/now'
import { Button, IconButton } from './controls'
import { Avatar, Money, RelativeTime, Tag } from './display'
import { FileLinks, type StoredFile } from './files'
import { Icon, type IconName } from './icons'
import { Dialog, Menu, type MenuItem } from './overlays'
import { addUp, type MoneyLine, moneySteps, type PromiseClock, viewPromise, waitLength } from './promise'

const join = (...names: (string | false | undefined | null)[]) => names.filter(Boolean).join(' ')

export type RingSize = 'row' | 'tile' | 'page'
const ringPixels: Record<RingSize, number> = { row: 28, tile: 64, page: 112 }

export interface PromiseRingProps {
  clock: PromiseClock
  size?: RingSize
  /** Which promise: '商家处理'. */
  name?: string
  /** What happens at zero: '到时自动同意并退款'. Shown at page size, told to screen readers always. */
  atZero?: string
  /** Only the disc; the words stay for screen readers and on hover. Default at row size. */
  bare?: boolean
}

/** A clock as a jade disc that empties. State is told by colour, by shape in the hole, and in words. */
export function PromiseRing({ clock, size = 'row', name, atZero, bare = size === 'row' }: PromiseRingProps) {
  const { t, fmt } = useText()
  const close = Math.abs(Date.parse(clock.due_at) - useNow(30_000)) < 3_600_000
  const now = useNow(close ? 1000 : 30_000)
  const { state, left, full } = viewPromise(clock, now)
  const words = t(`promise.${state}`, { duration: fmt.duration(left) })
  const label = [name, words, atZero].filter(Boolean).join(t('promise.joint'))
  return (
    <div className={join('promise', `is-${size}`, `is-${state}`)} title={bare ? label : undefined}>
      <Disc px={ringPixels[size]} full={full} state={state} size={size} />
      {bare ? (
        <span className="sr">{label}</span>
      ) : (
        <div className="promise-words">
          {name && <span className="promise-name">{name}</span>}
          <span className="promise-left">{words}</span>
          {atZero && size !== 'row' && (state === 'kept' || state === 'warn') && <span className="promise-zero">{atZero}</span>}
          {size === 'page' && state !== 'met' && state !== 'paused' && (
            <span className="promise-due">{t('promise.due', { at: fmt.dateTime(clock.due_at) })}</span>
          )}
        </div>
      )}
    </div>
  )
}

function Disc({ px, full, state, size, thin }: { px: number; full: number; state: string; size: RingSize; thin?: boolean }) {
  // Drawn on 64 units: the band is as thick as on a jade disc; thin where a number stands in the hole.
  const r = thin ? 28 : 24
  const around = 2 * Math.PI * r
  const hole: Partial<Record<string, string>> = { met: 'm26 32.500 4.500 4.500 8-9.500', paused: 'M29 27v10m6-10v10', broken: 'M32 25.500v8m0 4.500v.01', warn: 'M32 26.500V32l3.500 2.500' }
  return (
    <svg viewBox="0 0 64 64" width={px} height={px} aria-hidden="true" className="disc">
      <circle className="disc-edge" cx="32" cy="32" r="31.250" />
      <circle className="disc-track" cx="32" cy="32" r={r} />
      {full > 0 && (
        <circle
          className="disc-fill"
          cx="32"
          cy="32"
          r={r}
          strokeDasharray={`${full * around} ${around}`}
          transform="rotate(-90 32 32) scale(1 -1) translate(0 -64)"
        />
      )}
      {size === 'page' && [0, 90, 180, 270].map((a) => <path key={a} className="disc-notch" d="M32 1v3" transform={`rotate(${a} 32 32)`} />)}
      {hole[state] && <path className="disc-sign" d={hole[state]} />}
    </svg>
  )
}

/** A share of promises kept, as the same disc: for tiles of the board. */
export function ShareRing({ share, target, size = 'tile', label }: { share: number; target: number; size?: RingSize; label: string }) {
  const { fmt } = useText()
  const state = share >= target ? 'kept' : share >= target - (1 - target) ? 'warn' : 'broken'
  return (
    <div className={join('promise', `is-${size}`, `is-${state}`, 'is-share')} role="img" aria-label={`${label} ${fmt.percent(share, 1)}`}>
      <Disc thin px={ringPixels[size]} full={Math.max(0, Math.min(1, share))} state="share" size={size} />
      {size !== 'row' && <span className="share-number">{fmt.percent(share, share > 0.995 && share < 1 ? 1 : 0)}</span>}
    </div>
  )
}

export type ActorKind = 'customer' | 'agent' | 'shop' | 'system' | 'carrier' | 'arbiter' | 'assistant' | 'gateway'

export interface TimelineEntry {
  id: string
  at: string
  actor: { name: string; kind: ActorKind; avatar?: string | null }
  /** What happened, one line: '商家同意退货'. */
  title: ReactNode
  /** Words of a message or a reason, as written. */
  text?: string | null
  files?: readonly StoredFile[]
  /** Seen by staff only. */
  internal?: boolean
  /** For whom the matter waited from here to the next entry ('商家', 'you'). None: nobody waited. */
  waitingFor?: string | null
  /** The wait from here ran past its promise. */
  late?: boolean
  /** A message weighs more than a fact. */
  kind?: 'fact' | 'message' | 'decision'
  /** A why-card, buttons. */
  extra?: ReactNode
}

export interface TimelineProps {
  /** Oldest first. */
  entries: readonly TimelineEntry[]
  /** Whether the last wait still runs. */
  open?: boolean
  /** The promise that now runs: drawn at the end of the line. */
  promise?: ReactNode
  onEarlier?: () => void
  loadingEarlier?: boolean
}

const BLOCK = 40

/** One line of facts; waits between them are as long as they were, on a log scale, labelled with who was waited for.
Blocks of forty are drawn only near the screen, so thousands scroll like ten. */
export function Timeline({ entries, open, promise, onEarlier, loadingEarlier }: TimelineProps) {
  const { t } = useText()
  const blocks = useMemo(() => {
    const made: TimelineEntry[][] = []
    for (let i = 0; i < entries.length; i += BLOCK) made.push(entries.slice(i, i + BLOCK))
    return made
  }, [entries])
  return (
    <div className="timeline">
      {onEarlier && (
        <div className="timeline-earlier">
          <Button small busy={loadingEarlier} onClick={onEarlier}>
            {t('timeline.earlier')}
          </Button>
        </div>
      )}
      <ol aria-label={t('timeline.label')}>
        {blocks.map((block, i) => (
          <TimelineBlock key={block[0]?.id} entries={block} next={blocks[i + 1]?.[0]} open={open && i === blocks.length - 1} start={i >= blocks.length - 2} />
        ))}
      </ol>
      {promise && <div className="timeline-promise">{promise}</div>}
    </div>
  )
}

function TimelineBlock({ entries, next, open, start }: { entries: readonly TimelineEntry[]; next?: TimelineEntry; open?: boolean; start: boolean }) {
  const [near, setNear] = useState(start)
  const holder = useRef<HTMLLIElement>(null)
  const guess = useMemo(() => entries.reduce((sum, e, i) => sum + 56 + (e.text ? Math.min(12, 1 + e.text.length / 40) * 24 : 0) + gap(e, entries[i + 1] ?? next), 0), [entries, next])
  const height = useRef(guess)
  useEffect(() => {
    const node = holder.current
    if (!node) return
    const watch = new IntersectionObserver(
      (seen) => {
        // A busy page tells several at once: the last is what is true now.
        if (seen.at(-1)?.isIntersecting) setNear(true)
        else {
          height.current = node.offsetHeight || height.current
          // A line being read or typed in stays.
          if (!node.contains(document.activeElement)) setNear(false)
        }
      },
      { rootMargin: '1200px 0px' },
    )
    watch.observe(node)
    return () => watch.disconnect()
  }, [])
  return (
    <li ref={holder} className="timeline-block" style={near ? undefined : { height: height.current }}>
      {near && (
        <ol>
          {entries.map((entry, i) => {
            const after = entries[i + 1] ?? next
            return <Moment key={entry.id} entry={entry} next={after} open={open && !after} />
          })}
        </ol>
      )}
    </li>
  )
}

const gap = (entry: TimelineEntry, next?: TimelineEntry) => (next ? waitLength(Date.parse(next.at) - Date.parse(entry.at)) : 0)

const kindIcons: Partial<Record<ActorKind, IconName>> = { system: 'gear', carrier: 'truck', gateway: 'money', assistant: 'star', arbiter: 'scales' }

function Moment({ entry, next, open }: { entry: TimelineEntry; next?: TimelineEntry; open?: boolean }) {
  const { t, fmt } = useText()
  const now = useNow(60_000)
  const until = next ? Date.parse(next.at) : now
  const wait = until - Date.parse(entry.at)
  const waited = (next || open) && entry.waitingFor && wait >= 60_000
  const icon = kindIcons[entry.actor.kind]
  return (
    <li className={join('moment', `by-${entry.actor.kind}`, entry.kind && `is-${entry.kind}`, entry.internal && 'is-internal')}>
      <span className="moment-face">{icon ? <span className="moment-icon"><Icon name={icon} size={14} /></span> : <Avatar name={entry.actor.name} src={entry.actor.avatar} size={28} />}</span>
      <div className="moment-body">
        <p className="moment-head">
          <span className="moment-title">{entry.title}</span>
          {entry.internal && <Tag icon="lock">{t('timeline.internal')}</Tag>}
          <span className="moment-by muted small">
            {entry.actor.name} · <RelativeTime at={entry.at} />
          </span>
        </p>
        {entry.text && <Words text={entry.text} />}
        {entry.files && <FileLinks files={entry.files} />}
        {entry.extra}
      </div>
      {(next || open) && (
        <div className={join('wait', waited && 'is-waited', entry.late && 'is-late', !next && 'is-open')} style={{ minHeight: waitLength(wait) }}>
          {waited && (
            <span className="wait-label small">
              {t(next ? 'timeline.waited' : 'timeline.waiting', { who: entry.waitingFor, duration: fmt.duration(wait) })}
              {entry.late && <span className="wait-late"> · {t('timeline.late')}</span>}
            </span>
          )}
        </div>
      )}
    </li>
  )
}

const LONG = 600

/** Text as a person wrote it; long ones fold after some lines. */
export function Words({ text }: { text: string }) {
  const { t } = useText()
  const [whole, setWhole] = useState(text.length <= LONG)
  return (
    <div className="words">
      <p className={whole ? 'message' : 'message is-folded'}>{whole ? text : text.slice(0, LONG)}</p>
      {text.length > LONG && (
        <Button kind="quiet" small aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {t(whole ? 'words.less' : 'words.more')}
        </Button>
      )}
    </div>
  )
}

export interface Why {
  /** The answer: '可以退货，运费由商家承担'. */
  decision: ReactNode
  /** What it rests on, in order of weight. */
  reasons: readonly { rule: string; text?: string }[]
  /** Rules that were looked at and did not fit: folded. */
  others?: readonly { rule: string; text?: string }[]
  version?: string
  /** Law or shop policy, with an address if it is public. */
  source?: { title: string; url?: string | null }
  decidedBy?: string
  decidedAt?: string
  /** How to object or override: one button or a sentence. */
  object?: ReactNode
}

/** Opens beside any decision: answer, rule, version, source, how to object. */
export function WhyCard({ why, label }: { why: Why; label?: string }) {
  const { t } = useText()
  const [open, setOpen] = useState(false)
  return (
    <>
      <button type="button" className="why-open" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <Icon name="help" size={16} />
        {label ?? t('why.open')}
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} title={t('why.title')} form="sheet">
        <WhyBody why={why} />
      </Dialog>
    </>
  )
}

/** The card's inside, for places where it stands open. */
export function WhyBody({ why }: { why: Why }) {
  const { t } = useText()
  return (
    <div className="why">
      <p className="why-answer">{why.decision}</p>
      <Reasons reasons={why.reasons} />
      {!!why.others?.length && (
        <details className="why-others">
          <summary className="muted small">{t('why.others', { count: why.others.length })}</summary>
          <Reasons reasons={why.others} />
        </details>
      )}
      <dl className="facts">
        {why.source && (
          <div>
            <dt>{t('why.source')}</dt>
            <dd>
              {why.source.url ? (
                <a href={why.source.url} target="_blank" rel="noreferrer">
                  {why.source.title}
                </a>
              ) : (
                why.source.title
              )}
            </dd>
          </div>
        )}
        {why.version && (
          <div>
            <dt>{t('why.version')}</dt>
            <dd>{why.version}</dd>
          </div>
        )}
        {(why.decidedBy || why.decidedAt) && (
          <div>
            <dt>{t('why.decided')}</dt>
            <dd>
              {why.decidedBy} {why.decidedAt && <RelativeTime at={why.decidedAt} />}
            </dd>
          </div>
        )}
      </dl>
      {why.object && <div className="why-object">{why.object}</div>}
    </div>
  )
}

function Reasons({ reasons }: { reasons: Why['reasons'] }) {
  return (
    <ol className="why-reasons">
      {reasons.map((reason, i) => (
        <li key={i}>
          <span>{reason.text ?? reason.rule}</span>
          {reason.text && reason.rule && <code>{reason.rule}</code>}
        </li>
      ))}
    </ol>
  )
}

/** Paid → claimed → agreed → received → refunded, per line, adding up to the cent. Steps not reached yet show a dash. */
export function MoneyStrip({ lines }: { lines: readonly MoneyLine[] }) {
  const { t } = useText()
  const sums = addUp(lines)
  const cell = (line: Omit<MoneyLine, 'id' | 'label'>, step: (typeof moneySteps)[number]) => {
    const amount = line[step]
    const share = amount !== null && line.paid > 0 ? Math.min(1, amount / line.paid) : 0
    return (
      <td key={step} className={`step-${step}`} data-step={t(`money.${step}`)}>
        {amount === null ? (
          <span className="muted">
            <span aria-hidden="true">–</span>
            <span className="sr">{t('money.notYet')}</span>
          </span>
        ) : (
          <Money cents={amount} currency={line.currency} />
        )}
        <span className="strip-bar" aria-hidden="true">
          <span style={{ inlineSize: `${share * 100}%` }} />
        </span>
      </td>
    )
  }
  return (
    <div className="strip">
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span className="sr">{t('money.line')}</span>
            </th>
            {moneySteps.map((step) => (
              <th key={step} scope="col">
                {t(`money.${step}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.id}>
              <th scope="row">{line.label}</th>
              {moneySteps.map((step) => cell(line, step))}
            </tr>
          ))}
        </tbody>
        {lines.length > 1 && (
          <tfoot>
            {sums.map((sum) => (
              <tr key={sum.currency}>
                <th scope="row">{sums.length > 1 ? t('money.totalIn', { currency: sum.currency }) : t('money.total')}</th>
                {moneySteps.map((step) => cell(sum, step))}
              </tr>
            ))}
          </tfoot>
        )}
      </table>
    </div>
  )
}

export interface NextAction {
  id: string
  /** A verb: '填写运单号'. */
  verb: string
  icon?: IconName
  harm?: boolean
  busy?: boolean
  disabled?: boolean
  /** Key for the desk ('e', 'a'); register it with useKeys too. */
  keys?: string
  onPick: () => void
}

/** The one or two moves a person may make now, at one place; the rest under 'more'. Sticks to the bottom of a phone.
The first action is the main one. `lead` says in a few words what is waited for. */
export function NextActionBar({ actions, lead, shown = 2 }: { actions: readonly NextAction[]; lead?: ReactNode; shown?: 1 | 2 }) {
  const { t } = useText()
  const id = useId()
  const bar = useRef<HTMLDivElement>(null)
  const front = actions.slice(0, shown)
  const rest = actions.slice(shown)
  useLayoutEffect(() => {
    const node = bar.current
    if (!node) return
    // What is behind the bar must be reachable: the page keeps that much room at its foot.
    const tellHeight = () => document.documentElement.style.setProperty('--bar-height', `${node.offsetHeight}px`)
    const watch = new ResizeObserver(tellHeight)
    watch.observe(node)
    return () => {
      watch.disconnect()
      document.documentElement.style.removeProperty('--bar-height')
    }
  }, [])
  if (!actions.length && !lead) return null
  const items: MenuItem[] = rest.map((a) => ({ id: a.id, label: a.verb, icon: a.icon, harm: a.harm, disabled: a.disabled, onPick: a.onPick }))
  return (
    <div className="next-bar" role="region" aria-labelledby={lead ? id : undefined} aria-label={lead ? undefined : t('next.label')} ref={bar}>
      {lead && (
        <div className="next-lead" id={id}>
          {lead}
        </div>
      )}
      <div className="next-actions">
        {rest.length > 0 && (
          <Menu label={t('action.more')} up align="start" items={items} trigger={(props) => <IconButton {...props} icon="more" label={t('action.more')} />} />
        )}
        {[...front].reverse().map((a) => (
          <Button key={a.id} kind={a.harm ? 'harm' : a === front[0] ? 'primary' : 'secondary'} icon={a.icon} busy={a.busy} disabled={a.disabled} onClick={a.onPick} aria-keyshortcuts={a.keys}>
            {a.verb}
          </Button>
        ))}
      </div>
    </div>
  )
}
