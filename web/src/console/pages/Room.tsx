import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type CSSProperties, type ReactNode, useEffect, useRef, useState } from 'react'
import { useLocation } from 'wouter'
import { api, ask } from '../../api/client'
import { type LiveState, openLive } from '../../api/live'
import { ErrorState, IconButton, Skeleton } from '../../design'
import { useText } from '../../i18n'
import type { ThemeName } from '../../design/tokens'
import { useClockName, useWords } from '../data'
import { useScope, zone } from '../scope'
import { ShopPicker } from '../shops'
import './Room.css'

const MS_BETWEEN_LOOKS = 15_000
const MS_AFTER_NEWS = 1_500

/** A wall that says what is waiting, late, rising, unusual, and who is free. Dark unless somebody wants it light; nothing on it scrolls. */
export default function Room() {
  const { t, has, fmt, locale } = useText()
  const { shop, pickShop } = useScope()
  const [, go] = useLocation()
  const [theme, setTheme] = useState<ThemeName>('dark')
  const nameOf = useClockName()
  const word = useWords()
  const live = useLiveRoom()
  const now = useEverySecond()
  const room = useQuery({
    queryKey: ['room', shop],
    queryFn: () => ask(api.GET('/api/insights/room', { params: { query: { shop_id: shop || undefined, time_zone: zone(), locale } } })),
    refetchInterval: MS_BETWEEN_LOOKS,
  })
  const r = room.data
  const seconds = (s: number | null | undefined) => (s == null ? '–' : fmt.duration(s * 1000))
  const called = (of: string, code: string, label: string | null) => label ?? (of === 'reason' ? word('reason', code) : of === 'channel' && has(`channel.${code}`) ? t(`channel.${code}`) : code)
  return (
    <div className="room" data-theme={theme} role="region" aria-label={t('room.title')}>
      <header className="room-head">
        <h1>{t('room.title')}</h1>
        <span className="room-clock">{now.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })}</span>
        <span className={`room-dot${live === 'open' ? '' : ' is-off'}`} role="img" aria-label={t(live === 'open' ? 'room.live' : 'room.polling')} title={t(live === 'open' ? 'room.live' : 'room.polling')} />
        <div className="room-tools">
          <ShopPicker value={shop} onPick={pickShop} />
          <IconButton icon={theme === 'dark' ? 'sun' : 'moon'} label={t(theme === 'dark' ? 'room.light' : 'room.dark')} onClick={() => setTheme(theme === 'dark' ? 'light' : 'dark')} />
          <IconButton icon="scan" label={t('room.full')} onClick={() => void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen())} />
          <IconButton icon="close" label={t('room.leave')} onClick={() => go('/')} />
        </div>
      </header>
      {room.error && !r ? (
        <ErrorState error={room.error} onRetry={() => void room.refetch()} />
      ) : !r ? (
        <Skeleton height={480} />
      ) : (
        <>
          <ul className="room-figures" aria-live="off">
            <Figure value={fmt.number(r.waiting)} name={t('room.waiting', { longest: seconds(r.longest_seconds) })} tone={r.waiting ? 'amber' : 'jade'} />
            <Figure value={fmt.number(r.broken)} name={t('room.broken')} tone={r.broken ? 'vermilion' : 'jade'} />
            <Figure value={fmt.number(r.at_risk)} name={t('room.atRisk')} tone={r.at_risk ? 'amber' : 'jade'} />
            <Figure value={fmt.number(r.people_free)} name={t('room.free', { working: fmt.number(r.people_working) })} tone={r.people_free ? 'jade' : 'vermilion'} />
            <Figure value={`${fmt.number(r.today.opened)} / ${fmt.number(r.today.solved)}`} name={t('room.today')} />
            <Figure value={seconds(r.today.answer_median_seconds)} name={t('room.answer')} />
          </ul>
          <div className="room-panels">
            <Panel title={t('room.longest')} none={t('room.nobodyWaits')}>
              {r.longest.map((one) => (
                <li key={one.case_id}>
                  <span>
                    {one.number} <span className="muted">{[one.shop, has(`channel.${one.channel}`) ? t(`channel.${one.channel}`) : one.channel, one.owner ?? t('room.unowned')].join(' · ')}</span>
                  </span>
                  <b className={one.waiting_seconds > 86_400 ? 'is-vermilion' : undefined}>{seconds(one.waiting_seconds)}</b>
                </li>
              ))}
            </Panel>
            <div className="room-column">
              <Panel title={t('room.late')} none={t('room.nothingLate')}>
                {r.late.map((one) => (
                  <li key={one.clock}>
                    <span>{nameOf(one.clock)}</span>
                    <b className={one.broken ? 'is-vermilion' : 'is-amber'}>{[one.broken > 0 && t('room.lateBroken', { count: one.broken }), one.at_risk > 0 && t('room.lateRisk', { count: one.at_risk })].filter(Boolean).join(' · ')}</b>
                  </li>
                ))}
              </Panel>
              <Panel title={t('room.dueNext')} none={t('room.nothingDue')}>
                {r.due_next.slice(0, 5).map((one, i) => (
                  <li key={`${one.clock}${one.case_id ?? i}`}>
                    <span>
                      {one.number ?? '–'} <span className="muted">{nameOf(one.clock)}</span>
                    </span>
                    <b className={one.left_seconds < 1800 ? 'is-amber' : undefined}>{seconds(one.left_seconds)}</b>
                  </li>
                ))}
              </Panel>
            </div>
            <div className="room-column">
              <Panel title={t('room.rising')} none={t('room.nothingRises')}>
                {r.rising.map((one) => (
                  <li key={`${one.of}${one.word}`}>
                    <span>
                      {called(one.of, one.word, one.label)} <span className="muted">{t(`room.of.${one.of}`)}</span>
                    </span>
                    <b className="is-amber">{t('room.risen', { now: fmt.number(one.now), usual: fmt.number(one.usual) })}</b>
                  </li>
                ))}
              </Panel>
              <Panel title={t('room.unusual')} none={t('room.nothingUnusual')}>
                {r.unusual.map((one) => (
                  <li key={one.id}>
                    <span>
                      {one.what.charAt(0).toUpperCase() + one.what.slice(1)} <span className="muted">{one.shop}</span>
                    </span>
                    <b className={one.severity === 'notable' ? 'is-amber' : 'is-vermilion'}>{t(`room.severity.${one.severity}`)}</b>
                  </li>
                ))}
              </Panel>
            </div>
            <Panel title={t('room.whoFree')} none={t('room.nobodyFree')}>
              {r.free.map((one) => (
                <li key={one.account_id}>
                  <span>{one.name}</span>
                  <b>
                    {fmt.number(one.cases)} / {fmt.number(one.capacity)}
                  </b>
                </li>
              ))}
            </Panel>
          </div>
        </>
      )}
    </div>
  )
}

