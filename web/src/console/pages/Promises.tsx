import { useQueries, useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { api, ask } from '../../api/client'
import type { IndicatorAnswer } from '../../api/schema'
import { EmptyState, ErrorState, Section, ShareRing, Skeleton, Tag } from '../../design'
import { type Formats, type Translate, useText } from '../../i18n'
import { Sparkline } from '../../staff/chart'
import { BOARD_PARTS, type ClockTile, clockTiles, CLOCK_TARGET, ENOUGH, isOurs, shareOf } from '../board'
import { useClockName, useMay } from '../data'
import { boundsText, lineOf, standingOf, targetText, valueText } from '../indicators'
import { Page } from '../Page'
import { unreachedOf } from '../notices'
import { PartsBar, ScopeTools } from '../parts'
import { daysOf, spanBefore, spanOf, useScope, zone } from '../scope'
import './Promises.css'

/** Home of the manager: is what we promised kept, now and over the period. */
export default function Promises() {
  const { t, fmt } = useText()
  const { shop, period } = useScope()
  const measured = useMay()('insights.read')
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
        : measured ? t('promises.noneRunning') : t('promises.none')
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
          {measured && <Measured />}
          <Section title={t('promises.clocks')} aside={t('promises.target', { share: fmt.percent(CLOCK_TARGET) })}>
            {board.isPending ? (
              <ul className="tiles" aria-hidden="true">
                {[1, 2, 3, 4, 5, 6].map((i) => (
                  <TileSkeleton key={i} />
                ))}
              </ul>
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

/** Keeps a tile's place until its number is counted. */
function TileSkeleton() {
  return (
    <li className="board-tile" aria-hidden="true">
      <Skeleton height={112} />
    </li>
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
          <Sparkline values={tile.days} target={ours ? CLOCK_TARGET : undefined} label={t('promises.trend', { name })} width={150} height={28} bare />
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
  const earlier = spanBefore(period)
  // A few at a time: the first are there while the rest is counted.
  const read = (when: typeof span, trend: boolean, enabled: boolean) => ({
    queries: BOARD_PARTS.map((name) => ({
      queryKey: ['indicators', 'board', name[0], shop, when, locale],
      enabled,
      refetchInterval: 60_000,
      queryFn: () => ask(api.GET('/api/insights/indicators', { params: { query: { ...when, name, trend, shop_id: shop || undefined, time_zone: zone(), locale } } })),
    })),
  })
  const found = useQueries(read(span, true, true))
  const before = useQueries(read(earlier, false, found.every((part) => part.isSuccess))).flatMap((part) => part.data ?? [])
  const failed = found.find((part) => part.error)
  const notices = useQuery({
    queryKey: ['noticeShare', shop, span],
    queryFn: () => ask(api.GET('/api/notices/share', { params: { query: { ...span, shop_id: shop || undefined } } })),
    enabled: may('notices.read'),
  })
  const right = notices.data
  return (
    <Section title={t('measured.title')} aside={t('measured.aside')}>
      {failed && <ErrorState compact error={failed.error} onRetry={() => found.filter((part) => part.error).forEach((part) => void part.refetch())} />}
      <ul className="tiles" role="list">
        {found.map((part, i) =>
          part.isPending
            ? BOARD_PARTS[i]?.map((name) => <TileSkeleton key={name} />)
            : part.data?.map((one) => <MeasuredCard key={one.name} one={one} before={before.find((b) => b.name === one.name)} />),
        )}
        {notices.isLoading && <TileSkeleton />}
        {right && (
          <li>
            <Link href="/notices" className="board-tile">
              <span className="board-ring">{right.asked >= ENOUGH && right.share !== null ? <ShareRing share={right.share} target={0.98} label={t('measured.notices')} /> : <span className="ring-none">–</span>}</span>
              <span className="board-words">
                <strong>{t('measured.notices')}</strong>
                <span className="muted small">{!right.asked ? t('measured.nothing') : right.asked < ENOUGH ? t('measured.notEnough', { n: right.asked, least: ENOUGH }) : t('measured.of', { numerator: fmt.number(right.told + right.undelivered), denominator: fmt.number(right.asked) })}</span>
                {right.asked > 0 && <span className="muted small">{t('measured.noticesText', { waiting: right.waiting, unreached: unreachedOf(right), missing: right.missing, untrue: right.untrue })}</span>}
              </span>
            </Link>
          </li>
        )}
      </ul>
    </Section>
  )
}

function MeasuredCard({ one, before }: { one: IndicatorAnswer; before: IndicatorAnswer | undefined }) {
  const { t, fmt } = useText()
  const { value, within } = one.figure
  const share = one.kind === 'share' ? value : within
  const shareTarget = one.kind === 'share' ? one.target : one.share_target
  const stands = standingOf(one)
  return (
    <li>
      <Link href={`/indicators/${one.name}`} className="board-tile" title={one.formula}>
        <span className="board-ring">
          {share === null || one.good === 'down' && one.kind === 'share' ? <span className={`ring-none is-${stands}`}>{value === null ? '–' : <ShortValue one={one} />}</span> : <ShareRing share={share} target={shareTarget ?? 0} label={one.title} />}
        </span>
        <span className="board-words">
          <strong>{one.title}</strong>
          {value === null ? (
            <span className="muted small">{t(stands === 'no_source' ? 'measured.noSource' : one.figure.n ? 'measured.notEnough' : 'measured.nothing', { n: one.figure.n, least: one.enough_from })}</span>
          ) : one.kind === 'time' ? (
            <span className="small">{t('measured.median', { median: valueText(one, value, fmt), p90: valueText(one, one.figure.p90, fmt) })}</span>
          ) : one.kind === 'share' ? (
            <span className="small">{t('measured.of', { numerator: fmt.number(one.figure.numerator), denominator: fmt.number(one.figure.denominator) })}</span>
          ) : (
            <span className="small">{[valueText(one, value, fmt), boundsText(one, one.figure, fmt)].filter(Boolean).join(' · ')}</span>
          )}
          <Sparkline values={lineOf(one)} target={one.per_days === null ? (one.target ?? undefined) : undefined} label={t('promises.trend', { name: one.title })} width={150} height={28} bare />
          <span className="muted small">{[targetText(one, t, fmt), changeText(one, before, t, fmt)].filter(Boolean).join(' · ')}</span>
        </span>
      </Link>
    </li>
  )
}

function ShortValue({ one }: { one: IndicatorAnswer }) {
  const { fmt } = useText()
  const { value } = one.figure
  if (value === null) return null
  if (one.kind === 'share') return <>{fmt.percent(value, 1)}</>
  return <>{fmt.number(one.kind === 'money' ? value / 100 : value, { maximumFractionDigits: Math.abs(value) < 100 ? 1 : 0, notation: 'compact' })}</>
}

function changeText(one: IndicatorAnswer, before: IndicatorAnswer | undefined, t: Translate, fmt: Formats): string | null {
  const [now, was] = [one.figure.value, before?.figure.value ?? null]
  if (now === null || was === null || one.kind === 'count') return null
  if (one.kind === 'time') return t(now <= was ? 'measured.faster' : 'measured.slower', { before: valueText(one, was, fmt) })
  const sign = now >= was ? '+' : '−'
  const points = fmt.number(Math.abs(now - was) * 100, { maximumFractionDigits: 1 })
  if (one.kind === 'share') return points === fmt.number(0) ? t('measured.same') : t('measured.change', { points: `${sign}${points}` })
  return t('measured.wasBefore', { before: valueText(one, was, fmt) })
}
