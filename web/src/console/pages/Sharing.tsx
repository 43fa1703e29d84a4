import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import { usePages } from '../../api/pages'
import type { ExportView, PostView, WebhookView } from '../../api/schema'
import { Button, ButtonLink, Checkbox, Confirm, Dialog, EmptyState, Facts, Field, Input, Pager, RelativeTime, Section, Select, Tag, Textarea, type Tone } from '../../design'
import { useText } from '../../i18n'
import { useFactWords, useMay, useShops } from '../data'
import { Page } from '../Page'
import { DataTable } from '../parts'
import { Refusal } from '../Refusal'
import { Secret } from '../Secret'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'
import './Report.css'

const tones: Record<WebhookView['state'], Tone> = { on: 'jade', off: 'slate', gave_up: 'vermilion' }
const postTones: Record<PostView['state'], Tone> = { waiting: 'amber', delivered: 'jade', dropped: 'vermilion' }

/** Who outside is told what happens, and which files are made for them. */
export default function Sharing() {
  const { t, fmt } = useText()
  const { fact } = useFactWords()
  const may = useMay()
  const { nameOf } = useShops()
  const [adding, add] = useState(false)
  const [picked, pick] = useState<string | null>(null)
  const list = useQuery({ queryKey: ['webhooks'], queryFn: () => ask(api.GET('/api/webhooks')), refetchInterval: 15_000 })
  const rows = list.data ?? []
  const troubled = rows.filter((w) => w.state === 'gave_up' || w.failing_since).length
  const on = rows.filter((w) => w.state === 'on').length
  const one = rows.find((w) => w.id === picked)
  const finding = !list.data ? t('sharing.loading') : troubled ? t('sharing.troubled', { count: troubled }) : !rows.length ? t('sharing.none') : on ? t('sharing.fine', { count: on }) : t('sharing.allOff')
  return (
    <Page
      about={t('sharing.about')}
      finding={finding}
      tools={
        <>
          <ButtonLink href="/api/docs#sharing" target="_blank" icon="file">
            {t('sharing.docs')}
          </ButtonLink>
          {may('shops.write') && (
            <Button icon="plus" onClick={() => add(true)}>
              {t('sharing.add')}
            </Button>
          )}
        </>
      }
    >
      <p className="muted section-lead">{t('sharing.lead')}</p>
      <Section title={t('sharing.webhooks')}>
        <DataTable
          label={t('sharing.webhooks')}
          loading={list.isPending}
          error={list.error}
          onRetry={() => void list.refetch()}
          rows={rows}
          rowKey={(w) => w.id}
          onPick={(w) => pick(w.id)}
          empty={<EmptyState drawing="talk" title={t('sharing.empty')} text={t('sharing.emptyText')} />}
          columns={[
            { id: 'name', title: t('sharing.name'), cell: (w) => <span className="cell-two"><span>{w.name}</span><span>{w.url}</span></span> },
            { id: 'shop', title: t('scope.shop'), cell: (w) => (w.shop_id ? nameOf(w.shop_id) : t('scope.everyShop')) },
            { id: 'facts', title: t('sharing.facts'), cell: (w) => <span className="small">{fmt.list(w.facts.map(fact))}</span> },
            { id: 'grants', title: t('sharing.grants'), cell: (w) => (w.grants.length ? w.grants.map((g) => t(`sharing.grant.${g}`)).join('、') : t('sharing.idsOnly')) },
            { id: 'waiting', title: t('sharing.waiting'), end: true, cell: (w) => fmt.number(w.waiting) },
            { id: 'last', title: t('sharing.lastSuccess'), end: true, cell: (w) => (w.last_success_at ? <RelativeTime at={w.last_success_at} /> : '–') },
            { id: 'state', title: t('sharing.state'), cell: (w) => <Tag tone={w.state === 'on' && w.failing_since ? 'amber' : tones[w.state]}>{t(w.state === 'on' && w.failing_since ? 'sharing.failing' : `sharing.states.${w.state}`)}</Tag> },
          ]}
        />
      </Section>
      <Exports />
      {adding && <Add onClose={() => add(false)} />}
      {one && <One webhook={one} onClose={() => pick(null)} />}
    </Page>
  )
}

