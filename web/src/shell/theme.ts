import { useSyncExternalStore } from 'react'
import { colours, type ThemeName } from '../design/tokens'

export type ThemeChoice = 'system' | ThemeName
const STORED = 'aftercare.theme'
const dark = matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()

let choice: ThemeChoice = read()

function read(): ThemeChoice {
  try {
    const stored = localStorage.getItem(STORED)
    return stored === 'light' || stored === 'dark' ? stored : 'system'
  } catch {
    return 'system'
  }
}

const shown = (): ThemeName => (choice === 'system' ? (dark.matches ? 'dark' : 'light') : choice)

function apply() {
  document.documentElement.dataset.theme = shown()
  document.querySelector('meta[name=theme-color]')?.setAttribute('content', colours[shown()].paper)
  listeners.forEach((tell) => tell())
}

export function startTheme() {
  apply()
  dark.addEventListener('change', apply)
}

export function chooseTheme(next: ThemeChoice) {
  choice = next
  try {
    if (next === 'system') localStorage.removeItem(STORED)
    else localStorage.setItem(STORED, next)
  } catch {
    // Storage refused: the choice lasts as long as the page.
  }
  apply()
}

const subscribe = (tell: () => void) => {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

/** What the person chose and what is shown. */
export function useTheme(): { choice: ThemeChoice; shown: ThemeName } {
  const name = useSyncExternalStore(subscribe, () => `${choice} ${shown()}`)
  const [c, s] = name.split(' ')
  return { choice: c as ThemeChoice, shown: s as ThemeName }
}
