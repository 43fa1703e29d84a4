import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useId, useState } from 'react'
import { api, ask, asProblem, problemText } from '../../api/client'
import { Icon, IconButton, Tag, toast } from '../../design'
import { useText } from '../../i18n'
import { type CasePage, keys, useMay } from '../data'
import css from './knowledge.module.css'

const MS_BETWEEN_KEYS = 200

function useBeside(id: string) {
  const may = useMay()
  return useQuery({
    queryKey: ['solutions', id],
    queryFn: ({ signal }) => ask(api.GET('/api/cases/{case_id}/solutions', { params: { path: { case_id: id } }, signal })),
    enabled: may('knowledge.read'),
    staleTime: 60_000,
  })
}

type Beside = NonNullable<ReturnType<typeof useBeside>['data']>['solutions'][number]

/** Beside the case: the three solutions that are likeliest to help, a line each, while the customer waits for us. */
export function Likely({ page, onPick }: { page: CasePage; onPick: () => void }) {
  const { t } = useText()
  const beside = useBeside(page.case.id)
  const solutions = beside.data?.solutions ?? []
  if (!solutions.length || solutions.some((one) => one.applied_at) || !/^(open|waiting_shop)$/.test(page.case.status)) return null
  return (
    <section className={css.likely} aria-label={t('knowledge.likely')}>
      <h3>{t('knowledge.likely')}</h3>
      <ul>
        {solutions.map((one) => (
          <li key={one.solution.id}>
            <button type="button" title={one.solution.remedy} onClick={onPick}>
              <span className={css.problem}>{one.solution.problem}</span>
              <span className={css.remedy}>{one.solution.remedy}</span>
              <Held one={one} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Held({ one }: { one: Beside }) {
  const { t, fmt } = useText()
  return <Tag tone={one.tried && one.held / one.tried >= 0.8 ? 'jade' : 'plain'}>{one.tried ? t('knowledge.held', { share: fmt.percent(one.held / one.tried), count: one.tried }) : t('knowledge.untried')}</Tag>
}

/** Beside the editor: what solved such cases before, and what the articles say; either goes into the answer with one click. */
export function Knowledge({ page, opened, onInsert }: { page: CasePage; opened: boolean; onInsert: (words: string) => void }) {
  const { t } = useText()
  const may = useMay()
  const [open, setOpen] = useState(opened)
  const body = useId()
  const beside = useBeside(page.case.id)
  if (!may('knowledge.read')) return null
  const count = beside.data?.solutions.length ?? 0
  return (
    <section className={css.knowledge} aria-label={t('knowledge.title')}>
      <button type="button" className={css.strip} aria-expanded={open} aria-controls={body} onClick={() => setOpen(!open)}>
        <Icon name="help" size={16} />
        <span>{count ? t('knowledge.solved', { count }) : t('knowledge.title')}</span>
        <Icon name={open ? 'down' : 'up'} size={16} />
      </button>
      <div id={body} hidden={!open} className={css.body}>
        {open && (
          <>
            <Solutions page={page} onInsert={onInsert} />
            <Articles page={page} onInsert={onInsert} />
          </>
        )}
      </div>
    </section>
  )
}

function Solutions({ page, onInsert }: { page: CasePage; onInsert: (words: string) => void }) {
  const { t, has } = useText()
  const may = useMay()
  const queries = useQueryClient()
  const id = page.case.id
  const beside = useBeside(id)
  const refused = (error: unknown) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' })
  const fresh = () => queries.invalidateQueries({ queryKey: ['solutions', id] })
  const judge = useMutation({
    mutationFn: ({ solution, fits }: { solution: string; fits: boolean }) => {
      const at = { params: { path: { case_id: id, solution_id: solution } } }
      return ask(fits ? api.POST('/api/cases/{case_id}/solutions/{solution_id}/apply', at) : api.POST('/api/cases/{case_id}/solutions/{solution_id}/reject', at))
    },
    onSuccess: fresh,
    onError: refused,
  })
  const keep = useMutation({
    mutationFn: () => ask(api.POST('/api/cases/{case_id}/solutions', { params: { path: { case_id: id } }, body: { problem: '', remedy: '' } })),
    onSuccess: async () => {
      toast(t('knowledge.kept'))
      await Promise.all([fresh(), queries.invalidateQueries({ queryKey: keys.case(id) }), queries.invalidateQueries({ queryKey: keys.queue() })])
    },
    onError: refused,
  })
  if (!beside.data) return null
  const { solutions, remedy } = beside.data
  return (
    <>
      {solutions.map((one) => (
        <article key={one.solution.id} className={css.one}>
          <header>
            <strong>{one.solution.problem}</strong>
            <Held one={one} />
          </header>
          <p>{one.solution.remedy}</p>
          <footer>
            {may('cases.write') &&
              (one.applied_at ? (
                <Tag tone="jade">{t('knowledge.applied')}</Tag>
              ) : (
                <button
                  type="button"
                  className={css.act}
                  disabled={judge.isPending}
                  onClick={() => {
                    onInsert(one.solution.remedy)
                    judge.mutate({ solution: one.solution.id, fits: true })
                  }}
                >
                  {t('knowledge.apply')}
                </button>
              ))}
            {may('cases.write') && !one.applied_at && (
              <button type="button" className={css.act} disabled={judge.isPending} onClick={() => judge.mutate({ solution: one.solution.id, fits: false })}>
                {t('knowledge.reject')}
              </button>
            )}
          </footer>
        </article>
      ))}
      {may('cases.write') && remedy && !solutions.some((one) => one.applied_at) && (
        <button type="button" className={css.act} disabled={keep.isPending} onClick={() => keep.mutate()}>
          <Icon name="star" size={14} /> {t('knowledge.keep')}
        </button>
      )}
    </>
  )
}

function Articles({ page, onInsert }: { page: CasePage; onInsert: (words: string) => void }) {
  const { t, has, locale } = useText()
  const [typed, type] = useState(page.case.title)
  const [q, setQ] = useState(page.case.title)
  useEffect(() => {
    const timer = setTimeout(() => setQ(typed.trim()), MS_BETWEEN_KEYS)
    return () => clearTimeout(timer)
  }, [typed])
  const shop = page.case.shop_id
  // In the customer's language: the words go into an answer.
  const reads = ['zh-CN', 'zh-TW', 'en'].includes(page.case.locale) ? (page.case.locale as typeof locale) : locale
  const found = useQuery({
    queryKey: ['knowledge', 'search', shop, reads, q],
    queryFn: ({ signal }) => ask(api.GET('/api/knowledge/search', { params: { query: { q, shop_id: shop, locale: reads, limit: 5 } }, signal })),
    enabled: q.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })
  const code = useQuery({ queryKey: ['shop', shop], queryFn: ({ signal }) => ask(api.GET('/api/shops/{shop_id}', { params: { path: { shop_id: shop } }, signal })), staleTime: Infinity })
  const words = (pieces: readonly { text: string }[]) => pieces.map((piece) => piece.text).join('')
  return (
    <>
      <label className={css.search}>
        <Icon name="search" size={16} />
        <input type="search" value={typed} maxLength={200} aria-label={t('knowledge.search')} placeholder={t('knowledge.search')} onChange={(e) => type(e.target.value)} />
      </label>
      {found.error && <p className="muted small">{problemText(asProblem(found.error), t, has)}</p>}
      {found.data?.corrected && <p className="muted small">{t('knowledge.corrected', { words: found.data.corrected })}</p>}
      {found.data && q && !found.data.items.length && <p className="muted small">{t('knowledge.nothing')}</p>}
      {found.data?.items.map((hit) => (
        <article key={hit.article_id} className={css.one}>
          <header>
            <strong>
              {hit.title.map((piece, i) => (piece.hit ? <mark key={i}>{piece.text}</mark> : <span key={i}>{piece.text}</span>))}
            </strong>
            {hit.audience === 'staff' && <Tag tone="slate">{t('knowledge.staff')}</Tag>}
          </header>
          <p>{words(hit.excerpt)}</p>
          <footer>
            <button type="button" className={css.act} onClick={() => onInsert(words(hit.excerpt).replace(/^…|…$/g, ''))}>
              {t('knowledge.insertText')}
            </button>
            {hit.audience === 'public' && code.data && (
              <button type="button" className={css.act} onClick={() => onInsert(`${words(hit.title)} ${location.origin}/help/${code.data.code}/${hit.article_id}`)}>
                {t('knowledge.insertLink')}
              </button>
            )}
            {hit.audience === 'public' && code.data && <IconButton small icon="out" label={t('knowledge.read')} onClick={() => window.open(`/help/${code.data.code}/${hit.article_id}`, '_blank', 'noopener')} />}
          </footer>
        </article>
      ))}
    </>
  )
}
