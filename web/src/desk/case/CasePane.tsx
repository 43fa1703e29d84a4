import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import { api, ask, asProblem, problemText } from '../../api/client'
import { Avatar, Button, Dialog, EmptyState, ErrorState, Field, IconButton, Input, Menu, type MenuItem, NextActionBar, PromiseRing, Select, SkeletonRows, Tag, Textarea, Timeline, toast } from '../../design'
import { useText } from '../../i18n'
import { useKeys } from '../../shell/keys'
import { serverNow } from '../../shell/now'
import { useActions } from '../../shell/Palette'
import { useStaffSession } from '../../staff/session'
import { type CasePage, type CaseView, type ClaimPage, keys, nextClock, ringOf, useCase, useClaim, useMay, useMembers } from '../data'
import { usePlace } from '../place'
import { useTagName } from '../tags'
import { clockName, isKind } from '../queue/QueuePane'
import css from './case.module.css'
import { Editor, type EditorHandle } from './Editor'
import { useMoves } from './moves'
import { Merge, Moved, Split } from './Moving'
import { Presence } from './Presence'
import { weave, type Words } from './story'
import { AssistantTalk } from './Talk'

export function CasePane() {
  const { t } = useText()
  const { place } = usePlace()
  const found = useCase(place.case || null)
  if (!place.case) return <EmptyState drawing="talk" title={t('case.noneTitle')} text={t('case.noneText')} />
  if (found.isPending)
    return (
      <div className={css.waiting}>
        <SkeletonRows rows={7} />
      </div>
    )
  if (!found.data) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />
  return <OpenCase key={place.case} page={found.data} />
}

/** The claim that the bar acts on: the one picked, else the newest that has not ended. */
function usePicked(page: CasePage) {
  const { place } = usePlace()
  const ids = page.links.filter((l) => l.object_kind === 'claim').map((l) => l.object_id)
  const id = ids.includes(place.claim) ? place.claim : ids[ids.length - 1]
  return { ids, claim: useClaim(id) }
}

