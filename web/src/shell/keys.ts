/** The keyboard map: pages say which keys do what, `?` shows them all. */
import { useLayoutEffect, useRef, useSyncExternalStore } from 'react'

export interface KeyBinding {
  /** 'j', '?', 'mod+k' (⌘ or Ctrl), 'shift+enter', 'escape', or two in a row: 'g i'. */
  keys: string
  label: string
  /** Heading in the key overlay. */
  section?: string
  run: (event: KeyboardEvent) => void
  /** Also while typing in a field. Only sensible with mod or escape. */
  whileTyping?: boolean
  enabled?: boolean
}

type KeyPress = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>

/** Name of a press as bindings write it. Shift is named only where it does not make another sign ('?' is '?'). */
export function nameOfPress(press: KeyPress): string {
  const key = press.key === ' ' ? 'space' : press.key.toLowerCase()
  const named = key.length > 1 || (press.shiftKey && /^[a-z]$/.test(key))
  return [(press.ctrlKey || press.metaKey) && 'mod', press.altKey && 'alt', press.shiftKey && named && 'shift', key].filter(Boolean).join('+')
}

/** Which binding a press completes, remembering the first of two keys. `at` in milliseconds. */
export function keyMatcher(patience = 1000) {
  let first: { name: string; at: number } | null = null
  return <B extends Pick<KeyBinding, 'keys'>>(press: KeyPress, bindings: readonly B[], at: number): B | null => {
    const name = nameOfPress(press)
    const pair = first && at - first.at < patience ? `${first.name} ${name}` : null
    first = null
    const found = (pair && bindings.find((b) => b.keys === pair)) || bindings.find((b) => b.keys === name)
    if (found) return found
    if (bindings.some((b) => b.keys.startsWith(`${name} `))) first = { name, at }
    return null
  }
}

// The one registered last wins: a dialog's keys before the page's.
let registered: readonly { current: readonly KeyBinding[] }[] = []
const hearers = new Set<() => void>()

function change(next: typeof registered) {
  registered = next
  hearers.forEach((f) => f())
}

const match = keyMatcher()

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) && !/^(checkbox|radio|button)$/.test((target as HTMLInputElement).type)
}

function onKeyDown(event: KeyboardEvent) {
  // An input method still composes (pinyin): its keys are not ours.
  if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return
  const typing = isTyping(event.target)
  const modal = document.querySelector('dialog[open]')
  const all = registered.flatMap((r) => r.current).filter((b) => b.enabled !== false && (!typing || b.whileTyping))
  const found = match(event, modal ? all.filter((b) => b.whileTyping) : all, event.timeStamp)
  if (!found) return
  event.preventDefault()
  found.run(event)
}

/** Binds keys while the component is shown. */
export function useKeys(bindings: readonly KeyBinding[]) {
  const holder = useRef(bindings)
  holder.current = bindings
  // With what is shown, not after it: who sees a page presses its keys at once.
  useLayoutEffect(() => {
    if (!registered.length) document.addEventListener('keydown', onKeyDown)
    change([holder, ...registered])
    return () => {
      change(registered.filter((r) => r !== holder))
      if (!registered.length) document.removeEventListener('keydown', onKeyDown)
    }
  }, [])
}

const snapshot = () => registered

/** All keys that work now, for the overlay. */
export function useKeyMap(): KeyBinding[] {
  const now = useSyncExternalStore((f) => {
    hearers.add(f)
    return () => hearers.delete(f)
  }, snapshot)
  return now.flatMap((r) => r.current).filter((b) => b.enabled !== false)
}
