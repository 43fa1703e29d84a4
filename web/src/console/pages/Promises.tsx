import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { api, ask } from '../../api/client'
import type { Indicator } from '../../api/schema'
import { EmptyState, ErrorState, Section, ShareRing, Skeleton, Tag } from '../../design'
import { useText } from '../../i18n'
import { Sparkline } from '../../staff/chart'
import { type ClockTile, clockTiles, CLOCK_TARGET, ENOUGH, indicatorDays, isOurs, shareOf } from '../board'
import { useClockName, useMay } from '../data'
import { Page } from '../Page'
import { PartsBar, ScopeTools } from '../parts'
import { daysOf, spanBefore, spanOf, useScope, zone } from '../scope'
import './Promises.css'

/** Home of the manager: is what we promised kept, now and over the period. */
export default function Promises() {
  const { t, fmt } = useText()
  const { shop, period } = useScope()
  const may = useMay()
  const nameOf = useClockName()
  const span = spanOf(period)
  const days = daysOf(period)
  const board = useQuery({
    queryKey: ['board', shop, span],
    queryFn: () => ask(api.GET('/api/promises/board', { params: { query: { ...span, shop_id: shop || undefined, time_zone: zone() } } })),
    refetchInterval: 60_000,
  })
  const every = board.data ? clockTiles(board.data, days, days.at(-1) ?? '') : []
  const tiles = every.filter((tile) => isOurs(tile.name))
  const others = every.filter((tile) => !isOurs(tile.name))
  const sum = (part: (tile: ClockTile) => number) => tiles.reduce((n, tile) => n + part(tile), 0)
  const now = { onTime: sum((x) => x.onTime), atRisk: sum((x) => x.atRisk), paused: sum((x) => x.paused), broken: sum((x) => x.broken) }
  const running = now.onTime + now.atRisk + now.paused + now.broken
  const worst = tiles.find((x) => x.broken > 0)
  const kept = shareOf(sum((x) => x.kept), sum((x) => x.missed))
  const finding = !board.data
    ? t('promises.loading')
    : worst
      ? t('promises.findingBroken', { count: now.broken, name: nameOf(worst.name), most: worst.broken })
      : running || kept !== null
        ? t(now.atRisk ? 'promises.findingRisk' : 'promises.findingKept', { count: now.atRisk, share: kept === null ? '–' : fmt.percent(kept, 1) })
        : t('promises.none')
  return (
    <Page about={t('promises.about')} finding={finding} tools={<ScopeTools />}>
      {board.error ? (
        <ErrorState error={board.error} onRetry={() => void board.refetch()} />
      ) : (
        <>
          {running > 0 && (
            <div className="now-line">
              <PartsBar
                label={t('promises.now')}
                parts={[
                  { id: 'broken', name: t('promises.broken'), value: now.broken, tone: 'vermilion' },
                  { id: 'risk', name: t('promises.atRisk'), value: now.atRisk, tone: 'amber' },
                  { id: 'time', name: t('promises.onTime'), value: now.onTime, tone: 'jade' },
                  { id: 'paused', name: t('promises.paused'), value: now.paused, tone: 'slate' },
                ]}
              />
              <p className="muted small">{t('promises.nowText', { running: fmt.number(running), broken: fmt.number(now.broken), risk: fmt.number(now.atRisk), time: fmt.number(now.onTime), paused: fmt.number(now.paused) })}</p>
            </div>
          )}
          {may('insights.read') && <Measured />}
          <Section title={t('promises.clocks')} aside={t('promises.target', { share: fmt.percent(CLOCK_TARGET) })}>
            {board.isPending ? (
              <TileSkeletons />
            ) : tiles.length ? (
              <ul className="tiles" role="list">
                {tiles.map((tile) => (
                  <ClockCard key={tile.name} tile={tile} name={nameOf(tile.name)} />
                ))}
              </ul>
            ) : (
              <EmptyState drawing="clear" title={t('promises.emptyTitle')} text={t('promises.emptyText')} />
            )}
          </Section>
          {others.length > 0 && (
            <Section title={t('promises.others')} lead={t('promises.othersLead')}>
              <ul className="tiles" role="list">
                {others.map((tile) => (
                  <ClockCard key={tile.name} tile={tile} name={nameOf(tile.name)} />
                ))}
              </ul>
            </Section>
          )}
        </>
      )}
    </Page>
  )
}

function TileSkeletons() {
  return (
    <div className="tiles" aria-hidden="true">
      {[1, 2, 3, 4, 5, 6].map((i) => (
        <div key={i} className="board-tile">
          <Skeleton height={112} />
        </div>
      ))}
    </div>
  )
}

