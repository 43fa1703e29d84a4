/** Texts and formats in the reader's language. `const { t, fmt, locale } = useText()`.

`t('x.y')` looks into the language file of the face, then into common.json. */
import i18next from 'i18next'
import { useMemo } from 'react'
import { initReactI18next, useTranslation } from 'react-i18next'
import * as format from './format'
import { detectLocale, type Locale, storeLocale } from './locales'

export { localeNames, locales, type Locale } from './locales'

export type Face = 'portal' | 'desk' | 'console'

const files = import.meta.glob<{ default: Record<string, unknown> }>('../locales/*/*.json')

/** Loads the files of this face in the reader's language; call once before rendering. */
export async function startTexts(face: Face, extra: Face[] = []): Promise<void> {
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
      fallbackNS: ['common', ...extra],
      fallbackLng: false,
      load: 'currentOnly',
      interpolation: { escapeValue: false },
      react: { useSuspense: false },
      showSupportNotice: false,
    } as Parameters<typeof i18next.init>[0])
  followLocale(i18next.language)
  i18next.on('languageChanged', followLocale)
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
    exact: (when: string | number | Date) => format.formatExact(when, locale),
    relative: (when: string | number | Date, now?: number) => format.formatRelative(when, locale, now),
    duration: (ms: number) => format.durationInWords(ms, locale),
    number: (n: number, options?: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options).format(n),
    percent: (share: number, digits = 0) =>
      new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: digits }).format(share),
    bytes: (n: number) => format.formatBytes(n, locale),
    list: (items: string[]) => new Intl.ListFormat(locale, { type: 'conjunction' }).format(items),
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
