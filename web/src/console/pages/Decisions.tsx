import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useLocation } from 'wouter'
import { api, ask } from '../../api/client'
import type { DecisionLine, NewDecision } from '../../api/schema'
import { Button, Dialog, EmptyState, Field, Input, Select, Tag, Textarea } from '../../design'
import { useText } from '../../i18n'
import { useMay, useShops } from '../data'
import { assigned, boundUnits, changeText, judgedBy, type Kind, offered, typedTarget } from '../decisions'
import { Page } from '../Page'
import { DataTable } from '../parts'
import { Refusal } from '../Refusal'
import { ShopChecks } from '../shops'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'
import './Decisions.css'

type RollOut = NewDecision['roll_out']
const byHand: readonly Kind[] = ['answer', 'other']
const rollOuts: readonly RollOut[] = ['share', 'shops', 'steps', 'all']
export const stateTones: Record<DecisionLine['state'], 'jade' | 'amber' | 'slate' | 'plain' | 'vermilion'> = { draft: 'slate', running: 'amber', kept: 'jade', undone: 'vermilion', dropped: 'plain' }

/** What was changed on purpose, and whether it worked. */
export default function Decisions() {
  const { t, fmt, locale } = useText()
  const may = useMay()
  const [, go] = useLocation()
  const start = new URLSearchParams(location.search)
  const [adding, setAdding] = useState(start.has('new'))
  const found = useQuery({ queryKey: ['decisions', locale], queryFn: () => ask(api.GET('/api/insights/decisions', { params: { query: { locale } } })) })
  const all = found.data ?? []
  const running = all.filter((d) => d.state === 'running').length
  const ended = all.filter((d) => d.state === 'kept' || d.state === 'undone')
  const finding = found.isPending ? t('decisions.loading') : all.length ? t('decisions.finding', { running, kept: ended.filter((d) => d.state === 'kept').length, undone: ended.filter((d) => d.state === 'undone').length }) : t('decisions.none')
  const points = t('decisions.points')
  return (
    <Page
      about={t('nav.decisions')}
      finding={finding}
      tools={
        may('insights.write') && (
          <Button icon="plus" onClick={() => setAdding(true)}>
            {t('decisions.add')}
          </Button>
        )
      }
    >
      <p className="muted section-lead">{t('decisions.lead')}</p>
      <DataTable
        label={t('nav.decisions')}
        rows={all}
        rowKey={(d) => d.id}
        loading={found.isPending}
        error={found.error}
        onRetry={() => void found.refetch()}
        onPick={(d) => go(`/insight/decisions/${d.id}`)}
        empty={<EmptyState drawing="clear" title={t('decisions.none')} text={t('decisions.noneText')} action={may('insights.write') && <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>{t('decisions.add')}</Button>} />}
        columns={[
          { id: 'title', title: t('decisions.title'), cell: (d) => <Link href={`/insight/decisions/${d.id}`}>{d.title}</Link> },
          { id: 'state', title: t('decisions.state'), cell: (d) => <Tag tone={stateTones[d.state]}>{t(`decisions.states.${d.state}`)}</Tag> },
          { id: 'indicator', title: t('decisions.indicator'), cell: (d) => d.indicator_title },
          { id: 'rollOut', title: t('decisions.rollOut'), cell: (d) => t(`decisions.rollOuts.${d.roll_out}`) },
          { id: 'effect', title: t('decisions.effect'), end: true, cell: (d) => (d.scale && d.estimate !== null ? `${changeText(d.estimate, d.scale, points, fmt)} (${changeText(d.low, d.scale, points, fmt)} – ${changeText(d.high, d.scale, points, fmt)})` : '–') },
          { id: 'advice', title: t('decisions.advice'), cell: (d) => (d.advice ? t(`decisions.advices.${d.advice}`) : '–') },
          { id: 'ends', title: t('decisions.ends'), end: true, cell: (d) => fmt.date(d.ended_at ?? d.ends_at) },
        ]}
      />
      {adding && <NewOne asks={location.search} onClose={() => setAdding(false)} onDone={(id) => go(`/insight/decisions/${id}`)} />}
    </Page>
  )
}

const day = (more: number) => new Date(Date.now() + more * 86_400_000).toISOString().slice(0, 10)

