import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useLocation, useSearch } from 'wouter'
import { api, ask } from '../../api/client'
import { usePages } from '../../api/pages'
import type { AuditLine } from '../../api/schema'
import { Button, EmptyState, Input, Pager, Section, Select, Tag } from '../../design'
import { useText } from '../../i18n'
import { saveCsv } from '../../staff/csv'
import { caseHref, useFactWords, useMay, useShops } from '../data'
import { Page } from '../Page'
import { PeriodPicker } from '../PeriodPicker'
import { DataTable } from '../parts'
import { spanOf, useScope } from '../scope'
import './Journal.css'

const MOST_EXPORTED = 10_000
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Every fact with who did it; a line leads to all that happened to the same thing. */
export default function Journal() {
  const { t, has, fmt } = useText()
  const may = useMay()
  const { nameOf } = useShops()
  const { period, pickPeriod } = useScope()
  const [, go] = useLocation()
  const asked = new URLSearchParams(useSearch()).get('object') ?? ''
  const [name, setName] = useState('')
  const [actor, setActor] = useState('')
  const [typed, setTyped] = useState(asked)
  const [saving, setSaving] = useState(false)
  useEffect(() => setTyped(asked), [asked])
  const names = useQuery({ queryKey: ['factNames'], queryFn: () => ask(api.GET('/api/journal/names')), staleTime: Infinity })
  const people = useQuery({ queryKey: ['users', 'actors'], queryFn: () => ask(api.GET('/api/users', { params: { query: { limit: 200 } } })), enabled: may('users.read'), staleTime: 60_000 })
  const group = name.endsWith('.*') ? name.slice(0, -1) : null
  const chosen = group ? (names.data?.names ?? []).filter((n) => n.startsWith(group)) : name ? [name] : []
  const object = UUID.test(asked) ? asked : undefined
  const query = object ? { object_id: object } : { ...spanOf(period), name: chosen.length ? chosen : undefined, actor_id: actor || undefined }
  const page = (after: string | undefined, limit: number) => ask(api.GET('/api/journal', { params: { query: { ...query, after, limit } } }))
  const list = usePages<AuditLine>(['journal', query], (after) => page(after, 50))
  const groups = [...new Set((names.data?.names ?? []).map((n) => n.split('.')[0] ?? n))]
  const who = (line: AuditLine) => line.actor_name ?? (has(`actor.${line.actor_kind}`) ? t(`actor.${line.actor_kind}`) : line.actor_kind)
  const { fact: called } = useFactWords()
  const search = (id: string) => go(id ? `/journal?object=${id}` : '/journal')
  const save = async () => {
    setSaving(true)
    try {
      const rows: AuditLine[] = []
      let after: string | undefined
      do {
        const got = await page(after, 200)
        rows.push(...got.items)
        after = got.next ?? undefined
      } while (after && rows.length < MOST_EXPORTED)
      saveCsv('journal.csv', [t('journal.at'), t('journal.position'), t('journal.name'), t('journal.fact'), t('journal.actor'), t('journal.actorId'), t('column.shop'), t('journal.data')], rows.map((r) => [r.at, r.position, r.name, called(r.name), who(r), r.actor_id, r.shop_id ? nameOf(r.shop_id) : '', JSON.stringify(r.data)]))
    } finally {
      setSaving(false)
    }
  }
  return (
    <Page
      about={t('journal.about')}
      finding={object ? t('journal.ofOne') : t('journal.finding')}
      tools={
        <>
          {!object && <PeriodPicker period={period} onPick={pickPeriod} />}
          <Button icon="download" busy={saving} onClick={() => void save()}>
            {t('action.csv')}
          </Button>
        </>
      }
    >
      <Section>
        <div className="filters">
          <Input icon="search" aria-label={t('journal.object')} placeholder={t('journal.object')} value={typed} onChange={(e) => { setTyped(e.target.value); const id = e.target.value.trim(); if (!id || UUID.test(id)) search(id) }} />
          {!object && (
            <>
              <Select aria-label={t('journal.fact')} value={name} onPick={setName} choices={[{ value: '', label: t('journal.everyFact') }, ...groups.flatMap((g) => [{ value: `${g}.*`, label: called(`${g}.*`) }, ...(names.data?.names ?? []).filter((n) => n.startsWith(`${g}.`)).map((n) => ({ value: n, label: `　${called(n)}` }))])]} />
              {may('users.read') && <Select aria-label={t('journal.actor')} value={actor} onPick={setActor} choices={[{ value: '', label: t('journal.everybody') }, ...(people.data?.items ?? []).map((p) => ({ value: p.id, label: p.name }))]} />}
            </>
          )}
          {object && (
            <Button icon="close" onClick={() => search('')}>
              {t('journal.whole')}
            </Button>
          )}
        </div>
        <DataTable
          label={t('journal.about')}
          loading={list.loading}
          error={list.error}
          onRetry={list.retry}
          rows={list.items}
          rowKey={(r) => String(r.position)}
          empty={<EmptyState drawing="search" title={t('journal.none')} text={t('journal.noneText')} />}
          columns={[
            { id: 'at', title: t('journal.at'), cell: (r) => <time dateTime={r.at} title={fmt.exact(r.at)}>{fmt.dateTime(r.at)}</time> },
            { id: 'who', title: t('journal.actor'), cell: (r) => (r.actor_name ? r.actor_name : <Tag>{who(r)}</Tag>) },
            { id: 'what', title: t('journal.fact'), cell: (r) => <span title={r.name}>{called(r.name)}</span> },
            { id: 'shop', title: t('column.shop'), cell: (r) => (r.shop_id ? nameOf(r.shop_id) : '–') },
            { id: 'data', title: t('journal.data'), width: '42%', cell: (r) => <Data line={r} mayCases={may('cases.read')} onObject={search} /> },
          ]}
          foot={<Pager shown={list.items.length} hasMore={!!list.hasMore} loading={list.loadingMore} error={list.moreError} onMore={list.more} />}
        />
      </Section>
    </Page>
  )
}

/** What a fact says: things lead to all that happened to them, the rest is written out. */
function Data({ line, mayCases, onObject }: { line: AuditLine; mayCases: boolean; onObject: (id: string) => void }) {
  const { t } = useText()
  const { thing } = useFactWords()
  const entries = Object.entries(line.data)
  const things = entries.filter(([k, v]) => k.endsWith('_id') && typeof v === 'string')
  const rest = entries.filter(([k]) => !k.endsWith('_id'))
  return (
    <span className="fact-data">
      {things.map(([k, v]) => (
        <button key={k} type="button" className="fact-thing" title={String(v)} onClick={() => onObject(String(v))}>
          {thing(k.replace(/_id$/, ''))} <span className="muted">…{String(v).slice(-6)}</span>
        </button>
      ))}
      {mayCases && typeof line.data.case_id === 'string' && <a href={caseHref(line.data.case_id)}>{t('journal.toDesk')}</a>}
      {rest.length > 0 && (
        <details className="fact-raw">
          <summary>{t('journal.raw')}</summary>
          <code>{JSON.stringify(Object.fromEntries(rest), null, 1)}</code>
        </details>
      )}
    </span>
  )
}
