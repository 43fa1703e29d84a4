/** Ctrl/⌘-K: finds and does everything. Pages register actions; the shell may add a search. */
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { Dialog, Icon, type IconName, KeyHint, SkeletonRows } from '../design'
import { useText } from '../i18n'
import { fit } from './fit'
import { useKeys } from './keys'

export interface Action {
  id: string
  title: string
  /** Second line: where it leads, whose it is. */
  text?: string
  section?: string
  icon?: IconName
  /** Other words to find it by (pinyin, English names). */
  words?: string
  keys?: string
  run: () => void
}

let registered: readonly { current: readonly Action[] }[] = []
const hearers = new Set<() => void>()

/** Offers actions while the component is shown; those of the innermost page come first. */
export function useActions(actions: readonly Action[]) {
  const holder = useRef(actions)
  holder.current = actions
  useEffect(() => {
    registered = [holder, ...registered]
    hearers.forEach((f) => f())
    return () => {
      registered = registered.filter((r) => r !== holder)
      hearers.forEach((f) => f())
    }
  }, [])
}

export function Palette({ search }: { search?: (typed: string, signal: AbortSignal) => Promise<readonly Action[]> }) {
  const { t } = useText()
  const [open, setOpen] = useState(false)
  const [typed, setTyped] = useState('')
  const [at, setAt] = useState(0)
  const [found, setFound] = useState<readonly Action[]>([])
  const [searching, setSearching] = useState(false)
  const wanted = useDeferredValue(typed.trim())
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const groups = useSyncExternalStore(
    (f) => {
      hearers.add(f)
      return () => hearers.delete(f)
    },
    () => registered,
  )
  useKeys([{ keys: 'mod+k', label: t('palette.open'), section: t('keys.everywhere'), whileTyping: true, run: () => setOpen((is) => !is) }])
  useEffect(() => {
    setAt(0)
    if (!open || !search || !wanted) return setFound([])
    const stop = new AbortController()
    setSearching(true)
    const timer = setTimeout(() => {
      search(wanted, stop.signal)
        .then((results) => !stop.signal.aborted && setFound(results))
        .catch(() => !stop.signal.aborted && setFound([]))
        .finally(() => !stop.signal.aborted && setSearching(false))
    }, 150)
    return () => {
      clearTimeout(timer)
      stop.abort()
      setSearching(false)
    }
  }, [open, wanted, search])
  const shown = useMemo(() => {
    const actions = groups.flatMap((g) => g.current)
    const fitting = actions
      .map((action) => ({ action, score: fit(wanted, action.title, `${action.words ?? ''} ${action.text ?? ''}`) }))
      .filter((f) => f.score > 0)
      .sort((a, b) => b.score - a.score)
      .map((f) => f.action)
    return [...fitting.slice(0, wanted ? 8 : 12), ...found]
    // `open` renews what the pages' latest renders offer.
  }, [groups, wanted, found, open])
  const close = () => {
    setOpen(false)
    setTyped('')
  }
  const pick = (action: Action | undefined) => {
    if (!action) return
    close()
    action.run()
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'ArrowDown') setAt((n) => Math.min(shown.length - 1, n + 1))
    else if (event.key === 'ArrowUp') setAt((n) => Math.max(0, n - 1))
    else if (event.key === 'Enter') pick(shown[at])
    else return
    event.preventDefault()
  }
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [at])
  let section: string | undefined
  return (
    <Dialog open={open} onClose={close} title={t('palette.title')} wide>
      <div className="palette">
        <div className="input-with-icon">
          <Icon name="search" size={18} />
          <input
            className="input has-icon"
            role="combobox"
            aria-expanded="true"
            aria-controls={`${id}-list`}
            aria-activedescendant={shown[at] ? `${id}-${at}` : undefined}
            aria-label={t('palette.title')}
            placeholder={t('palette.placeholder')}
            maxLength={200}
            value={typed}
            onChange={(e) => setTyped(e.target.value)}
            onKeyDown={onKey}
          />
        </div>
        <div role="listbox" id={`${id}-list`} aria-label={t('palette.title')} className="palette-list" ref={list} aria-busy={searching}>
          {shown.map((action, i) => {
            const heading = action.section !== section ? action.section : undefined
            section = action.section
            return (
              <div key={action.id}>
                {heading && <div className="palette-section">{heading}</div>}
                <div id={`${id}-${i}`} role="option" aria-selected={i === at} className="palette-row" onPointerMove={() => setAt(i)} onClick={() => pick(action)}>
                  <Icon name={action.icon ?? 'arrow'} size={18} />
                  <span className="palette-text">
                    <span className="one-line">{action.title}</span>
                    {action.text && <span className="muted small one-line">{action.text}</span>}
                  </span>
                  {action.keys && <KeyHint keys={action.keys} />}
                </div>
              </div>
            )
          })}
          {!shown.length && searching && <SkeletonRows rows={4} />}
          {!shown.length && !searching && <p className="muted palette-none">{t('palette.none')}</p>}
        </div>
      </div>
    </Dialog>
  )
}
