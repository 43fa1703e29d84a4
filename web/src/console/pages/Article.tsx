import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useParams } from 'wouter'
import { api, ask } from '../../api/client'
import type { ArticleView } from '../../api/schema'
import { Button, Confirm, EmptyState, ErrorState, Field, Input, List, Row, Section, Segmented, Select, SkeletonRows, Tag, Textarea } from '../../design'
import { type Locale, localeNames, locales, useText } from '../../i18n'
import { useDraft } from '../../shell/drafts'
import { TOPICS, useTopicName } from '../../shell/topics'
import { useMay, useShops } from '../data'
import { Page } from '../Page'
import { Refusal } from '../Refusal'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'
import './Article.css'

const EMPTY = { title: '', summary: '', body: '', keywords: '' }
const MS_BETWEEN_KEYS = 300

/** Changes when the stored words do, not with the article's other properties. */
const stateOf = (article: ArticleView, locale: Locale) => [locale, ...Object.values(article.texts[locale] ?? EMPTY).map((words) => words.length)].join('-')

/** One article: its words in three languages beside how they will look, what it is about, its history, what readers said. */
export default function Article() {
  const { id = '' } = useParams()
  const { t, fmt, locale: reader } = useText()
  const may = useMay()
  const queries = useQueryClient()
  const { nameOf: shopName } = useShops()
  const [locale, setLocale] = useState<Locale>(reader)
  const article = useQuery({ queryKey: ['knowledge', 'article', id], queryFn: () => ask(api.GET('/api/knowledge/articles/{article_id}', { params: { path: { article_id: id } } })) })
  const doing = useDoing(['knowledge', 'counts'], ['knowledge', 'articles'])
  const [note, setNote] = useState('')
  const [withdrawing, withdraw] = useState(false)
  if (article.error) return <ErrorState error={article.error} onRetry={() => void article.refetch()} />
  if (article.isPending) return <SkeletonRows />
  const data = article.data
  const at = { params: { path: { article_id: id } } }
  const write = may('knowledge.write')
  const take = async (what: string, act: () => Promise<ArticleView>, done?: string) => {
    const now = await doing.run(what, act, done)
    if (now) queries.setQueryData(['knowledge', 'article', id], now)
    return now
  }
  const title = data.texts[locale]?.title || Object.values(data.texts)[0]?.title || t('knowledge.untitled')
  return (
    <Page
      about={[data.shop_id ? shopName(data.shop_id) : t('knowledge.house'), t(`knowledge.status.${data.status}`), data.version ? t('knowledge.version', { version: data.version }) : null].filter(Boolean).join(' · ')}
      finding={title}
      tools={
        <>
          <Segmented label={t('knowledge.language')} value={locale} onPick={setLocale} choices={locales.map((one) => ({ value: one, label: `${localeNames[one]}${data.texts[one] ? '' : ' –'}` }))} />
          {write && data.status === 'published' && (
            <Button busy={doing.busy === 'review'} onClick={() => void take('review', () => ask(api.POST('/api/knowledge/articles/{article_id}/review', { ...at, body: {} })), t('knowledge.reviewed'))}>
              {t('knowledge.review')}
            </Button>
          )}
          {write && data.status === 'published' && <Button onClick={() => withdraw(true)}>{t('knowledge.withdraw')}</Button>}
        </>
      }
    >
      <Refusal problem={doing.problem} />
      <Words key={stateOf(data, locale)} article={data} locale={locale} write={write} onSaved={(now) => queries.setQueryData(['knowledge', 'article', id], now)} />
      {write && data.draft && (
        <div className="filters">
          <Input aria-label={t('knowledge.note')} placeholder={t('knowledge.note')} value={note} maxLength={400} onChange={(e) => setNote(e.target.value)} />
          <Button kind="primary" busy={doing.busy === 'publish'} disabled={!Object.keys(data.texts).length} onClick={() => void take('publish', () => ask(api.POST('/api/knowledge/articles/{article_id}/publish', { ...at, body: { note } })), t('knowledge.published')).then((now) => now && setNote(''))}>
            {t('knowledge.publish')}
          </Button>
        </div>
      )}
      <About article={data} write={write} onChange={(body) => void take('change', () => ask(api.PATCH('/api/knowledge/articles/{article_id}', { ...at, body })), t('knowledge.saved'))} />
      <History article={data} locale={locale} write={write} onRestore={(version) => void take('restore', () => ask(api.POST('/api/knowledge/articles/{article_id}/restore', { ...at, body: { version } })), t('knowledge.restored', { version }))} />
      <Said id={id} />
      <Confirm open={withdrawing} onClose={() => withdraw(false)} title={t('knowledge.withdrawAsk')} text={<p>{t('knowledge.withdrawText')}</p>} verb={t('knowledge.withdraw')} harm busy={!!doing.busy} onYes={() => void take('withdraw', () => ask(api.POST('/api/knowledge/articles/{article_id}/withdraw', at)), t('knowledge.withdrawn')).then(() => withdraw(false))} />
      <p className="muted small">{t('knowledge.created', { at: fmt.date(data.created_at) })}</p>
    </Page>
  )
}

