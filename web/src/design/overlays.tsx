import { type KeyboardEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useText } from '../i18n'
import { Button, IconButton } from './controls'
import { Icon, type IconName } from './icons'

const join = (...names: (string | false | undefined | null)[]) => names.filter(Boolean).join(' ')

export interface DialogProps {
  open: boolean
  onClose: () => void
  title: ReactNode
  /** Buttons; the main verb last. Fixed at the foot while the content scrolls. */
  actions?: ReactNode
  /** `sheet` rises from the bottom on phones (and is a dialog on desks); `side` slides in from the right. */
  form?: 'dialog' | 'sheet' | 'side'
  wide?: boolean
  children: ReactNode
}

/** Modal on the browser's own <dialog>: focus stays inside, Esc closes, focus returns to where it was. */
export function Dialog({ open, onClose, title, actions, form = 'dialog', wide, children }: DialogProps) {
  const { t } = useText()
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()
  useLayoutEffect(() => {
    const dialog = ref.current
    if (!dialog) return
    if (open && !dialog.open) {
      dialog.showModal()
      // The browser would choose the close button: start where the work is, else at the title.
      const work = dialog.querySelector<HTMLElement>('[data-first]') ?? dialog.querySelector<HTMLElement>('.dialog-content :is(input:not([hidden]), textarea, select)')
      ;(work ?? dialog.querySelector<HTMLElement>('h2'))?.focus()
    }
    if (!open && dialog.open) dialog.close()
  }, [open])
  if (!open) return null
  return (
    <dialog
      ref={ref}
      className={join('dialog', `is-${form}`, wide && 'is-wide')}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onPointerDown={(event) => event.target === event.currentTarget && onClose()}
    >
      <div className="dialog-body">
        <header className="dialog-head">
          <h2 id={id} tabIndex={-1}>
            {title}
          </h2>
          <IconButton icon="close" label={t('action.close')} onClick={onClose} small />
        </header>
        <div className="dialog-content">{children}</div>
        {actions && <footer className="dialog-actions">{actions}</footer>}
      </div>
    </dialog>
  )
}

export const Sheet = (props: Omit<DialogProps, 'form'>) => <Dialog {...props} form="sheet" />

/** Asks before something that hurts. The verb is named; there is no 'OK'. */
export function Confirm({ open, title, text, verb, harm, busy, onYes, onClose }: { open: boolean; title: ReactNode; text?: ReactNode; verb: string; harm?: boolean; busy?: boolean; onYes: () => void; onClose: () => void }) {
  const { t } = useText()
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      form="sheet"
      actions={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind={harm ? 'harm' : 'primary'} busy={busy} onClick={onYes}>
            {verb}
          </Button>
        </>
      }
    >
      {text}
    </Dialog>
  )
}

export interface MenuItem {
  id: string
  label: ReactNode
  icon?: IconName
  hint?: ReactNode
  harm?: boolean
  disabled?: boolean
  checked?: boolean
  onPick: () => void
}

