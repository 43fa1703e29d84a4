/** Tells a scanner from a hand: a scanner types a whole code within a few milliseconds per key and ends with Enter. */
import { useLayoutEffect, useRef } from 'react'
import { flushSync } from 'react-dom'

export const HAND_MS = 60
const SHORTEST = 4

export interface Pressed {
  key: string
  code: string
  at: number
}

/** The sign of a press, also where an input method swallows it. */
export function signOf(press: Pick<KeyboardEvent, 'key' | 'code'>): string {
  if (press.key.length === 1) return press.key
  if (press.key !== 'Process' && press.key !== 'Unidentified') return ''
  const found = /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(press.code)
  return found?.[1] ?? (press.code === 'Minus' ? '-' : '')
}

/** Fed with presses, says what they were: a scanned code, one key by hand, or not decided yet. */
export function scanReader() {
  let read = ''
  let last = 0
  return {
    /** Gives the key that was pressed by hand before this one, where no quiet moment has taken it yet: a busy page hears late. */
    press(sign: string, at: number): string {
      const goesOn = read !== '' && at - last < HAND_MS
      const before = !goesOn && read.length === 1 ? read : ''
      read = goesOn ? read + sign : sign
      last = at
      return before
    },
    /** After a quiet moment: the one key that was pressed by hand. */
    quiet(): string {
      const key = read.length === 1 ? read : ''
      if (read.length < SHORTEST) read = ''
      return key
    },
    /** Enter: the code that was scanned, or nothing when a hand pressed Enter. */
    enter(): string {
      const code = read.length >= SHORTEST ? read : ''
      read = ''
      return code
    },
  }
}

const inField = (target: EventTarget | null) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

/** Listens on the whole page while enabled and no field has the focus. */
export function useScanner({ enabled, onScan, onKey, onEnter }: { enabled: boolean; onScan: (code: string) => void; onKey: (key: string) => void; onEnter: () => void }) {
  const latest = useRef({ onScan, onKey, onEnter })
  latest.current = { onScan, onKey, onEnter }
  useLayoutEffect(() => {
    if (!enabled) return
    const reader = scanReader()
    let timer: ReturnType<typeof setTimeout> | undefined
    // Drawn at once: the next key, or Enter, means what this one has made of the page.
    const byHand = (key: string) => key && flushSync(() => latest.current.onKey(key))
    const onKeyDown = (event: KeyboardEvent) => {
      if (inField(event.target) || document.querySelector('dialog[open]') || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === 'Enter') {
        if (event.target instanceof HTMLElement && event.target.closest('button, a')) {
          const code = reader.enter()
          if (code) {
            event.preventDefault()
            latest.current.onScan(code)
          }
          return
        }
        clearTimeout(timer)
        event.preventDefault()
        const quick = reader.quiet()
        const code = reader.enter()
        if (code) latest.current.onScan(code)
        else {
          byHand(quick)
          latest.current.onEnter()
        }
        return
      }
      if (/^Arrow(Up|Down)$|^Escape$/.test(event.key)) {
        event.preventDefault()
        clearTimeout(timer)
        byHand(reader.quiet())
        byHand(event.key)
        return
      }
      const sign = signOf(event)
      if (!sign || sign === ' ') return
      event.preventDefault()
      event.stopImmediatePropagation()
      clearTimeout(timer)
      byHand(reader.press(sign, event.timeStamp))
      timer = setTimeout(() => byHand(reader.quiet()), HAND_MS)
    }
    document.addEventListener('keydown', onKeyDown, true)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('keydown', onKeyDown, true)
    }
  }, [enabled])
}
