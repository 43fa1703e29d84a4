import { describe, expect, it } from 'vitest'
import { type Chain, linked, noChain, pagesNear } from './longList'

const page = (ids: string, next: string | null) => ({ ids: ids.split(' '), next })
const chain = (marks: string[], ...ids: string[]): Chain => ({ of: 'q', marks, ids: ids.map((one) => (one ? one.split(' ') : [])) })

describe('pages that hang together by their marks', () => {
  it('grows by the mark that a page ends with', () => {
    const one = linked(noChain('q'), new Map([['', page('a b', 'm1')]]))
    expect(one).toEqual(chain(['', 'm1'], 'a b', ''))
    expect(linked(one, new Map([['m1', page('c', null)]]))).toEqual(chain(['', 'm1'], 'a b', 'c'))
  })
  it('is the same object while nothing changed', () => {
    const one = chain(['', 'm1'], 'a b', 'c')
    expect(linked(one, new Map([['', page('a b', 'm1')]]))).toBe(one)
  })
  it('moves the next page when one comes in above, and keeps what is known of it until it is read', () => {
    const one = chain(['', 'm1', 'm2'], 'a b', 'c d', 'e')
    expect(linked(one, new Map([['', page('new a', 'm1b')]]))).toEqual(chain(['', 'm1b', 'm2'], 'new a', 'c d', 'e'))
  })
  it('forgets what lay behind a page that is now the last', () => {
    expect(linked(chain(['', 'm1', 'm2'], 'a b', 'c d', 'e'), new Map([['m1', page('c', null)]]))).toEqual(chain(['', 'm1'], 'a b', 'c'))
  })
  it('asks for the pages on the screen, and for the next one before its rows are needed', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i).join(' ')
    const long = chain(['', 'm1', 'm2', 'm3'], hundred, hundred, hundred, '')
    expect(pagesNear(noChain('q'), 0, 20)).toEqual({ first: 0, last: 0 })
    expect(pagesNear(long, 0, 20)).toEqual({ first: 0, last: 1 })
    expect(pagesNear(long, 110, 130)).toEqual({ first: 1, last: 2 })
    expect(pagesNear(long, 280, 300)).toEqual({ first: 2, last: 3 })
  })
})