function OpenCase({ page }: { page: CasePage }) {
  const { t } = useText()
  const may = useMay()
  const { to } = usePlace()
  const tagName = useTagName()
  const one = page.case
  const { claim, ids } = usePicked(page)
  const moves = useMoves(claim.data)
  const editor = useRef<EditorHandle>(null)
  const [writing, setWriting] = useState(false)
  const [dialog, setDialog] = useState<'snooze' | 'assign' | 'hand_over' | 'tags' | 'close' | 'merge' | 'split' | null>(null)
  const verbs = useCaseVerbs(page)
  const me = useStaffSession().data
  const followers = useQuery({ queryKey: ['followers', one.id], queryFn: () => ask(api.GET('/api/cases/{case_id}/followers', { params: { path: { case_id: one.id } } })), staleTime: 60_000 })
  const following = followers.data?.some((f) => f.account_id === me?.id) ?? false
  useEffect(() => {
    if (may('conversations.write')) void api.POST('/api/cases/{case_id}/read', { params: { path: { case_id: one.id } } }).catch(() => undefined)
  }, [one.id, page.messages.length])
  const first = moves.moves[0]
  const does = (verb: string) => page.actions.includes(verb)
  const section = t('pane.case')
  useKeys([
    { keys: 'e', label: t('case.keyAnswer'), section, enabled: does('say'), run: () => editor.current?.write('message') },
    { keys: 'n', label: t('case.keyNote'), section, enabled: does('note'), run: () => editor.current?.write('note') },
    { keys: 'a', label: first ? first.label : t('case.keyAct'), section, enabled: !!first, run: () => first && moves.start(first.verb) },
    { keys: 't', label: t('case.take'), section, enabled: does('take'), run: () => verbs.take() },
    { keys: 's', label: t('case.snooze'), section, enabled: does('snooze'), run: () => setDialog('snooze') },
  ])
  const menu: (MenuItem | 'line')[] = [
    ...(does('take') ? [{ id: 'take', label: t('case.take'), icon: 'user' as const, onPick: verbs.take }] : []),
    ...(does('release') ? [{ id: 'release', label: t('case.release'), icon: 'undo' as const, onPick: verbs.release }] : []),
    ...(does('assign') ? [{ id: 'assign', label: t('case.assign'), icon: 'people' as const, onPick: () => setDialog('assign') }] : []),
    ...(does('hand_over') ? [{ id: 'hand_over', label: t('case.handOver'), icon: 'arrow' as const, onPick: () => setDialog('hand_over') }] : []),
    'line' as const,
    ...(does('snooze')
      ? [one.snoozed_until ? { id: 'wake', label: t('case.wake'), icon: 'bell' as const, onPick: () => verbs.snooze(null) } : { id: 'snooze', label: t('case.snooze'), icon: 'pause' as const, onPick: () => setDialog('snooze') }]
      : []),
    { id: 'follow', label: t(following ? 'case.unfollow' : 'case.follow'), icon: 'eye' as const, onPick: () => verbs.follow(!following) },
    ...(does('set_tags') ? [{ id: 'tags', label: t('case.tags'), icon: 'flag' as const, onPick: () => setDialog('tags') }] : []),
    ...(does('set_priority') ? (['urgent', 'high', 'normal', 'low'] as const).map((p) => ({ id: p, label: t('case.priority', { priority: t(`priority.${p}`) }), checked: one.priority === p, onPick: () => verbs.priority(p) })) : []),
    ...(may('cases.write') && page.actions.length
      ? [
          { id: 'merge', label: t('moving.merge'), icon: 'arrow' as const, onPick: () => setDialog('merge') },
          ...(page.messages.length > 1 ? [{ id: 'split', label: t('moving.splitCase'), icon: 'undo' as const, onPick: () => setDialog('split') }] : []),
        ]
      : []),
    'line' as const,
    ...(does('solve') ? [{ id: 'solve', label: t('case.solve'), icon: 'check' as const, onPick: () => verbs.solve(false) }] : []),
    ...(does('solve_unanswered') ? [{ id: 'solve', label: t('case.solveUnanswered'), icon: 'check' as const, onPick: () => verbs.solve(true) }] : []),
    ...(does('close') ? [{ id: 'close', label: t('case.close'), icon: 'lock' as const, onPick: () => setDialog('close') }] : []),
    ...(does('reopen') ? [{ id: 'reopen', label: t('case.reopen'), icon: 'refresh' as const, onPick: verbs.reopen }] : []),
  ]
  const lines = menu.filter((item, i) => item !== 'line' || (i > 0 && menu[i - 1] !== 'line' && i < menu.length - 1))
  useActions([
    ...moves.moves.map((m, i) => ({ id: `move ${m.verb}`, title: m.label, text: claim.data?.number, section: t('palette.here'), icon: 'arrow' as const, keys: i === 0 ? 'a' : undefined, run: () => moves.start(m.verb) })),
    ...(does('say') ? [{ id: 'answer', title: t('case.keyAnswer'), section: t('palette.here'), icon: 'chat' as const, keys: 'e', run: () => editor.current?.write('message') }] : []),
    ...(does('note') ? [{ id: 'note', title: t('case.keyNote'), section: t('palette.here'), icon: 'lock' as const, keys: 'n', run: () => editor.current?.write('note') }] : []),
    ...lines.flatMap((item) => (item === 'line' || item.checked !== undefined ? [] : [{ id: `case ${item.id}`, title: String(item.label), section: t('palette.here'), icon: item.icon, run: item.onPick }])),
  ])
  const clock = claim.data ? nextClock(claim.data.clocks) : null
  const caseClock = nextClock(page.clocks.filter((c) => c.subject_kind === 'case'))
  const shown = clock ?? caseClock
  return (
    <div className={css.case}>
      <header className={css.head}>
        <div className={css.headLine}>
          <span className={css.backToQueue}>
            <IconButton small icon="back" label={t('pane.queue')} onClick={() => to({ pane: 'start', case: '' })} />
          </span>
          <div className={css.headText}>
            <h2>{one.title}</h2>
            <p className={css.headFacts}>
              <code>{one.number}</code>
              <span>{t(`status.${one.status}`)}</span>
              <span>{t(`stage.${one.stage}`)}</span>
              {page.owner_name ? (
                <span className={css.owner}>
                  <Avatar name={page.owner_name} size={24} />
                  {page.owner_name}
                </span>
              ) : (
                <span>{t('case.nobody')}</span>
              )}
              {one.priority !== 'normal' && <span>{t(`priority.${one.priority}`)}</span>}
              {one.tags.filter((tag) => !isKind(tag)).map((tag) => (
                <Tag key={tag}>{tagName(tag)}</Tag>
              ))}
            </p>
          </div>
          {does('take') && (
            <Button small icon="user" onClick={verbs.take}>
              {t('case.take')}
            </Button>
          )}
          <span className={css.toCustomer}>
            <IconButton icon="user" label={t('pane.customer')} onClick={() => to({ pane: 'end' })} />
          </span>
          {lines.length > 0 && <Menu label={t('case.menu')} items={lines} trigger={(props) => <IconButton {...props} icon="more" label={t('case.menu')} />} />}
        </div>
        <Presence page={page} />
        <Moved page={page} />
        <AssistantTalk page={page} />
        {one.snoozed_until && <Snoozed until={one.snoozed_until} onWake={() => verbs.snooze(null)} />}
        {shown && (
          <div className={css.standing}>
            <PromiseRing clock={ringOf(shown)} bare />
            <StandingWords page={page} claim={claim.data} clock={shown} />
            {ids.length > 1 && <ClaimPicker ids={ids} picked={claim.data?.id} onPick={(id) => to({ claim: id })} />}
          </div>
        )}
      </header>
      <Story page={page} open={one.status !== 'closed' && one.status !== 'solved'} />
      {claim.isError && <ErrorState compact error={claim.error} onRetry={() => void claim.refetch()} />}
      <footer className={css.foot}>
        {!writing && claim.data && (moves.moves.length > 0 || !claim.data.ended) && (
          <NextActionBar
            lead={
              <span className={css.lead}>
                <strong>{claim.data.state_label}</strong>
                <span className="muted small">
                  {claim.data.kind_label} · {claim.data.number}
                  {claim.data.waiting_for !== 'nobody' && ` · ${t(`waits.${claim.data.waiting_for}`)}`}
                </span>
              </span>
            }
            actions={moves.moves.map((m, i) => ({ id: m.verb, verb: m.label, harm: m.harm, busy: moves.busy === m.verb, keys: i === 0 ? 'a' : undefined, onPick: () => moves.start(m.verb) }))}
          />
        )}
        <Editor key={one.id} page={page} handle={editor} onOpen={setWriting} />
      </footer>
      {moves.form}
      <Snooze open={dialog === 'snooze'} onClose={() => setDialog(null)} onPick={verbs.snooze} />
      <Colleague open={dialog === 'assign' || dialog === 'hand_over'} withNote={dialog === 'hand_over'} onClose={() => setDialog(null)} shop={one.shop_id} owner={one.owner_id} onPick={verbs.give} />
      <Tags open={dialog === 'tags'} tags={one.tags} onClose={() => setDialog(null)} onKeep={verbs.tags} />
      <Merge page={page} open={dialog === 'merge'} onClose={() => setDialog(null)} />
      <Split page={page} open={dialog === 'split'} onClose={() => setDialog(null)} />
      <Close open={dialog === 'close'} onClose={() => setDialog(null)} onPick={verbs.close} />
    </div>
  )
}

