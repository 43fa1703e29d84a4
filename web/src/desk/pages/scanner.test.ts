import { describe, expect, it } from 'vitest'
import { scanReader, signOf } from './scanner'

const type = (text: string, gap: number) => {
  const reader = scanReader()
  ;[...text].forEach((sign, i) => reader.press(sign, i * gap))
  return reader
}

describe('a scanner and a hand', () => {
  it('reads what comes 5 ms per key as one code', () => expect(type('SF1023456789', 5).enter()).toBe('SF1023456789'))
  it('takes a key pressed slowly for a key', () => expect(type('1', 0).quiet()).toBe('1'))
  it('takes slow keys one by one and their Enter for a hand', () => expect(type('1r', 200).enter()).toBe(''))
  it('gives the slow key before, where no quiet moment took it', () => {
    const reader = scanReader()
    expect([reader.press('1', 0), reader.press('r', 200), reader.quiet()]).toEqual(['', '1', 'r'])
  })
  it('gives no key of a code', () => {
    const reader = type('SF1023456789', 5)
    expect(reader.press('1', 5000)).toBe('')
  })
  it('does not take two quick keys for a code', () => expect(type('1r', 20).enter()).toBe(''))
  it('begins anew after a code', () => {
    const reader = type('AS2611000048', 5)
    reader.enter()
    reader.press('2', 5000)
    expect(reader.quiet()).toBe('2')
  })
  it('reads through an input method by the place of the key', () => {
    expect(signOf({ key: 'Process', code: 'KeyS' })).toBe('S')
    expect(signOf({ key: 'Process', code: 'Digit4' })).toBe('4')
    expect(signOf({ key: 'Shift', code: 'ShiftLeft' })).toBe('')
  })
})
