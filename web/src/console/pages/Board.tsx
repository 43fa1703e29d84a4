import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { api, ask } from '../../api/client'
import type { PageSettings } from '../../api/schema'
import { Button, ButtonLink, Checkbox, ErrorState, Field, Section, Select, SkeletonRows, Tag } from '../../design'
import { useText } from '../../i18n'
import { useMay, useShops } from '../data'
import { Page } from '../Page'
import { Figures, NoShop, ScopeTools } from '../parts'
import { Refusal } from '../Refusal'
import { spanOf, useScope, zone } from '../scope'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'
import { Promises, Transparency } from './measures'

/** Every promise of the product, measured; and what of it a shop shows everybody. */
export default function Board() {
  const { t, fmt, locale } = useText()
  const { shop, period } = useScope()
  const span = spanOf(period)
  const board = useQuery({ queryKey: ['wholeBoard', shop, span], queryFn: () => ask(api.GET('/api/insights/board', { params: { query: { ...span, shop_id: shop || undefined, time_zone: zone() } } })) })
  const b = board.data
  const judged = b?.promises.filter((p) => p.kept !== null) ?? []
  const kept = judged.filter((p) => p.kept).length
  const finding = !b ? t('reports.loadingBoard') : judged.length ? t(kept === judged.length ? 'reports.allKept' : 'reports.someKept', { kept: fmt.number(kept), judged: fmt.number(judged.length), worst: judged.find((p) => !p.kept)?.title[locale] }) : t('reports.nothingJudged')
  return (
    <Page about={t('reports.boardAbout')} finding={finding} tools={<ScopeTools />}>
      {board.error ? (
        <ErrorState error={board.error} onRetry={() => void board.refetch()} />
      ) : !b ? (
        <SkeletonRows rows={8} />
      ) : (
        <>
          <Figures
            items={[
              { id: 'kept', value: fmt.number(kept), name: t('reports.isKept') },
              { id: 'broken', value: fmt.number(judged.length - kept), name: t('reports.isBroken'), tone: judged.length > kept ? 'vermilion' : undefined },
              { id: 'unjudged', value: fmt.number(b.promises.length - judged.length), name: t('reports.unjudged'), tone: 'slate' },
              { id: 'score', value: b.transparency.score == null ? '–' : fmt.number(b.transparency.score), name: t('reports.score') },
            ]}
          />
          <p className="muted small section-lead">{t('reports.boardLead')}</p>
          <Section title={t('reports.promises')}>
            <Promises promises={b.promises} hrefOf={(name) => `/console/indicators/${name}`} />
          </Section>
          <Section title={t('reports.transparency')}>
            <Transparency score={b.transparency} />
          </Section>
        </>
      )}
      <PublicPage />
    </Page>
  )
}

function PublicPage() {
  const { t } = useText()
  const { shops, loading } = useShops()
  const { shop, pickShop } = useScope()
  // Each shop has a page of its own: with several none is taken for the one that is meant.
  const one = shops.find((s) => s.id === shop) ?? (shops.length === 1 ? shops[0] : undefined)
  const settings = useQuery({ queryKey: ['promisePage', one?.id], enabled: !!one, queryFn: () => ask(api.GET('/api/insights/pages/{shop_id}', { params: { path: { shop_id: one?.id ?? '' } } })) })
  if (!shops.length) return loading ? null : <NoShop />
  if (!one) return <Section title={t('page.any')} lead={t('page.lead')} aside={<ShopPicker every={false} value="" onPick={pickShop} />} />
  return (
    <Section
      title={t('page.title', { shop: one.name })}
      lead={t('page.lead')}
      aside={shops.length > 1 ? <ShopPicker every={false} value={one.id} onPick={pickShop} /> : undefined}
    >
      {settings.error ? <ErrorState compact error={settings.error} onRetry={() => void settings.refetch()} /> : settings.data ? <PageForm key={`${one.id}${settings.data.published_at}`} settings={settings.data} /> : <SkeletonRows rows={2} />}
    </Section>
  )
}

function PageForm({ settings }: { settings: PageSettings }) {
  const { t, fmt } = useText()
  const lacks = useLacks()
  const may = useMay()
  const doing = useDoing(['promisePage', settings.shop_id])
  const [shown, show] = useState(settings.shown)
  const [days, setDays] = useState(String(settings.days))
  useEffect(() => show(settings.shown), [settings.shown])
  const path = { params: { path: { shop_id: settings.shop_id } } }
  const release = may('reports.release')
  return (
    <div className="form-stack">
      <Refusal problem={doing.problem} />
      <p>
        <Tag tone={settings.published_at ? 'jade' : 'slate'}>{t(settings.published_at ? 'page.public' : 'page.hidden')}</Tag> {settings.counted_at && <span className="muted small">{t('page.counted', { at: fmt.dateTime(settings.counted_at) })}</span>}
      </p>
      <div className="promise-choice">
        {settings.possible.map((key) => (
          <Checkbox key={key} label={t(`promise.${key}`)} checked={shown.includes(key)} disabled={!release} onChange={(e) => show(e.target.checked ? [...shown, key] : shown.filter((one) => one !== key))} />
        ))}
      </div>
      <Field label={t('page.days')}>
        <Select value={days} disabled={!release} onPick={setDays} choices={['30', '90', '180', '365'].map((value) => ({ value, label: t('page.lastDays', { days: value }) }))} />
      </Field>
      <div className="sharing-row">
        {release && (
          <Button kind="primary" why={lacks(!shown.length && t('page.which'))} busy={doing.busy === 'publish'} onClick={() => void doing.run('publish', () => ask(api.PUT('/api/insights/pages/{shop_id}', { ...path, body: { shown, days: Number(days) } })), t('page.published'))}>
            {t(settings.published_at ? 'page.again' : 'page.publish')}
          </Button>
        )}
        {release && settings.published_at && (
          <Button busy={doing.busy === 'withdraw'} onClick={() => void doing.run('withdraw', () => ask(api.DELETE('/api/insights/pages/{shop_id}', path)), t('page.withdrawn'))}>
            {t('page.withdraw')}
          </Button>
        )}
        {settings.published_at && (
          <ButtonLink href={settings.path} target="_blank" icon="link">
            {t('page.open')}
          </ButtonLink>
        )}
      </div>
    </div>
  )
}
