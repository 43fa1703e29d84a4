import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { useLocation } from 'wouter'
import { api, ask, newKey } from '../../api/client'
import type { LawPack, TriedPolicy } from '../../api/schema'
import { Button, Checkbox, Confirm, EmptyState, ErrorState, IconButton, Input, Money, Section, Segmented, Select, SkeletonRows, Tag, Textarea } from '../../design'
import { useText } from '../../i18n'
import { useMay, useWords } from '../data'
import { offer } from '../decisions'
import { Page } from '../Page'
import { DataTable, Figures, NoShop, useOneShop } from '../parts'
import { type AutomaticRule, changedRules, type Grant, mistakesAt, movedRule, type PolicyDocument, policyOf, type Test, withRule, withValue } from '../policy'
import { AddRule } from '../AddRule'
import { Refusal } from '../Refusal'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import './Policies.css'

const MOST_DAYS_TRIED = 365
const payers = ['shop', 'customer', 'nobody'] as const
const outcomes = ['approve', 'manual', 'reject'] as const

/** The policy of one shop: read, changed, tried on the past, published; the law beside it. */
export default function Policies() {
  const { t, fmt } = useText()
  const may = useMay()
  const { one: shop, shops, loading, error, retry, pickShop } = useOneShop()
  const versions = useQuery({
    queryKey: ['policies', shop?.id],
    queryFn: () => ask(api.GET('/api/shops/{shop_id}/policies', { params: { path: { shop_id: shop?.id ?? '' } } })),
    enabled: !!shop,
  })
  const law = useQuery({ queryKey: ['law', shop?.market], queryFn: () => ask(api.GET('/api/laws/{country}', { params: { path: { country: shop?.market ?? 'CN' } } })), enabled: !!shop, staleTime: Infinity })
  const [picked, pick] = useState<number | null>(null)
  const [draft, setDraft] = useState<PolicyDocument | null>(null)
  const [form, setForm] = useState<'cards' | 'json'>('cards')
  const [text, setText] = useState('')
  const [unreadable, setUnreadable] = useState<string | null>(null)
  const [asking, ask_] = useState<number | null>(null)
  const [tried, setTried] = useState<TriedPolicy | null>(null)
  const [key, setKey] = useState(newKey)
  const [, go] = useLocation()
  const doing = useDoing(['policies', shop?.id])
  const all = versions.data ?? []
  const inForce = all.find((v) => v.published_at) ?? all.find((v) => v.version === 0)
  const shown = all.find((v) => v.version === picked) ?? inForce ?? all[0]
  const saved = useMemo(() => (shown ? policyOf(shown.document) : null), [shown])
  useEffect(() => {
    setDraft(null)
    setTried(null)
    setUnreadable(null)
    doing.forget()
    // A different version or shop begins anew.
  }, [shown?.version, shop?.id])
  const policy = draft ?? saved
  const changed = draft && saved ? changedRules(draft, saved) : []
  const may_write = may('policies.write')
  const edit = (next: PolicyDocument) => {
    setDraft(next)
    setTried(null)
    doing.forget()
  }
  const showJson = () => {
    setText(JSON.stringify(policy, null, 2))
    setForm('json')
  }
  const readJson = (typed: string) => {
    setText(typed)
    try {
      edit(policyOf(JSON.parse(typed) as Record<string, unknown>))
      setUnreadable(null)
    } catch (wrong) {
      setUnreadable(wrong instanceof Error ? wrong.message : String(wrong))
    }
  }
  const document = policy as unknown as Record<string, unknown>
  const tryIt = async () => {
    const result = await doing.run('try', () => ask(api.POST('/api/shops/{shop_id}/policies/try', { params: { path: { shop_id: shop?.id ?? '' } }, body: { document, days: MOST_DAYS_TRIED } })))
    if (result) setTried(result)
  }
  const save = async () => {
    const result = await doing.run('save', () => ask(api.POST('/api/shops/{shop_id}/policies', { params: { path: { shop_id: shop?.id ?? '' } }, body: { document }, headers: { 'Idempotency-Key': key } })), t('policy.saved'))
    if (result) {
      setKey(newKey())
      setDraft(null)
      pick(result.version)
    }
  }
  const publish = async (version: number) => {
    await doing.run('publish', () => ask(api.POST('/api/shops/{shop_id}/policies/{version}/publish', { params: { path: { shop_id: shop?.id ?? '', version } } })), t('policy.published', { version }))
    ask_(null)
  }
  if (error) return <ErrorState error={error} onRetry={retry} />
  if (!loading && !shops.length) return <NoShop />
  const finding = !shown ? t('policy.loading') : draft ? t('policy.changing', { count: changed.length }) : shown.version === 0 ? t('policy.builtIn') : shown.published_at ? (shown === inForce ? t('policy.inForce', { version: shown.version, at: fmt.dateTime(shown.published_at) }) : t('policy.old', { version: shown.version })) : t('policy.draft', { version: shown.version })
  const mistakes = doing.problem?.fields ?? {}
  return (
    <Page
      about={t('policy.about')}
      finding={finding}
      tools={
        <>
          <ShopPicker every={false} value={shop?.id ?? ''} onPick={pickShop} />
          {all.length > 0 && (
            <Select
              aria-label={t('policy.version')}
              value={String(shown?.version ?? '')}
              onPick={(v) => pick(Number(v))}
              choices={all.map((v) => ({ value: String(v.version), label: v.version === 0 ? t('policy.versionBuiltIn') : t(v.published_at ? (v === inForce ? 'policy.versionNow' : 'policy.versionOld') : 'policy.versionDraft', { version: v.version }) }))}
            />
          )}
        </>
      }
    >
      {versions.error ? (
        <ErrorState error={versions.error} onRetry={() => void versions.refetch()} />
      ) : !policy ? (
        <SkeletonRows />
      ) : (
        <div className="side-by-side policy">
          <div>
            <div className="policy-bar">
              <Segmented label={t('policy.form')} value={form} onPick={(f) => (f === 'json' ? showJson() : setForm('cards'))} choices={[{ value: 'cards', label: t('policy.cards') }, { value: 'json', label: 'JSON' }]} />
              <span className="spread" />
              {draft && (
                <Button small kind="quiet" onClick={() => { setDraft(null); setTried(null); if (saved) setText(JSON.stringify(saved, null, 2)) }}>
                  {t('policy.discard')}
                </Button>
              )}
              <Button icon="scales" busy={doing.busy === 'try'} disabled={!!unreadable} onClick={() => void tryIt()}>
                {t('policy.try')}
              </Button>
              {may_write && draft && (
                <Button kind="primary" busy={doing.busy === 'save'} why={!unreadable && !changed.length && t('form.unchanged')} disabled={!!unreadable} onClick={() => void save()}>
                  {t('policy.save')}
                </Button>
              )}
              {may('insights.write') && !draft && shop && shown && shown.version > 0 && !shown.published_at && (
                <Button icon="scales" onClick={() => go(offer({ kind: 'policy', subject: { versions: { [shop.id]: shown.version } }, shop: shop.id }))}>
                  {t('nav.tryAsDecision')}
                </Button>
              )}
              {may_write && !draft && shown && shown.version > 0 && !shown.published_at && (
                <Button kind="primary" onClick={() => ask_(shown.version)}>
                  {t('policy.publish')}
                </Button>
              )}
            </div>
            <Refusal problem={doing.problem} />
            {Object.keys(mistakes).length > 0 && (
              <ul className="mistakes">
                {Object.entries(mistakes).map(([path, why]) => (
                  <li key={path}>
                    <code>{path || t('policy.whole')}</code> {why}
                  </li>
                ))}
              </ul>
            )}
            {tried && shop && <Tried tried={tried} currency={shop.currency} />}
            {form === 'json' ? (
              <>
                <Textarea className="json" aria-label="JSON" spellCheck={false} rows={36} value={text} readOnly={!may_write} onChange={(e) => readJson(e.target.value)} aria-invalid={!!unreadable || undefined} />
                {unreadable && <p className="field-error" role="alert">{t('policy.unreadable', { why: unreadable })}</p>}
              </>
            ) : (
              <Cards policy={policy} currency={shop?.currency ?? 'CNY'} edit={may_write ? edit : null} mistakes={mistakes} changed={changed} />
            )}
          </div>
          <Law law={law.data} error={law.error} />
        </div>
      )}
      <Confirm
        open={asking !== null}
        onClose={() => ask_(null)}
        title={t('policy.publishAsk', { version: asking ?? 0, shop: shop?.name ?? '' })}
        text={<p>{t('policy.publishText')}</p>}
        verb={t('policy.publish')}
        busy={doing.busy === 'publish'}
        onYes={() => asking !== null && void publish(asking)}
      />
    </Page>
  )
}

