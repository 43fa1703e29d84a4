import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { api, ask, asProblem, problemText } from '../../api/client'
import { Button, EmptyState, ErrorState, FileDrop, Icon, KeyHint, Row, SkeletonRows, type StoredFile, Stepper, Tag, Textarea, Thumb } from '../../design'
import { useText } from '../../i18n'
import { useDraft } from '../../shell/drafts'
import { serverNow } from '../../shell/now'
import { becomesOf, DISPOSITIONS, GRADES, staysTheirs } from '../case/Grading'
import { useMoves } from '../case/moves'
import { type ClaimPage, type ClaimRow, type Disposition, type Grade, keys, takeMove, toOrder, useClaim } from '../data'
import { newKey } from '../../api/client'
import css from './warehouse.module.css'
import { useScanner } from './scanner'

const RECEIVABLE = new Set(['in_transit_back', 'received', 'inspecting'])
const LETTERS: Record<string, Disposition> = { r: 'restock', f: 'refurbish', s: 'return_to_supplier', c: 'recycle', d: 'donate', x: 'scrap', b: 'send_back' }
const letterOf = (d: Disposition) => Object.keys(LETTERS).find((k) => LETTERS[k] === d) ?? ''

interface Judged {
  count: number
  grade: Grade | null
  disposition: Disposition | null
  accepted: boolean
}

interface Done {
  id: string
  number: string
  title: string
  image: string | null
  count: number
  grade: Grade
  accepted: boolean
  disposition: Disposition | null
  at: number
}

