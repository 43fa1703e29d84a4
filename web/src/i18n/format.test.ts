import { describe, expect, it } from 'vitest'
import { clockFace, codeName, decimalOfMinor, durationInWords, formatDay, formatList, formatMoney, formatMonth, formatRelative, minorDigits, parseMoney, spans, zoneName } from './format'
import { pickLocale } from './locales'

const { MINUTE, HOUR, DAY } = spans

describe('money', () => {
  it('knows the minor digits of a currency', () => {
    expect(['CNY', 'JPY', 'KWD', 'BRL'].map(minorDigits)).toEqual([2, 0, 3, 2])
  })
  it('moves the point without floating', () => {
    expect([decimalOfMinor(12345, 2), decimalOfMinor(5, 2), decimalOfMinor(-99, 2), decimalOfMinor(1250, 0), decimalOfMinor(0, 3)]).toEqual(['123.45', '0.05', '-0.99', '1250', '0.000'])
    expect(decimalOfMinor(9007199254740993n, 2)).toBe('90071992547409.93')
  })
  it('writes amounts as the reader does', () => {
    expect(formatMoney(32900, 'CNY', 'zh-CN')).toBe('¥329.00')
    expect(formatMoney(123456789, 'CNY', 'en')).toBe('CN¥1,234,567.89')
    expect(formatMoney(1250, 'JPY', 'en')).toBe('¥1,250')
    expect(formatMoney(9007199254740993n, 'USD', 'en')).toBe('$90,071,992,547,409.93')
  })
  it('reads what a person types, and refuses the rest', () => {
    expect(['1,234.5', '12', '0.05', '1.234', '-3', 'abc', ''].map((s) => parseMoney(s, 'CNY'))).toEqual([123450, 1200, 5, null, null, null, null])
    // As keyboards and habits give it: full-width, with a sign, a decimal comma.
    expect(['２０．５０', '¥20', '20 元', '20,5', '1,000'].map((s) => parseMoney(s, 'CNY'))).toEqual([2050, 2000, 2000, 2050, 100000])
    expect([parseMoney('1250', 'JPY'), parseMoney('12.5', 'JPY')]).toEqual([1250, null])
  })
})

describe('durations in words', () => {
  const span = 3 * HOUR + 20 * MINUTE
  it('tells the two largest units', () => {
    expect(durationInWords(span, 'zh-CN')).toBe('3 小时 20 分')
    expect(durationInWords(span, 'zh-TW')).toBe('3 小時 20 分')
    expect(durationInWords(span, 'en')).toBe('3 h 20 min')
    expect(durationInWords(-span, 'en')).toBe('3 h 20 min')
  })
  it('keeps round spans short', () => {
    expect(['zh-CN', 'en'].map((l) => durationInWords(12 * MINUTE, l as 'en'))).toEqual(['12 分钟', '12 min'])
    expect(durationInWords(2 * HOUR, 'zh-CN')).toBe('2 小时')
    expect(durationInWords(2 * DAY + 4 * HOUR, 'en')).toBe('2 d 4 h')
    expect(durationInWords(2 * DAY, 'zh-CN', 'hour')).toBe('48 小时')
    expect(durationInWords(12 * DAY + 4 * HOUR, 'en')).toBe('12 d')
    expect(durationInWords(30_000, 'zh-CN')).toBe('不到 1 分钟')
  })
  it('counts along on a clock face', () => {
    expect([clockFace(42 * MINUTE + 9_000), clockFace(30 * HOUR), clockFace(-5)]).toEqual(['00:42:09', '30:00:00', '00:00:00'])
  })
})

it('tells days, months, zones and codes as the API writes them in words', () => {
  expect(formatDay('2026-10-24', 'zh-CN', new Date(2026, 10, 21).getTime())).toBe('10月24日')
  expect(formatMonth('2025-12', 'zh-CN')).toBe('2025年12月')
  expect(formatMonth('2025-12', 'en')).toBe('Dec 2025')
  expect(zoneName('Asia/Shanghai', 'zh-CN')).toMatch(/中国/)
  expect(zoneName('nowhere', 'en')).toBe('nowhere')
  expect(codeName('currency', 'CNY', 'zh-CN')).toBe('人民币')
  expect(codeName('language', 'de', 'zh-CN')).toBe('德语')
})

it('tells times relative up to a day, then absolute', () => {
  const now = new Date(2026, 10, 21, 20, 0).getTime()
  expect(formatRelative(now - 3 * MINUTE, 'zh-CN', now)).toBe('3 分钟前')
  expect(formatRelative(now + 2 * HOUR, 'en', now)).toBe('in 2 hours')
  expect(formatRelative(now - DAY, 'zh-CN', now)).toBe('11月20日 20:00')
})

it('picks the language that the reader can read', () => {
  expect([['zh-HK'], ['zh-Hant-TW', 'en'], ['zh'], ['pt-BR', 'en-GB'], ['fr'], []].map(pickLocale)).toEqual(['zh-TW', 'zh-TW', 'zh-CN', 'en', 'zh-CN', 'zh-CN'])
})

describe('lists', () => {
  it('keeps Latin words off the Chinese ones', () => {
    expect(formatList(['素缕', '晴禾', 'Qinghe'], 'zh-CN')).toBe('素缕、晴禾和 Qinghe')
    expect(formatList(['繁體中文', 'English'], 'zh-TW')).toBe('繁體中文和 English')
    expect(formatList(['Qinghe', '素缕'], 'zh-CN')).toBe('Qinghe 和素缕')
    expect(formatList(['家电', '服装'], 'zh-CN')).toBe('家电和服装')
    expect(formatList(['A', 'B', 'C'], 'en')).toBe('A, B, and C')
  })
})
