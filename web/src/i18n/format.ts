import type { Locale } from './locales'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const units: Record<Locale, { day: string; hour: string; minute: string; second: string; less: string }> = {
  'zh-CN': { day: '天', hour: '小时', minute: '分', second: '秒', less: '不到 1 分钟' },
  'zh-TW': { day: '天', hour: '小時', minute: '分', second: '秒', less: '不到 1 分鐘' },
  en: { day: 'd', hour: 'h', minute: 'min', second: 's', less: 'under a minute' },
}

/** '3 小时 20 分', '2 d 4 h': the two largest units up to `largest`, rounded down; whole hours and minutes say 小时, 分钟. */
export function durationInWords(ms: number, locale: Locale, largest: 'day' | 'hour' = 'day'): string {
  const u = units[locale]
  const span = Math.abs(ms)
  if (span < MINUTE) return u.less
  const days = largest === 'day' ? Math.floor(span / DAY) : 0
  const hours = Math.floor((span - days * DAY) / HOUR)
  const minutes = Math.floor((span % HOUR) / MINUTE)
  const alone = locale === 'en' ? u.minute : locale === 'zh-CN' ? '分钟' : '分鐘'
  if (days >= 1) return hours && days < 10 ? `${days} ${u.day} ${hours} ${u.hour}` : `${days} ${u.day}`
  if (hours >= 1) return minutes ? `${hours} ${u.hour} ${minutes} ${u.minute}` : `${hours} ${u.hour}`
  return `${minutes} ${alone}`
}

