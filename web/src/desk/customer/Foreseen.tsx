import { useQuery } from '@tanstack/react-query'
import { api, ask } from '../../api/client'
import { useText } from '../../i18n'

const WORTH = 1.5

/** What may go wrong with the case, when it is likelier than usual: told beforehand, not computed while somebody waits. */
export function Foreseen({ caseId, Part }: { caseId: string; Part: (props: { title: string; children: React.ReactNode }) => React.ReactNode }) {
  const { t, fmt } = useText()
  const found = useQuery({
    queryKey: ['foreseen', caseId],
    queryFn: () => ask(api.GET('/api/insights/foresight/of/{subject_id}', { params: { path: { subject_id: caseId } } })),
    staleTime: 300_000,
  })
  const likely = (found.data ?? []).filter((one) => one.chance >= 0.2 && one.chance >= WORTH * one.usual)
  if (!likely.length) return null
  return (
    <Part title={t('foreseen.title')}>
      {likely.map((one) => {
        const why = one.why.filter((w) => w.effect > 0.05).map((w) => t(`foreseen.why.${w.reason}`))
        return (
          <p key={one.foretells}>
            {t(`foreseen.${one.foretells}`, { chance: fmt.percent(one.chance, 0) })}{' '}
            <span className="muted small">
              {t('foreseen.usually', { chance: fmt.percent(one.usual, 0) })}
              {why.length > 0 && ` ${t('foreseen.because', { why: why.join(t('foreseen.comma')) })}`}
            </span>
          </p>
        )
      })}
    </Part>
  )
}
