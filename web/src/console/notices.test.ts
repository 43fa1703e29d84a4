import { describe, expect, it } from 'vitest'
import { unreachedOf } from './notices'

describe('unreachedOf', () => {
  it('is what no other figure counts, so that the figures add up to what was asked', () => {
    expect(unreachedOf({ asked: 831, told: 824, undelivered: 1, waiting: 2, missing: 1 })).toBe(3)
  })
  it('is none when all were told, and while nothing is known', () => {
    expect(unreachedOf({ asked: 5, told: 5, undelivered: 0, waiting: 0, missing: 0 })).toBe(0)
    expect(unreachedOf(undefined)).toBe(0)
  })
})
