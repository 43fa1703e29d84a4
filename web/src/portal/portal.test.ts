import { describe, expect, it } from 'vitest'
import { lineOf, paysBack, saidOnce } from './claimLine'
import type { Clock, Fact } from './data'
import { formatsFor } from '../i18n'
import { chaptersOf } from './handbook'
import { addressLines, inEU, ringOf, withoutLastWord } from './parts'

const clock = (change: Partial<Clock>): Clock => ({
  id: 'c', subject_kind: 'claim', subject_id: 's', name: 'claim.ship', state: 'running', started_at: '2026-11-20T00:00:00Z', due_at: '2026-11-27T00:00:00Z',
  warn_at: null, paused_at: null, left_seconds: null, met_at: null, settled_at: null, ...change,
})

describe('the ring that is shown', () => {
  it('is of the claim before of the conversation, running before paused, the nearest first', () => {
    const talk = clock({ id: 'talk', subject_kind: 'case', due_at: '2026-11-21T00:00:00Z' })
    const late = clock({ id: 'late', due_at: '2026-11-30T00:00:00Z' })
    const near = clock({ id: 'near' })
    const paused = clock({ id: 'paused', state: 'paused', due_at: '2026-11-21T00:00:00Z' })
    expect(ringOf([talk, late, paused, near])?.id).toBe('near')
    expect(ringOf([talk, paused])?.id).toBe('paused')
    expect(ringOf([talk])?.id).toBe('talk')
  })
  it('is none of what is over, and a broken one until it is settled', () => {
    expect(ringOf([clock({ state: 'kept' }), clock({ state: 'cancelled' }), clock({ state: 'fired', settled_at: '2026-11-27T01:00:00Z' })])).toBeNull()
    expect(ringOf([clock({ state: 'fired' })])?.state).toBe('fired')
  })
})

it('reads the handbook back without its diagrams', () => {
  const markdown = '# 手册\n\n## 仅退款\n\n| 步骤 | 阶段 | 责任人 | 操作 | 时限 | 到期 |\n|---|---|---|---|---|---|\n| 待处理 | 诊断 | 商家 | 同意（客服） → 已同意<br>拒绝 | 商家处理 48 小时 | 同意 → 已同意 |\n| 已拒绝 | 方案 | 买家 | 修改 | 介入 7 天 | 超时关闭 → 超时关闭 |\n| 完成 | 评价 | 无 | 终点 |  |  |\n\n```mermaid\n## x\n| a |\n```\n'
  expect(chaptersOf(markdown)).toEqual([
    {
      title: '仅退款',
      steps: [
        { name: '待处理', stage: '诊断', owner: '商家', clock: '商家处理 48 小时', atZero: '同意 → 已同意' },
        { name: '已拒绝', stage: '方案', owner: '买家', clock: '介入 7 天', atZero: '超时关闭' },
        { name: '完成', stage: '评价', owner: '无', clock: '', atZero: '' },
      ],
    },
  ])
})

it('writes an address as one copies it: who, then where, as it is written there', () => {
  expect(addressLines({ phone: '021-5555 0101', name: '售后部', street: '曹安公路 4988 号', province: '上海市', city: '上海市', district: '嘉定区', postcode: 201805, note: '3 号库' })).toEqual({
    who: '售后部 021-5555 0101',
    where: '上海市 嘉定区 曹安公路 4988 号 201805 3 号库',
  })
  expect(addressLines({ country: 'Deutschland', city: 'Hamburg', postcode: '20457', street: 'Hafenstraße 12', name: 'Nordlicht Retouren' })).toEqual({
    who: 'Nordlicht Retouren',
    where: 'Hafenstraße 12, 20457, Hamburg, Deutschland',
  })
  // What the line says already is not said again; a number inside another is not the same number.
  expect(addressLines({ line: 'Beispielstraße 12, 10115 Berlin', zip: '10115', city: 'Berlin' }).where).toBe('Beispielstraße 12, 10115 Berlin')
  expect(addressLines({ line: '云梨路 1280 号', zip: '215200', room: '128' }).where).toBe('云梨路 1280 号 215200 128')
})

it('knows which markets have the withdrawal function', () => {
  expect(['DE', 'EU', 'fr', 'CN', 'GB', 'BR'].map(inEU)).toEqual([true, true, true, false, false, false])
})

