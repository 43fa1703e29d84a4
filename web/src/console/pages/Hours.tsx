/** When somebody works, and who helps out: shifts by weekday, days off, and where a shop's cases overflow to. */
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useLocation } from 'wouter'
import { api, ask } from '../../api/client'
import type { components } from '../../api/schema'
import { Button, Checkbox, Field, IconButton, Input, Section, Select, SkeletonRows, Stepper } from '../../design'
import { useText } from '../../i18n'
import { useMay } from '../data'
import { offer } from '../decisions'
import { NoShop, useOneShop } from '../parts'
import { Refusal } from '../Refusal'
import { ShopChecks, ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'
import './Hours.css'

type WorkingHours = components['schemas']['WorkingHours']

const DAYS = ['1', '2', '3', '4', '5', '6', '7'] as const
const ZONES = ['Asia/Shanghai', 'Asia/Taipei', 'Europe/Berlin', 'Europe/London', 'America/New_York', 'America/Sao_Paulo', 'UTC']
const OFFICE = DAYS.slice(0, 5).flatMap((day) => [
  { weekday: Number(day), begins: '09:00:00', ends: '12:00:00' },
  { weekday: Number(day), begins: '13:00:00', ends: '18:00:00' },
])

export function Hours({ account, write }: { account: string; write: boolean }) {
  const { t } = useText()
  const found = useQuery({ queryKey: ['hours', account], queryFn: () => ask(api.GET('/api/members/{account_id}/hours', { params: { path: { account_id: account } } })), retry: false })
  const [hours, setHours] = useState<WorkingHours | null>(null)
  const doing = useDoing(['hours', account])
  useEffect(() => {
    if (found.data) setHours(found.data)
  }, [found.data])
  if (found.isPending) return <SkeletonRows rows={2} />
  if (!hours) return null
  const shifts = hours.shifts ?? []
  const off = hours.days_off ?? []
  const change = (i: number, part: Partial<(typeof shifts)[number]>) => setHours({ ...hours, shifts: shifts.map((one, j) => (j === i ? { ...one, ...part } : one)) })
  const zones = [...new Set([hours.time_zone ?? 'Asia/Shanghai', ...ZONES])]
  return (
    <fieldset className="form-stack" disabled={!write}>
      <legend className="field-label">{t('hours.title')}</legend>
      <p className="muted small">{t('hours.lead')}</p>
      <Refusal problem={doing.problem} />
      <Field label={t('hours.zone')}>
        <Select value={hours.time_zone ?? 'Asia/Shanghai'} onPick={(zone) => setHours({ ...hours, time_zone: zone })} choices={zones.map((zone) => ({ value: zone, label: zone }))} />
      </Field>
      <ul className="shift-list" aria-label={t('hours.title')}>
        {shifts.map((one, i) => (
          <li key={i}>
            <Select aria-label={t('hours.weekday')} value={String(one.weekday)} onPick={(day) => change(i, { weekday: Number(day) })} choices={DAYS.map((day) => ({ value: day, label: t(`hours.days.${day}`) }))} />
            <Input type="time" aria-label={t('hours.begins')} value={one.begins.slice(0, 5)} onChange={(e) => e.target.value && change(i, { begins: `${e.target.value}:00` })} />
            <Input type="time" aria-label={t('hours.ends')} value={one.ends.slice(0, 5)} onChange={(e) => e.target.value && change(i, { ends: `${e.target.value}:00` })} />
            <IconButton small icon="close" label={t('hours.drop')} onClick={() => setHours({ ...hours, shifts: shifts.filter((_, j) => j !== i) })} />
          </li>
        ))}
      </ul>
      <div className="filters">
        <Button small icon="plus" onClick={() => setHours({ ...hours, shifts: [...shifts, { weekday: 1, begins: '09:00:00', ends: '18:00:00' }] })}>
          {t('hours.add')}
        </Button>
        {!shifts.length && (
          <Button small kind="quiet" onClick={() => setHours({ ...hours, shifts: OFFICE })}>
            {t('hours.workdays')}
          </Button>
        )}
      </div>
      <ul className="shift-list" aria-label={t('hours.off')}>
        {off.map((one, i) => (
          <li key={i}>
            <Input type="date" aria-label={t('hours.off')} value={one.off_on} onChange={(e) => e.target.value && setHours({ ...hours, days_off: off.map((x, j) => (j === i ? { ...x, off_on: e.target.value } : x)) })} />
            <Input aria-label={t('hours.note')} placeholder={t('hours.note')} maxLength={80} value={one.note ?? ''} onChange={(e) => setHours({ ...hours, days_off: off.map((x, j) => (j === i ? { ...x, note: e.target.value } : x)) })} />
            <IconButton small icon="close" label={t('hours.drop')} onClick={() => setHours({ ...hours, days_off: off.filter((_, j) => j !== i) })} />
          </li>
        ))}
      </ul>
      <div className="filters">
        <Button small icon="plus" onClick={() => setHours({ ...hours, days_off: [...off, { off_on: new Date().toISOString().slice(0, 10), note: '' }] })}>
          {t('hours.offAdd')}
        </Button>
        <Button small busy={doing.busy === 'save'} onClick={() => void doing.run('save', () => ask(api.PUT('/api/members/{account_id}/hours', { params: { path: { account_id: account } }, body: hours })), t('hours.saved'))}>
          {t('action.save')}
        </Button>
      </div>
    </fieldset>
  )
}

export function Overflow() {
  const { t } = useText()
  const lacks = useLacks()
  const may = useMay()
  const { one: shop, pickShop } = useOneShop()
  const id = shop?.id ?? ''
  const found = useQuery({ queryKey: ['overflow', id], queryFn: () => ask(api.GET('/api/routing/{shop_id}/overflow', { params: { path: { shop_id: id } } })), enabled: !!shop && may('promises.read') })
  const [minutes, setMinutes] = useState(15)
  const [to, setTo] = useState<string[]>([])
  const [any, setAny] = useState(false)
  const [, go] = useLocation()
  const doing = useDoing(['overflow', id])
  useEffect(() => {
    setMinutes(found.data?.after_minutes ?? 15)
    setTo(found.data?.to_shops ?? [])
    setAny(found.data?.any_skill ?? false)
  }, [found.data, id])
  if (!may('promises.read')) return null
  if (!shop) return <NoShop />
  const write = may('promises.write')
  const path = { params: { path: { shop_id: id } } }
  return (
    <Section title={t('overflow.title')} lead={t('overflow.lead')} aside={<ShopPicker every={false} value={id} onPick={pickShop} />}>
      {found.isPending ? (
        <SkeletonRows rows={2} />
      ) : (
        <fieldset className="form-stack" disabled={!write}>
          <Refusal problem={doing.problem} />
          {!found.data && <p className="muted">{t('overflow.none')}</p>}
          <fieldset className="bot-channels">
            <legend className="field-label">{t('overflow.to')}</legend>
            <ShopChecks value={to} onChange={setTo} except={id} disabled={!write} />
          </fieldset>
          <Field label={t('overflow.after')}>
            <Stepper label={t('overflow.after')} value={minutes} min={1} max={10_080} onChange={setMinutes} />
          </Field>
          <Checkbox label={t('overflow.anySkill')} checked={any} onChange={(e) => setAny(e.target.checked)} />
          {write && (
            <div className="filters">
              <Button busy={doing.busy === 'save'} why={lacks(!to.length && t('overflow.to'))} onClick={() => void doing.run('save', () => ask(api.PUT('/api/routing/{shop_id}/overflow', { ...path, body: { after_minutes: minutes, to_shops: to, any_skill: any } })), t('overflow.saved'))}>
                {t('action.save')}
              </Button>
              {may('insights.write') && (
                <Button icon="scales" disabled={!to.length} onClick={() => go(offer({ kind: 'routing', subject: { rule: { after_minutes: minutes, to_shops: to, any_skill: any } }, title: t('overflow.title'), shop: id }))}>
                  {t('nav.tryAsDecision')}
                </Button>
              )}
              {found.data && (
                <Button kind="quiet" busy={doing.busy === 'off'} onClick={() => void doing.run('off', () => ask(api.DELETE('/api/routing/{shop_id}/overflow', path)), t('overflow.saved'))}>
                  {t('overflow.off')}
                </Button>
              )}
            </div>
          )}
        </fieldset>
      )}
    </Section>
  )
}
