import { useQueries, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { api, ask } from '../../api/client'
import type { IndicatorAnswer, IndicatorDefinition } from '../../api/schema'
import { ButtonLink, EmptyState, ErrorState, Section, Segmented, Skeleton, SkeletonRows, Tag } from '../../design'
import { useText } from '../../i18n'
import { Sparkline } from '../../staff/chart'
import { boundsText, lineOf, type Standing, standingOf, targetText, valueText } from '../indicators'
import { Page } from '../Page'
import { ScopeTools } from '../parts'
import { spanOf, useScope, zone } from '../scope'
import './Indicators.css'

export const tones: Record<Standing, 'jade' | 'vermilion' | 'slate' | 'plain'> = { kept: 'jade', missed: 'vermilion', told: 'plain', few: 'slate', empty: 'slate', no_source: 'slate' }
type Shown = 'all' | 'missed' | 'numbers'

/** All indicators of the house, by group: each with its value, interval, line, target, and whether it is kept. */
export default function Indicators() {
  const { t, locale } = useText()
  const { shop, period } = useScope()
  const span = spanOf(period)
  const [shown, setShown] = useState<Shown>('all')
  const catalogue = useQuery({ queryKey: ['catalogue', locale], queryFn: () => ask(api.GET('/api/insights/catalogue', { params: { query: { locale } } })), staleTime: 10 * 60_000 })
  const groups = catalogue.data?.groups ?? []
  const of = (group: string) => catalogue.data?.indicators.filter((one) => one.group === group) ?? []
  const query = { ...span, shop_id: shop || undefined, time_zone: zone(), locale }
  const found = useQueries({
    queries: groups.map((group) => ({
      queryKey: ['indicators', group, shop, span, locale],
      queryFn: () => ask(api.GET('/api/insights/indicators', { params: { query: { ...query, name: of(group).map((one) => one.name) } } })),
    })),
  })
  const answers = new Map(found.flatMap((one) => one.data ?? []).map((one) => [one.name, one]))
  const count = (...stands: Standing[]) => [...answers.values()].filter((one) => stands.includes(standingOf(one))).length
  const all = catalogue.data?.indicators.length ?? 0
  const waits = found.some((one) => one.isPending)
  const without = waits ? 0 : count('few', 'empty', 'no_source')
  const finding = !all || waits ? t('indicators.loading') : count('missed') ? t('indicators.findingMissed', { missed: count('missed'), kept: count('kept') }) : t('indicators.findingKept', { kept: count('kept') })
  const fits = (one: IndicatorDefinition) => {
    const told = answers.get(one.name)
    if (shown === 'all' || !told) return shown === 'all'
    return shown === 'missed' ? standingOf(told) === 'missed' : told.figure.value !== null
  }
  const file = new URLSearchParams(Object.entries(query).filter((pair): pair is [string, string] => !!pair[1]))
  return (
    <Page about={t('nav.indicators')} finding={finding} tools={<ScopeTools />}>
      <p className="muted section-lead">{t('indicators.lead', { all })} {without > 0 && t('indicators.leadWithout', { without })}</p>
      <div className="indicator-tools">
        <Segmented label={t('indicators.show')} value={shown} onPick={setShown} choices={(['all', 'missed', 'numbers'] as const).map((value) => ({ value, label: t(`indicators.shown.${value}`) }))} />
        <span className="indicator-files">
          <ButtonLink small kind="quiet" icon="download" href={`/api/insights/catalogue/export?${file}&form=xlsx`} download>
            Excel
          </ButtonLink>
          <ButtonLink small kind="quiet" icon="download" href={`/api/insights/catalogue/export?${file}&form=csv`} download>
            CSV
          </ButtonLink>
        </span>
      </div>
      {catalogue.error ? (
        <ErrorState error={catalogue.error} onRetry={() => void catalogue.refetch()} />
      ) : catalogue.isPending ? (
        <SkeletonRows />
      ) : (
        groups.map((group, i) => {
          const rows = of(group).filter(fits)
          const state = found[i]
          if (!rows.length && !state?.isPending) return null
          return (
            <Section key={group} title={t(`indicators.group.${group}`)}>
              {state?.error ? (
                <ErrorState compact error={state.error} onRetry={() => void state.refetch()} />
              ) : (
                <ul className="indicator-rows" role="list">
                  {(rows.length ? rows : of(group)).map((one) => (
                    <Row key={one.name} one={one} told={answers.get(one.name)} />
                  ))}
                </ul>
              )}
            </Section>
          )
        })
      )}
      {catalogue.data && !waits && !catalogue.data.indicators.some(fits) && <EmptyState drawing="clear" title={t('indicators.none')} />}
    </Page>
  )
}

function Row({ one, told }: { one: IndicatorDefinition; told: IndicatorAnswer | undefined }) {
  const { t, fmt } = useText()
  const stands = told && standingOf(told)
  return (
    <li>
      <Link href={`/indicators/${one.name}`} className="indicator-row" title={one.formula}>
        <span className="indicator-name">
          <strong>{one.title}</strong>
          <span className="muted small one-line">{told ? targetLine(t('indicators.target'), targetText(told, t, fmt)) : ' '}</span>
        </span>
        {!told || !stands ? (
          <>
            <Skeleton width="70%" />
            <Skeleton width="90%" />
            <Skeleton width="50%" />
          </>
        ) : (
          <>
            <span className="indicator-value">
              <span className={told.figure.value === null ? 'muted' : 'figure-value'}>{told.figure.value === null ? '–' : valueText(told, told.figure.value, fmt)}</span>
              <span className="muted small">
                {told.figure.value === null
                  ? t(`indicators.missing.${stands}`, { n: told.figure.n, least: told.enough_from })
                  : [boundsText(told, told.figure, fmt), t('chart.sample', { n: fmt.number(told.figure.n) })].filter(Boolean).join(' · ')}
              </span>
            </span>
            <Sparkline values={lineOf(told)} target={told.per_days === null ? (told.target ?? undefined) : undefined} label={t('promises.trend', { name: one.title })} width={150} height={30} />
            <span className="indicator-stands">
              <Tag tone={tones[stands]} icon={stands === 'kept' ? 'check' : stands === 'missed' ? 'warning' : undefined}>
                {t(`indicators.stands.${stands}`)}
              </Tag>
            </span>
          </>
        )}
      </Link>
    </li>
  )
}

const targetLine = (word: string, target: string | null) => (target === null ? ' ' : `${word} ${target}`)