describe('the line of a claim', () => {
  const fact = (position: number, name: string, data: Record<string, unknown>, actor_kind = 'customer'): Fact => ({ position, at: `2026-11-20T0${position}:00:00Z`, name, actor_kind, data })
  const told = (key: string, values: Record<string, unknown> = {}) => [key, ...Object.values(values)].join(' ').trim()
  it('is oldest first, leaves passing moves out and keeps who was waited for', () => {
    const newestFirst = [
      fact(5, 'refund.paid', { amount_cents: 43100, currency: 'CNY' }, 'system'),
      fact(4, 'case.stage_set', { stage: 'carried_out' }, 'system'),
      fact(3, 'claim.carried_out', { mover: 'system', to_state: 'awaiting_return' }, 'system'),
      fact(2, 'claim.approved', { mover: 'system', to_state: 'approved' }, 'system'),
      fact(1, 'claim.applied', { mover: 'customer', to_state: 'pending_merchant' }),
    ]
    const line = lineOf(newestFirst, { t: told, has: () => true, fmt: formatsFor('zh-CN'), shop: '云朵' })
    expect(line.map((one) => [one.id, one.actor.kind, one.title, one.waitingFor, one.kind])).toEqual([
      ['1', 'customer', 'fact.claim.applied', 'actor.shop', 'fact'],
      ['2', 'system', 'fact.claim.approved', 'actor.customer', 'decision'],
      ['5', 'gateway', 'fact.refund.paid ¥431.00', 'actor.customer', 'decision'],
    ])
  })
  it('waits for the carrier until the parcel has come, and then for whoever has it', () => {
    const newestFirst = [
      fact(6, 'case.solved', {}, 'system'),
      fact(5, 'parcel.delivered', {}, 'integration'),
      fact(4, 'claim.reshipped', { mover: 'warehouse', to_state: 'reshipped' }),
      fact(3, 'claim.received', { mover: 'warehouse', to_state: 'received' }),
      fact(2, 'parcel.delivered', {}, 'integration'),
      fact(1, 'claim.return_shipped', { mover: 'customer', to_state: 'in_transit_back' }),
    ]
    const line = lineOf(newestFirst, { t: told, has: () => true, fmt: formatsFor('zh-CN'), shop: '云朵' })
    expect(line.map((one) => [one.title, one.waitingFor])).toEqual([
      ['fact.claim.return_shipped', 'actor.carrier'],
      ['fact.parcel.delivered', 'actor.shop'],
      ['fact.claim.received', 'actor.shop'],
      ['fact.claim.reshipped', 'actor.carrier'],
      ['fact.parcel.delivered', 'actor.customer'],
    ])
    const refused = lineOf([fact(1, 'claim.approved', { to_state: 'awaiting_return' })], { t: told, has: () => true, fmt: formatsFor('zh-CN'), shop: '云朵', kind: 'refuse_parcel' })
    expect(refused[0]?.waitingFor).toBe('actor.carrier')
  })
  it('leaves out what it has no words for', () => {
    expect(lineOf([fact(1, 'clock.started', {})], { t: told, has: () => false, fmt: formatsFor('en'), shop: 'x' })).toEqual([])
  })
})

it('tells why in sentences, each once, and never in the code of a rule', () => {
  const rule = (rule: string, sentence: string) => ({ origin: 'law', rule, version: 'cn@1', matched: true, sentence, source: '' })
  expect(saidOnce([rule('cn.no_reason_7', '7 天内可无理由退货。'), rule('cn.defect_7', '运费由商家承担。'), rule('shop.no_reason_7', '7 天内可无理由退货。')])).toEqual([
    { rule: '', text: '7 天内可无理由退货。' },
    { rule: '', text: '运费由商家承担。' },
  ])
})

it('looks for the same thing in another size', () => {
  expect(['素缕 山羊绒开衫 雾蓝 M', '帽子', ' Linen shirt XL '].map(withoutLastWord)).toEqual(['素缕 山羊绒开衫 雾蓝', '帽子', 'Linen shirt'])
})

it('speaks of money only where some is paid', () => {
  const claim = { kind: 'exchange', requested_cents: 27900, agreed_cents: 27900, refunded_cents: 0, difference_cents: 0, refunds: [] }
  expect(paysBack(claim)).toBe(false)
  expect(paysBack({ ...claim, difference_cents: 2000 })).toBe(true)
  expect(paysBack({ ...claim, refunded_cents: 27900 })).toBe(true)
  expect(paysBack({ ...claim, kind: 'return_refund' })).toBe(true)
  expect(paysBack({ ...claim, kind: 'repair', requested_cents: 0, agreed_cents: 0 })).toBe(false)
})