/** Scan, grade, confirm. The scanner may fire at any time; the hand needs the number row, one letter and Enter. */
export default function Warehouse() {
  const { t, has } = useText()
  const queries = useQueryClient()
  const [typed, setTyped] = useState('')
  const [code, setCode] = useState('')
  const [state, setState] = useState<'idle' | 'looking' | 'unknown' | 'several' | 'open' | 'done' | 'wrong'>('idle')
  const [found, setFound] = useState<readonly ClaimRow[]>([])
  const [picked, setPicked] = useState<string | null>(null)
  const [wrong, setWrong] = useState<unknown>(null)
  const [held, setHeld] = useState(false)
  const [last, setLast] = useState<readonly Done[]>([])
  const today = new Date(serverNow()).toLocaleDateString('sv')
  const list = useDraft<Done[]>(`warehouse.${today}`, [])
  const input = useRef<HTMLInputElement>(null)
  const graded = useRef(false)
  const asked = useRef(0)
  const expected = useQuery({ queryKey: keys.claims({ warehouse: true }), queryFn: () => ask(api.GET('/api/claims', { params: { query: { states: ['received', 'inspecting', 'in_transit_back'], limit: 30 } } })) })
  const toScan = () => {
    setTyped('')
    requestAnimationFrame(() => input.current?.focus())
  }
  useEffect(toScan, [])
  const look = async (given: string) => {
    const wanted = given.trim()
    if (!wanted) return
    if (state === 'open' && graded.current) {
      setHeld(true)
      return
    }
    const turn = ++asked.current
    setCode(wanted)
    setTyped('')
    setState('looking')
    setHeld(false)
    setWrong(null)
    try {
      const rows = (await ask(api.GET('/api/claims', { params: { query: { search: wanted, limit: 20 } } }))).items
      if (turn !== asked.current) return
      const here = rows.filter((r) => RECEIVABLE.has(r.state))
      const one = here.length === 1 ? here[0] : rows.length === 1 ? rows[0] : null
      setFound(here.length > 1 ? here : rows)
      setPicked(one?.id ?? null)
      setState(one ? 'open' : rows.length ? 'several' : 'unknown')
      if (!rows.length) toScan()
      else input.current?.blur()
    } catch (error) {
      if (turn !== asked.current) return
      setWrong(error)
      setState('wrong')
      toScan()
    }
  }
  useScanner({
    enabled: state !== 'open',
    onScan: (scanned) => void look(scanned),
    onKey: (key) => {
      const row = state === 'several' && /^[1-9]$/.test(key) ? found[Number(key) - 1] : undefined
      if (row) {
        setPicked(row.id)
        setState('open')
      } else if (key === 'Escape') {
        setState('idle')
        toScan()
      }
    },
    onEnter: () => undefined,
  })
  return (
    <div className={css.page}>
      <div className={css.work}>
        <form
          className={css.scan}
          onSubmit={(e) => {
            e.preventDefault()
            void look(typed)
          }}
        >
          <Icon name="scan" size={28} />
          <input
            ref={input}
            value={typed}
            onChange={(e) => setTyped(e.target.value)}
            aria-label={t('warehouse.scan')}
            placeholder={t('warehouse.scanHint')}
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            lang="en"
            enterKeyHint="search"
          />
          {code && state !== 'idle' && <code className={css.code}>{code}</code>}
        </form>
        <div className={css.stage} aria-live="polite">
          {state === 'idle' && <EmptyState drawing="parcel" title={t('warehouse.idle')} text={t('warehouse.idleText')} />}
          {state === 'looking' && <SkeletonRows rows={3} />}
          {state === 'wrong' && <ErrorState error={wrong} onRetry={() => void look(code)} />}
          {state === 'unknown' && (
            <div className={css.unknown}>
              <Icon name="warning" size={40} />
              <h2>{t('warehouse.unknown', { code })}</h2>
              <p>{t('warehouse.unknownText')}</p>
            </div>
          )}
          {state === 'several' && (
            <section>
              <h2>{t('warehouse.several', { count: found.length })}</h2>
              <ol className={css.several}>
                {found.map((row, i) => (
                  <li key={row.id}>
                    <button
                      type="button"
                      onClick={() => {
                        setPicked(row.id)
                        setState('open')
                      }}
                    >
                      {i < 9 && <KeyHint keys={String(i + 1)} />}
                      <Thumb src={row.image} alt="" size={48} />
                      <span>
                        <strong>{row.title}</strong>
                        <span className="muted small">
                          {row.customer_name} · {row.number} · {row.kind_label} × {row.quantity}
                        </span>
                      </span>
                      <Tag>{row.state_label}</Tag>
                    </button>
                  </li>
                ))}
              </ol>
            </section>
          )}
          {state === 'open' && picked && (
            <Item
              key={picked}
              id={picked}
              held={held}
              onGraded={(is) => {
                graded.current = is
                if (!is) setHeld(false)
              }}
              onScan={(scanned) => void look(scanned)}
              onLeave={() => {
                graded.current = false
                setHeld(false)
                setState('idle')
                toScan()
              }}
              onDone={(done) => {
                graded.current = false
                setHeld(false)
                setLast(done)
                list.set((now) => [...done, ...now].slice(0, 200))
                setState('done')
                toScan()
                void queries.invalidateQueries({ queryKey: keys.claims() })
              }}
              say={(error) => problemText(asProblem(error), t, has)}
            />
          )}
          {state === 'done' && (
            <div className={css.done}>
              <span className={css.doneSign}>
                <Icon name="check" size={64} />
              </span>
              <h2>{t('warehouse.done', { number: last[0]?.number ?? '' })}</h2>
              {last.map((d, i) => (
                <p key={i}>
                  {d.title} × {d.count} · {t(`grade.${d.grade}`)} · {d.accepted ? (d.disposition ? t(`disposition.${d.disposition}`) : '') : t('grading.no')}
                </p>
              ))}
              <p className="muted">{t('warehouse.nextScan')}</p>
            </div>
          )}
        </div>
      </div>
      <aside className={css.aside}>
        <section>
          <h2>
            {t('warehouse.today')} <span className="muted">{list.value.reduce((n, d) => n + d.count, 0)}</span>
          </h2>
          {list.value.length ? (
            <ul>
              {list.value.map((d, i) => (
                <Row
                  key={`${d.id}${d.at}${i}`}
                  lead={<Thumb src={d.image} alt="" size={36} />}
                  title={`${d.title} × ${d.count}`}
                  titleLines={1}
                  text={`${d.number} · ${t(`grade.${d.grade}`)}${d.disposition ? ` · ${t(`disposition.${d.disposition}`)}` : ''}`}
                  aside={new Date(d.at).toLocaleTimeString('sv').slice(0, 5)}
                />
              ))}
            </ul>
          ) : (
            <p className="muted small">{t('warehouse.todayEmpty')}</p>
          )}
        </section>
        <section>
          <h2>{t('warehouse.expected')}</h2>
          {expected.isPending ? (
            <SkeletonRows rows={4} />
          ) : expected.isError ? (
            <ErrorState compact error={expected.error} onRetry={() => void expected.refetch()} />
          ) : expected.data.items.length ? (
            <ul>
              {expected.data.items.map((row) => (
                <Row
                  key={row.id}
                  lead={<Thumb src={row.image} alt="" size={36} />}
                  title={`${row.title} × ${row.quantity}`}
                  titleLines={1}
                  text={`${row.number} · ${row.state_label}`}
                  onClick={() => {
                    if (state === 'open' && graded.current) return setHeld(true)
                    setCode(row.number)
                    setPicked(row.id)
                    setState('open')
                    input.current?.blur()
                  }}
                />
              ))}
            </ul>
          ) : (
            <p className="muted small">{t('warehouse.expectedEmpty')}</p>
          )}
        </section>
      </aside>
    </div>
  )
}

