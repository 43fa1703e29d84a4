import { expect, it } from 'vitest'
import { keyMatcher, nameOfPress } from './keys'
import { fit } from './fit'

const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey', boolean>> = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held })

it('names presses as bindings write them', () => {
  expect([press('j'), press('K', { metaKey: true }), press('k', { ctrlKey: true }), press('?', { shiftKey: true }), press('Enter', { shiftKey: true }), press('J', { shiftKey: true }), press(' ')].map(nameOfPress)).toEqual(['j', 'mod+k', 'mod+k', '?', 'shift+enter', 'shift+j', 'space'])
})

it('finds single keys and two in a row', () => {
  const bindings = [{ keys: 'j' }, { keys: 'g q' }, { keys: 'q' }]
  const match = keyMatcher(1000)
  expect(match(press('j'), bindings, 0)?.keys).toBe('j')
  expect(match(press('g'), bindings, 100)).toBeNull()
  expect(match(press('q'), bindings, 600)?.keys).toBe('g q')
  expect(match(press('g'), bindings, 1000)).toBeNull()
  expect(match(press('q'), bindings, 2500)?.keys).toBe('q')
})

it('fits commands by every word, beginnings first', () => {
  expect(fit('', '队列')).toBe(1)
  expect(fit('队', '队列')).toBe(5)
  expect(fit('列', '队列')).toBe(4)
  expect(fit('queue', '队列', 'Queue inbox')).toBe(2)
  expect(fit('队 退款', '队列')).toBe(0)
})
