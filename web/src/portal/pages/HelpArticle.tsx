import { useQuery } from '@tanstack/react-query'
import { type MouseEvent, useState } from 'react'
import { useLocation, useParams, useSearch } from 'wouter'
import { problemText, asProblem } from '../../api/client'
import { Button, ErrorState, Icon, Section, Textarea, toast } from '../../design'
import { useText } from '../../i18n'
import { type Article, helpApi } from '../helpCentre'
import { useTopicName } from '../../shell/topics'
import { Head, PageSkeleton } from '../parts'
import s from './HelpArticle.module.css'
import { Headlines, StillNeedHelp } from './HelpShop'

/** One article, whether it helped, and the way to a person. */
export default function HelpArticle() {
  const { shop = '', id = '' } = useParams()
  const { t, fmt, locale } = useText()
  const nameOf = useTopicName()
  const [, go] = useLocation()
  const question = new URLSearchParams(useSearch()).get('q') ?? ''
  const article = useQuery({ queryKey: ['help', shop, locale, 'article', id], queryFn: ({ signal }) => helpApi.article(shop, id, locale, signal), staleTime: 300_000 })
  const up = { href: `/help/${encodeURIComponent(shop)}${question ? `?q=${encodeURIComponent(question)}` : ''}`, label: t('centre.back') }
  if (article.error && !article.data)
    return (
      <>
        <Head up={up} title={t('help.title')} />
        <ErrorState error={article.error} onRetry={() => void article.refetch()} />
      </>
    )
  if (!article.data) return <PageSkeleton />
  const data = article.data
  // Links to other articles stay in this page instead of loading it anew.
  const follow = (event: MouseEvent) => {
    const link = (event.target as Element).closest('a')
    const href = link?.getAttribute('href')
    if (!href?.startsWith('/help/') || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return
    event.preventDefault()
    go(href)
  }
  return (
    <>
      <Head up={up} title={data.title} text={t('centre.updated', { at: fmt.date(data.published_at), topic: nameOf(data.topic) })} />
      {data.instead_of && (
        <p className={s.instead} role="note">
          <Icon name="globe" size={16} /> {t('centre.instead', { language: t(`centre.language.${data.locale.replace('-', '_')}`) })}
        </p>
      )}
      {/* Made by the server from Markdown, cleaned to a list of tags. */}
      <article className={s.body} lang={data.locale} onClick={follow} dangerouslySetInnerHTML={{ __html: data.html }} />
      <Helped key={`${data.article_id}${data.version}`} shop={shop} article={data} question={question} />
      {data.related.length > 0 && (
        <Section title={t('centre.related')}>
          <Headlines shop={shop} rows={data.related} />
        </Section>
      )}
      <StillNeedHelp shop={shop} question={question} locale={locale} />
    </>
  )
}

function Helped({ shop, article, question }: { shop: string; article: Article; question: string }) {
  const { t, has, locale } = useText()
  const [said, say] = useState(article.helped)
  const [words, setWords] = useState('')
  const [thanked, thank] = useState(false)
  const tell = async (helped: boolean, why = '') => {
    const before = said
    say(helped)
    try {
      await helpApi.rate(shop, article.article_id, { helped, words: why, locale, question })
      if (helped || why) thank(true)
    } catch (error) {
      say(before)
      toast(problemText(asProblem(error), t, has), { tone: 'wrong' })
    }
  }
  return (
    <section className={s.helped} aria-label={t('centre.helped')}>
      {thanked ? (
        <p role="status">{t('centre.thanks')}</p>
      ) : (
        <>
          <div className={s.choice}>
            <strong>{t('centre.helped')}</strong>
            <Button small aria-pressed={said === true} kind={said === true ? 'primary' : 'secondary'} onClick={() => void tell(true)}>
              {t('centre.yes')}
            </Button>
            <Button small aria-pressed={said === false} onClick={() => void tell(false)}>
              {t('centre.no')}
            </Button>
          </div>
          {said === false && (
            <form
              className={s.why}
              onSubmit={(event) => {
                event.preventDefault()
                void tell(false, words.trim())
              }}
            >
              <Textarea aria-label={t('centre.why')} placeholder={t('centre.why')} rows={2} maxLength={1000} value={words} onChange={(e) => setWords(e.target.value)} />
              <Button small type="submit" disabled={!words.trim()}>
                {t('centre.send')}
              </Button>
            </form>
          )}
        </>
      )}
    </section>
  )
}
