import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation, useParams } from 'wouter'
import { api, ask, inAddress } from '../../api/client'
import type { PromiseStand, Score, WholeReport } from '../../api/schema'
import { Button, ButtonLink, Confirm, Dialog, ErrorState, Facts, Field, Input, Section, SkeletonRows, Textarea } from '../../design'
import { useText } from '../../i18n'
import { useMay, useWords } from '../data'
import { Page } from '../Page'
import { DataTable, Figures } from '../parts'
import { Refusal } from '../Refusal'
import { useDoing } from '../useDoing'
import { Promises, Transparency } from './measures'
import { useDays } from './Reports'

interface Content {
  promises: PromiseStand[]
  transparency: Score
  counts: { orders: number; cases: number; claims: number }
  kinds: [string, number][]
  reasons: [string, number][]
  refunded: [string, number, number][]
}
const languages = ['zh-CN', 'zh-TW', 'en'] as const

/** One report: what it says, its files, and what may be done with it. */
export default function ReportOne() {
  const { id = '' } = useParams()
  const report = useQuery({ queryKey: ['report', id], queryFn: () => ask(api.GET('/api/insights/reports/{report_id}', { params: { path: { report_id: id } } })) })
  if (report.error) return <ErrorState error={report.error} onRetry={() => void report.refetch()} />
  if (!report.data) return <SkeletonRows />
  return <Shown report={report.data} />
}

function Shown({ report }: { report: WholeReport }) {
  const { t, fmt, locale } = useText()
  const may = useMay()
  const [, go] = useLocation()
  const word = useWords()
  const daysOf = useDays()
  const doing = useDoing(['report', report.id], ['reports'])
  const [editing, edit] = useState(false)
  const [asking, askFor] = useState<'release' | 'discard' | null>(null)
  const content = report.content as unknown as Content
  const words = report.words[locale] ?? Object.values(report.words)[0]
  const draft = report.state === 'draft'
  const path = { params: { path: { report_id: report.id } } }
  const file = (form: string) => `/api/insights/reports/${report.id}/file?${inAddress({ form, locale })}`
  const release = () => doing.run('release', () => ask(api.POST('/api/insights/reports/{report_id}/release', path)), t('reports.released'))
  const discard = async () => {
    if (await doing.run('discard', () => ask(api.POST('/api/insights/reports/{report_id}/discard', path)).then(() => true), t('reports.discarded'))) go('/insight/reports')
  }
  const correct = async () => {
    const made = await doing.run('correct', () => ask(api.POST('/api/insights/reports/{report_id}/correct', path)))
    if (made) go(`/insight/report/${made.id}`)
  }
  return (
    <Page
      about={[report.number && t('reports.numbered', { number: report.number }), report.shop ?? t('reports.everyShop'), t(`reports.audience.${report.audience}`), daysOf(report.since_on, report.until_on, report.span)].filter(Boolean).join(' · ')}
      finding={words?.title}
      tools={
        <>
          <ButtonLink href={file('pdf')} icon="file" target="_blank">
            PDF
          </ButtonLink>
          <ButtonLink href={file('xlsx')} icon="download">
            Excel
          </ButtonLink>
          <ButtonLink href={file('csv')} icon="download">
            CSV
          </ButtonLink>
          <ButtonLink href={file('json')} icon="download">
            JSON
          </ButtonLink>
        </>
      }
    >
      <Refusal problem={doing.problem} />
      <div className="sharing-row">
        {draft && may('reports.release') && (
          <Button kind="primary" icon="check" busy={doing.busy === 'release'} onClick={() => askFor('release')}>
            {t('reports.release')}
          </Button>
        )}
        {draft && may('insights.write') && (
          <>
            <Button icon="edit" onClick={() => edit(true)}>
              {t('reports.reword')}
            </Button>
            <Button icon="refresh" busy={doing.busy === 'recount'} onClick={() => void doing.run('recount', () => ask(api.POST('/api/insights/reports/{report_id}/recount', path)).then(() => true), t('reports.recounted'))}>
              {t('reports.recount')}
            </Button>
            <Button icon="trash" onClick={() => askFor('discard')}>
              {t('reports.discard')}
            </Button>
          </>
        )}
        {report.state === 'published' && may('insights.write') && (
          <Button icon="edit" busy={doing.busy === 'correct'} onClick={() => void correct()}>
            {t('reports.correct')}
          </Button>
        )}
      </div>
      {(report.corrects || report.corrected_by) && (
        <p className="refusal">
          <span>{report.corrected_by ? t('reports.correctedByLong', { number: report.corrected_by }) : t('reports.correctsLong', { number: report.corrects })}</span>
        </p>
      )}
      <p className="report-summary">{words?.summary}</p>
      <Figures
        items={[
          { id: 'orders', value: fmt.number(content.counts.orders), name: t('reports.orders') },
          { id: 'cases', value: fmt.number(content.counts.cases), name: t('reports.cases') },
          { id: 'claims', value: fmt.number(content.counts.claims), name: t('reports.claims') },
          ...content.refunded.map(([currency, , cents]) => ({ id: currency, value: fmt.money(cents, currency), name: t('reports.refunded') })),
        ]}
      />
      <Section title={t('reports.promises')}>
        <Promises promises={content.promises} />
      </Section>
      <Section title={t('reports.transparency')}>
        <Transparency score={content.transparency} />
      </Section>
      {content.reasons.length > 0 && (
        <Section title={t('reports.reasons')}>
          <DataTable
            label={t('reports.reasons')}
            rows={content.reasons}
            rowKey={(row) => row[0]}
            empty={null}
            columns={[
              { id: 'word', title: t('reports.reason'), cell: (row) => word('reason', row[0]) },
              { id: 'n', title: t('reports.sample'), end: true, cell: (row) => fmt.number(row[1]) },
            ]}
          />
        </Section>
      )}
      <Facts
        items={[
          { name: t('reports.draftedAt'), value: fmt.dateTime(report.drafted_at) },
          ...(report.published_at ? [{ name: t('reports.publishedAt'), value: `${fmt.dateTime(report.published_at)}${report.published_by ? ` · ${report.published_by}` : ''}` }] : []),
          ...(report.digest ? [{ name: 'SHA-256', value: <code className="digest">{report.digest}</code> }] : []),
        ]}
      />
      {editing && <Reword report={report} onClose={() => edit(false)} />}
      <Confirm open={asking === 'release'} title={t('reports.releaseTitle')} text={t('reports.releaseText')} verb={t('reports.release')} busy={doing.busy === 'release'} onYes={() => void release().then(() => askFor(null))} onClose={() => askFor(null)} />
      <Confirm open={asking === 'discard'} harm title={t('reports.discardTitle')} text={t('reports.discardText')} verb={t('reports.discard')} busy={doing.busy === 'discard'} onYes={() => void discard().then(() => askFor(null))} onClose={() => askFor(null)} />
    </Page>
  )
}

