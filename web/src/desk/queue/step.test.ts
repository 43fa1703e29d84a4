import { describe, expect, it } from 'vitest'
import { stepFrom } from './step'

const ids = ['a', 'b', 'c', 'd']

describe('the next case', () => {
  it('is the first while none was looked at', () => {
    expect([stepFrom(ids, -1, -1, 1), stepFrom(ids, -1, -1, -1)]).toEqual(['a', 'a'])
  })
  it('is the one below or above, and stops at the ends', () => {
    expect([stepFrom(ids, 1, 1, 1), stepFrom(ids, 1, 1, -1), stepFrom(ids, 3, 3, 1), stepFrom(ids, 0, 0, -1)]).toEqual(['c', 'a', 'd', 'a'])
  })
  it('is the one that took the place of the case that was answered and left', () => {
    // b was open and is gone: a, c, d remain.
    expect([stepFrom(['a', 'c', 'd'], -1, 1, 1), stepFrom(['a', 'c', 'd'], -1, 1, -1)]).toEqual(['c', 'a'])
    expect(stepFrom(['a'], -1, 3, 1)).toBe('a')
    expect(stepFrom([], -1, 2, 1)).toBeUndefined()
  })
})