function ClockCard({ tile, name }: { tile: ClockTile; name: string }) {
  const { t, fmt } = useText()
  const { period } = useScope()
  const todays = tile.today.kept + tile.today.missed
  const useToday = todays >= ENOUGH
  const ours = isOurs(tile.name)
  const share = useToday ? shareOf(tile.today.kept, tile.today.missed) : shareOf(tile.kept, tile.missed)
  const ended = tile.kept + tile.missed
  return (
    <li>
      <Link href={`/promises/${tile.name.replace('.', '/')}`} className="board-tile">
        <span className="board-ring">
          {share === null ? <span className="ring-none">–</span> : <ShareRing share={share} target={ours ? CLOCK_TARGET : 0} label={name} />}
        </span>
        <span className="board-words">
          <strong>{name}</strong>
          <span className="muted small">
            {ended ? t('promises.keptOf', { kept: fmt.number(tile.kept), all: fmt.number(ended), period: t(`period.${period.preset}`) }) : t('promises.noneEnded')}
            {ended > 0 && ended < ENOUGH && ` · ${t('promises.few')}`}
          </span>
          <Sparkline values={tile.days} target={ours ? CLOCK_TARGET : undefined} label={t('promises.trend', { name })} width={150} height={28} />
          <span className="tag-row">
            {tile.broken > 0 && <Tag tone={ours ? 'vermilion' : 'slate'}>{t('promises.brokenNow', { count: tile.broken })}</Tag>}
            {tile.atRisk > 0 && <Tag tone={ours ? 'amber' : 'plain'}>{t('promises.riskNow', { count: tile.atRisk })}</Tag>}
            {tile.onTime > 0 && <Tag>{t('promises.runningNow', { count: tile.onTime })}</Tag>}
            {tile.paused > 0 && <Tag tone="slate">{t('promises.pausedNow', { count: tile.paused })}</Tag>}
          </span>
        </span>
      </Link>
    </li>
  )
}

/** The promises about the service itself, from the journal. */
function Measured() {
  const { t, locale, fmt } = useText()
  const { shop, period } = useScope()
  const may = useMay()
  const span = spanOf(period)
  const query = { shop_id: shop || undefined, time_zone: zone(), locale }
  const found = useQuery({ queryKey: ['indicators', shop, span, locale], queryFn: () => ask(api.GET('/api/insights/indicators', { params: { query: { ...query, ...span } } })) })
  const earlier = spanBefore(period)
  const before = useQuery({ queryKey: ['indicators', shop, earlier, locale], queryFn: () => ask(api.GET('/api/insights/indicators', { params: { query: { ...query, ...earlier } } })) })
  const notices = useQuery({
    queryKey: ['noticeShare', shop, span],
    queryFn: () => ask(api.GET('/api/notices/share', { params: { query: { ...span, shop_id: shop || undefined } } })),
    enabled: may('notices.read'),
  })
  const days = daysOf(period)
  const right = notices.data
  return (
    <Section title={t('measured.title')} aside={t('measured.aside')}>
      {found.error ? (
        <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <TileSkeletons />
      ) : (
        <ul className="tiles" role="list">
          {found.data.map((one) => (
            <MeasuredCard key={one.name} one={one} days={days} before={before.data?.find((b) => b.name === one.name)} />
          ))}
          {right && (
            <li>
              <Link href="/notices" className="board-tile">
                <span className="board-ring">{right.asked >= ENOUGH && right.share !== null ? <ShareRing share={right.share} target={0.98} label={t('measured.notices')} /> : <span className="ring-none">–</span>}</span>
                <span className="board-words">
                  <strong>{t('measured.notices')}</strong>
                  <span className="muted small">{right.asked < ENOUGH ? t('measured.notEnough', { n: right.asked }) : t('measured.of', { numerator: fmt.number(right.told + right.undelivered), denominator: fmt.number(right.asked) })}</span>
                  <span className="muted small">{t('measured.noticesText', { waiting: right.waiting, missing: right.missing, untrue: right.untrue })}</span>
                </span>
              </Link>
            </li>
          )}
        </ul>
      )}
    </Section>
  )
}

function MeasuredCard({ one, days, before }: { one: Indicator; days: readonly string[]; before: Indicator | undefined }) {
  const { t, fmt } = useText()
  const timed = one.median_target_seconds != null
  const line = indicatorDays(one, days)
  const change =
    !one.enough || !before?.enough
      ? null
      : timed && one.median_seconds != null && before.median_seconds != null
        ? t(one.median_seconds <= before.median_seconds ? 'measured.faster' : 'measured.slower', { before: fmt.duration(before.median_seconds * 1000) })
        : !timed && one.share !== null && before.share !== null
          ? t('measured.change', { points: `${one.share >= before.share ? '+' : '−'}${fmt.number(Math.abs(one.share - before.share) * 100, { maximumFractionDigits: 1 })}` })
          : null
  return (
    <li>
      <Link href={`/indicators/${one.name}`} className="board-tile" title={one.formula}>
        <span className="board-ring">
          {one.share === null ? <span className="ring-none">–</span> : one.share_target == null ? <ShareRing share={one.share} target={0} label={one.title} /> : <ShareRing share={one.share} target={one.share_target} label={one.title} />}
        </span>
        <span className="board-words">
          <strong>{one.title}</strong>
          {!one.enough ? (
            <span className="muted small">{t('measured.notEnough', { n: one.denominator })}</span>
          ) : timed && one.median_seconds != null ? (
            <span className="small">
              {t('measured.median', { median: fmt.duration(one.median_seconds * 1000), p90: one.p90_seconds == null ? '–' : fmt.duration(one.p90_seconds * 1000) })}
            </span>
          ) : (
            <span className="small">{t('measured.of', { numerator: fmt.number(one.numerator), denominator: fmt.number(one.denominator) })}</span>
          )}
          <Sparkline values={line} target={timed ? (one.median_target_seconds ?? undefined) : (one.share_target ?? undefined)} label={t('promises.trend', { name: one.title })} width={150} height={28} />
          <span className="muted small">
            {[timed ? t('measured.targetTime', { time: fmt.duration((one.median_target_seconds ?? 0) * 1000) }) : one.share_target != null ? t('measured.targetShare', { share: fmt.percent(one.share_target) }) : null, change].filter(Boolean).join(' · ')}
          </span>
        </span>
      </Link>
    </li>
  )
}