/** Button that opens a list of actions; arrows, Home, End and letters move, Esc closes. */
export function Menu({ label, items, trigger, align = 'end', up }: { label: string; items: readonly (MenuItem | 'line')[]; trigger: (props: { 'aria-haspopup': 'menu'; 'aria-expanded': boolean; onClick: () => void }) => ReactNode; align?: 'start' | 'end'; up?: boolean }) {
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const buttons = () => [...(list.current?.querySelectorAll<HTMLButtonElement>('button:not(:disabled)') ?? [])]
  const close = (back: boolean) => {
    setOpen(false)
    if (back) root.current?.querySelector<HTMLElement>('[aria-haspopup]')?.focus()
  }
  useEffect(() => {
    if (!open) return
    buttons()[0]?.focus()
    const away = (event: PointerEvent) => !root.current?.contains(event.target as Node) && setOpen(false)
    document.addEventListener('pointerdown', away)
    return () => document.removeEventListener('pointerdown', away)
  }, [open])
  const move = (event: KeyboardEvent) => {
    const all = buttons()
    const at = all.indexOf(document.activeElement as HTMLButtonElement)
    const to = (n: number) => all[(n + all.length) % all.length]?.focus()
    if (event.key === 'Escape') close(true)
    else if (event.key === 'ArrowDown') to(at + 1)
    else if (event.key === 'ArrowUp') to(at - 1)
    else if (event.key === 'Home') to(0)
    else if (event.key === 'End') to(-1)
    else if (event.key === 'Tab') return setOpen(false)
    else if (event.key.length === 1) {
      const found = [...all.slice(at + 1), ...all.slice(0, at + 1)].find((b) => b.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase()))
      found?.focus()
      return
    } else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div className="menu" ref={root}>
      {trigger({ 'aria-haspopup': 'menu', 'aria-expanded': open, onClick: () => setOpen(!open) })}
      {open && (
        <div className={join('menu-list', `at-${align}`, up && 'is-up')} role="menu" aria-label={label} ref={list} onKeyDown={move}>
          {items.map((item, i) =>
            item === 'line' ? (
              <div key={i} role="separator" className="menu-line" />
            ) : (
              <button
                key={item.id}
                type="button"
                role={item.checked === undefined ? 'menuitem' : 'menuitemradio'}
                aria-checked={item.checked}
                tabIndex={-1}
                disabled={item.disabled}
                className={join(item.harm && 'is-harm')}
                onClick={() => {
                  close(true)
                  item.onPick()
                }}
              >
                {item.checked !== undefined ? <span className="menu-check">{item.checked && <Icon name="check" size={16} />}</span> : item.icon && <Icon name={item.icon} size={18} />}
                <span className="menu-text">{item.label}</span>
                {item.hint && <span className="muted small">{item.hint}</span>}
              </button>
            ),
          )}
        </div>
      )}
    </div>
  )
}

interface ToastItem {
  id: number
  text: ReactNode
  tone: 'done' | 'wrong'
  undo?: () => void
}

let toasts: readonly ToastItem[] = []
let nextToast = 1
const hearers = new Set<() => void>()
const tell = () => hearers.forEach((f) => f())

/** Says what was done, for a while; with `undo` it stays longer. For what went wrong use an ErrorState where it is. */
export function toast(text: ReactNode, options: { tone?: 'done' | 'wrong'; undo?: () => void } = {}): number {
  const id = nextToast++
  toasts = [...toasts.slice(-2), { id, text, tone: options.tone ?? 'done', undo: options.undo }]
  tell()
  return id
}

export function dismissToast(id: number) {
  toasts = toasts.filter((item) => item.id !== id)
  tell()
}

function ToastLine({ item }: { item: ToastItem }) {
  const { t } = useText()
  const [held, hold] = useState(false)
  useEffect(() => {
    if (held) return
    const timer = setTimeout(() => dismissToast(item.id), item.undo || item.tone === 'wrong' ? 10_000 : 5_000)
    return () => clearTimeout(timer)
  }, [held, item])
  return (
    <div className={join('toast', item.tone === 'wrong' && 'is-wrong')} onPointerEnter={() => hold(true)} onPointerLeave={() => hold(false)} onFocus={() => hold(true)} onBlur={() => hold(false)}>
      <Icon name={item.tone === 'wrong' ? 'warning' : 'check'} size={18} />
      <span className="toast-text">{item.text}</span>
      {item.undo && (
        <button
          type="button"
          className="toast-undo"
          onClick={() => {
            item.undo?.()
            dismissToast(item.id)
          }}
        >
          {t('action.undo')}
        </button>
      )}
      <IconButton small icon="close" label={t('action.close')} onClick={() => dismissToast(item.id)} />
    </div>
  )
}

/** Stands once in each shell. */
export function Toasts() {
  const items = useSyncExternalStore(
    (f) => {
      hearers.add(f)
      return () => hearers.delete(f)
    },
    () => toasts,
  )
  return (
    <div className="toasts" role="status" aria-live="polite">
      {items.map((item) => (
        <ToastLine key={item.id} item={item} />
      ))}
    </div>
  )
}