function Tried({ tried, currency }: { tried: TriedPolicy; currency: string }) {
  const { t, fmt } = useText()
  const word = (outcome: string) => t(`outcome.${outcome}`)
  const cost = tried.cost_difference_cents
  const top = useRef<HTMLDivElement>(null)
  // Whoever tries stands somewhere among the rules; the answer is above them.
  useEffect(() => {
    top.current?.scrollIntoView({ block: 'center' })
  }, [tried])
  const money = `${cost > 0 ? '+' : cost < 0 ? '−' : ''}${fmt.money(Math.abs(cost), currency)}`
  return (
    <div ref={top}>
    <Section className="tried" title={tried.changed.length ? t('tried.title', { count: tried.changed.length, money }) : t('tried.same', { count: tried.looked_at })} lead={t('tried.lead', { count: tried.looked_at })}>
      <Figures
        items={[
          { id: 'n', value: fmt.number(tried.looked_at), name: t('tried.looked') },
          { id: 'c', value: fmt.number(tried.changed.length), name: t('tried.changed') },
          { id: 'm', value: money, name: t('tried.cost') },
          { id: 'f', value: fmt.number(Math.abs(tried.fewer_for_people)), name: t(tried.fewer_for_people >= 0 ? 'tried.fewer' : 'tried.more') },
        ]}
      />
      {tried.changed.length > 0 && (
        <DataTable
          label={t('tried.changed')}
          rows={tried.changed.slice(0, 50)}
          rowKey={(r) => r.reference}
          empty={null}
          columns={[
            { id: 'ref', title: t('column.claim'), cell: (r) => r.reference },
            { id: 'before', title: t('tried.before'), cell: (r) => <Tag>{word(r.before)}</Tag> },
            { id: 'after', title: t('tried.after'), cell: (r) => <Tag tone={r.after === 'approve' ? 'jade' : 'plain'}>{word(r.after)}</Tag> },
            { id: 'cost', title: t('tried.cost'), end: true, cell: (r) => <Money cents={r.cost_difference_cents} currency={currency} /> },
          ]}
        />
      )}
      {tried.changed.length > 50 && <p className="muted small">{t('tried.shown', { shown: 50, all: tried.changed.length })}</p>}
    </Section>
    </div>
  )
}

