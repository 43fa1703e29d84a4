import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import type { components } from '../../api/schema'
import { Button, ButtonLink, Checkbox, Confirm, EmptyState, ErrorState, Field, Input, List, Row, Section, SkeletonRows, Tag, Textarea } from '../../design'
import { type Locale, localeNames, locales, useText } from '../../i18n'
import { useMay, useShops } from '../data'
import { Page } from '../Page'
import { NoShop } from '../parts'
import { Refusal } from '../Refusal'
import { useScope } from '../scope'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'
import './Templates.css'

type AnswerText = components['schemas']['AnswerTemplateView']
type Phrase = components['schemas']['PhraseView']

const FIELDS = ['customer', 'agent', 'shop', 'case', 'matter', 'order', 'item', 'parcel', 'carrier', 'claim', 'claim_kind', 'claim_state', 'amount', 'deadline', 'left', 'return_address', 'today']

/** What agents answer with again and again, in three languages, and what they should not say. */
export default function AnswerTexts() {
  const { t } = useText()
  const may = useMay()
  const { shop: chosen, pickShop } = useScope()
  const { shops, nameOf, loading, error, retry } = useShops()
  // With several shops all of them together, until one is picked; a new text needs one.
  const shop = shops.find((s) => s.id === chosen) ?? (shops.length === 1 ? shops[0] : undefined)
  const [typed, setTyped] = useState('')
  const [picked, pick] = useState<string>('')
  const shop_id = shop?.id ?? ''
  const found = useQuery({ queryKey: ['answerTexts', shop_id, typed.trim()], queryFn: () => ask(api.GET('/api/answer-templates', { params: { query: { shop_id: shop_id || null, q: typed.trim() } } })), enabled: shops.length > 0, placeholderData: (before) => before })
  if (error) return <ErrorState error={error} onRetry={retry} />
  if (!loading && !shops.length) return <NoShop />
  const all = found.data ?? []
  const shown = picked === 'new' ? null : (all.find((x) => x.id === picked) ?? all[0])
  const write = may('notices.write')
  return (
    <Page
      about={t('answers.about')}
      finding={found.isPending ? t('answers.loading') : t('answers.finding', { count: all.length })}
      tools={
        <>
          {may('insights.write') && (
            <ButtonLink small kind="quiet" icon="scales" href="/console/insight/decisions?new=answer">
              {t('nav.tryAsDecision')}
            </ButtonLink>
          )}
          <ShopPicker value={shop_id} onPick={pickShop} />
          <Input icon="search" aria-label={t('answers.search')} placeholder={t('answers.search')} value={typed} onChange={(e) => setTyped(e.target.value)} />
          {write && (
            <Button icon="plus" disabled={!shop} onClick={() => pick('new')}>
              {t('answers.add')}
            </Button>
          )}
        </>
      }
    >
      {found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <SkeletonRows />
      ) : (
        <div className="templates">
          {all.length ? (
            <List label={t('answers.about')} className="template-list">
              {all.map((one) => (
                <Row key={one.id} title={one.name} text={[shop ? '' : nameOf(one.shop_id), one.folder || Object.values(one.words)[0]].filter(Boolean).join(' · ')} titleLines={1} selected={one.id === shown?.id} onClick={() => pick(one.id)} aside={<Tag>{t('answers.used', { count: one.used })}</Tag>} />
              ))}
            </List>
          ) : (
            <EmptyState drawing="talk" title={t(typed.trim() ? 'answers.noneFound' : 'answers.none')} text={t(typed.trim() ? 'shop.noneFoundText' : shop ? 'answers.noneText' : 'answers.noneTextShop')} />
          )}
          {(shown || (shop && picked === 'new' && write)) && <One key={`${shown?.id ?? 'new'} ${shown?.changed_at ?? ''}`} text={shown ?? null} shopId={shown?.shop_id ?? shop_id} onDone={pick} />}
        </div>
      )}
      {shop && may('notices.read') && <Phrases shopId={shop.id} />}
    </Page>
  )
}

