import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useLocation, useSearch } from 'wouter'
import { api, ask } from '../../api/client'
import { usePages } from '../../api/pages'
import type { ArticleRow, Gap } from '../../api/schema'
import { Button, Dialog, EmptyState, ErrorState, Field, Input, List, Pager, RadioCards, Row, Section, Segmented, Select, SkeletonRows, Tag } from '../../design'
import { localeNames, locales, useText } from '../../i18n'
import { TOPICS, useTopicName } from '../../shell/topics'
import { useStaffSession } from '../../staff/session'
import { useMay, useShops } from '../data'
import { Page } from '../Page'
import { Refusal } from '../Refusal'
import { useScope } from '../scope'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'

type Look = 'all' | 'due' | 'badly' | 'broken' | 'drafts' | 'zh-CN' | 'zh-TW' | 'en'
const LANGUAGES: readonly string[] = locales

/** What we know: all articles, those that need a hand, and what nobody could be told. */
export default function Knowledge() {
  const { t } = useText()
  const [, go] = useLocation()
  const asked = new URLSearchParams(useSearch())
  const tab = asked.get('gaps') === null ? 'articles' : 'gaps'
  const may = useMay()
  const { shop } = useScope()
  const counts = useQuery({ queryKey: ['knowledge', 'counts', shop], queryFn: () => ask(api.GET('/api/knowledge/counts', { params: { query: { shop_id: shop || undefined } } })), placeholderData: keepPreviousData })
  const [making, make] = useState(false)
  const told = counts.data
  return (
    <Page
      about={t('knowledge.about')}
      finding={!told ? t('knowledge.loading') : told.gaps ? t('knowledge.findingGaps', { count: told.gaps, articles: told.all }) : t('knowledge.finding', { count: told.all })}
      tools={
        <>
          <Segmented
            label={t('knowledge.about')}
            value={tab}
            onPick={(next) => go(next === 'gaps' ? '/knowledge?gaps' : '/knowledge')}
            choices={[
              { value: 'articles', label: t('knowledge.articles') },
              { value: 'gaps', label: t('knowledge.gaps', { count: told?.gaps ?? 0 }) },
            ]}
          />
          {may('knowledge.write') && (
            <Button kind="primary" icon="plus" onClick={() => make(true)}>
              {t('knowledge.new')}
            </Button>
          )}
        </>
      }
    >
      {tab === 'gaps' ? <Gaps shop={shop} /> : <Articles shop={shop} />}
      {making && <Make shop={shop} onClose={() => make(false)} />}
    </Page>
  )
}