function Item({ id, held, onGraded, onScan, onLeave, onDone, say }: { id: string; held: boolean; onGraded: (is: boolean) => void; onScan: (code: string) => void; onLeave: () => void; onDone: (done: Done[]) => void; say: (error: unknown) => string }) {
  const { t } = useText()
  const found = useClaim(id)
  if (found.isPending) return <SkeletonRows rows={4} />
  if (!found.data) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />
  return <Judge claim={found.data} held={held} onGraded={onGraded} onScan={onScan} onLeave={onLeave} onDone={onDone} say={say} wait={t('state.loading')} />
}

function Judge({ claim, held, onGraded, onScan, onLeave, onDone, say, wait }: { claim: ClaimPage; held: boolean; onGraded: (is: boolean) => void; onScan: (code: string) => void; onLeave: () => void; onDone: (done: Done[]) => void; say: (error: unknown) => string; wait: string }) {
  const { t } = useText()
  const queries = useQueryClient()
  const key = useRef(newKey())
  const counted = claim.state !== 'in_transit_back'
  const mayInspect = RECEIVABLE.has(claim.state) && claim.actions.some((a) => ['receive', 'inspect', 'accept'].includes(a.verb))
  const [judged, setJudged] = useState<Record<string, Judged>>(() => Object.fromEntries(claim.lines.map((l) => [l.order_line_id, { count: counted ? l.received_quantity : l.quantity, grade: null, disposition: null, accepted: true }])))
  const [at, setAt] = useState(0)
  const [words, setWords] = useState('')
  const [files, setFiles] = useState<readonly StoredFile[]>([])
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [ungraded, setUngraded] = useState(false)
  const moves = useMoves(claim)
  const line = claim.lines[at]
  const now = line ? judged[line.order_line_id] : undefined
  const patch = (change: Partial<Judged>) => {
    if (!line || !now) return
    setError(null)
    setUngraded(false)
    setJudged({ ...judged, [line.order_line_id]: { ...now, ...change } })
    onGraded(true)
  }
  const all = claim.lines.map((l) => ({ line: l, ...(judged[l.order_line_id] as Judged) }))
  const present = all.filter((j) => j.count > 0)
  const refuses = present.some((j) => !j.accepted)
  const short = all.some((j) => j.count < j.line.quantity)
  const needsWords = refuses || short
  const shortWords = all.filter((j) => j.count < j.line.quantity).map((j) => t('warehouse.short', { title: j.line.title, claimed: j.line.quantity, counted: j.count })).join(' ')
  const said = words.trim() || (refuses ? '' : shortWords)
  const complete = present.length > 0 && present.every((j) => j.grade)
  const ready = complete && (!needsWords || !!said) && (!refuses || files.length > 0)
  const grade = (g: Grade) => {
    const accepted = g !== 'missing' && g !== 'wrong_item'
    patch({ grade: g, accepted, disposition: becomesOf(claim, g, accepted) })
  }
  const confirm = async () => {
    if (!line || busy || !mayInspect) return
    if (now && !now.grade && now.count > 0) return setUngraded(true)
    const next = claim.lines.findIndex((l, i) => i !== at && !judged[l.order_line_id]?.grade && (judged[l.order_line_id]?.count ?? 0) > 0)
    if (next >= 0) return setAt(next)
    if (!ready) return
    setBusy(true)
    setError(null)
    try {
      if (claim.state === 'in_transit_back') await takeMove(claim.id, 'receive', { counted: all.map((j) => ({ order_line_id: j.line.order_line_id, quantity: j.count })) }, `${key.current}-count`)
      const graded = present.map((j) => ({ order_line_id: j.line.order_line_id, quantity: j.count, grade: j.grade, accepted: j.accepted, disposition: j.disposition }))
      const after = await takeMove(claim.id, 'inspect', { graded, words: needsWords ? said : '', file_ids: files.map((f) => f.id) }, `${key.current}-grade`)
      queries.setQueryData(keys.claim(after.id), after)
      onDone(present.map((j) => ({ id: claim.id, number: claim.number, title: j.line.title, image: j.line.image, count: j.count, grade: j.grade as Grade, accepted: j.accepted, disposition: j.disposition, at: serverNow() })))
    } catch (problem) {
      setError(problem)
      key.current = newKey()
      void queries.invalidateQueries({ queryKey: keys.claim(claim.id) })
    } finally {
      setBusy(false)
    }
  }
  useScanner({
    enabled: true,
    onScan,
    onEnter: () => void confirm(),
    onKey: (pressed) => {
      const k = pressed.toLowerCase()
      if (pressed === 'Escape') return onLeave()
      if (!mayInspect || !line || !now) return
      if (pressed === 'ArrowDown') return setAt(Math.min(claim.lines.length - 1, at + 1))
      if (pressed === 'ArrowUp') return setAt(Math.max(0, at - 1))
      const g = GRADES[Number(k) - 1]
      if (g) return grade(g)
      if (LETTERS[k] && !staysTheirs(claim)) return patch({ disposition: LETTERS[k], accepted: LETTERS[k] !== 'send_back' })
      if (k === 'z') return patch({ accepted: !now.accepted, disposition: becomesOf(claim, now.grade ?? 'as_new', !now.accepted) })
      if (k === '-' && !counted) return patch({ count: Math.max(0, now.count - 1) })
      if ((k === '+' || k === '=') && !counted) return patch({ count: Math.min(line.quantity, now.count + 1) })
    },
  })
  if (!line || !now) return <p>{wait}</p>
  return (
    <div className={css.item}>
      {held && (
        <p className={css.held} role="alert">
          <Icon name="warning" size={20} />
          {t('warehouse.held')}
        </p>
      )}
      <div className={css.itemHead}>
        <Thumb src={line.image} alt={line.title} size={140} />
        <div className={css.itemWords}>
          <p className="muted">
            {claim.number} · {claim.kind_label} · {line.order_number}
          </p>
          <h2>{line.title}</h2>
          <p>
            <strong>{t('warehouse.claimed', { count: line.quantity })}</strong> · {claim.reason_label} · {line.sku}
          </p>
          {claim.description && <p className={css.described}>{claim.description}</p>}
        </div>
        <div className={css.countBox}>
          <span className="muted small">{t('warehouse.count')}</span>
          {counted ? <strong className={css.big}>{now.count}</strong> : <Stepper label={t('warehouse.count')} value={now.count} max={line.quantity} onChange={(count) => patch({ count })} />}
          {!counted && line.quantity > 1 && <KeyHint keys="- =" />}
        </div>
      </div>
      {!mayInspect ? (
        <div className={css.unknown}>
          <h3>{claim.state_label}</h3>
          <p>{t(claim.state === 'awaiting_return' ? 'warehouse.notSent' : claim.ended || !RECEIVABLE.has(claim.state) ? 'warehouse.notNow' : 'warehouse.notYours')}</p>
        </div>
      ) : (
        <>
          {claim.lines.length > 1 && (
            <ol className={css.lines}>
              {all.map((j, i) => (
                <li key={j.line.order_line_id}>
                  <button type="button" aria-current={i === at || undefined} onClick={() => setAt(i)}>
                    <Thumb src={j.line.image} alt="" size={28} />
                    <span className="one-line">{j.line.title}</span>
                    <span className="muted">× {j.count}</span>
                    {j.grade ? <Tag tone={j.accepted ? 'jade' : 'vermilion'}>{t(`grade.${j.grade}`)}</Tag> : <Tag>{t('warehouse.toGrade')}</Tag>}
                  </button>
                </li>
              ))}
            </ol>
          )}
          <div className={css.keys} role="group" aria-label={t('grading.grade')} onPointerDown={(e) => e.preventDefault()}>
            {GRADES.map((g, i) => (
              <button key={g} type="button" aria-pressed={now.grade === g} onClick={() => grade(g)}>
                <kbd>{i + 1}</kbd>
                {t(`grade.${g}`)}
              </button>
            ))}
          </div>
          {!staysTheirs(claim) && (
            <div className={`${css.keys} ${css.small}`} onPointerDown={(e) => e.preventDefault()} role="group" aria-label={t('grading.disposition')} data-off={!now.grade || now.grade === 'missing' || undefined}>
              {DISPOSITIONS.map((d) => (
                <button key={d} type="button" aria-pressed={now.disposition === d} disabled={!now.grade || now.grade === 'missing'} onClick={() => patch({ disposition: d, accepted: d !== 'send_back' })}>
                  <kbd>{letterOf(d).toUpperCase()}</kbd>
                  {t(`disposition.${d}`)}
                </button>
              ))}
            </div>
          )}
          {needsWords && (
            <div className={css.proof}>
              <Textarea rows={2} aria-label={t('grading.why')} placeholder={refuses ? t('grading.whyHint') : shortWords} value={words} onChange={(e) => setWords(e.target.value)} onKeyDown={(e) => e.key === 'Enter' && (e.ctrlKey || e.metaKey) && void confirm()} />
              {refuses && <FileDrop label={t('proof.label')} hint={t('proof.needed')} camera files={files} onChange={(change) => setFiles(change(files))} upload={toOrder(line.order_id)} />}
            </div>
          )}
          {ungraded && (
            <p className={css.held} role="alert">
              <Icon name="warning" size={20} />
              {t('warehouse.gradeFirst')}
            </p>
          )}
          {error !== null && (
            <p className={css.held} role="alert">
              <Icon name="warning" size={20} />
              {say(error)}
            </p>
          )}
          <div className={css.foot}>
            <Button kind="quiet" onClick={onLeave}>
              {t('warehouse.leave')} <KeyHint keys="escape" />
            </Button>
            <Button kind="quiet" onClick={() => moves.start('inspect')}>
              {t('warehouse.apart')}
            </Button>
            <Button kind={now.grade && !now.accepted ? 'secondary' : 'quiet'} aria-pressed={!now.accepted} onClick={() => patch({ accepted: !now.accepted, disposition: becomesOf(claim, now.grade ?? 'as_new', !now.accepted) })}>
              {t(now.accepted ? 'warehouse.refuse' : 'warehouse.refused')} <KeyHint keys="z" />
            </Button>
            <Button kind="primary" busy={busy} disabled={!ready && !(now.grade && present.some((j) => !j.grade))} onClick={() => void confirm()}>
              {t('warehouse.confirm')} <KeyHint keys="enter" />
            </Button>
          </div>
        </>
      )}
      {moves.form}
    </div>
  )
}
