import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useLocation } from 'wouter'
import { api, ask } from '../../api/client'
import type { ReportView, WarningView } from '../../api/schema'
import { Button, Dialog, EmptyState, Field, Input, RelativeTime, Section, Select, Tag, Textarea, type Tone } from '../../design'
import { useText } from '../../i18n'
import { useMay } from '../data'
import { Page } from '../Page'
import { DataTable, ScopeTools } from '../parts'
import { Refusal } from '../Refusal'
import { useScope } from '../scope'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'

type Locale = 'zh-CN' | 'zh-TW' | 'en'
const tones: Record<ReportView['state'], Tone> = { draft: 'amber', published: 'jade', discarded: 'plain' }
const warningTones: Record<WarningView['state'], Tone> = { draft: 'amber', published: 'jade', withdrawn: 'slate', discarded: 'plain' }

/** Whole days of a report, in words: `until` is the first day after. */
export function useDays(): (since: string, until: string, span?: string) => string {
  const { t, fmt, locale } = useText()
  return (since, until, span) => {
    const [y = 0, m = 1] = since.split('-').map(Number)
    if (span === 'month') return new Date(y, m - 1, 1).toLocaleDateString(locale, { year: 'numeric', month: 'long' })
    if (span === 'quarter') return t('reports.quarter', { year: y, quarter: Math.ceil(m / 3) })
    const last = new Date(`${until}T12:00:00`)
    last.setDate(last.getDate() - 1)
    return t('reports.fromTo', { from: fmt.date(`${since}T12:00:00`), to: fmt.date(last) })
  }
}

/** What was told about the promises: reports of months and quarters, and warnings ahead of delays. */
export default function Reports() {
  const { t, fmt, locale } = useText()
  const { shop } = useScope()
  const may = useMay()
  const [, go] = useLocation()
  const [drafting, setDrafting] = useState(false)
  const daysOf = useDays()
  const list = useQuery({ queryKey: ['reports', shop], queryFn: () => ask(api.GET('/api/insights/reports', { params: { query: { shop_id: shop || undefined } } })) })
  const rows = list.data ?? []
  const drafts = rows.filter((r) => r.state === 'draft').length
  const last = rows.find((r) => r.state === 'published')
  const finding = !list.data ? t('reports.loading') : drafts ? t('reports.findingDrafts', { count: drafts }) : last ? t('reports.findingLast', { number: last.number, period: daysOf(last.since_on, last.until_on, last.span) }) : t('reports.none')
  return (
    <Page
      about={t('reports.about')}
      finding={finding}
      tools={
        <ScopeTools noPeriod>
          {may('insights.write') && (
            <Button icon="plus" onClick={() => setDrafting(true)}>
              {t('reports.new')}
            </Button>
          )}
        </ScopeTools>
      }
    >
      <p className="muted section-lead">{t('reports.lead')}</p>
      <Section title={t('reports.list')}>
        <DataTable
          label={t('reports.list')}
          loading={list.isPending}
          error={list.error}
          onRetry={() => void list.refetch()}
          rows={rows}
          atFirst={10}
          rowKey={(r) => r.id}
          onPick={(r) => go(`/insight/report/${r.id}`)}
          empty={<EmptyState drawing="search" title={t('reports.empty')} text={t('reports.emptyText')} />}
          columns={[
            { id: 'number', title: t('reports.number'), cell: (r) => (r.number ? <strong>{r.number}</strong> : <span className="muted">–</span>) },
            {
              id: 'what',
              title: t('reports.title'),
              cell: (r) => (
                <span className="cell-two">
                  <Link href={`/insight/report/${r.id}`}>{r.words[locale]?.title ?? Object.values(r.words)[0]?.title}</Link>
                  <span>{[r.shop ?? t('reports.everyShop'), t(`reports.audience.${r.audience}`), r.corrects && t('reports.corrects', { number: r.corrects }), r.corrected_by && t('reports.correctedBy', { number: r.corrected_by })].filter(Boolean).join(' · ')}</span>
                </span>
              ),
            },
            { id: 'period', title: t('reports.period'), cell: (r) => daysOf(r.since_on, r.until_on, r.span) },
            { id: 'kept', title: t('reports.kept'), end: true, cell: (r) => (r.judged ? t('reports.keptOf', { kept: fmt.number(r.kept), judged: fmt.number(r.judged) }) : '–') },
            { id: 'score', title: t('reports.score'), end: true, cell: (r) => (r.score == null ? '–' : fmt.number(r.score)) },
            { id: 'state', title: t('reports.state'), cell: (r) => <Tag tone={tones[r.state]}>{t(`reports.states.${r.state}`)}</Tag> },
            { id: 'at', title: t('reports.at'), end: true, cell: (r) => <RelativeTime at={r.published_at ?? r.drafted_at} /> },
          ]}
        />
      </Section>
      <Warnings />
      {drafting && <Draft onClose={() => setDrafting(false)} />}
    </Page>
  )
}