function One({ text, shopId, onDone }: { text: AnswerText | null; shopId: string; onDone: (id: string) => void }) {
  const { t } = useText()
  const lacks = useLacks()
  const may = useMay()
  const write = may('notices.write')
  const [name, setName] = useState(text?.name ?? '')
  const [folder, setFolder] = useState(text?.folder ?? '')
  const [words, setWords] = useState<Partial<Record<Locale, string>>>(text?.words ?? {})
  const [asking, setAsking] = useState(false)
  const doing = useDoing(['answerTexts', shopId])
  const given = Object.fromEntries(locales.flatMap((l) => (words[l]?.trim() ? [[l, words[l]]] : []))) as Record<Locale, string>
  const body = { name, folder, words: given }
  const unknown = [...new Set([...Object.values(given).join(' ').matchAll(/\{\{\s*([^{}|]*?)\s*(?:\|[^{}]*)?\}\}/g)].map((m) => m[1] ?? ''))].filter((f) => !FIELDS.includes(f))
  const save = async () => {
    const kept = await ask(text ? api.PUT('/api/answer-templates/{template_id}', { params: { path: { template_id: text.id }, query: { shop_id: shopId } }, body }) : api.POST('/api/answer-templates', { params: { query: { shop_id: shopId } }, body }))
    onDone(kept.id)
  }
  return (
    <Section title={text?.name ?? t('answers.add')}>
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        <Field label={t('answers.name')} required>
          <Input value={name} maxLength={80} disabled={!write} onChange={(e) => setName(e.target.value)} />
        </Field>
        <Field label={t('answers.folder')} optional>
          <Input value={folder} maxLength={80} disabled={!write} onChange={(e) => setFolder(e.target.value)} />
        </Field>
        {locales.map((l) => (
          <Field key={l} label={localeNames[l]}>
            <Textarea rows={5} value={words[l] ?? ''} disabled={!write} onChange={(e) => setWords({ ...words, [l]: e.target.value })} />
          </Field>
        ))}
        <p className="muted small">
          {t('answers.fields')} {FIELDS.map((f) => <code key={f} className="field-name">{`{{ ${f} }}`}</code>)}
        </p>
        {write && (
          <div className="filters">
            <Button kind="primary" busy={doing.busy === 'save'} why={lacks(!name.trim() && t('answers.name'), !Object.keys(given).length && t('answers.words')) ?? (unknown.length > 0 && t('answers.unknown', { fields: unknown.join(', ') }))} onClick={() => void doing.run('save', save, t('answers.saved'))}>
              {t('action.save')}
            </Button>
            {text && <Button onClick={() => setAsking(true)}>{t('answers.remove')}</Button>}
          </div>
        )}
      </div>
      {text && <Confirm open={asking} onClose={() => setAsking(false)} title={t('answers.removeAsk')} verb={t('answers.remove')} busy={!!doing.busy} onYes={() => void doing.run('remove', () => ask(api.DELETE('/api/answer-templates/{template_id}', { params: { path: { template_id: text.id } } })), t('answers.removed')).then(() => setAsking(false))} />}
    </Section>
  )
}

function Phrases({ shopId }: { shopId: string }) {
  const { t, locale: reader } = useText()
  const lacks = useLacks()
  const may = useMay()
  const write = may('notices.write')
  const [says, setSays] = useState('')
  const [instead, setInstead] = useState('')
  const [blocks, setBlocks] = useState(true)
  const doing = useDoing(['phrases', shopId])
  const found = useQuery({ queryKey: ['phrases', shopId], queryFn: () => ask(api.GET('/api/phrases', { params: { query: { shop_id: shopId } } })) })
  const shown = (found.data ?? []).filter((p: Phrase) => p.locale === reader)
  const forbid = async () => {
    await ask(api.PUT('/api/phrases', { params: { query: { shop_id: shopId } }, body: { locale: reader, says, instead, blocks } }))
    setSays('')
    setInstead('')
  }
  return (
    <Section title={t('answers.phrases')} lead={t('answers.phrasesLead', { language: localeNames[reader] })}>
      <Refusal problem={doing.problem} />
      <List label={t('answers.phrases')}>
        {shown.map((p) => {
          const own = p.id
          return (
            <Row
              key={`${own ?? ''} ${p.says}`}
              title={p.says}
              text={p.instead}
              titleLines={1}
              aside={
                <>
                  <Tag tone={p.blocks ? 'vermilion' : 'amber'}>{t(p.blocks ? 'answers.blocks' : 'answers.warns')}</Tag>
                  {own && write && (
                    <Button small kind="quiet" onClick={() => void doing.run('allow', () => ask(api.DELETE('/api/phrases/{phrase_id}', { params: { path: { phrase_id: own } } })), t('answers.allowed'))}>
                      {t('answers.allow')}
                    </Button>
                  )}
                </>
              }
            />
          )
        })}
      </List>
      {write && (
        <div className="form-stack">
          <Field label={t('answers.says')}>
            <Input value={says} maxLength={80} onChange={(e) => setSays(e.target.value)} />
          </Field>
          <Field label={t('answers.instead')} optional>
            <Input value={instead} maxLength={200} onChange={(e) => setInstead(e.target.value)} />
          </Field>
          <Checkbox label={t('answers.blocksHint')} checked={blocks} onChange={(e) => setBlocks(e.target.checked)} />
          <div className="filters">
            <Button why={lacks(!says.trim() && t('answers.says'))} busy={doing.busy === 'forbid'} onClick={() => void doing.run('forbid', forbid, t('answers.forbidden'))}>
              {t('answers.forbid')}
            </Button>
          </div>
        </div>
      )}
    </Section>
  )
}