function Reword({ report, onClose }: { report: WholeReport; onClose: () => void }) {
  const { t } = useText()
  const doing = useDoing(['report', report.id], ['reports'])
  const [words, setWords] = useState(report.words)
  const save = async () => {
    const done = await doing.run('save', () => ask(api.PUT('/api/insights/reports/{report_id}/words', { params: { path: { report_id: report.id } }, body: { words: words as never } })).then(() => true), t('reports.saved'))
    if (done) onClose()
  }
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('reports.reword')}
      actions={
        <Button kind="primary" busy={!!doing.busy} onClick={() => void save()}>
          {t('reports.save')}
        </Button>
      }
    >
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        <p className="muted small">{t('reports.rewordText')}</p>
        {languages.map((l) => (
          <div key={l} className="form-stack" lang={l}>
            <Field label={t('delays.titleIn', { language: t(`reports.languages.${l}`) })}>
              <Input value={words[l]?.title ?? ''} maxLength={200} onChange={(e) => setWords({ ...words, [l]: { title: e.target.value, summary: words[l]?.summary ?? '' } })} />
            </Field>
            <Field label={t('delays.textIn', { language: t(`reports.languages.${l}`) })}>
              <Textarea rows={6} value={words[l]?.summary ?? ''} onChange={(e) => setWords({ ...words, [l]: { title: words[l]?.title ?? '', summary: e.target.value } })} />
            </Field>
          </div>
        ))}
      </div>
    </Dialog>
  )
}