function Words({ article, locale, write, onSaved }: { article: ArticleView; locale: Locale; write: boolean; onSaved: (now: ArticleView) => void }) {
  const { t } = useText()
  const lacks = useLacks()
  const there = article.texts[locale]
  const stored = there ?? EMPTY
  // What was typed and not saved yet stays in this browser, for these very words of the article.
  const { value: words, set, clear } = useDraft(`article:${article.id}:${stateOf(article, locale)}`, stored)
  const [shown, show] = useState(words.body)
  useEffect(() => {
    const timer = setTimeout(() => show(words.body), MS_BETWEEN_KEYS)
    return () => clearTimeout(timer)
  }, [words.body])
  const preview = useQuery({ queryKey: ['knowledge', 'preview', shown], queryFn: () => ask(api.POST('/api/knowledge/preview', { body: { body: shown } })), placeholderData: keepPreviousData, staleTime: Infinity })
  const doing = useDoing(['knowledge', 'articles'], ['knowledge', 'counts'])
  const changed = (Object.keys(EMPTY) as (keyof typeof EMPTY)[]).some((field) => words[field] !== stored[field])
  const change = (field: keyof typeof EMPTY) => (event: { target: { value: string } }) => set((now) => ({ ...now, [field]: event.target.value }))
  const path = { article_id: article.id, locale }
  const save = async () => {
    const now = await doing.run('save', () => ask(api.PUT('/api/knowledge/articles/{article_id}/texts/{locale}', { params: { path }, body: { ...words, revision: article.revision } })), t('knowledge.saved'))
    if (now) {
      clear()
      onSaved(now)
    }
  }
  const remove = async () => {
    const now = await doing.run('remove', () => ask(api.DELETE('/api/knowledge/articles/{article_id}/texts/{locale}', { params: { path } })))
    if (now) {
      clear()
      onSaved(now)
    }
  }
  return (
    <div className="article-words">
      <Section title={localeNames[locale]} lead={there ? undefined : t('knowledge.notWritten')}>
        <div className="form-stack">
          <Refusal problem={doing.problem} />
          <Field label={t('knowledge.title')}>
            <Input value={words.title} maxLength={200} disabled={!write} onChange={change('title')} />
          </Field>
          <Field label={t('knowledge.summary')} hint={t('knowledge.summaryHint')}>
            <Input value={words.summary} maxLength={400} disabled={!write} onChange={change('summary')} />
          </Field>
          <Field label={t('knowledge.body')} hint={t('knowledge.bodyHint')}>
            <Textarea rows={18} value={words.body} disabled={!write} onChange={change('body')} />
          </Field>
          <Field label={t('knowledge.keywords')} hint={t('knowledge.keywordsHint')}>
            <Input value={words.keywords} maxLength={400} disabled={!write} onChange={change('keywords')} />
          </Field>
          {write && (
            <div className="filters">
              <Button kind="primary" busy={doing.busy === 'save'} why={lacks(!words.title.trim() && t('knowledge.title')) ?? (!changed && t('form.unchanged'))} onClick={() => void save()}>
                {t('action.save')}
              </Button>
              {there && Object.keys(article.texts).length > 1 && (
                <Button kind="quiet" busy={doing.busy === 'remove'} onClick={() => void remove()}>
                  {t('knowledge.removeText', { language: localeNames[locale] })}
                </Button>
              )}
            </div>
          )}
        </div>
      </Section>
      <Section title={t('knowledge.preview')}>
        {preview.data && preview.data.broken.length > 0 && (
          <p className="refusal" role="alert">
            <span>
              {t('knowledge.brokenLinks')} {preview.data.broken.map((link) => <code key={link}>{link} </code>)}
            </span>
          </p>
        )}
        {/* Made by the server from Markdown, cleaned to a list of tags. */}
        <article className="article-preview" lang={locale} dangerouslySetInnerHTML={{ __html: `<h1></h1>${preview.data?.html ?? ''}` }} ref={(node) => node?.querySelector('h1')?.replaceChildren(words.title)} />
      </Section>
    </div>
  )
}

