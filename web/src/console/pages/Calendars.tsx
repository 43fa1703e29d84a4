import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { api, ask } from '../../api/client'
import type { CalendarDate, CalendarView } from '../../api/schema'
import { Button, Confirm, Dialog, EmptyState, ErrorState, Field, IconButton, Input, Section, Segmented, Select, SkeletonRows } from '../../design'
import { useText } from '../../i18n'
import { useMay, useShops } from '../data'
import { Page } from '../Page'
import { Refusal } from '../Refusal'
import { zone as readersZone } from '../scope'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import { dayMark, hoursOfWeek, spansText, readSpans, spanShare } from '../week'
import './Calendars.css'

const weekdays = [0, 1, 2, 3, 4, 5, 6] as const
const zones = ['Asia/Shanghai', 'Asia/Taipei', 'Asia/Hong_Kong', 'Asia/Tokyo', 'Europe/London', 'Europe/Berlin', 'America/Sao_Paulo', 'America/New_York', 'America/Los_Angeles', 'UTC']
const countries = ['', 'CN', 'TW', 'HK', 'JP', 'GB', 'DE', 'FR', 'ES', 'IT', 'NL', 'BR', 'US']

/** When we work: the week, the public holidays of a year, and the days that are otherwise. */
export default function Calendars() {
  const { t, fmt } = useText()
  const may = useMay()
  const { nameOf } = useShops()
  const found = useQuery({ queryKey: ['calendars'], queryFn: () => ask(api.GET('/api/promises/calendars')) })
  const [picked, pick] = useState('')
  const [making, make] = useState(false)
  const one = found.data?.find((c) => c.id === picked) ?? found.data?.[0]
  const finding = found.isPending ? t('calendar.loading') : one ? t('calendar.finding', { hours: hoursOfWeek(one.week), zone: fmt.zone(one.time_zone) }) : t('calendar.none')
  const called = (c: CalendarView) => `${c.shop_id ? nameOf(c.shop_id) : t('calendar.house')} · ${c.name === 'standard' ? t('calendar.standard') : c.name}`
  return (
    <Page
      about={t('calendar.about')}
      finding={finding}
      tools={
        <>
          {(found.data?.length ?? 0) > 1 && <Select aria-label={t('calendar.about')} value={one?.id ?? ''} onPick={pick} choices={(found.data ?? []).map((c) => ({ value: c.id, label: called(c) }))} />}
          {may('promises.write') && (
            <Button icon="plus" onClick={() => make(true)}>
              {t('calendar.new')}
            </Button>
          )}
        </>
      }
    >
      {found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <SkeletonRows />
      ) : one ? (
        <One key={`${one.id} ${one.version}`} calendar={one} title={called(one)} />
      ) : (
        <EmptyState drawing="clear" title={t('calendar.noneTitle')} text={t('calendar.noneText')} />
      )}
      {making && <Make onClose={() => make(false)} onMade={(id) => { make(false); pick(id) }} />}
    </Page>
  )
}

function Make({ onClose, onMade }: { onClose: () => void; onMade: (id: string) => void }) {
  const { t } = useText()
  const { shops } = useShops()
  const [shop, setShop] = useState('')
  const [name, setName] = useState('')
  // The house keeps the time of its first shop until somebody says otherwise.
  const like = shops.find((s) => s.id === shop) ?? shops[0]
  const doing = useDoing(['calendars'])
  const day = ['09:00-12:00', '13:00-18:00']
  const make = async () => {
    const made = await doing.run('make', () => ask(api.POST('/api/promises/calendars', { body: { shop_id: shop || null, name: name.trim() || 'standard', time_zone: like?.time_zone ?? readersZone(), country: like?.market ?? 'CN', week: [day, day, day, day, day, [], []] } })), t('calendar.made'))
    if (made) onMade(made.id)
  }
  return (
    <Dialog open onClose={onClose} title={t('calendar.new')} actions={<><Button onClick={onClose}>{t('action.cancel')}</Button><Button kind="primary" busy={!!doing.busy} onClick={() => void make()}>{t('calendar.make')}</Button></>}>
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        <Field label={t('column.shop')} hint={t('calendar.shopHint')}>
          <ShopPicker every={t('calendar.house')} value={shop} onPick={setShop} />
        </Field>
        <Field label={t('column.name')} hint={t('calendar.nameHint')}>
          <Input value={name} placeholder={t('calendar.standard')} onChange={(e) => setName(e.target.value)} />
        </Field>
      </div>
    </Dialog>
  )
}

