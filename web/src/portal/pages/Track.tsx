import { useQuery } from '@tanstack/react-query'
import { useParams } from 'wouter'
import { asProblem } from '../../api/client'
import { ButtonLink, EmptyState, ErrorState, Icon, Tag } from '../../design'
import { useText } from '../../i18n'
import { get, type Tracking } from '../data'
import { Head, Notice, PageSkeleton } from '../parts'
import s from './Track.module.css'

/** A parcel by its secret link: no names, no address, no sign-in. */
export default function Track() {
  const { secret = '' } = useParams()
  const { t, fmt, locale } = useText()
  const parcel = useQuery({ queryKey: ['track', secret], queryFn: ({ signal }) => get<Tracking>(`/track/${encodeURIComponent(secret)}`, signal), refetchInterval: 120_000 })
  if (parcel.error && !parcel.data) return <><Head title={t('track.title')} />{asProblem(parcel.error).status === 404 ? <EmptyState drawing="lost" title={t('track.notFound')} text={t('track.notFoundText')} action={<ButtonLink href="/">{t('track.byOrder')}</ButtonLink>} /> : <ErrorState error={parcel.error} onRetry={() => void parcel.refetch()} />}</>
  if (!parcel.data) return <PageSkeleton />
  const data = parcel.data
  const carrier = data.carrier_names[locale] ?? data.carrier_names['zh-CN'] ?? data.carrier_names.en ?? data.carrier ?? ''
  return (
    <div className={s.track}>
      <Head title={t(`track.status.${data.status}`)} text={[carrier, data.number_ends_in && t('track.endsIn', { digits: data.number_ends_in })].filter(Boolean).join(' · ')} aside={<Tag>{t(`parcel.direction.${data.direction}`)}</Tag>} />
      {data.delivered_at ? (
        <p className="muted">{t('track.delivered', { at: fmt.dateTime(data.delivered_at) })}</p>
      ) : data.promised_at ? (
        data.late ? (
          <Notice icon="clock">{t('parcel.late', { at: fmt.date(data.promised_at) })}</Notice>
        ) : (
          <p className="muted">{t('order.promised', { at: fmt.date(data.promised_at) })}</p>
        )
      ) : null}
      <ol className={s.events} aria-live="polite">
        {data.events.map((event, i) => (
          <li key={`${event.at}${i}`} data-now={i === 0 || undefined}>
            <span className={s.dot}>{event.status === 'delivered' && <Icon name="check" size={12} />}</span>
            <span>
              <strong>{t(`track.status.${event.status ?? 'unknown'}`)}</strong>
              {event.place && <span className="muted"> {event.place}</span>}
            </span>
            <time className="muted small" dateTime={event.at}>
              {fmt.dateTime(event.at)}
            </time>
          </li>
        ))}
        {/* We may have heard of it only when it was on its way. */}
        {!data.events.some((event) => Date.parse(event.at) <= Date.parse(data.announced_at)) && (
          <li>
            <span className={s.dot} />
            <strong>{t('track.announced')}</strong>
            <time className="muted small" dateTime={data.announced_at}>
              {fmt.dateTime(data.announced_at)}
            </time>
          </li>
        )}
      </ol>
      <p className="muted small">{t('track.private')}</p>
    </div>
  )
}
