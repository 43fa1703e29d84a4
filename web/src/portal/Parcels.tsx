import { useQuery } from '@tanstack/react-query'
import { Icon, RelativeTime, Section, Tag } from '../design'
import { useText } from '../i18n'
import { get, type Shipment, type ShipmentEvent } from './data'
import { CopyButton } from './parts'
import s from './Parcels.module.css'

/** The parcels of an order, newest first; nothing while there are none. */
export function Parcels({ orderId }: { orderId: string }) {
  const { t } = useText()
  const parcels = useQuery({ queryKey: ['parcels', orderId], queryFn: ({ signal }) => get<Shipment[]>(`/my/orders/${orderId}/shipments`, signal), retry: false })
  // Those of a claim are told on the claim's page.
  const sent = (parcels.data ?? []).filter((parcel) => parcel.direction === 'outbound')
  if (!sent.length) return null
  return (
    <Section title={t('parcel.title')}>
      <ParcelList parcels={sent} />
    </Section>
  )
}

export function ParcelList({ parcels }: { parcels: readonly Shipment[] }) {
  return (
    <ul className={s.parcels} role="list">
      {parcels.map((parcel) => (
        <Parcel key={parcel.id} parcel={parcel} />
      ))}
    </ul>
  )
}

function Parcel({ parcel }: { parcel: Shipment }) {
  const { t, fmt, locale } = useText()
  const last = parcel.events[0]
  const trouble = ['on_hold', 'delivery_failed', 'delivery_delayed', 'return_to_sender'].includes(parcel.status)
  return (
    <li className={s.parcel}>
      <p className={s.top}>
        <Icon name="truck" />
        <strong>{t(`parcel.direction.${parcel.direction}`)}</strong>
        <Tag tone={trouble ? 'amber' : parcel.status === 'delivered' ? 'jade' : 'plain'}>{t(`parcel.status.${parcel.status}`)}</Tag>
      </p>
      {parcel.drop_off_code && parcel.status === 'pending' && (
        <div className={s.code}>
          <span className="muted small">{t('parcel.dropOff', { store: parcel.service_point?.name ?? '' })}</span>
          <strong>{parcel.drop_off_code}</strong>
          {parcel.service_point?.hours && <span className="muted small">{parcel.service_point.hours}</span>}
        </div>
      )}
      {parcel.pickup && parcel.pickup.status !== 'collected' && (
        <p className="muted small">
          {t(`parcel.pickup.${parcel.pickup.status}`, { at: parcel.pickup.from_at ? fmt.dateTime(parcel.pickup.from_at) : [parcel.pickup.wanted_on && fmt.date(`${parcel.pickup.wanted_on}T12:00:00`), parcel.pickup.wanted_window].filter(Boolean).join(' ') })}
        </p>
      )}
      {parcel.tracking_number && (
        <p className={s.number}>
          <span>
            {parcel.carrier && <span className="muted">{carrierName(parcel.carrier, t)} </span>}
            <code>{parcel.tracking_number}</code>
          </span>
          <CopyButton text={parcel.tracking_number} label={t('copy.do')} />
        </p>
      )}
      {last && (
        <p className="small">
          {said(last, locale) || (last.status ? t(`parcel.status.${last.status}`) : '')} <span className="muted">{[last.place].filter(Boolean).join(' ')} · <RelativeTime at={last.at} /></span>
        </p>
      )}
      {parcel.late && !parcel.delivered_at && parcel.promised_at && <p className={s.late}>{t('parcel.late', { at: fmt.date(parcel.promised_at) })}</p>}
      <a className="small" href={parcel.tracking_path}>
        {t('parcel.follow')}
      </a>
    </li>
  )
}

/** The carrier's own words, in a language that the reader may know. */
const said = (event: ShipmentEvent, locale: string) => (locale === 'en' && event.status && /\p{Script=Han}/u.test(event.text) ? '' : event.text)

export function carrierName(code: string, t: ReturnType<typeof useText>['t']): string {
  const said = t(`carrier.${code}`)
  return said === `carrier.${code}` ? code : said
}
