import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import type { FailedDelivery } from '../../api/schema'
import { Button, Confirm, EmptyState, RelativeTime, Section, Tag } from '../../design'
import { useText } from '../../i18n'
import { useFactWords } from '../data'
import { Page } from '../Page'
import { DataTable } from '../parts'
import { Refusal } from '../Refusal'
import { useDoing } from '../useDoing'
import './Journal.css'

/** What should have followed from a fact and did not. */
export default function Failed() {
  const { t, fmt } = useText()
  const { fact: factName, reaction } = useFactWords()
  const found = useQuery({ queryKey: ['failed'], queryFn: () => ask(api.GET('/api/journal/failed')), refetchInterval: 30_000 })
  const [aside, setAside] = useState<FailedDelivery | null>(null)
  const doing = useDoing(['failed'])
  const rows = found.data ?? []
  const failed = rows.filter((r) => r.state === 'failed')
  const held = failed.reduce((n, r) => n + r.held_behind, 0)
  const path = (r: FailedDelivery) => ({ reaction: r.reaction, position: r.position })
  const id = (r: FailedDelivery) => `${r.reaction} ${r.position}`
  const retry = (r: FailedDelivery) => doing.run(id(r), () => ask(api.POST('/api/journal/failed/{reaction}/{position}/retry', { params: { path: path(r) } })), t('failed.retried'))
  return (
    <Page about={t('failed.about')} finding={found.isPending ? t('failed.loading') : failed.length ? t(held ? 'failed.finding' : 'failed.findingAlone', { count: failed.length, held }) : t('failed.none')}>
      <Refusal problem={doing.problem} />
      <Section lead={t('failed.lead')}>
        <DataTable
          label={t('failed.about')}
          loading={found.isPending}
          error={found.error}
          onRetry={() => void found.refetch()}
          rows={rows}
          rowKey={id}
          dim={(r) => r.state === 'set_aside'}
          empty={<EmptyState drawing="clear" title={t('failed.emptyTitle')} text={t('failed.emptyText')} />}
          columns={[
            { id: 'state', title: t('column.state'), cell: (r) => (r.state === 'failed' ? <Tag tone="vermilion">{t('failed.failed')}</Tag> : <Tag>{t('failed.setAside')}</Tag>) },
            { id: 'reaction', title: t('failed.reaction'), cell: (r) => <span className="cell-two"><span title={r.reaction}>{reaction(r.reaction)}</span><span>{t('failed.onFact', { fact: factName(r.fact) })} · <RelativeTime at={r.at} /></span></span> },
            { id: 'error', title: t('failed.error'), width: '38%', cell: (r) => <code className="error-text">{r.error ?? '–'}</code> },
            { id: 'tries', title: t('notices.tries'), end: true, cell: (r) => fmt.number(r.attempts) },
            { id: 'held', title: t('failed.held'), end: true, cell: (r) => fmt.number(r.held_behind) },
            {
              id: 'do',
              title: '',
              end: true,
              cell: (r) => (
                <span className="cell-actions">
                  <Button small icon="refresh" busy={doing.busy === id(r)} onClick={() => void retry(r)}>
                    {t('action.retry')}
                  </Button>
                  {r.state === 'failed' && (
                    <Button small kind="quiet" onClick={() => setAside(r)}>
                      {t('failed.aside')}
                    </Button>
                  )}
                </span>
              ),
            },
          ]}
        />
      </Section>
      <Confirm
        open={!!aside}
        onClose={() => setAside(null)}
        title={t('failed.asideAsk')}
        text={<p>{t('failed.asideText', { held: aside?.held_behind ?? 0 })}</p>}
        verb={t('failed.aside')}
        busy={!!doing.busy}
        onYes={() => aside && void doing.run('aside', () => ask(api.POST('/api/journal/failed/{reaction}/{position}/set-aside', { params: { path: path(aside) } })), t('failed.isAside')).then(() => setAside(null))}
      />
    </Page>
  )
}