function About({ article, write, onChange }: { article: ArticleView; write: boolean; onChange: (change: { topic?: string; audience?: 'public' | 'staff'; review_days?: number; categories?: string[] }) => void }) {
  const { t, fmt } = useText()
  const nameOf = useTopicName()
  const [categories, setCategories] = useState(article.categories.join('，'))
  const split = categories.split(/[,，、]/).map((one) => one.trim()).filter(Boolean)
  const topics: string[] = TOPICS.includes(article.topic as 'other') ? [...TOPICS] : [...TOPICS, article.topic]
  return (
    <Section title={t('knowledge.aboutIt')} lead={article.review_on ? t('knowledge.reviewOn', { on: fmt.date(article.review_on) }) : t('knowledge.noReview')}>
      <div className="filters">
        <Field label={t('knowledge.topic')}>
          <Select value={article.topic} disabled={!write} onPick={(topic) => onChange({ topic })} choices={topics.map((one) => ({ value: one, label: nameOf(one) }))} />
        </Field>
        <Field label={t('knowledge.audience')}>
          <Select value={article.audience} disabled={!write} onPick={(audience) => onChange({ audience })} choices={[{ value: 'public', label: t('knowledge.public') }, { value: 'staff', label: t('knowledge.staff') }]} />
        </Field>
        <Field label={t('knowledge.reviewEvery')}>
          <Select value={String(article.review_days ?? 180)} disabled={!write} onPick={(days) => onChange({ review_days: Number(days) })} choices={['30', '90', '180', '365'].map((one) => ({ value: one, label: t('knowledge.days', { count: Number(one) }) }))} />
        </Field>
        <Field label={t('knowledge.categories')}>
          <Input value={categories} disabled={!write} onChange={(e) => setCategories(e.target.value)} onBlur={() => split.join() !== article.categories.join() && onChange({ categories: split })} />
        </Field>
      </div>
    </Section>
  )
}

function History({ article, locale, write, onRestore }: { article: ArticleView; locale: Locale; write: boolean; onRestore: (version: number) => void }) {
  const { t, fmt } = useText()
  const [looked, look] = useState<number | null>(null)
  const lines = useQuery({
    queryKey: ['knowledge', 'compare', article.id, looked, article.revision, locale],
    queryFn: () => ask(api.GET('/api/knowledge/articles/{article_id}/compare', { params: { path: { article_id: article.id }, query: { before: looked ?? 1, after: 0, locale } } })),
    enabled: looked !== null,
  })
  return (
    <Section title={t('knowledge.history')}>
      {!article.versions.length && <p className="muted">{t('knowledge.noHistory')}</p>}
      <List label={t('knowledge.history')}>
        {article.versions.map((one) => (
          <Row
            key={one.version}
            title={t('knowledge.versionAt', { version: one.version, at: fmt.dateTime(one.published_at) })}
            text={one.note}
            meta={[one.published_by_name, fmt.list(one.locales.map((code) => localeNames[code as Locale] ?? code))].filter(Boolean).join(' · ')}
            selected={looked === one.version}
            aside={
              <>
                {one.version === article.version && <Tag tone="jade">{t('knowledge.newest')}</Tag>}
                <Button small kind="quiet" aria-expanded={looked === one.version} onClick={() => look(looked === one.version ? null : one.version)}>
                  {t('knowledge.compare')}
                </Button>
                {write && (
                  <Button small onClick={() => onRestore(one.version)}>
                    {t('knowledge.restore')}
                  </Button>
                )}
              </>
            }
          />
        ))}
      </List>
      {looked !== null && lines.data && (
        <pre className="article-compare" aria-label={t('knowledge.compareWith', { version: looked })}>
          {lines.data.map((line, i) => (
            <span key={i} data-how={line.how}>
              {line.how === 'was' ? '− ' : line.how === 'is' ? '+ ' : '  '}
              {line.text}
              {'\n'}
            </span>
          ))}
        </pre>
      )}
    </Section>
  )
}

function Said({ id }: { id: string }) {
  const { t, fmt } = useText()
  const said = useQuery({ queryKey: ['knowledge', 'feedback', id], queryFn: () => ask(api.GET('/api/knowledge/articles/{article_id}/feedback', { params: { path: { article_id: id }, query: { limit: 50 } } })) })
  const rows = said.data?.items ?? []
  const helped = rows.filter((one) => one.helped).length
  const words = rows.filter((one) => one.words)
  return (
    <Section title={t('knowledge.said')} lead={rows.length ? t('knowledge.saidOf', { helped, count: rows.length }) : undefined}>
      {said.data && !rows.length && <EmptyState title={t('knowledge.nothingSaid')} />}
      <List label={t('knowledge.said')}>
        {words.map((one) => (
          <Row key={one.id} title={one.words} titleLines={2} meta={`${fmt.dateTime(one.given_at)} · ${t('knowledge.version', { version: one.version })}`} aside={<Tag tone={one.helped ? 'jade' : 'amber'}>{t(one.helped ? 'knowledge.helped' : 'knowledge.notHelped')}</Tag>} />
        ))}
      </List>
    </Section>
  )
}