function Articles({ shop }: { shop: string }) {
  const { t, fmt, locale } = useText()
  const nameOf = useTopicName()
  const { nameOf: shopName } = useShops()
  const [look, setLook] = useState<Look>('all')
  const [words, setWords] = useState('')
  const [topic, setTopic] = useState('')
  const counts = useQuery({ queryKey: ['knowledge', 'counts', shop], queryFn: () => ask(api.GET('/api/knowledge/counts', { params: { query: { shop_id: shop || undefined } } })), placeholderData: keepPreviousData })
  const pages = usePages(['knowledge', 'articles', shop, look, words, topic, locale], (after) =>
    ask(
      api.GET('/api/knowledge/articles', {
        params: {
          query: {
            shop_id: shop || undefined,
            q: words.trim() || undefined,
            topic: topic || undefined,
            missing: LANGUAGES.includes(look) ? (look as 'en') : undefined,
            due: look === 'due' || undefined,
            badly: look === 'badly' || undefined,
            broken: look === 'broken' || undefined,
            drafts: look === 'drafts' || undefined,
            locale,
            after,
          },
        },
      }),
    ),
  )
  const told = counts.data
  const looks: { value: Look; label: string }[] = [
    { value: 'all', label: t('knowledge.look.all', { count: told?.all ?? 0 }) },
    { value: 'due', label: t('knowledge.look.due', { count: told?.due ?? 0 }) },
    { value: 'badly', label: t('knowledge.look.badly', { count: told?.badly ?? 0 }) },
    { value: 'broken', label: t('knowledge.look.broken', { count: told?.broken ?? 0 }) },
    { value: 'drafts', label: t('knowledge.look.drafts', { count: told?.drafts ?? 0 }) },
    ...locales.map((one) => ({ value: one as Look, label: t('knowledge.look.missing', { language: localeNames[one], count: told?.missing[one] ?? 0 }) })),
  ]
  return (
    <>
      <div className="filters">
        <Input icon="search" type="search" aria-label={t('knowledge.words')} placeholder={t('knowledge.words')} value={words} maxLength={100} onChange={(e) => setWords(e.target.value)} />
        <Select aria-label={t('knowledge.show')} value={look} onPick={(next) => setLook(next as Look)} choices={looks} />
        <Select aria-label={t('knowledge.topic')} value={topic} onPick={setTopic} choices={[{ value: '', label: t('knowledge.everyTopic') }, ...TOPICS.map((one) => ({ value: one, label: nameOf(one) }))]} />
      </div>
      {pages.error ? (
        <ErrorState error={pages.error} onRetry={pages.retry} />
      ) : pages.loading ? (
        <SkeletonRows />
      ) : !pages.items.length ? (
        <EmptyState title={t(look === 'all' ? 'knowledge.none' : 'knowledge.allWell')} text={t(look === 'all' ? 'knowledge.noneText' : 'knowledge.allWellText')} />
      ) : (
        <Section>
          <List label={t('knowledge.articles')}>
          {pages.items.map((one: ArticleRow) => (
            <Row
              key={one.id}
              href={`/knowledge/${one.id}`}
              title={one.title || t('knowledge.untitled')}
              text={[nameOf(one.topic), one.shop_id ? shopName(one.shop_id) : t('knowledge.house'), one.owner_name, t('knowledge.version', { version: one.version })].filter(Boolean).join(' · ')}
              meta={one.views ? [t('knowledge.read', { views: fmt.number(one.views) }), one.helped > 0 && t('knowledge.didHelp', { count: one.helped }), one.not_helped > 0 && t('knowledge.didNot', { count: one.not_helped })].filter(Boolean).join(' · ') : t('knowledge.unread')}
              aside={
                <span className="tag-row">
                  {one.audience === 'staff' && <Tag tone="slate">{t('knowledge.staff')}</Tag>}
                  <Tag tone={one.status === 'published' ? 'jade' : 'plain'}>{t(`knowledge.status.${one.status}`)}</Tag>
                  {one.draft && one.status === 'published' && <Tag>{t('knowledge.changed')}</Tag>}
                  {one.due && <Tag tone="amber">{t('knowledge.due')}</Tag>}
                  {one.broken > 0 && <Tag tone="vermilion">{t('knowledge.broken')}</Tag>}
                  {one.missing.length > 0 && <Tag>{t('knowledge.lacks', { languages: fmt.list(one.missing.map((code) => localeNames[code as keyof typeof localeNames])) })}</Tag>}
                </span>
              }
            />
          ))}
          </List>
          <Pager shown={pages.items.length} hasMore={!!pages.hasMore} loading={pages.loadingMore} error={pages.moreError} onMore={pages.more} />
        </Section>
      )}
    </>
  )
}