function Draft({ onClose }: { onClose: () => void }) {
  const { t } = useText()
  const scope = useScope()
  const [, go] = useLocation()
  const [shop, setShop] = useState(scope.shop)
  const [audience, setAudience] = useState<'house' | 'public'>('house')
  const [span, setSpan] = useState<'month' | 'quarter' | 'days'>('month')
  const today = new Date()
  const lastMonth = new Date(today.getFullYear(), today.getMonth() - 1, 1, 12)
  const [month, setMonth] = useState(lastMonth.toISOString().slice(0, 7))
  const [from, setFrom] = useState(`${lastMonth.toISOString().slice(0, 7)}-01`)
  const [until, setUntil] = useState(today.toISOString().slice(0, 10))
  const doing = useDoing(['reports'])
  const since = span === 'days' ? from : span === 'quarter' ? `${month.slice(0, 4)}-${String(Math.floor((Number(month.slice(5)) - 1) / 3) * 3 + 1).padStart(2, '0')}-01` : `${month}-01`
  const make = async () => {
    const made = await doing.run('draft', () => ask(api.POST('/api/insights/reports', { body: { shop_id: shop || null, audience, span, since_on: since, until_on: span === 'days' ? until : null } })))
    if (made) go(`/insight/report/${made.id}`)
  }
  return (
    <Dialog
      open
      form="side"
      onClose={onClose}
      title={t('reports.new')}
      actions={
        <Button kind="primary" busy={!!doing.busy} onClick={() => void make()}>
          {t('reports.draft')}
        </Button>
      }
    >
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        <Field label={t('scope.shop')}>
          <ShopPicker value={shop} onPick={setShop} />
        </Field>
        <Field label={t('reports.audienceName')}>
          <Select value={audience} onPick={(v) => setAudience(v)} choices={(['house', 'public'] as const).map((v) => ({ value: v, label: t(`reports.audience.${v}`) }))} />
        </Field>
        <Field label={t('reports.span')}>
          <Select value={span} onPick={(v) => setSpan(v)} choices={(['month', 'quarter', 'days'] as const).map((v) => ({ value: v, label: t(`reports.spans.${v}`) }))} />
        </Field>
        {span === 'days' ? (
          <>
            <Field label={t('reports.from')}>
              <Input type="date" value={from} onChange={(e) => setFrom(e.target.value)} />
            </Field>
            <Field label={t('reports.before')}>
              <Input type="date" value={until} onChange={(e) => setUntil(e.target.value)} />
            </Field>
          </>
        ) : (
          <Field label={t('reports.month')} hint={span === 'quarter' ? t('reports.monthOfQuarter') : undefined}>
            <Input type="month" value={month} onChange={(e) => setMonth(e.target.value)} />
          </Field>
        )}
      </div>
    </Dialog>
  )
}