function usePossible() {
  return useQuery({ queryKey: ['sharable'], queryFn: () => ask(api.GET('/api/webhooks/facts')), staleTime: Infinity }).data
}

function Choices({ name, setName, url, setUrl, facts, setFacts, grants, setGrants }: { name: string; setName: (v: string) => void; url: string; setUrl: (v: string) => void; facts: string; setFacts: (v: string) => void; grants: string[]; setGrants: (v: string[]) => void }) {
  const { t } = useText()
  const { fact } = useFactWords()
  const possible = usePossible()
  return (
    <>
      <Field label={t('sharing.name')}>
        <Input value={name} maxLength={80} onChange={(e) => setName(e.target.value)} />
      </Field>
      <Field label={t('sharing.url')} hint={t('sharing.urlHint')}>
        <Input type="url" value={url} placeholder="https://" onChange={(e) => setUrl(e.target.value)} />
      </Field>
      <Field label={t('sharing.facts')} hint={t('sharing.factsHint', { count: possible?.facts.length ?? 0 })}>
        <Textarea rows={4} value={facts} onChange={(e) => setFacts(e.target.value)} />
      </Field>
      <details>
        <summary>{t('sharing.allFacts')}</summary>
        <p className="small">{possible?.facts.map((f) => <span key={f.name} className="fact-name"><code>{f.name}</code> {fact(f.name)}</span>)}</p>
      </details>
      <fieldset className="form-stack">
        <legend className="field-label">{t('sharing.grants')}</legend>
        <p className="muted small">{t('sharing.grantsHint')}</p>
        <div className="promise-choice">{possible?.grants.map((g) => <Checkbox key={g} label={t(`sharing.grant.${g}`)} checked={grants.includes(g)} onChange={(e) => setGrants(e.target.checked ? [...grants, g] : grants.filter((x) => x !== g))} />)}</div>
      </fieldset>
    </>
  )
}

const listed = (text: string) => text.split(/[\s,，、]+/).filter(Boolean)

function Add({ onClose }: { onClose: () => void }) {
  const { t } = useText()
  const lacks = useLacks()
  const doing = useDoing(['webhooks'])
  const [shop, setShop] = useState('')
  const [name, setName] = useState('')
  const [url, setUrl] = useState('')
  const [facts, setFacts] = useState('claim.*')
  const [grants, setGrants] = useState<string[]>([])
  const [secret, setSecret] = useState<string | null>(null)
  const make = async () => {
    const made = await doing.run('add', () => ask(api.POST('/api/webhooks', { body: { shop_id: shop || null, name, url, facts: listed(facts), grants } })), t('sharing.added'))
    if (made) setSecret(made.secret)
  }
  return (
    <Dialog
      open
      form="side"
      onClose={onClose}
      title={t('sharing.add')}
      actions={
        secret ? (
          <Button kind="primary" onClick={onClose}>
            {t('sharing.done')}
          </Button>
        ) : (
          <Button kind="primary" why={lacks(!name.trim() && t('sharing.name'), !url.trim() && t('sharing.url'), !listed(facts).length && t('sharing.facts'))} busy={!!doing.busy} onClick={() => void make()}>
            {t('sharing.add')}
          </Button>
        )
      }
    >
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        {secret ? (
          <>
            <p>{t('sharing.secretOnce')}</p>
            <Secret text={secret} />
          </>
        ) : (
          <>
            <Field label={t('scope.shop')}>
              <ShopPicker value={shop} onPick={setShop} />
            </Field>
            <Choices {...{ name, setName, url, setUrl, facts, setFacts, grants, setGrants }} />
          </>
        )}
      </div>
    </Dialog>
  )
}