function StandingWords({ page, claim, clock }: { page: CasePage; claim: ClaimPage | undefined; clock: { name: string; due_at: string; state: string } }) {
  const { t, fmt } = useText()
  const waits = claim && claim.waiting_for !== 'nobody' ? claim.waiting_for : page.case.status === 'waiting_customer' ? 'customer' : 'shop'
  return (
    <p className={css.standingWords}>
      <strong>{clockName(t, clock.name)}</strong>
      <span>{t(`waits.${waits}`)}</span>
      <span className="muted">{clock.state === 'paused' ? t('case.paused') : t('promise.due', { at: fmt.dateTime(clock.due_at) })}</span>
    </p>
  )
}

function ClaimPicker({ ids, picked, onPick }: { ids: readonly string[]; picked: string | undefined; onPick: (id: string) => void }) {
  const { t } = useText()
  return (
    <Menu
      label={t('claim.pick')}
      items={[...ids].reverse().map((id, i) => ({ id, label: <ClaimName id={id} />, checked: id === picked, onPick: () => onPick(id), hint: i === 0 ? t('claim.newest') : undefined }))}
      trigger={(props) => (
        <Button {...props} small>
          {t('claim.several', { count: ids.length })}
        </Button>
      )}
    />
  )
}

function ClaimName({ id }: { id: string }) {
  const claim = useClaim(id).data
  return <>{claim ? `${claim.number} ${claim.kind_label} · ${claim.state_label}` : '…'}</>
}

