import { useQuery } from '@tanstack/react-query'
import { api, ask } from '../../api/client'
import type { CostLineView } from '../../api/schema'
import { ErrorState, Money, Skeleton } from '../../design'
import { useText } from '../../i18n'
import { useMay } from '../data'
import css from './customer.module.css'

/** What the case has cost so far, for who may see the numbers: the sum, and its lines on demand. */
export function CaseCosts({ caseId, Part }: { caseId: string; Part: (props: { title: string; children: React.ReactNode }) => React.ReactNode }) {
  const { t, fmt } = useText()
  const may = useMay()
  const shown = may('insights.read')
  const found = useQuery({ queryKey: ['caseCosts', caseId], queryFn: () => ask(api.GET('/api/insights/costs/cases/{case_id}', { params: { path: { case_id: caseId } } })), enabled: shown })
  if (!shown) return null
  const lines = found.data?.lines ?? []
  const much = (line: CostLineView) => (line.kind === 'people' || line.kind === 'telephony' ? fmt.duration(Math.abs(line.quantity) * 1000) : Math.abs(line.quantity) > 1 ? `× ${fmt.number(Math.abs(line.quantity))}` : '')
  return (
    <Part title={t('caseCost.title')}>
      {found.error ? (
        <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <Skeleton lines={2} />
      ) : !lines.length ? (
        <p className="muted small">{t('caseCost.none')}</p>
      ) : (
        <>
          {found.data?.sums.map((sum) => (
            <p key={sum.currency} className={css.costSum}>
              <Money cents={sum.total_cents} currency={sum.currency} strong />
              <span className="muted small">
                {t('caseCost.service', { amount: fmt.money(sum.service_cents, sum.currency) })}
                {sum.unpriced > 0 && ` · ${t('caseCost.unpriced', { count: sum.unpriced })}`}
              </span>
            </p>
          ))}
          <details>
            <summary className="small">{t('caseCost.lines', { count: lines.length })}</summary>
            <ul className={css.costLines}>
              {lines.map((line) => (
                <li key={line.id} className={line.undone ? css.undone : undefined}>
                  <span>
                    {t(`caseCost.kind.${line.kind}`)} <span className="muted small">{much(line)} {line.account_name} {line.words}</span>
                  </span>
                  {line.amount_cents === null ? <span className="muted small">{t('caseCost.noRate')}</span> : <Money cents={line.amount_cents} currency={line.currency} />}
                </li>
              ))}
            </ul>
          </details>
        </>
      )}
    </Part>
  )
}