function One({ webhook, onClose }: { webhook: WebhookView; onClose: () => void }) {
  const { t, fmt } = useText()
  const may = useMay()
  const doing = useDoing(['webhooks'], ['posts', webhook.id])
  const [name, setName] = useState(webhook.name)
  const [url, setUrl] = useState(webhook.url)
  const [facts, setFacts] = useState(webhook.facts.join('\n'))
  const [grants, setGrants] = useState(webhook.grants)
  const [secret, setSecret] = useState<string | null>(null)
  const [tried, setTried] = useState<string | null>(null)
  const [since, setSince] = useState(() => (webhook.off_at ?? new Date(Date.now() - 86_400_000).toISOString()).slice(0, 16))
  const [removing, remove] = useState(false)
  const path = { params: { path: { webhook_id: webhook.id } } }
  const write = may('shops.write')
  const posts = usePages<PostView>(['posts', webhook.id], (after) => ask(api.GET('/api/webhooks/{webhook_id}/posts', { params: { path: { webhook_id: webhook.id }, query: { after, limit: 20 } } })))
  const save = () => doing.run('save', () => ask(api.PATCH('/api/webhooks/{webhook_id}', { ...path, body: { name, url, facts: listed(facts), grants } })), t('reports.saved'))
  const rotate = async () => setSecret((await doing.run('secret', () => ask(api.POST('/api/webhooks/{webhook_id}/secret', { ...path, body: { old_for_hours: 24 } }))))?.secret ?? null)
  const test = async () => {
    const told = await doing.run('test', () => ask(api.POST('/api/webhooks/{webhook_id}/test', path)))
    if (told) setTried(told.taken ? t('sharing.tookIt', { status: told.status, ms: told.took_ms }) : t('sharing.refusedIt', { error: told.error ?? told.status }))
  }
  const replay = async () => {
    const told = await doing.run('replay', () => ask(api.POST('/api/webhooks/{webhook_id}/replay', { ...path, body: { since: new Date(since).toISOString() } })))
    if (told) setTried(t('sharing.replayed', { count: told.posts }))
  }
  const leave = async () => {
    if (await doing.run('remove', () => ask(api.DELETE('/api/webhooks/{webhook_id}', path)).then(() => true), t('sharing.removed'))) onClose()
  }
  return (
    <Dialog
      open
      form="side"
      wide
      onClose={onClose}
      title={webhook.name}
      actions={
        write && (
          <>
            <Button busy={doing.busy === 'switch'} onClick={() => void doing.run('switch', () => ask(api.POST('/api/webhooks/{webhook_id}/switch', { ...path, body: { on: webhook.state !== 'on' } })))}>
              {t(webhook.state === 'on' ? 'sharing.switchOff' : 'sharing.switchOn')}
            </Button>
            <Button kind="primary" busy={doing.busy === 'save'} onClick={() => void save()}>
              {t('reports.save')}
            </Button>
          </>
        )
      }
    >
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        {secret && (
          <>
            <p>{t('sharing.secretRotated')}</p>
            <Secret text={secret} />
          </>
        )}
        {tried && <p role="status">{tried}</p>}
        <Facts
          items={[
            { name: t('sharing.state'), value: <Tag tone={tones[webhook.state]}>{t(`sharing.states.${webhook.state}`)}</Tag> },
            ...(webhook.failing_since ? [{ name: t('sharing.failingSince'), value: `${fmt.dateTime(webhook.failing_since)} · ${webhook.last_error ?? ''}` }] : []),
            ...(webhook.old_secret_until ? [{ name: t('sharing.oldSecret'), value: fmt.dateTime(webhook.old_secret_until) }] : []),
            { name: t('sharing.waiting'), value: fmt.number(webhook.waiting) },
          ]}
        />
        {write && (
          <>
            <div className="sharing-row">
              <Button icon="check" busy={doing.busy === 'test'} onClick={() => void test()}>
                {t('sharing.test')}
              </Button>
              <Button icon="key" busy={doing.busy === 'secret'} onClick={() => void rotate()}>
                {t('sharing.rotate')}
              </Button>
              <Button icon="trash" onClick={() => remove(true)}>
                {t('sharing.remove')}
              </Button>
            </div>
            <Field label={t('sharing.replaySince')} hint={t('sharing.replayHint')}>
              <Input type="datetime-local" value={since} onChange={(e) => setSince(e.target.value)} />
            </Field>
            <Button icon="refresh" disabled={webhook.state !== 'on'} busy={doing.busy === 'replay'} onClick={() => void replay()}>
              {t('sharing.replay')}
            </Button>
            <Choices {...{ name, setName, url, setUrl, facts, setFacts, grants, setGrants }} />
          </>
        )}
        <Section title={t('sharing.log')}>
          <DataTable
            label={t('sharing.log')}
            loading={posts.loading}
            error={posts.error}
            onRetry={posts.retry}
            rows={posts.items}
            rowKey={(p) => p.id}
            empty={<EmptyState drawing="clear" title={t('sharing.noPosts')} text={t('sharing.noPostsText')} />}
            columns={[
              { id: 'state', title: t('sharing.state'), cell: (p) => <Tag tone={postTones[p.state]}>{t(`sharing.postStates.${p.state}`)}</Tag> },
              { id: 'fact', title: t('sharing.fact'), cell: (p) => <span className="cell-two"><code>{p.fact}</code><span>{p.error ?? p.id}</span></span> },
              { id: 'tries', title: t('sharing.tries'), end: true, cell: (p) => `${fmt.number(p.attempts)}${p.status ? ` · ${p.status}` : ''}` },
              { id: 'at', title: t('reports.at'), end: true, cell: (p) => <RelativeTime at={p.at} /> },
            ]}
            foot={<Pager shown={posts.items.length} hasMore={!!posts.hasMore} loading={posts.loadingMore} error={posts.moreError} onMore={posts.more} />}
          />
        </Section>
      </div>
      <Confirm open={removing} harm title={t('sharing.removeTitle')} text={t('sharing.removeText')} verb={t('sharing.remove')} busy={doing.busy === 'remove'} onYes={() => void leave()} onClose={() => remove(false)} />
    </Dialog>
  )
}

