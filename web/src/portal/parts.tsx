/** Pieces that several pages of the portal share. */
import { type ReactNode, useState } from 'react'
import { Link } from 'wouter'
import { Button, Icon, type IconName, type PromiseClock, PromiseRing, type RingSize, Skeleton, Thumb } from '../design'
import { useText } from '../i18n'
import type { Clock } from './data'
import './parts.css'

/** A title without its size or colour, which usually stands last. */
export const withoutLastWord = (title: string): string => title.trim().replace(/\s+\S+$/, '')

/** Where one is, and the way up. */
export function Head({ up, title, text, aside }: { up?: { href: string; label: string }; title: ReactNode; text?: ReactNode; aside?: ReactNode }) {
  return (
    <header className="head">
      {up && (
        <Link href={up.href} className="head-up">
          <Icon name="previous" size={18} />
          {up.label}
        </Link>
      )}
      <div className="head-line">
        <h1>{title}</h1>
        {aside}
      </div>
      {text && <p className="muted head-text">{text}</p>}
    </header>
  )
}

const ofClaim = (clock: Clock) => (clock.subject_kind === 'claim' ? 0 : 1)

/** The clock that a person should look at: running before paused, of the claim before of the conversation, the nearest first. */
export function ringOf(clocks: readonly Clock[]): Clock | null {
  const open = clocks.filter((c) => c.state === 'running' || c.state === 'paused' || (c.state === 'fired' && !c.settled_at))
  return [...open].sort((a, b) => ofClaim(a) - ofClaim(b) || Number(a.state === 'paused') - Number(b.state === 'paused') || Date.parse(a.due_at) - Date.parse(b.due_at))[0] ?? null
}

export function asPromise(clock: Clock): PromiseClock {
  return { started_at: clock.started_at, due_at: clock.due_at, warn_at: clock.warn_at, paused_at: clock.paused_at, met_at: clock.met_at }
}

/** A promise with its name and its end in the customer's words. */
export function ClockRing({ clock, size, bare }: { clock: Clock; size?: RingSize; bare?: boolean }) {
  const { t, has } = useText()
  const words = (part: 'name' | 'zero') => (has(`clock.${clock.name}.${part}`) ? t(`clock.${clock.name}.${part}`) : undefined)
  return <PromiseRing clock={asPromise(clock)} size={size} bare={bare} name={words('name')} atZero={words('zero')} />
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const { t } = useText()
  const [done, setDone] = useState(false)
  return (
    <Button
      small
      icon={done ? 'check' : 'file'}
      onClick={() => {
        void copy(text).then(() => {
          setDone(true)
          setTimeout(() => setDone(false), 2_000)
        })
      }}
    >
      <span aria-live="polite">{done ? t('copy.done') : label}</span>
    </Button>
  )
}

async function copy(text: string) {
  if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text)
  // A shop's house network is often plain http, where only the old way works.
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'sr'
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}

/** Pictures of what was bought, at most three and how many more. */
export function Pictures({ items, size = 56 }: { items: readonly { id: string; title: string; image: string | null }[]; size?: number }) {
  const { t } = useText()
  const shown = items.slice(0, items.length > 4 ? 3 : 4)
  const more = items.length - shown.length
  return (
    <span className="pictures">
      {shown.map((item) => (
        <Thumb key={item.id} src={item.image} alt="" size={size} />
      ))}
      {more > 0 && (
        <span className="pictures-more" style={{ width: size, height: size }} aria-label={t('order.more', { count: more })}>
          +{more}
        </span>
      )}
    </span>
  )
}

export function Notice({ icon, tone, children }: { icon: IconName; tone?: 'wrong' | 'paused'; children: ReactNode }) {
  return (
    <div className={tone ? `notice is-${tone}` : 'notice'}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  )
}

/** The shape of a page that is on its way. */
export function PageSkeleton() {
  const { t } = useText()
  return (
    <div role="status" aria-label={t('state.loading')} className="page-skeleton">
      <Skeleton width="40%" height={28} />
      <Skeleton height={120} />
      <Skeleton lines={4} />
    </div>
  )
}

const EASTERN = ['country', 'region', 'province', 'state', 'city', 'district', 'street', 'line', 'address', 'line1', 'line2', 'postcode', 'postal_code', 'zip']
const WESTERN = ['street', 'line', 'address', 'line1', 'line2', 'district', 'postcode', 'postal_code', 'zip', 'city', 'province', 'region', 'state', 'country']
const PEOPLE = ['name', 'recipient', 'contact', 'phone', 'telephone']

/** An address as the shop keeps it, in the order in which people there write it: who first, then where; in Chinese from the
large to the small, elsewhere the other way round. */
export function addressLines(address: Record<string, unknown>): { who: string; where: string } {
  const text = (key: string) => (typeof address[key] === 'string' || typeof address[key] === 'number' ? String(address[key]).trim() : '')
  const parts = (keys: string[]) => [...new Set(keys.map(text).filter(Boolean))]
  const known = new Set([...EASTERN, ...PEOPLE])
  const rest = Object.keys(address).filter((key) => !known.has(key))
  const chinese = /\p{Script=Han}/u.test(parts(EASTERN).join(''))
  const where = parts([...(chinese ? EASTERN : WESTERN), ...rest])
  // One line may hold all of it, and the town or the postcode may be given besides.
  const once = where.filter((part) => !where.some((other) => other !== part && holds(other, part)))
  return { who: parts(PEOPLE).join(' '), where: once.join(chinese ? ' ' : ', ') }
}

function holds(line: string, part: string): boolean {
  const at = part.length > 2 ? line.indexOf(part) : -1
  const digit = (i: number) => /\d/.test(line[i] ?? '')
  return at >= 0 && !digit(at - 1) && !digit(at + part.length)
}

const kindIcons: Record<string, IconName> = {
  cancel_unshipped: 'close',
  refund_only: 'money',
  return_refund: 'undo',
  exchange: 'refresh',
  resend: 'box',
  repair: 'gear',
  refuse_parcel: 'out',
  recall: 'warning',
  compensation: 'star',
}
export const kindIcon = (kind: string): IconName => kindIcons[kind] ?? 'help'

const EU = new Set('EU AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' '))
export const inEU = (market: string): boolean => EU.has(market.toUpperCase())

