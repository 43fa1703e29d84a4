export const locales = ['zh-CN', 'zh-TW', 'en'] as const
export type Locale = (typeof locales)[number]
export const localeNames: Record<Locale, string> = { 'zh-CN': '简体中文', 'zh-TW': '繁體中文', en: 'English' }

const STORED = 'aftercare.locale'

/** The first language asked for that we speak; simplified Chinese when none is. */
export function pickLocale(wanted: readonly string[]): Locale {
  for (const tag of wanted) {
    const low = tag.toLowerCase()
    if (/^zh\b.*\b(hant|tw|hk|mo)\b/.test(low)) return 'zh-TW'
    if (/^zh\b/.test(low)) return 'zh-CN'
    if (/^en\b/.test(low)) return 'en'
  }
  return 'zh-CN'
}

export function detectLocale(): Locale {
  const asked = new URLSearchParams(location.search).get('lang')
  const stored = asked ?? readStored()
  if (stored && (locales as readonly string[]).includes(stored)) return stored as Locale
  return pickLocale(navigator.languages)
}

export function storeLocale(locale: Locale) {
  try {
    localStorage.setItem(STORED, locale)
  } catch {
    // Private windows may refuse storage; the choice then lasts as long as the page.
  }
}

function readStored(): string | null {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null
  }
}
