import { describe, expect, it } from 'vitest'
import type { Entry, MessageView } from '../data'
import { weave, type Words } from './story'

const words: Words = { fact: (name) => name, who: (waited) => waited, nameOf: () => null, role: (kind) => kind, said: (what) => what, customer: '王小明' }

const fact = (minute: number, name: string, data: Record<string, unknown> = {}, actor = 'staff') =>
  ({ position: minute, at: `2026-03-10T04:${String(minute).padStart(2, '0')}:00Z`, name, actor_kind: actor, actor_id: null, shop_id: null, cause: null, data }) as Entry

const said = (minute: number, author_kind: 'customer' | 'staff', kind: 'message' | 'note' = 'message') =>
  ({ id: `m${minute}`, author_kind, author_id: null, author_name: null, kind, channel: 'portal', body: '好的', html: null, sent_at: `2026-03-10T04:${String(minute).padStart(2, '0')}:30Z`, seen: false, files: [], contact_id: null, sending: null, offers: null }) as MessageView

describe('thread and timeline in one line', () => {
  it('puts words and facts in the order in which they happened', () => {
    const line = weave([said(1, 'customer'), said(9, 'staff')], [fact(5, 'claim.approved', { to_state: 'approved' }), fact(0, 'case.opened')], words)
    expect(line.map((e) => e.title)).toEqual(['case.opened', 'asked', 'claim.approved', 'answered'])
  })
  it('tells for whom each wait was, also where the fact that began it is silent', () => {
    const line = weave([], [fact(6, 'claim.carried_out', { to_state: 'awaiting_return' }), fact(5, 'claim.approved', { to_state: 'approved' }), fact(1, 'claim.applied', { to_state: 'pending_merchant' }, 'customer')], words)
    expect(line.map((e) => [e.title, e.waitingFor])).toEqual([
      ['claim.applied', 'shop'],
      ['claim.approved', 'customer'],
    ])
  })
  it('marks the wait that ran past its promise', () => {
    const line = weave([said(1, 'customer'), said(20, 'staff')], [fact(10, 'clock.fired', { clock: 'case.first_answer' }, 'system')], words)
    expect(line.map((e) => e.late)).toEqual([true, false, false])
  })
  it('leaves out what only machines and colleagues hear of', () => {
    const told = ['desk.told', 'case.followed', 'case.mentioned', 'case.step_taken', 'trial.met', 'case.escalated'].map((name, i) => fact(i, name))
    expect(weave([], told.reverse(), words).map((e) => e.title)).toEqual(['case.escalated'])
  })
  it('keeps notes inside and lets them change no wait', () => {
    const [asked, note] = weave([said(1, 'customer'), said(2, 'staff', 'note')], [], words)
    expect([asked?.internal, note?.internal, note?.waitingFor]).toEqual([false, true, 'shop'])
  })
})

describe('what the assistant does', () => {
  it('is told in its own name, and its answer once', () => {
    const answer = { ...said(2, 'staff'), author_kind: 'system', offers: { sources: [], choices: [] } } as unknown as MessageView
    const line = weave([said(1, 'customer'), answer], [fact(2, 'assistant.answered', {}, 'customer'), fact(3, 'assistant.handed_over', {}, 'customer')], words)
    expect(line.map((e) => [e.title, e.actor.name])).toEqual([
      ['asked', '王小明'],
      ['answered', 'assistant'],
      ['assistant.handed_over', 'assistant'],
    ])
  })
})
