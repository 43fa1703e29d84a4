import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import { usePages } from '../../api/pages'
import type { NoticeView } from '../../api/schema'
import { Button, Dialog, EmptyState, Facts, Pager, RelativeTime, Section, Segmented, Tag, type Tone } from '../../design'
import { useText } from '../../i18n'
import { caseHref, useMay } from '../data'
import { Page } from '../Page'
import { DataTable, Figures, ScopeTools } from '../parts'
import { Refusal } from '../Refusal'
import { unreachedOf } from '../notices'
import { spanOf, useScope } from '../scope'
import { useDoing } from '../useDoing'
import './Journal.css'

const states = ['planned', 'sent', 'failed', 'bounced', 'suppressed', 'read'] as const
type State = (typeof states)[number]
const tones: Record<State, Tone> = { planned: 'slate', sent: 'jade', read: 'jade', failed: 'vermilion', bounced: 'vermilion', suppressed: 'plain' }

/** What customers were told: sent, failed, and none forgotten. */
export default function Notices() {
  const { t, has, fmt } = useText()
  const { shop, period } = useScope()
  const [state, setState] = useState<State | ''>('')
  const [picked, pick] = useState<NoticeView | null>(null)
  const span = spanOf(period)
  const share = useQuery({ queryKey: ['noticeShare', shop, span], queryFn: () => ask(api.GET('/api/notices/share', { params: { query: { ...span, shop_id: shop || undefined } } })) })
  const list = usePages<NoticeView>(['notices', shop, state], (after) => ask(api.GET('/api/notices', { params: { query: { shop_id: shop || undefined, state: state || undefined, after } } })))
  const s = share.data
  const called = (template: string) => (has(`template.${template.replace('.', '_')}`) ? t(`template.${template.replace('.', '_')}`) : template)
  const unreached = unreachedOf(s)
  const finding = !s ? t('notices.loading') : !s.asked ? t('notices.none') : s.missing || s.untrue ? t('notices.wrong', { missing: s.missing, untrue: s.untrue }) : s.undelivered ? t('notices.undelivered', { count: s.undelivered }) : unreached ? t('notices.rightBut', { count: s.asked, told: s.told, unreached }) : s.waiting ? t('notices.rightSoFar', { count: s.asked, told: s.told, waiting: s.waiting }) : t('notices.right', { count: s.asked })
  return (
    <Page about={t('notices.about')} finding={finding} tools={<ScopeTools />}>
      {s && (
        <Figures
          items={[
            { id: 'share', value: s.share === null ? '–' : fmt.percent(s.share, 1), name: t('notices.share', { n: fmt.number(s.asked) }) },
            { id: 'told', value: fmt.number(s.told), name: t('notices.told') },
            { id: 'undelivered', value: fmt.number(s.undelivered), name: t('notices.undeliveredName'), tone: s.undelivered ? 'vermilion' : undefined },
            { id: 'waiting', value: fmt.number(s.waiting), name: t('notices.waiting') },
            { id: 'unreached', value: fmt.number(unreached), name: t('notices.unreached') },
            { id: 'missing', value: fmt.number(s.missing), name: t('notices.missing'), tone: s.missing ? 'vermilion' : undefined },
            { id: 'untrue', value: fmt.number(s.untrue), name: t('notices.untrue'), tone: s.untrue ? 'vermilion' : undefined },
          ]}
        />
      )}
      <p className="muted small section-lead">{t('notices.formula')}</p>
      <Section>
        <div className="filters">
          <Segmented label={t('column.state')} value={state || 'all'} onPick={(v) => setState(v === 'all' ? '' : (v as State))} choices={[{ value: 'all', label: t('claims.all') }, ...states.map((x) => ({ value: x, label: t(`notice.${x}`) }))]} />
        </div>
        <DataTable
          label={t('notices.about')}
          loading={list.loading}
          error={list.error}
          onRetry={list.retry}
          rows={list.items}
          rowKey={(n) => n.id}
          onPick={pick}
          empty={<EmptyState drawing="talk" title={t('notices.empty')} text={t('notices.emptyText')} />}
          columns={[
            { id: 'state', title: t('column.state'), cell: (n) => <Tag tone={tones[n.state]}>{t(`notice.${n.state}`)}</Tag> },
            { id: 'what', title: t('notices.what'), cell: (n) => <span className="cell-two"><span>{n.subject ?? called(n.template)}</span><span>{called(n.template)}</span></span> },
            { id: 'to', title: t('notices.to'), tight: true, cell: (n) => n.address ?? <span className="muted">{t('notices.portalOnly')}</span> },
            { id: 'tries', title: t('notices.tries'), end: true, cell: (n) => fmt.number(n.attempts) },
            { id: 'at', title: t('notices.planned'), end: true, cell: (n) => <RelativeTime at={n.planned_at} /> },
          ]}
          foot={<Pager shown={list.items.length} hasMore={!!list.hasMore} loading={list.loadingMore} error={list.moreError} onMore={list.more} />}
        />
      </Section>
      {picked && <One key={picked.id} notice={picked} title={picked.subject ?? called(picked.template)} onClose={() => pick(null)} />}
    </Page>
  )
}

function One({ notice, title, onClose }: { notice: NoticeView; title: string; onClose: () => void }) {
  const { t, fmt } = useText()
  const may = useMay()
  const doing = useDoing(['notices'], ['noticeShare'])
  const resend = async () => {
    const done = await doing.run('resend', () => ask(api.POST('/api/notices/{notice_id}/resend', { params: { path: { notice_id: notice.id } } })).then(() => true), t('notices.resent'))
    if (done) onClose()
  }
  return (
    <Dialog
      open
      form="side"
      onClose={onClose}
      title={title}
      actions={
        may('notices.write') &&
        notice.address && (
          <Button kind="primary" icon="refresh" busy={!!doing.busy} onClick={() => void resend()}>
            {t('notices.resend')}
          </Button>
        )
      }
    >
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        {notice.error && (
          <p className="refusal">
            <span>{notice.error}</span>
          </p>
        )}
        <Facts
          items={[
            { name: t('column.state'), value: t(`notice.${notice.state}`) },
            { name: t('notices.to'), value: notice.address ?? t('notices.portalOnly') },
            { name: t('notices.because'), value: <code>{notice.fact}</code> },
            { name: t('notices.planned'), value: fmt.dateTime(notice.planned_at) },
            ...(notice.sent_at ? [{ name: t('notice.sent'), value: fmt.dateTime(notice.sent_at) }] : []),
            ...(notice.read_at ? [{ name: t('notice.read'), value: fmt.dateTime(notice.read_at) }] : []),
            { name: t('notices.tries'), value: fmt.number(notice.attempts) },
            ...(notice.case_id && may('cases.read') ? [{ name: t('column.case'), value: <a href={caseHref(notice.case_id)}>{t('notices.openCase')}</a> }] : []),
          ]}
        />
        {notice.body && <p className="message letter-text">{notice.body}</p>}
      </div>
    </Dialog>
  )
}