/** '12:03:09' for the last day, for screens that count along; hours may exceed 24. */
export function clockFace(ms: number): string {
  const s = Math.max(0, Math.floor(ms / SECOND))
  const two = (n: number) => String(n).padStart(2, '0')
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`
}

/** Decimal text of an amount in minor units: exact, no floating point (12345, 2 → '123.45'). */
export function decimalOfMinor(amount: number | bigint, digits: number): string {
  const negative = amount < 0
  const text = String(amount < 0 ? -amount : amount).padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits)
  return `${negative ? '-' : ''}${digits ? `${whole}.${text.slice(-digits)}` : whole}`
}

const moneyFormats = new Map<string, Intl.NumberFormat>()

function moneyFormat(currency: string, locale: Locale): Intl.NumberFormat {
  const key = `${locale} ${currency}`
  let format = moneyFormats.get(key)
  if (!format) moneyFormats.set(key, (format = new Intl.NumberFormat(locale, { style: 'currency', currency })))
  return format
}

/** Minor digits of a currency: CNY 2, JPY 0, KWD 3. */
export function minorDigits(currency: string): number {
  return moneyFormat(currency, 'en').resolvedOptions().maximumFractionDigits ?? 2
}

/** `amount` is in minor units (`amount_cents` of the API, whatever the currency calls them). */
export function formatMoney(amount: number | bigint, currency: string, locale: Locale): string {
  const text = decimalOfMinor(amount, minorDigits(currency)) as Intl.StringNumericLiteral
  return moneyFormat(currency, locale).format(text)
}

/** What a person typed ('1,234.5') in minor units, or null when it is no amount of that currency. */
export function parseMoney(typed: string, currency: string): number | null {
  const digits = minorDigits(currency)
  const plain = typed.normalize('NFKC').replace(/[\s¥￥$€£]|元$/g, '')
  // '20,50' is how much of Europe writes it; '1,000' has its comma between thousands.
  const text = /^\d+,\d{1,2}$/.test(plain) ? plain.replace(',', '.') : plain.replaceAll(',', '')
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text)
  if (!match || (match[2]?.length ?? 0) > digits) return null
  const amount = Number(match[1] + (match[2] ?? '').padEnd(digits, '0'))
  return Number.isSafeInteger(amount) ? amount : null
}

type When = string | number | Date
const instant = (when: When) => (when instanceof Date ? when.getTime() : typeof when === 'number' ? when : Date.parse(when))

const dateFormats = new Map<string, Intl.DateTimeFormat>()
function dateFormat(locale: Locale, name: string, options: Intl.DateTimeFormatOptions) {
  const key = `${locale} ${name}`
  let format = dateFormats.get(key)
  if (!format) dateFormats.set(key, (format = new Intl.DateTimeFormat(locale, options)))
  return format
}

const sameYear = (a: number, b: number) => new Date(a).getFullYear() === new Date(b).getFullYear()

/** '3月5日 14:20'; the year is told only when it is not this one. */
export function formatDateTime(when: When, locale: Locale, now: number = Date.now()): string {
  const at = instant(when)
  const options: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
  return sameYear(at, now)
    ? dateFormat(locale, 'dt', options).format(at)
    : dateFormat(locale, 'ydt', { ...options, year: 'numeric' }).format(at)
}

export function formatDate(when: When, locale: Locale, now: number = Date.now()): string {
  const at = instant(when)
  const options: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric' }
  return sameYear(at, now) ? dateFormat(locale, 'd', options).format(at) : dateFormat(locale, 'yd', { ...options, year: 'numeric' }).format(at)
}

/** A day as the API writes it ('2026-10-24'), for axes and tables: '10月24日', 'Oct 24'. */
export function formatDay(day: string, locale: Locale, now: number = Date.now()): string {
  const [y = 0, m = 1, d = 1] = day.slice(0, 10).split('-').map(Number)
  return formatDate(new Date(y, m - 1, d), locale, now)
}

/** A month as the API writes it ('2025-12'): '2025年12月', 'Dec 2025'. */
export function formatMonth(month: string, locale: Locale): string {
  const [y = 0, m = 1] = month.split('-').map(Number)
  return dateFormat(locale, 'm', { year: 'numeric', month: 'short' }).format(new Date(y, m - 1, 1))
}

/** What people call a zone: '中国时间', 'Central European Time'; its code where it has no other name. */
export function zoneName(zone: string, locale: Locale): string {
  try {
    const parts = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'longGeneric' }).formatToParts()
    return parts.find((p) => p.type === 'timeZoneName')?.value ?? zone
  } catch {
    return zone
  }
}

/** Codes of languages, currencies and regions as words; the code itself where there is none. */
export function codeName(type: 'language' | 'currency' | 'region', code: string, locale: Locale): string {
  try {
    return new Intl.DisplayNames(locale, { type }).of(code) ?? code
  } catch {
    return code
  }
}

/** '家电、服饰和 Qinghe': Latin words stand off from the Chinese 和. */
export function formatList(items: readonly string[], locale: Locale): string {
  return new Intl.ListFormat(locale, { type: 'conjunction' }).format(items).replace(/\b和/g, ' 和').replace(/和\b/g, '和 ')
}

export function formatTime(when: When, locale: Locale): string {
  return dateFormat(locale, 't', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(instant(when))
}

/** The whole instant with zone, for tooltips and the record. */
export function formatExact(when: When, locale: Locale): string {
  return dateFormat(locale, 'x', { dateStyle: 'long', timeStyle: 'long' }).format(instant(when))
}

/** Relative up to a day ('3 分钟前', 'in 2 hours'), then absolute in the reader's zone. */
export function formatRelative(when: When, locale: Locale, now: number = Date.now()): string {
  const ms = instant(when) - now
  const span = Math.abs(ms)
  if (span >= DAY) return formatDateTime(when, locale, now)
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  if (span < MINUTE) return relative.format(0, 'second')
  const words = span < HOUR ? relative.format(Math.trunc(ms / MINUTE), 'minute') : relative.format(Math.trunc(ms / HOUR), 'hour')
  return words.replace(/(\d)(?=[㐀-鿿])/g, '$1 ')
}

export function formatBytes(bytes: number, locale: Locale): string {
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, 'kilobyte'] : [bytes / 1e6, 'megabyte']
  return new Intl.NumberFormat(locale, { style: 'unit', unit, maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)
}

export const spans = { SECOND, MINUTE, HOUR, DAY }