function NewOne({ asks, onClose, onDone }: { asks: string; onClose: () => void; onDone: (id: string) => void }) {
  const { t, locale } = useText()
  const lacks = useLacks()
  const { nameOf } = useShops()
  const { busy, problem, run } = useDoing(['decisions'])
  const [given] = useState(() => offered(asks))
  const [title, setTitle] = useState(given?.title ?? '')
  const [hypothesis, setHypothesis] = useState('')
  const [kind, setKind] = useState<Kind>(given?.kind ?? byHand.find((k) => k === new URLSearchParams(asks).get('new')) ?? 'other')
  const [indicator, setIndicator] = useState(judgedBy[kind])
  const [target, setTarget] = useState('')
  const [rollOut, setRollOut] = useState<RollOut>(assigned(kind) ? 'share' : 'all')
  const [share, setShare] = useState('50')
  const [until, setUntil] = useState(day(30))
  const [treated, setTreated] = useState<Record<string, string>>(given?.shop ? { [given.shop]: day(0) } : {})
  const [guard, setGuard] = useState('')
  const [bound, setBound] = useState('')
  const [side, setSide] = useState<'above' | 'below'>('below')
  const catalogue = useQuery({ queryKey: ['catalogue', locale], queryFn: () => ask(api.GET('/api/insights/catalogue', { params: { query: { locale } } })), staleTime: 10 * 60_000 })
  const measured = (catalogue.data?.indicators ?? []).filter((one) => !one.snapshot && !one.planned)
  const one = measured.find((i) => i.name === indicator)
  const inUnits = boundUnits[measured.find((i) => i.name === guard)?.kind ?? '']
  const points = one?.kind === 'score' || one?.kind === 'index'
  const size = Math.abs(typedTarget(target, points ? 'points' : 'percent'))
  const byShop = rollOut === 'shops' || rollOut === 'steps'
  const save = async () => {
    const body: NewDecision = {
      title,
      hypothesis,
      indicator,
      target: one?.good === 'down' ? -size : size,
      subject_kind: kind,
      subject: { versions: {}, words: {}, ...given?.subject },
      roll_out: rollOut,
      share: rollOut === 'share' ? Number(share) / 100 : null,
      // Cases are routed one by one; everything else is the same for a customer all the time.
      unit: kind === 'routing' ? 'case' : 'customer',
      shops: given?.shop && !byShop ? [given.shop] : null,
      treated: byShop ? Object.entries(treated).map(([shop_id, on]) => ({ shop_id, on })) : [],
      guards: guard && bound ? [{ indicator: guard, bound: Number(bound) * (inUnits?.size ?? 1), side }] : [],
      starts_at: new Date().toISOString(),
      ends_at: new Date(`${until}T00:00:00`).toISOString(),
    }
    const made = await run('save', () => ask(api.POST('/api/insights/decisions', { params: { query: { locale } }, body })), t('decisions.saved'))
    if (made) onDone(made.id)
  }
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('decisions.add')}
      actions={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" busy={busy === 'save'} why={lacks(!title.trim() && t('decisions.title'), !hypothesis.trim() && t('decisions.hypothesis'), !size && t('decisions.target'))} onClick={() => void save()}>
            {t('decisions.save')}
          </Button>
        </>
      }
    >
      <div className="decision-form">
        <Field label={t('decisions.title')} required>
          <Input value={title} maxLength={200} onChange={(e) => setTitle(e.target.value)} />
        </Field>
        <Field label={t('decisions.subject')}>
          {given ? <p>{[t(`decisions.kinds.${kind}`), given.title].filter(Boolean).join(' · ')}</p> : <Select aria-label={t('decisions.subject')} value={kind} onPick={setKind} choices={byHand.map((k) => ({ value: k, label: t(`decisions.kinds.${k}`) }))} />}
        </Field>
        <div className="is-wide">
          <Field label={t('decisions.hypothesis')} hint={t('decisions.hypothesisHint')} required>
            <Textarea rows={2} value={hypothesis} maxLength={2000} onChange={(e) => setHypothesis(e.target.value)} />
          </Field>
        </div>
        <Field label={t('decisions.indicator')}>
          <Select aria-label={t('decisions.indicator')} value={indicator} onPick={setIndicator} choices={measured.map((i) => ({ value: i.name, label: i.title }))} />
        </Field>
        <Field label={t(one?.good === 'down' ? 'decisions.targetDown' : 'decisions.targetUp', { unit: points ? t('decisions.scorePoints') : one?.kind === 'share' ? t('decisions.points') : '%' })} required>
          <Input inputMode="decimal" value={target} onChange={(e) => setTarget(e.target.value)} />
        </Field>
        <Field label={t('decisions.rollOut')} hint={t(`decisions.rollOutHint.${rollOut}`)}>
          <Select aria-label={t('decisions.rollOut')} value={rollOut} onPick={setRollOut} choices={rollOuts.filter((r) => r !== 'share' || assigned(kind)).map((r) => ({ value: r, label: t(`decisions.rollOuts.${r}`) }))} />
        </Field>
        {rollOut === 'share' && (
          <Field label={t('decisions.share')}>
            <Input inputMode="numeric" value={share} onChange={(e) => setShare(e.target.value)} />
          </Field>
        )}
        <Field label={t('decisions.ends')}>
          <Input type="date" value={until} onChange={(e) => setUntil(e.target.value)} />
        </Field>
        {byShop && (
          <div className="is-wide decision-shops" role="group" aria-label={t('decisions.shops')}>
            {/* A policy is one shop's own. */}
            {kind !== 'policy' && <ShopChecks value={Object.keys(treated)} onChange={(chosen) => setTreated(Object.fromEntries(chosen.map((id) => [id, treated[id] ?? day(0)])))} />}
            {Object.entries(treated).map(([id, on]) => (
              <Field key={id} label={t('decisions.from', { shop: nameOf(id) })}>
                <Input type="date" value={on} onChange={(e) => setTreated({ ...treated, [id]: e.target.value })} />
              </Field>
            ))}
          </div>
        )}
        <Field label={t('decisions.guard')} hint={t('decisions.guardHint')} optional>
          <Select aria-label={t('decisions.guard')} value={guard} onPick={setGuard} choices={[{ value: '', label: t('decisions.noGuard') }, ...measured.map((i) => ({ value: i.name, label: i.title }))]} />
        </Field>
        {guard && (
          <>
            <Field label={t('decisions.side')}>
              <Select aria-label={t('decisions.side')} value={side} onPick={setSide} choices={(['below', 'above'] as const).map((s) => ({ value: s, label: t(`decisions.sides.${s}`) }))} />
            </Field>
            <Field label={inUnits ? t(`decisions.boundIn.${inUnits.unit}`) : t('decisions.bound')}>
              <Input inputMode="decimal" value={bound} onChange={(e) => setBound(e.target.value)} />
            </Field>
          </>
        )}
      </div>
      {!assigned(kind) && <p className="muted small">{t('decisions.byHand')}</p>}
      <Refusal problem={problem} />
    </Dialog>
  )
}
