import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { api, ask, asProblem } from '../../api/client'
import type { TemplateView } from '../../api/schema'
import { Button, Confirm, EmptyState, ErrorState, Field, Input, List, Row, Section, Segmented, SkeletonRows, Tag, Textarea } from '../../design'
import { type Locale, localeNames, locales, useText } from '../../i18n'
import { useFactWords, useMay, useTemplateName } from '../data'
import { offer } from '../decisions'
import { Page } from '../Page'
import { NoShop, useOneShop } from '../parts'
import { Refusal } from '../Refusal'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import './Templates.css'

/** The words that customers are told with, in three languages, with a letter to look at. */
export default function Templates() {
  const { t, locale: reader } = useText()
  const { one: shop, shops, loading, error, retry, pickShop } = useOneShop()
  const found = useQuery({ queryKey: ['templates', shop?.id], queryFn: () => ask(api.GET('/api/notices/templates', { params: { query: { shop_id: shop?.id ?? '' } } })), enabled: !!shop })
  const [locale, setLocale] = useState<Locale>(reader)
  const [picked, pick] = useState('')
  const all = found.data ?? []
  const names = [...new Set(all.map((x) => x.template))]
  const name = names.includes(picked) ? picked : (names[0] ?? '')
  const shown = all.find((x) => x.template === name && x.locale === locale)
  const broken = all.filter((x) => x.error)
  const own = new Set(all.filter((x) => x.own).map((x) => x.template)).size
  if (error) return <ErrorState error={error} onRetry={retry} />
  if (!loading && !shops.length) return <NoShop />
  const called = useTemplateName()
  return (
    <Page
      about={t('templates.about')}
      finding={found.isPending ? t('templates.loading') : broken.length ? t('templates.broken', { count: broken.length }) : t(own ? 'templates.finding' : 'templates.findingBuiltIn', { count: names.length, own })}
      tools={
        <>
          <ShopPicker every={false} value={shop?.id ?? ''} onPick={pickShop} />
          <Segmented label={t('templates.locale')} value={locale} onPick={setLocale} choices={locales.map((l) => ({ value: l, label: localeNames[l] }))} />
        </>
      }
    >
      {found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <SkeletonRows />
      ) : !names.length ? (
        <EmptyState drawing="talk" title={t('templates.none')} />
      ) : (
        <div className="templates">
          <List label={t('templates.about')} className="template-list">
            {names.map((n) => {
              const one = all.find((x) => x.template === n && x.locale === locale)
              return <Row key={n} title={called(n)} text={one?.subject.replace(/\{[{%].*?[%}]\}/g, '…')} titleLines={1} selected={n === name} onClick={() => pick(n)} aside={one?.error ? <Tag tone="vermilion">{t('templates.fellBack')}</Tag> : one?.own ? <Tag tone="jade">{t('templates.own')}</Tag> : null} />
            })}
          </List>
          {shown && shop && <One key={`${shown.template} ${shown.locale} ${shop.id} ${shown.changed_at ?? ''}`} view={shown} shopId={shop.id} title={called(shown.template)} />}
        </div>
      )}
    </Page>
  )
}

function One({ view, shopId, title }: { view: TemplateView; shopId: string; title: string }) {
  const { t, fmt } = useText()
  const { fact: factName } = useFactWords()
  const may = useMay()
  const [subject, setSubject] = useState(view.subject)
  const [body, setBody] = useState(view.body)
  const [button, setButton] = useState(view.button)
  const [asking, ask_] = useState(false)
  const [, go] = useLocation()
  const doing = useDoing(['templates', shopId])
  const words = { subject, body, button }
  const changed = subject !== view.subject || body !== view.body || button !== view.button
  const preview = useQuery({
    queryKey: ['templatePreview', view.template, view.locale, shopId, words],
    queryFn: () => ask(api.POST('/api/notices/templates/preview', { body: { template: view.template, locale: view.locale, words, shop_id: shopId } })),
    placeholderData: (before) => before,
    retry: false,
  })
  const path = { shop_id: shopId, template: view.template, locale: view.locale }
  const write = may('notices.write')
  return (
    <>
      <Section title={title} lead={t('templates.when', { facts: fmt.list(view.facts.map(factName)) })}>
        {view.error && (
          <p className="refusal">
            <span>
              {t('templates.fallBack', { at: view.broke_at ? fmt.dateTime(view.broke_at) : '' })} <code>{view.error}</code>
            </span>
          </p>
        )}
        <div className="form-stack">
          <Refusal problem={doing.problem} />
          <Field label={t('templates.subject')}>
            <Input value={subject} maxLength={200} disabled={!write} onChange={(e) => setSubject(e.target.value)} />
          </Field>
          <Field label={t('templates.body')}>
            <Textarea rows={12} value={body} disabled={!write} onChange={(e) => setBody(e.target.value)} />
          </Field>
          <Field label={t('templates.button')}>
            <Input value={button} maxLength={60} disabled={!write} onChange={(e) => setButton(e.target.value)} />
          </Field>
          {preview.data && (
            <p className="muted small">
              {t('templates.fields')} {preview.data.fields.map((f) => <code key={f} className="field-name">{`{{ ${f} }}`}</code>)}
            </p>
          )}
          {write && (
            <div className="filters">
              <Button kind="primary" busy={doing.busy === 'save'} why={preview.error ? t('templates.mendFirst') : !changed && t('form.unchanged')} onClick={() => void doing.run('save', () => ask(api.PUT('/api/notices/templates/{shop_id}/{template}/{locale}', { params: { path }, body: words })), t('templates.saved'))}>
                {t('action.save')}
              </Button>
              {may('insights.write') && (
                <Button icon="scales" disabled={!changed || !!preview.error} onClick={() => go(offer({ kind: 'template', subject: { name: view.template, words: { [view.locale]: words } }, title, shop: shopId }))}>
                  {t('nav.tryAsDecision')}
                </Button>
              )}
              {view.own && <Button onClick={() => ask_(true)}>{t('templates.back')}</Button>}
            </div>
          )}
        </div>
      </Section>
      <Section title={t('templates.preview')} className="letter-pane">
        {preview.error ? <Refusal problem={asProblem(preview.error)} /> : preview.data ? <iframe className="letter" title={t('templates.preview')} sandbox="" srcDoc={preview.data.html} /> : <SkeletonRows rows={3} />}
      </Section>
      <Confirm open={asking} onClose={() => ask_(false)} title={t('templates.backAsk')} text={<p>{t('templates.backText')}</p>} verb={t('templates.back')} busy={!!doing.busy} onYes={() => void doing.run('back', () => ask(api.DELETE('/api/notices/templates/{shop_id}/{template}/{locale}', { params: { path } })), t('templates.isBack')).then(() => ask_(false))} />
    </>
  )
}