function One({ calendar, title }: { calendar: CalendarView; title: string }) {
  const { t, fmt, locale } = useText()
  const may = useMay()
  const [week, setWeek] = useState(() => calendar.week.map(spansText))
  const [zone, setZone] = useState(calendar.time_zone)
  const [country, setCountry] = useState(calendar.country ?? '')
  const [dropping, drop] = useState(false)
  const doing = useDoing(['calendars'], ['calendarYear'])
  const read = week.map(readSpans)
  const wrong = read.findIndex((day) => day === null)
  const changed = week.some((d, i) => d !== spansText(calendar.week[i] ?? [])) || zone !== calendar.time_zone || country !== (calendar.country ?? '')
  const dayName = (i: number) => new Intl.DateTimeFormat(locale, { weekday: 'short' }).format(new Date(2024, 0, 1 + i))
  const save = () =>
    doing.run(
      'save',
      () =>
        ask(
          api.PUT('/api/promises/calendars/{calendar_id}', {
            params: { path: { calendar_id: calendar.id } },
            body: { name: calendar.name, time_zone: zone, country: country || null, subdivision: calendar.subdivision, week: read as string[][], version: calendar.version },
          }),
        ),
      t('calendar.saved'),
    )
  return (
    <>
      <Section title={t('calendar.week')} aside={title} lead={t('calendar.weekLead')}>
        <Refusal problem={doing.problem} />
        <div className="week">
          {weekdays.map((i) => (
            <div key={i} className="week-day">
              <span>{dayName(i)}</span>
              <span className="week-scale" aria-hidden="true">
                {(read[i] ?? []).map((span) => {
                  const { from, long } = spanShare(span)
                  return <span key={span} style={{ insetInlineStart: `${from * 100}%`, width: `${long * 100}%` }} />
                })}
              </span>
              <Input aria-label={dayName(i)} aria-invalid={read[i] === null || undefined} disabled={!may('promises.write')} value={week[i]} placeholder={t('calendar.closed')} onChange={(e) => setWeek(week.map((d, j) => (j === i ? e.target.value : d)))} />
            </div>
          ))}
          <div className="week-day is-scale" aria-hidden="true">
            <span />
            <span className="week-hours">
              {[0, 6, 12, 18, 24].map((h) => (
                <span key={h}>{h}</span>
              ))}
            </span>
            <span className="muted small">{wrong >= 0 ? t('calendar.wrong', { day: dayName(wrong) }) : t('calendar.format')}</span>
          </div>
        </div>
        <div className="form-grid week-more">
          <Field label={t('shop.timeZone')}>
            <Select value={zone} disabled={!may('promises.write')} onPick={setZone} choices={[...new Set([zone, ...zones])].map((z) => ({ value: z, label: fmt.zone(z) }))} />
          </Field>
          <Field label={t('calendar.country')}>
            <Select value={country} disabled={!may('promises.write')} onPick={setCountry} choices={[...new Set([country, ...countries])].map((c) => ({ value: c, label: c ? (new Intl.DisplayNames(locale, { type: 'region' }).of(c) ?? c) : t('calendar.noHolidays') }))} />
          </Field>
        </div>
        {may('promises.write') && (
          <div className="filters week-foot">
            <Button kind="primary" busy={doing.busy === 'save'} why={wrong >= 0 ? t('calendar.wrong', { day: dayName(wrong) }) : !changed && t('form.unchanged')} onClick={() => void save()}>
              {t('action.save')}
            </Button>
            <span className="muted small">{t('calendar.note')}</span>
            <span className="spread" />
            <Button small kind="quiet" icon="trash" onClick={() => drop(true)}>
              {t('calendar.remove')}
            </Button>
          </div>
        )}
      </Section>
      <Year calendar={calendar} />
      {calendar.known_until && <p className="muted small">{t('calendar.known', { until: fmt.date(calendar.known_until) })}</p>}
      <Confirm open={dropping} onClose={() => drop(false)} title={t('calendar.removeAsk')} text={<p>{t('calendar.removeText')}</p>} verb={t('calendar.remove')} harm busy={doing.busy === 'drop'} onYes={() => void doing.run('drop', () => ask(api.DELETE('/api/promises/calendars/{calendar_id}', { params: { path: { calendar_id: calendar.id } } })), t('calendar.removed')).then(() => drop(false))} />
    </>
  )
}

