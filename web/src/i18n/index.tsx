/** Texts and formats in the reader's language. `const { t, fmt, locale } = useText()`.

`t('x.y')` looks into the language file of the face, then into common.json. */
import i18next from 'i18next'
import { useMemo } from 'react'
import { initReactI18next, useTranslation } from 'react-i18next'
import * as format from './format'
import { detectLocale, type Locale, storeLocale } from './locales'

export { localeNames, locales, type Locale } from './locales'

export type Face = 'portal' | 'desk' | 'console'

/** Language files by path '../locales/<locale>/<file>.json', each fetched when first asked for. */
export type TextFiles = Record<string, () => Promise<{ default: Record<string, unknown> }>>

const own: TextFiles = import.meta.glob<{ default: Record<string, unknown> }>('../locales/*/{common,portal,desk,console}.json')

/** Loads the files of this face in the reader's language; call once before rendering. `parts` are files that come later, by `loadTexts`, unless `extra` names them. */
export async function startTexts(face: Face, extra: string[] = [], parts: TextFiles = {}): Promise<void> {
  const files = { ...own, ...parts }
  const later = [...new Set(Object.keys(parts).map((path) => path.replace(/^.*\/|\.json$/g, '')))]
  await i18next
    .use({
      type: 'backend' as const,
      init() {},
      read(locale: string, file: string, done: (error: unknown, texts: Record<string, unknown> | null) => void) {
        const load = files[`../locales/${locale}/${file}.json`]
        if (!load) return done(new Error(`no texts ${locale}/${file}`), null)
        load().then((m) => done(null, m.default), (error: unknown) => done(error, null))
      },
    })
    .use(initReactI18next)
    .init({
      lng: detectLocale(),
      ns: ['common', face, ...extra],
      defaultNS: face,
      fallbackNS: ['common', ...extra, ...later],
      fallbackLng: false,
      load: 'currentOnly',
      interpolation: { escapeValue: false },
      react: { useSuspense: false },
      showSupportNotice: false,
    } as Parameters<typeof i18next.init>[0])
  followLocale(i18next.language)
  i18next.on('languageChanged', followLocale)
}

/** Fetches one of the `parts`; from then on `t` finds its texts, also after another language is chosen. */
export async function loadTexts(part: string): Promise<void> {
  await i18next.loadNamespaces(part)
  if (!i18next.hasLoadedNamespace(part)) throw new Error(`no texts ${i18next.language}/${part}`)
}

function followLocale(locale: string) {
  document.documentElement.lang = locale
}

export async function switchLocale(locale: Locale): Promise<void> {
  storeLocale(locale)
  await i18next.changeLanguage(locale)
}

export const currentLocale = () => (i18next.language || 'zh-CN') as Locale

export function formatsFor(locale: Locale) {
  return {
    money: (amountCents: number | bigint, currency: string) => format.formatMoney(amountCents, currency, locale),
    date: (when: string | number | Date) => format.formatDate(when, locale),
    time: (when: string | number | Date) => format.formatTime(when, locale),
    dateTime: (when: string | number | Date) => format.formatDateTime(when, locale),
    /** For days and months as the API writes them. */
    day: (day: string) => format.formatDay(day, locale),
    month: (month: string) => format.formatMonth(month, locale),
    zone: (zone: string) => format.zoneName(zone, locale),
    language: (code: string) => format.codeName('language', code, locale),
    region: (code: string) => format.codeName('region', code, locale),
    currency: (code: string) => format.codeName('currency', code, locale),
    exact: (when: string | number | Date) => format.formatExact(when, locale),
    relative: (when: string | number | Date, now?: number) => format.formatRelative(when, locale, now),
    duration: (ms: number, largest?: 'day' | 'hour') => format.durationInWords(ms, locale, largest),
    number: (n: number, options?: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options).format(n),
    percent: (share: number, digits = 0) =>
      new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: digits }).format(share),
    bytes: (n: number) => format.formatBytes(n, locale),
    list: (items: string[]) => format.formatList(items, locale),
  }
}

export type Formats = ReturnType<typeof formatsFor>
export type Translate = (key: string, values?: Record<string, unknown>) => string

export function useText(): { t: Translate; has: (key: string) => boolean; fmt: Formats; locale: Locale } {
  const { t, i18n } = useTranslation()
  const locale = i18n.language as Locale
  return useMemo(
    () => ({
      // i18next's overloads know many forms; ours is one.
      t: t as unknown as Translate,
      has: (key: string) => i18n.exists(key),
      fmt: formatsFor(locale),
      locale,
    }),
    [t, i18n, locale],
  )
}
