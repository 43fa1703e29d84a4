import { useQuery } from '@tanstack/react-query'
import { Icon } from '../design'
import { useText } from '../i18n'
import { get } from './data'
import s from './Delays.module.css'

export interface Delay {
  id: string
  begins_on: string
  ends_on: string
  words: Record<string, { title: string; text: string }>
}

/** What the shops tell ahead: parcels may be late. Several fold into one line, so that they do not push the matters down. */
export function Delays({ delays }: { delays: readonly Delay[] }) {
  const { t, fmt, locale } = useText()
  if (!delays.length) return null
  const told = delays.map((one) => ({ ...one, said: one.words[locale] ?? Object.values(one.words)[0] }))
  return (
    <details className={s.delay}>
      <summary>
        <Icon name="truck" size={18} />
        <span>{told.length > 1 ? t('delays.several', { count: told.length }) : told[0]?.said?.title}</span>
        <Icon name="down" size={18} />
      </summary>
      {told.map((one) => (
        <section key={one.id}>
          {told.length > 1 && <h3>{one.said?.title}</h3>}
          <p>{one.said?.text}</p>
          <p className="muted small">{t('delays.days', { from: fmt.date(`${one.begins_on}T12:00:00`), to: fmt.date(`${one.ends_on}T12:00:00`) })}</p>
        </section>
      ))}
    </details>
  )
}

/** Of all shops. */
export const useDelays = () => useQuery({ queryKey: ['delays'], queryFn: ({ signal }) => get<Delay[]>('/public/warnings', signal), staleTime: 600_000 })