function Cards({ policy, currency, edit, mistakes, changed }: { policy: PolicyDocument; currency: string; edit: ((p: PolicyDocument) => void) | null; mistakes: Readonly<Record<string, string>>; changed: readonly string[] }) {
  const { t } = useText()
  const word = useWords()
  const rule = (list: 'grants' | 'exclusions' | 'terms' | 'automatic', i: number, id: string, title: ReactNode, body: ReactNode) => (
    <li key={id} title={id} className={`rule${changed.includes(id) ? ' is-changed' : ''}`}>
      <div className="rule-body">
        <div className="rule-title">{title}</div>
        {body}
        {mistakesAt(mistakes, list, i).map(([path, why]) => (
          <p key={path} className="field-error" role="alert">
            {path && <code>{path}</code>} {why}
          </p>
        ))}
      </div>
      {edit && (list === 'automatic' || list === 'terms') && (
        <>
          <Button small kind="quiet" aria-label={t('policy.up')} disabled={i === 0} onClick={() => edit(movedRule(policy, list, i, -1))}>
            ↑
          </Button>
          <Button small kind="quiet" aria-label={t('policy.down')} disabled={i === policy[list].length - 1} onClick={() => edit(movedRule(policy, list, i, 1))}>
            ↓
          </Button>
        </>
      )}
      {edit && <IconButton small icon="trash" label={t('policy.drop')} onClick={() => edit(withRule(policy, list, i, null))} />}
    </li>
  )
  const kindTags = (kinds: readonly string[]) => (kinds.length >= 9 ? <Tag>{t('policy.everyKind')}</Tag> : kinds.map((k) => <Tag key={k}>{word('kind', k)}</Tag>))
  return (
    <>
      <Section title={t('policy.grants')} aside={edit && <AddRule list="grants" policy={policy} currency={currency} onAdd={edit} />} lead={t('policy.grantsLead')}>
        <ol className="rules">
          {policy.grants.map((g, i) =>
            rule(
              'grants',
              i,
              g.id,
              <span className="tag-row">{kindTags(g.kinds)}</span>,
              <>
                <Conditions when={g.when} currency={currency} onChange={edit && ((when) => edit(withRule(policy, 'grants', i, { when })))} />
                <div className="rule-knobs">
                  {g.window && <WindowEditor grant={g} onChange={edit && ((window) => edit(withRule(policy, 'grants', i, { window })))} />}
                  <label className="knob">
                    <span>{t('policy.freight')}</span>
                    {edit ? <Select value={g.freight_payer} onPick={(v) => edit(withRule(policy, 'grants', i, { freight_payer: v }))} choices={payers.map((p) => ({ value: p, label: t(`payer.${p}`) }))} /> : <strong>{t(`payer.${g.freight_payer}`)}</strong>}
                  </label>
                  <Checkbox label={t('policy.outward')} checked={g.outward_freight_back} disabled={!edit} onChange={(e) => edit?.(withRule(policy, 'grants', i, { outward_freight_back: e.target.checked }))} />
                </div>
              </>,
            ),
          )}
        </ol>
      </Section>
      <Section title={t('policy.automatic')} aside={edit && <AddRule list="automatic" policy={policy} currency={currency} onAdd={edit} />} lead={t('policy.automaticLead')}>
        <ol className="rules is-ordered">
          {policy.automatic.map((a, i) =>
            rule(
              'automatic',
              i,
              a.id,
              <span className="tag-row">
                {edit ? <Select className="outcome" aria-label={t('policy.outcome')} value={a.outcome} onPick={(v) => edit(withRule(policy, 'automatic', i, { outcome: v as AutomaticRule['outcome'] }))} choices={outcomes.map((o) => ({ value: o, label: t(`outcome.${o}`) }))} /> : <Tag tone="jade">{t(`outcome.${a.outcome}`)}</Tag>}
                {kindTags(a.kinds)}
              </span>,
              <Conditions when={a.when} currency={currency} onChange={edit && ((when) => edit(withRule(policy, 'automatic', i, { when })))} />,
            ),
          )}
        </ol>
        <label className="knob">
          <span>{t('policy.whenClosed')}</span>
          <Select value={policy.when_closed} disabled={!edit} onPick={(v) => edit?.({ ...policy, when_closed: v })} choices={[{ value: 'manual', label: t('outcome.manual') }, { value: 'reject', label: t('outcome.reject') }]} />
        </label>
      </Section>
      <Section title={t('policy.exclusions')} aside={edit && <AddRule list="exclusions" policy={policy} currency={currency} onAdd={edit} />} lead={t('policy.exclusionsLead')}>
        <ol className="rules">
          {policy.exclusions.map((x, i) => rule('exclusions', i, x.id, <strong>{x.text.includes('.') ? word(x.text.split('.')[0] ?? '', x.text.slice(x.text.indexOf('.') + 1)) : x.text}</strong>, <><Conditions when={x.when} currency={currency} onChange={null} /><span className="tag-row">{kindTags(x.kinds)}</span></>))}
        </ol>
      </Section>
      <Section title={t('policy.terms')} aside={edit && <AddRule list="terms" policy={policy} currency={currency} onAdd={edit} />} lead={t('policy.termsLead')}>
        <ol className="rules">
          {policy.terms.map((x, i) =>
            rule(
              'terms',
              i,
              x.id,
              <span className="tag-row">{kindTags(x.kinds)}</span>,
              <>
                <Conditions when={x.when} currency={currency} onChange={null} />
                <div className="rule-knobs">
                  {(['photo', 'video', 'document'] as const).map((kind) => (
                    <Checkbox key={kind} label={t(`evidence.${kind}`)} checked={x.evidence?.includes(kind) ?? false} disabled={!edit} onChange={(e) => edit?.(withRule(policy, 'terms', i, { evidence: e.target.checked ? [...(x.evidence ?? []), kind] : (x.evidence ?? []).filter((k) => k !== kind) }))} />
                  ))}
                  <label className="knob">
                    <span>{t('policy.fee')}</span>
                    <Input type="number" min={0} max={100} disabled={!edit} value={x.fee_percent ?? ''} onChange={(e) => edit?.(withRule(policy, 'terms', i, { fee_percent: e.target.value === '' ? null : Number(e.target.value) }))} />
                    <span>%</span>
                  </label>
                </div>
              </>,
            ),
          )}
        </ol>
      </Section>
    </>
  )
}