function Exports() {
  const { t, fmt } = useText()
  const may = useMay()
  const { nameOf } = useShops()
  const doing = useDoing(['exports'])
  const [adding, add] = useState(false)
  const list = useQuery({ queryKey: ['exports'], queryFn: () => ask(api.GET('/api/insights/exports')), refetchInterval: 30_000 })
  const path = (plan: ExportView) => ({ params: { path: { export_id: plan.id } } })
  return (
    <Section
      title={t('exports.title')}
      lead={t('exports.lead')}
      aside={
        may('insights.write') && (
          <Button small icon="plus" onClick={() => add(true)}>
            {t('exports.add')}
          </Button>
        )
      }
    >
      <Refusal problem={doing.problem} />
      <DataTable
        label={t('exports.title')}
        loading={list.isPending}
        error={list.error}
        onRetry={() => void list.refetch()}
        rows={list.data ?? []}
        rowKey={(x) => x.id}
        empty={<EmptyState drawing="search" title={t('exports.empty')} text={t('exports.emptyText')} />}
        columns={[
          { id: 'name', title: t('sharing.name'), cell: (x) => <span className="cell-two"><span>{x.name}</span><span>{[x.source === 'indicators' ? t('exports.indicators') : t(`exports.tables.${x.table_name}`), x.form.toUpperCase(), t(`exports.every.${x.every}`), x.shop_id ? nameOf(x.shop_id) : t('scope.everyShop')].join(' · ')}</span></span> },
          { id: 'next', title: t('exports.next'), cell: (x) => fmt.dateTime(x.next_at) },
          {
            id: 'files',
            title: t('exports.files'),
            cell: (x) =>
              x.files.length ? (
                <span className="sharing-row">
                  {x.files.slice(0, 4).map((f) =>
                    f.error ? (
                      <Tag key={f.id} tone="vermilion">
                        {f.error}
                      </Tag>
                    ) : (
                      <a key={f.id} href={`/api/insights/exports/files/${f.id}`} download>
                        {f.file_name} <span className="muted small">{t('exports.rows', { rows: fmt.number(f.rows ?? 0), size: fmt.bytes(f.bytes ?? 0) })}</span>
                      </a>
                    ),
                  )}
                </span>
              ) : (
                <span className="muted">{t('exports.noFiles')}</span>
              ),
          },
          {
            id: 'do',
            title: '',
            end: true,
            cell: (x) =>
              may('insights.write') && (
                <span className="cell-actions">
                  <Button small busy={doing.busy === `now${x.id}`} onClick={() => void doing.run(`now${x.id}`, () => ask(api.POST('/api/insights/exports/{export_id}/now', path(x))).then(() => true), t('exports.asked'))}>
                    {t('exports.now')}
                  </Button>
                  <Button small icon="trash" busy={doing.busy === `rm${x.id}`} onClick={() => void doing.run(`rm${x.id}`, () => ask(api.DELETE('/api/insights/exports/{export_id}', path(x))).then(() => true), t('exports.removed'))}>
                    {t('exports.remove')}
                  </Button>
                </span>
              ),
          },
        ]}
      />
      {adding && <AddExport onClose={() => add(false)} />}
    </Section>
  )
}