/** A figure on one line: its numbers large, its units small, both as large as the field allows. */
function Figure({ value, name, tone }: { value: string; name: ReactNode; tone?: 'vermilion' | 'amber' | 'jade' }) {
  const parts = value.split(/(\p{L}+)/u).map((part) => ({ part: part.trim(), unit: /\p{L}/u.test(part) }))
  const signs = parts.reduce((n, { part, unit }) => n + part.length * (unit ? 0.9 : 1), 0)
  return (
    <li className={tone && `is-${tone}`}>
      <strong style={{ '--signs': Math.max(1, signs) } as CSSProperties}>{parts.map(({ part, unit }, i) => (unit ? <small key={i}>{part}</small> : part))}</strong>
      <span>{name}</span>
    </li>
  )
}

function Panel({ title, none, children }: { title: string; none: string; children: ReactNode[] }) {
  return (
    <section className="room-panel">
      <h2>{title}</h2>
      {children.length ? <ul className="room-list">{children}</ul> : <p className="room-none">{none}</p>}
    </section>
  )
}

/** What happens makes the wall look again, soon and not for each fact. */
function useLiveRoom(): LiveState {
  const client = useQueryClient()
  const [state, setState] = useState<LiveState>('connecting')
  const waiting = useRef(0)
  useEffect(() => {
    const close = openLive(
      () => {
        if (waiting.current) return
        waiting.current = window.setTimeout(() => {
          waiting.current = 0
          void client.invalidateQueries({ queryKey: ['room'] })
        }, MS_AFTER_NEWS)
      },
      { onState: setState },
    )
    return () => {
      close()
      clearTimeout(waiting.current)
    }
  }, [client])
  return state
}

function useEverySecond(): Date {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}