function Gaps({ shop }: { shop: string }) {
  const { t, fmt } = useText()
  const [, go] = useLocation()
  const may = useMay()
  const { nameOf: shopName } = useShops()
  const gaps = useQuery({ queryKey: ['knowledge', 'gaps', shop], queryFn: () => ask(api.GET('/api/knowledge/gaps', { params: { query: { shop_id: shop || undefined } } })) })
  const doing = useDoing(['knowledge'])
  if (gaps.error) return <ErrorState error={gaps.error} onRetry={() => void gaps.refetch()} />
  if (gaps.isPending) return <SkeletonRows />
  if (!gaps.data.length) return <EmptyState title={t('knowledge.noGaps')} text={t('knowledge.noGapsText')} />
  const draft = async (gap: Gap) => {
    const most = Object.entries(gap.locales).sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'zh-CN'
    const made = await doing.run(gap.question_ids[0] ?? 'gap', () => ask(api.POST('/api/knowledge/gaps/draft', { body: { shop_id: gap.shop_id, question_ids: gap.question_ids, title: '', locale: most as 'en' } })))
    if (made) go(`/knowledge/${made.id}`)
  }
  return (
    <Section lead={t('knowledge.gapsLead')}>
      <Refusal problem={doing.problem} />
      <List label={t('knowledge.about')}>
      {gaps.data.map((gap) => (
        <Row
          key={gap.question_ids[0]}
          title={gap.examples[0] ?? gap.words.join(' ')}
          text={gap.examples.slice(1).join(' / ')}
          meta={[t('knowledge.asked', { count: gap.asked, badly: gap.badly }), shopName(gap.shop_id), fmt.date(gap.last_asked_at), ...Object.entries(gap.outcomes).map(([outcome, count]) => `${t(`knowledge.outcome.${outcome}`)} ${count}`)].join(' · ')}
          aside={
            <>
              {gap.article_id && <Link href={`/knowledge/${gap.article_id}`}>{t('knowledge.wasRead')}</Link>}
              {may('knowledge.write') && (
                <Button small busy={doing.busy === gap.question_ids[0]} onClick={() => void draft(gap)}>
                  {t('knowledge.draftIt')}
                </Button>
              )}
            </>
          }
        />
      ))}
      </List>
    </Section>
  )
}

function Make({ shop, onClose }: { shop: string; onClose: () => void }) {
  const { t, locale } = useText()
  const lacks = useLacks()
  const nameOf = useTopicName()
  const [, go] = useLocation()
  const { data: session } = useStaffSession()
  const { shops } = useShops()
  const [title, setTitle] = useState('')
  const [whose, setWhose] = useState(shop || (session?.every_shop ? '' : (shops[0]?.id ?? '')))
  const [topic, setTopic] = useState<string>('returns')
  const [audience, setAudience] = useState<'public' | 'staff'>('public')
  const doing = useDoing(['knowledge'])
  const save = async () => {
    const made = await doing.run('make', () =>
      ask(api.POST('/api/knowledge/articles', { body: { shop_id: whose || null, topic, audience, categories: [], product_ids: [], review_days: 180, texts: { [locale]: { title, body: '', summary: '', keywords: '' } } } })),
    )
    if (made) go(`/knowledge/${made.id}`)
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('knowledge.new')}
      actions={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" busy={!!doing.busy} why={lacks(!title.trim() && t('knowledge.title'))} onClick={() => void save()}>
            {t('knowledge.make')}
          </Button>
        </>
      }
    >
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        <Field label={t('knowledge.title')}>
          <Input value={title} maxLength={200} onChange={(e) => setTitle(e.target.value)} />
        </Field>
        <Field label={t('knowledge.whose')}>
          <ShopPicker every={session?.every_shop ? t('knowledge.house') : false} value={whose} onPick={setWhose} />
        </Field>
        <Field label={t('knowledge.topic')}>
          <Select value={topic} onPick={setTopic} choices={TOPICS.map((one) => ({ value: one, label: nameOf(one) }))} />
        </Field>
        <RadioCards
          legend={t('knowledge.audience')}
          value={audience}
          onPick={(next) => setAudience(next as 'public' | 'staff')}
          cards={[
            { value: 'public', title: t('knowledge.public'), text: t('knowledge.publicText') },
            { value: 'staff', title: t('knowledge.staff'), text: t('knowledge.staffText') },
          ]}
        />
      </div>
    </Dialog>
  )
}
