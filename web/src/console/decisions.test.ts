import { expect, it } from 'vitest'
import { assigned, changeText, nameOfSubject, offer, offered } from './decisions'

const fmt = { number: String, percent: (value: number, digits = 0) => `${(value * 100).toFixed(digits)}%` }

it('writes changes on the scale of their indicator', () => {
  expect(changeText(0.031, 'share', 'points', fmt)).toBe('+3.1 points')
  expect(changeText(-0.124, 'relative', 'points', fmt)).toBe('−12%')
  expect(changeText(-0.024, 'relative', 'points', fmt)).toBe('−2.4%')
  expect(changeText(null, 'points', 'points', fmt)).toBe('–')
})

it('hands what a page puts under a decision to the form, and only while the address asks for it', () => {
  const kept = new Map<string, string>()
  const store = { setItem: (key: string, value: string) => void kept.set(key, value), getItem: (key: string) => kept.get(key) ?? null }
  const subject = { name: 'claim_applied', words: { 'zh-CN': { subject: '收到', body: '亲', button: '看看' } } }
  expect(offer({ kind: 'template', subject, shop: 'a' }, store)).toBe('/insight/decisions?new=template')
  expect(offered('?new=template', store)).toEqual({ kind: 'template', subject, shop: 'a' })
  expect(offered('?new=bot', store)).toBeNull()
  expect(offered('', store)).toBeNull()
  expect([assigned('template'), assigned('bot'), assigned('answer')]).toEqual([true, true, false])
})

it('calls what is changed by its title', () => {
  const t = (name: string) => ({ claim_applied: '已收到申请' })[name] ?? name
  expect(nameOfSubject('template', { name: 'claim_applied' }, t)).toBe('已收到申请')
  expect(nameOfSubject('answer', { name: '开场白' }, t)).toBe('开场白')
  expect(nameOfSubject('bot', { version: 3 }, t)).toBe('3')
  expect(nameOfSubject('policy', { versions: {} }, t)).toBe('')
})