function Snoozed({ until, onWake }: { until: string; onWake: () => void }) {
  const { t, fmt } = useText()
  return (
    <p className={css.snoozed}>
      {t('case.snoozedUntil', { at: fmt.dateTime(until) })}
      <Button kind="quiet" small onClick={onWake}>
        {t('case.wake')}
      </Button>
    </p>
  )
}

const NEAR_FOOT = 200

/** Facts and words as one line; the newest at the foot, where the next words will stand. */
export function Story({ page, open, factsOnly, plain = factsOnly }: { page: CasePage; open: boolean; factsOnly?: boolean; /** Scrolls with the page around it. */ plain?: boolean }) {
  const { t } = useText()
  const id = page.case.id
  const words = useWords(page)
  const scroller = useRef<HTMLDivElement>(null)
  const atFoot = useRef(true)
  const facts = useInfiniteQuery({
    queryKey: keys.story(id),
    queryFn: ({ pageParam }) => ask(api.GET('/api/cases/{case_id}/timeline', { params: { path: { case_id: id }, query: { after: pageParam, limit: 100 } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  })
  const older = useInfiniteQuery({
    queryKey: ['earlier', id, page.before],
    queryFn: ({ pageParam }) => ask(api.GET('/api/cases/{case_id}/messages', { params: { path: { case_id: id }, query: { before: pageParam ?? undefined, limit: 50 } } })),
    initialPageParam: page.before,
    getNextPageParam: (last) => last.next ?? undefined,
    enabled: false,
  })
  const entries = useMemo(() => {
    const said = [...(older.data?.pages ?? []).flatMap((p) => p.items), ...page.messages]
    const told = (facts.data?.pages ?? []).flatMap((p) => p.items)
    const moreSaid = older.data ? older.hasNextPage : !!page.before
    // Where one of the two is not loaded further back, the other would tell a line with holes.
    const edge = Math.max(moreSaid && !factsOnly ? Math.min(...said.map((m) => Date.parse(m.sent_at))) : 0, facts.hasNextPage ? Math.min(...told.map((f) => Date.parse(f.at))) : 0)
    return weave(factsOnly ? [] : said, told, words).filter((e) => Date.parse(e.at) >= edge)
  }, [page.messages, page.before, older.data, older.hasNextPage, facts.data, facts.hasNextPage, words, factsOnly])
  // Words come with the case, facts after them: there is no line before both are there.
  const last = facts.data && entries[entries.length - 1]?.id
  useEffect(() => {
    const node = scroller.current
    if (!node || plain || !last) return
    if (atFoot.current) node.scrollTop = node.scrollHeight
    // The editor opens, a picture comes: who reads the newest line goes on reading it.
    const watch = new ResizeObserver(() => {
      if (atFoot.current) node.scrollTop = node.scrollHeight
    })
    watch.observe(node)
    if (node.firstElementChild) watch.observe(node.firstElementChild)
    return () => watch.disconnect()
  }, [last])
  const earlier = facts.hasNextPage || (!factsOnly && (older.data ? older.hasNextPage : !!page.before))
  const goBack = () => {
    const node = scroller.current
    const fromFoot = node ? node.scrollHeight - node.scrollTop : 0
    void Promise.all([facts.hasNextPage ? facts.fetchNextPage() : null, older.data ? (older.hasNextPage ? older.fetchNextPage() : null) : page.before ? older.refetch() : null]).then(() =>
      requestAnimationFrame(() => {
        if (node) node.scrollTop = node.scrollHeight - fromFoot
      }),
    )
  }
  if (facts.isError) return <ErrorState error={facts.error} onRetry={() => void facts.refetch()} />
  return (
    <div className={plain ? css.plainStory : css.story} ref={scroller} tabIndex={plain ? undefined : 0} role="region" aria-label={t('case.story')} onScroll={(e) => (atFoot.current = e.currentTarget.scrollHeight - e.currentTarget.scrollTop - e.currentTarget.clientHeight < NEAR_FOOT)}>
      {facts.isPending ? <SkeletonRows rows={6} /> : <Timeline entries={entries} open={open} onEarlier={earlier ? goBack : undefined} loadingEarlier={facts.isFetchingNextPage || older.isFetching} />}
    </div>
  )
}

function useWords(page: CasePage): Words {
  const { t, has, fmt } = useText()
  const tagName = useTagName()
  const members = useMembers()
  const me = useStaffSession().data
  return useMemo(
    () => ({
      fact: (name, entry) => {
        const data = entry.data as Record<string, unknown>
        const key = `fact.${name.replace('.', '_')}`
        const money = typeof data.amount_cents === 'number' && typeof data.currency === 'string' && data.amount_cents > 0 ? fmt.money(data.amount_cents, data.currency) : ''
        const said = name === 'case.snoozed' && !data.until ? t('done.woken') : has(key) ? t(key) : name
        const clock = typeof data.clock === 'string' && /^clock\./.test(name) ? clockName(t, data.clock) : ''
        const extra =
          name === 'case.assigned' ? (members.find((m) => m.account_id === data.account_id)?.name ?? '')
          : name === 'case.priority_set' ? t(`priority.${String(data.priority)}`)
          : name === 'case.tagged' ? [...((data.added as string[]) ?? []).map((x) => `+${tagName(x)}`), ...((data.removed as string[]) ?? []).map((x) => `−${tagName(x)}`)].join(' ')
          : /^parcel\.(moved|exception)$/.test(name) ? t(`parcel.${String(data.status)}`)
          : /^claim\.(applied|approved|offered|refunded|ruled_for_customer|mediated|accepted_partly)$|^refund\./.test(name) ? money
          : name === 'case.snoozed' && typeof data.until === 'string' ? fmt.dateTime(data.until)
          : clock
        return extra ? `${said} · ${extra}` : said
      },
      who: (waited) => t(`who.${waited}`),
      nameOf: (id) => (id && id === me?.id ? me.name : (members.find((m) => m.account_id === id)?.name ?? null)),
      role: (kind) => t(`role.${kind}`),
      said: (what) => t(`said.${what}`),
      customer: page.customer?.name || t('customer.unknown'),
    }),
    [t, has, fmt, tagName, members, me?.id, page.customer?.name],
  )
}

/** The verbs of a case; what can be taken back is done first and offered to be undone. */
function useCaseVerbs(page: CasePage) {
  const { t, has, fmt } = useText()
  const queries = useQueryClient()
  const id = page.case.id
  const path = { params: { path: { case_id: id } } }
  const show = (change: Partial<CaseView>) => queries.setQueryData<CasePage>(keys.case(id), (now) => now && { ...now, case: { ...now.case, ...change } })
  const act = useMutation({
    mutationFn: (call: () => Promise<unknown>) => call(),
    onError: (error) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' }),
    onSettled: () => Promise.all([queries.invalidateQueries({ queryKey: keys.case(id) }), queries.invalidateQueries({ queryKey: keys.queue() }), queries.invalidateQueries({ queryKey: keys.counts }), queries.invalidateQueries({ queryKey: keys.story(id) })]),
  })
  const run = (call: () => Promise<unknown>, told?: string, undo?: () => void) => act.mutate(call, { onSuccess: () => told && toast(told, undo && { undo }) })
  const release = () => ask(api.POST('/api/cases/{case_id}/release', path))
  const take = () => ask(api.POST('/api/cases/{case_id}/take', path))
  const snoozeTo = (until: string | null) => ask(api.PUT('/api/cases/{case_id}/snooze', { ...path, body: { until } }))
  const tagsTo = (tags: string[]) => ask(api.PUT('/api/cases/{case_id}/tags', { ...path, body: { tags } }))
  const stood = page.case.status
  const again = () => ask(api.POST('/api/cases/{case_id}/undo-ending', { ...path, body: { status: stood } }))
  const priorityTo = (priority: CaseView['priority']) => ask(api.PUT('/api/cases/{case_id}/priority', { ...path, body: { priority } }))
  return {
    follow: (on: boolean) => run(() => ask(on ? api.PUT('/api/cases/{case_id}/followers/me', path) : api.DELETE('/api/cases/{case_id}/followers/me', path)).then(() => queries.invalidateQueries({ queryKey: ['followers', id] }))),
    take: () => run(take, t('done.taken'), () => run(release)),
    release: () => run(release, t('done.released'), () => run(take)),
    snooze: (until: string | null) => {
      const was = page.case.snoozed_until
      show({ snoozed_until: until })
      run(() => snoozeTo(until), until ? t('done.snoozed', { at: fmt.dateTime(until) }) : t('done.woken'), () => {
        show({ snoozed_until: was })
        run(() => snoozeTo(was && Date.parse(was) > serverNow() ? was : null))
      })
    },
    priority: (priority: CaseView['priority']) => {
      const was = page.case.priority
      show({ priority })
      run(() => priorityTo(priority), t('done.priority', { priority: t(`priority.${priority}`) }), () => run(() => priorityTo(was)))
    },
    tags: (tags: string[]) => {
      const was = page.case.tags
      show({ tags })
      run(() => tagsTo(tags), t('done.tagged'), () => run(() => tagsTo(was)))
    },
    give: (account: string, name: string, note: string | null) => {
      const was = page.case.owner_id
      run(
        () => (note === null ? ask(api.POST('/api/cases/{case_id}/assign', { ...path, body: { account_id: account } })) : ask(api.POST('/api/cases/{case_id}/hand-over', { ...path, body: { account_id: account, note } }))),
        t('done.given', { name }),
        page.actions.includes('assign') ? () => run(was ? () => ask(api.POST('/api/cases/{case_id}/assign', { ...path, body: { account_id: was } })) : release) : undefined,
      )
    },
    solve: (unanswered: boolean) => run(() => ask(api.POST('/api/cases/{case_id}/solve', { params: { ...path.params, query: { unanswered } } })), t('done.solved'), () => run(again)),
    reopen: () => run(() => ask(api.POST('/api/cases/{case_id}/reopen', path)), t('done.reopened')),
    close: (closing: NonNullable<CaseView['closing']>) => run(() => ask(api.POST('/api/cases/{case_id}/close', { ...path, body: { closing } })), t('done.closed'), () => run(again)),
  }
}

function Snooze({ open, onClose, onPick }: { open: boolean; onClose: () => void; onPick: (until: string) => void }) {
  const { t, fmt } = useText()
  const [own, setOwn] = useState('')
  const now = new Date(serverNow())
  const morning = (days: number) => {
    const day = new Date(now)
    day.setDate(day.getDate() + days)
    day.setHours(9, 0, 0, 0)
    return day
  }
  const choices: [string, Date][] = [
    [t('snooze.hour'), new Date(now.getTime() + 3_600_000)],
    [t('snooze.afternoon'), new Date(now.getTime() + 4 * 3_600_000)],
    [t('snooze.tomorrow'), morning(1)],
    [t('snooze.threeDays'), morning(3)],
    [t('snooze.monday'), morning(((8 - now.getDay()) % 7) || 7)],
  ]
  // Monday may be tomorrow, or three days off.
  const different = choices.filter(([, at], i) => choices.findIndex(([, other]) => other.getTime() === at.getTime()) === i)
  const pick = (at: Date) => {
    onPick(at.toISOString())
    onClose()
  }
  return (
    <Dialog open={open} onClose={onClose} title={t('case.snooze')}>
      <div className={css.choices}>
        {different.map(([name, at], i) => (
          <button key={name} type="button" data-first={i === 0 || undefined} onClick={() => pick(at)}>
            <span>{name}</span>
            <span className="muted small">{fmt.dateTime(at)}</span>
          </button>
        ))}
      </div>
      <Field label={t('snooze.own')}>
        <div className={css.inLine}>
          <Input type="datetime-local" value={own} onChange={(e) => setOwn(e.target.value)} />
          <Button disabled={!own || new Date(own).getTime() <= now.getTime()} onClick={() => pick(new Date(own))}>
            {t('case.snooze')}
          </Button>
        </div>
      </Field>
      <p className="muted small">{t('snooze.wakes')}</p>
    </Dialog>
  )
}

function Colleague({ open, withNote, onClose, shop, owner, onPick }: { open: boolean; withNote: boolean; onClose: () => void; shop: string; owner: string | null; onPick: (account: string, name: string, note: string | null) => void }) {
  const { t } = useText()
  const members = useMembers().filter((m) => m.shop_ids.includes(shop) && m.account_id !== owner)
  const [account, setAccount] = useState('')
  const [note, setNote] = useState('')
  const picked = members.find((m) => m.account_id === account)
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t(withNote ? 'case.handOver' : 'case.assign')}
      actions={
        <Button
          kind="primary"
          disabled={!picked}
          onClick={() => {
            if (!picked) return
            onPick(picked.account_id, picked.name, withNote ? note : null)
            onClose()
          }}
        >
          {t(withNote ? 'case.handOver' : 'case.assign')}
        </Button>
      }
    >
      {members.length ? (
        <div className={css.form}>
          <Field label={t('case.colleague')} required>
            <Select value={account} onPick={setAccount} placeholder={t('case.pickColleague')} choices={members.map((m) => ({ value: m.account_id, label: `${m.name}${m.working ? '' : ` · ${t('case.away')}`}` }))} />
          </Field>
          {withNote && (
            <Field label={t('case.handOverNote')} hint={t('case.handOverHint')} optional>
              <Textarea value={note} onChange={(e) => setNote(e.target.value)} />
            </Field>
          )}
        </div>
      ) : (
        <EmptyState title={t('case.noColleague')} text={t('case.noColleagueText')} />
      )}
    </Dialog>
  )
}

function Tags({ open, tags, onClose, onKeep }: { open: boolean; tags: readonly string[]; onClose: () => void; onKeep: (tags: string[]) => void }) {
  const { t } = useText()
  const tagName = useTagName()
  const [typed, setTyped] = useState('')
  const [now, setNow] = useState<string[]>([...tags])
  useEffect(() => {
    if (open) setNow([...tags])
  }, [open])
  const add = () => {
    const tag = typed.trim().slice(0, 40)
    if (tag && !now.includes(tag)) setNow([...now, tag])
    setTyped('')
  }
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t('case.tags')}
      actions={
        <Button
          kind="primary"
          onClick={() => {
            const last = typed.trim().slice(0, 40)
            onKeep(last && !now.includes(last) ? [...now, last] : now)
            setTyped('')
            onClose()
          }}
        >
          {t('tags.keep')}
        </Button>
      }
    >
      <Field label={t('tags.add')} hint={t('tags.hint')}>
        <Input
          value={typed}
          maxLength={40}
          onChange={(e) => setTyped(e.target.value)}
          onKeyDown={(e) => {
            if (e.key !== 'Enter' || e.nativeEvent.isComposing) return
            e.preventDefault()
            add()
          }}
        />
      </Field>
      <ul className={css.tagList}>
        {now.map((tag) => (
          <li key={tag}>
            <Tag>{tagName(tag)}</Tag>
            <IconButton small icon="close" label={t('files.remove', { name: tagName(tag) })} onClick={() => setNow(now.filter((x) => x !== tag))} />
          </li>
        ))}
      </ul>
    </Dialog>
  )
}

function Close({ open, onClose, onPick }: { open: boolean; onClose: () => void; onPick: (closing: 'confirmed' | 'followed_up' | 'withdrawn' | 'duplicate' | 'spam') => void }) {
  const { t } = useText()
  return (
    <Dialog open={open} onClose={onClose} title={t('case.close')}>
      <div className={css.choices}>
        {(['confirmed', 'followed_up', 'withdrawn', 'duplicate', 'spam'] as const).map((closing) => (
          <button
            key={closing}
            type="button"
            onClick={() => {
              onPick(closing)
              onClose()
            }}
          >
            <span>{t(`closing.${closing}`)}</span>
          </button>
        ))}
      </div>
      <p className="muted small">{t('case.closeHint')}</p>
    </Dialog>
  )
}