/** A year as a picture: what is open, closed, made up for, and the shop's own exceptions. */
function Year({ calendar }: { calendar: CalendarView }) {
  const { t, locale, fmt } = useText()
  const may = useMay()
  const [year, setYear] = useState(() => new Date().getFullYear())
  const [picked, pick] = useState<string | null>(null)
  const found = useQuery({ queryKey: ['calendarYear', calendar.id, calendar.version, year], queryFn: () => ask(api.GET('/api/promises/calendars/{calendar_id}/years/{year}', { params: { path: { calendar_id: calendar.id, year } } })) })
  const special = useMemo(() => new Map((found.data ?? []).map((d) => [d.on, d])), [found.data])
  const today = new Date()
  const iso = (m: number, d: number) => `${year}-${String(m + 1).padStart(2, '0')}-${String(d).padStart(2, '0')}`
  const todayIs = `${today.getFullYear()}-${String(today.getMonth() + 1).padStart(2, '0')}-${String(today.getDate()).padStart(2, '0')}`
  return (
    <Section
      title={t('calendar.year', { year })}
      aside={
        <span className="cell-actions">
          <IconButton small icon="previous" label={t('calendar.earlier')} onClick={() => setYear(year - 1)} />
          <IconButton small icon="next" label={t('calendar.later')} onClick={() => setYear(year + 1)} />
        </span>
      }
      lead={t('calendar.yearLead')}
    >
      {found.error ? (
        <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <div className="year" aria-busy={found.isPending}>
          {Array.from({ length: 12 }, (_, m) => {
            const first = (new Date(year, m, 1).getDay() + 6) % 7
            return (
              <div key={m} className="month">
                <h3>{new Intl.DateTimeFormat(locale, { month: 'long' }).format(new Date(year, m, 1))}</h3>
                <div className="month-days">
                  {Array.from({ length: new Date(year, m + 1, 0).getDate() }, (_, i) => {
                    const on = iso(m, i + 1)
                    const day = special.get(on)
                    const weekday = (first + i) % 7
                    const mark = dayMark(day, (calendar.week[weekday] ?? []).length > 0)
                    const label = `${fmt.date(`${on}T12:00:00`)}${day ? ` ${day.name}` : ''} ${t(`mark.${mark}`)}`
                    return (
                      <button key={on} type="button" disabled={!may('promises.write')} className={`day is-${mark}${day?.own ? ' is-own' : ''}${on === todayIs ? ' is-today' : ''}`} style={i === 0 ? { gridColumnStart: first + 1 } : undefined} title={label} onClick={() => pick(on)}>
                        {i + 1}
                        <span className="sr"> {label}</span>
                      </button>
                    )
                  })}
                </div>
              </div>
            )
          })}
        </div>
      )}
      <ul className="year-legend small" role="list">
        {(['work', 'rest', 'holiday', 'makeUp'] as const).map((m) => (
          <li key={m}>
            <span className={`day is-${m}`} aria-hidden="true" /> {t(`mark.${m}`)}
          </li>
        ))}
        <li>
          <span className="day is-work is-own" aria-hidden="true" /> {t('calendar.own')}
        </li>
      </ul>
      {picked && <Day calendar={calendar} on={picked} day={special.get(picked)} onClose={() => pick(null)} />}
    </Section>
  )
}

function Day({ calendar, on, day, onClose }: { calendar: CalendarView; on: string; day: CalendarDate | undefined; onClose: () => void }) {
  const { t, fmt } = useText()
  const [open, setOpen] = useState<'open' | 'closed'>(day ? (day.open ? 'closed' : 'open') : 'closed')
  const [note, setNote] = useState(day?.own ? day.name : '')
  const doing = useDoing(['calendars'], ['calendarYear'])
  const path = { calendar_id: calendar.id, on }
  useEffect(() => doing.forget(), [on])
  const finish = async (result: Promise<unknown>) => (await result) && onClose()
  return (
    <Dialog
      open
      onClose={onClose}
      title={fmt.date(`${on}T12:00:00`)}
      actions={
        <>
          {day?.own && <Button busy={doing.busy === 'clear'} onClick={() => void finish(doing.run('clear', () => ask(api.DELETE('/api/promises/calendars/{calendar_id}/days/{on}', { params: { path } })), t('calendar.cleared')))}>{t('calendar.clear')}</Button>}
          <Button kind="primary" busy={doing.busy === 'set'} onClick={() => void finish(doing.run('set', () => ask(api.PUT('/api/promises/calendars/{calendar_id}/days/{on}', { params: { path }, body: { open: open === 'open', note } })), t('calendar.daySaved')))}>
            {t('action.save')}
          </Button>
        </>
      }
    >
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        {day && <p className="muted">{day.name}{day.hours.length > 0 && ` · ${day.hours.join(' ')}`}</p>}
        <Segmented label={t('calendar.dayIs')} value={open} onPick={setOpen} choices={[{ value: 'closed', label: t('calendar.dayClosed') }, { value: 'open', label: t('calendar.dayOpen') }]} />
        <Field label={t('calendar.why')} optional>
          <Input value={note} maxLength={200} onChange={(e) => setNote(e.target.value)} />
        </Field>
      </div>
    </Dialog>
  )
}