function AddExport({ onClose }: { onClose: () => void }) {
  const { t } = useText()
  const lacks = useLacks()
  const doing = useDoing(['exports'])
  const possible = useQuery({ queryKey: ['exportable'], queryFn: () => ask(api.GET('/api/insights/exports/possible')), staleTime: Infinity }).data
  const [shop, setShop] = useState('')
  const [name, setName] = useState('')
  const [what, setWhat] = useState('indicators')
  const [form, setForm] = useState<ExportView['form']>('xlsx')
  const [every, setEvery] = useState<ExportView['every']>('week')
  const [grants, setGrants] = useState<string[]>([])
  const make = async () => {
    const made = await doing.run('add', () => ask(api.POST('/api/insights/exports', { body: { shop_id: shop || null, name, source: what === 'indicators' ? 'indicators' : 'table', table_name: what === 'indicators' ? null : what, form, every, grants } })), t('exports.added'))
    if (made) onClose()
  }
  return (
    <Dialog
      open
      form="side"
      onClose={onClose}
      title={t('exports.add')}
      actions={
        <Button kind="primary" why={lacks(!name.trim() && t('sharing.name'))} busy={!!doing.busy} onClick={() => void make()}>
          {t('exports.add')}
        </Button>
      }
    >
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        <Field label={t('sharing.name')}>
          <Input value={name} maxLength={80} onChange={(e) => setName(e.target.value)} />
        </Field>
        <Field label={t('scope.shop')}>
          <ShopPicker value={shop} onPick={setShop} />
        </Field>
        <Field label={t('exports.what')}>
          <Select value={what} onPick={setWhat} choices={[{ value: 'indicators', label: t('exports.indicators') }, ...(possible?.tables ?? []).map((name) => ({ value: name, label: t(`exports.tables.${name}`) }))]} />
        </Field>
        <Field label={t('exports.form')}>
          <Select value={form} onPick={(v) => setForm(v)} choices={(['xlsx', 'csv', 'parquet'] as const).map((value) => ({ value, label: value === 'xlsx' ? 'Excel' : value === 'csv' ? 'CSV' : 'Parquet' }))} />
        </Field>
        <Field label={t('exports.often')}>
          <Select value={every} onPick={(v) => setEvery(v)} choices={(['day', 'week', 'month'] as const).map((value) => ({ value, label: t(`exports.every.${value}`) }))} />
        </Field>
        {what !== 'indicators' && (
          <fieldset className="form-stack">
            <legend className="field-label">{t('sharing.grants')}</legend>
            <p className="muted small">{t('exports.grantsHint')}</p>
            {possible?.grants.map((g) => <Checkbox key={g} label={t(`exports.grant.${g}`)} checked={grants.includes(g)} onChange={(e) => setGrants(e.target.checked ? [...grants, g] : grants.filter((one) => one !== g))} />)}
          </fieldset>
        )}
      </div>
    </Dialog>
  )
}