function WindowEditor({ grant, onChange }: { grant: Grant; onChange: ((window: Grant['window']) => void) | null }) {
  const { t } = useText()
  const word = useWords()
  const w = grant.window
  if (!w) return null
  if (w.months_of_warranty) return <span className="knob">{t('policy.warranty')}</span>
  const part: 'after_days' | 'days' | 'months' = w.days ? 'days' : w.months ? 'months' : 'after_days'
  return (
    <label className="knob">
      <span>{t('policy.from', { event: word('event', w.starts) })}</span>
      {onChange ? <Input type="number" min={part === 'after_days' ? 0 : 1} max={3650} value={w[part]} onChange={(e) => onChange({ ...w, [part]: Math.max(0, Math.trunc(Number(e.target.value) || 0)) })} /> : <strong>{w[part]}</strong>}
      <span>{t(`windowUnit.${part}`)}</span>
    </label>
  )
}

/** The conditions of a rule as a sentence; amounts and counts in it can be changed where they stand. */
function Conditions({ when, currency, onChange }: { when: readonly Test[]; currency: string; onChange: ((when: Test[]) => void) | null }) {
  const { t, has, fmt } = useText()
  const word = useWords()
  if (!when.length) return <p className="muted">{t('policy.always')}</p>
  const called = (field: string) => (has(`field.${field}`) ? t(`field.${field}`) : field)
  const one = (field: string, value: unknown) => (typeof value === 'boolean' ? t(value ? 'answer.yes' : 'answer.no') : field.endsWith('_cents') ? fmt.money(Number(value), currency) : field === 'reason' ? word('reason', String(value)) : field === 'fault_side' ? t(`fault_side.${String(value)}`) : field === 'condition' ? t(`condition.${String(value)}`) : field === 'evidence_kinds' && has(`evidence.${String(value)}`) ? t(`evidence.${String(value)}`) : String(value))
  return (
    <ul className="conditions">
      {when.map((test, i) => (
        <li key={i}>
          {called(test.field)}
          {typeof test.value === 'boolean' && test.op === 'is' ? t('op.flag') : ` ${t(`op.${test.op}`)} `}
          {typeof test.value === 'number' && onChange ? (
            <>
              <input
                className="input inline-number"
                type="number"
                min={0}
                step={test.field.endsWith('_cents') ? 1 : 1}
                aria-label={called(test.field)}
                value={test.field.endsWith('_cents') ? test.value / 100 : test.value}
                onChange={(e) => onChange(withValue(when, i, Math.max(0, Math.round(Number(e.target.value) * (test.field.endsWith('_cents') ? 100 : 1)) || 0)))}
              />
              {test.field.endsWith('_cents') && <span className="muted"> {currency}</span>}
            </>
          ) : (
            <strong>{Array.isArray(test.value) ? fmt.list(test.value.map((v) => one(test.field, v))) : one(test.field, test.value)}</strong>
          )}
        </li>
      ))}
    </ul>
  )
}