function Warnings() {
  const { t, fmt, locale } = useText()
  const { shop } = useScope()
  const [picked, pick] = useState<WarningView | null>(null)
  const list = useQuery({ queryKey: ['delayWarnings', shop], queryFn: () => ask(api.GET('/api/insights/warnings/logistics', { params: { query: { shop_id: shop || undefined } } })) })
  return (
    <Section title={t('delays.title')} lead={t('delays.lead')}>
      <DataTable
        label={t('delays.title')}
        loading={list.isPending}
        error={list.error}
        onRetry={() => void list.refetch()}
        rows={list.data ?? []}
        atFirst={8}
        rowKey={(w) => w.id}
        onPick={pick}
        empty={<EmptyState drawing="parcel" title={t('delays.empty')} text={t('delays.emptyText')} />}
        columns={[
          { id: 'what', title: t('delays.what'), cell: (w) => <span className="cell-two"><span>{w.words[locale]?.title ?? Object.values(w.words)[0]?.title}</span><span>{w.shop ?? t('reports.everyShop')}</span></span> },
          { id: 'days', title: t('delays.days'), cell: (w) => t('reports.fromTo', { from: fmt.date(`${w.begins_on}T12:00:00`), to: fmt.date(`${w.ends_on}T12:00:00`) }) },
          { id: 'state', title: t('reports.state'), cell: (w) => <Tag tone={warningTones[w.state]}>{t(`delays.states.${w.state}`)}</Tag> },
          { id: 'at', title: t('reports.at'), end: true, cell: (w) => <RelativeTime at={w.published_at ?? w.drafted_at} /> },
        ]}
      />
      {picked && <OneWarning key={picked.id} warning={picked} onClose={() => pick(null)} />}
    </Section>
  )
}

function OneWarning({ warning, onClose }: { warning: WarningView; onClose: () => void }) {
  const { t } = useText()
  const may = useMay()
  const doing = useDoing(['delayWarnings'])
  const [words, setWords] = useState(warning.words)
  const [begins, setBegins] = useState(warning.begins_on)
  const [ends, setEnds] = useState(warning.ends_on)
  const open = warning.state === 'draft' && may('insights.write')
  const path = { params: { path: { warning_id: warning.id } } }
  const save = () => ask(api.PATCH('/api/insights/warnings/logistics/{warning_id}', { ...path, body: { begins_on: begins, ends_on: ends, words: words as never } })).then(() => true)
  const act = async (id: string, what: () => Promise<unknown>, done: string) => {
    if ((await doing.run(id, () => what().then(() => true), done)) !== null) onClose()
  }
  return (
    <Dialog
      open
      form="side"
      onClose={onClose}
      title={t('delays.one')}
      actions={
        <>
          {open && (
            <Button busy={doing.busy === 'save'} onClick={() => void act('save', save, t('reports.saved'))}>
              {t('reports.save')}
            </Button>
          )}
          {(warning.state === 'draft' ? may('insights.write') : warning.state === 'published' && may('reports.release')) && (
            <Button kind="harm" busy={doing.busy === 'withdraw'} onClick={() => void act('withdraw', () => ask(api.POST('/api/insights/warnings/logistics/{warning_id}/withdraw', path)), t('delays.gone'))}>
              {t(warning.state === 'draft' ? 'reports.discard' : 'delays.withdraw')}
            </Button>
          )}
          {warning.state === 'draft' && may('reports.release') && (
            <Button kind="primary" busy={doing.busy === 'release'} onClick={() => void act('release', async () => { if (open) await save(); await ask(api.POST('/api/insights/warnings/logistics/{warning_id}/release', path)) }, t('delays.published'))}>
              {t('delays.publish')}
            </Button>
          )}
        </>
      }
    >
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        <Field label={t('delays.begins')}>
          <Input type="date" value={begins} disabled={!open} onChange={(e) => setBegins(e.target.value)} />
        </Field>
        <Field label={t('delays.ends')}>
          <Input type="date" value={ends} disabled={!open} onChange={(e) => setEnds(e.target.value)} />
        </Field>
        {(['zh-CN', 'zh-TW', 'en'] as Locale[]).map((l) => (
          <div key={l} className="form-stack" lang={l}>
            <Field label={t('delays.titleIn', { language: t(`reports.languages.${l}`) })}>
              <Input value={words[l]?.title ?? ''} disabled={!open} onChange={(e) => setWords({ ...words, [l]: { title: e.target.value, text: words[l]?.text ?? '' } })} />
            </Field>
            <Field label={t('delays.textIn', { language: t(`reports.languages.${l}`) })}>
              <Textarea rows={5} value={words[l]?.text ?? ''} disabled={!open} onChange={(e) => setWords({ ...words, [l]: { title: words[l]?.title ?? '', text: e.target.value } })} />
            </Field>
          </div>
        ))}
      </div>
    </Dialog>
  )
}
