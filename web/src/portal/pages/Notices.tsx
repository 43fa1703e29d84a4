import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Link } from 'wouter'
import { usePages } from '../../api/pages'
import { EmptyState, ErrorState, Pager, RelativeTime, SkeletonRows, Words } from '../../design'
import { useText } from '../../i18n'
import { get, type Notice, type Paged, post } from '../data'
import { Head } from '../parts'
import { Entered } from '../session'
import s from './Notices.module.css'

export default function Notices() {
  return <Entered>{() => <List />}</Entered>
}

function List() {
  const { t } = useText()
  const queries = useQueryClient()
  const list = usePages<Notice>(['notices', 'pages'], (after, signal) => get<Paged<Notice>>(`/my/notices${after ? `?after=${encodeURIComponent(after)}` : ''}`, signal))
  const unread = list.items.some((one) => !one.read_at)
  useEffect(() => {
    if (!unread) return
    // The marks stay on this page, so that one sees what is new; the bell is quiet at once.
    void post('/my/notices/read')
      .then(() => queries.invalidateQueries({ queryKey: ['notices'], exact: true }))
      .catch(() => undefined)
  }, [unread])
  return (
    <>
      <Head up={{ href: '/', label: t('home.title') }} title={t('notices.title')} />
      {list.loading ? (
        <SkeletonRows />
      ) : list.error ? (
        <ErrorState error={list.error} onRetry={list.retry} />
      ) : !list.items.length ? (
        <EmptyState drawing="clear" title={t('notices.none')} text={t('notices.noneText')} />
      ) : (
        <>
          <ul className={s.notices} role="list">
            {list.items.map((one) => (
              <li key={one.id} data-new={!one.read_at || undefined}>
                <p className={s.head}>
                  <strong>{one.link ? <Link href={one.link}>{one.subject}</Link> : one.subject}</strong>
                  <span className="muted small">
                    <RelativeTime at={one.planned_at} />
                  </span>
                </p>
                <Words text={one.body} />
              </li>
            ))}
          </ul>
          <Pager shown={list.items.length} hasMore={list.hasMore} loading={list.loadingMore} error={list.moreError} onMore={list.more} />
        </>
      )}
    </>
  )
}