/** What the law gives whatever the shop says. */
function Law({ law, error }: { law: LawPack | undefined; error: unknown }) {
  const { t, fmt } = useText()
  const word = useWords()
  if (error) return <ErrorState compact error={error} />
  if (!law) return <SkeletonRows rows={3} />
  return (
    <aside className="law" tabIndex={0} aria-labelledby="law">
      <h2 id="law">{t('law.title', { market: fmt.region(law.market) })}</h2>
      <p className="muted small">{law.version === 'none' ? t('law.none') : t('law.version', { version: law.version, from: fmt.date(law.valid_from) })}</p>
      {!law.checked_by_lawyer && law.version !== 'none' && <p className="law-unchecked small">{t('law.unchecked')}</p>}
      {law.refund_within_days != null && (
        <p className="small">
          {t('law.refund', { days: law.refund_within_days })} <span className="muted">{law.refund_source}</span>
        </p>
      )}
      <ul>
        {law.grants.map((g) => (
          <li key={g.id}>
            <strong>{g.kinds.map((k) => word('kind', k)).join(' / ')}</strong>
            <span>
              {g.window?.days ? t('law.days', { days: g.window.days, event: word('event', g.window.starts) }) : g.window?.months ? t('law.months', { months: g.window.months, event: word('event', g.window.starts) }) : g.window?.months_of_warranty ? t('policy.warranty') : t('law.noEnd')} · {t(`payerShort.${g.freight_payer}`)}
            </span>
            <span className="muted small">{g.source}</span>
            {g.exceptions.length > 0 && <span className="muted small">{t('law.exceptions', { count: g.exceptions.length })}</span>}
          </li>
        ))}
      </ul>
      {!law.grants.length && <EmptyState drawing="search" title={t('law.noGrants')} />}
    </aside>
  )
}
