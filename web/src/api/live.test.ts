import { expect, it } from 'vitest'
import { backOff, eventReader } from './live'
import { Problem, problemOf, problemText } from './problem'

it('reads events that come in pieces', () => {
  const read = eventReader()
  expect(read('id: 7\nevent: case.opened\nda')).toEqual([])
  expect(read('ta: {"a":\ndata: 1}\n\n: still here\n\nretry: 500\n\n')).toEqual([
    { id: '7', type: 'case.opened', data: '{"a":\n1}', retry: null },
    { id: null, type: 'message', data: '', retry: 500 },
  ])
  expect(read('data: x\r\n\r\n')).toEqual([{ id: null, type: 'message', data: 'x', retry: null }])
})

it('waits longer each time, up to half a minute', () => {
  expect([0, 1, 5, 20].map((n) => backOff(n, 1))).toEqual([1000, 2000, 30_000, 30_000])
  expect(backOff(0, 0)).toBe(500)
})

const texts: Record<string, string> = { 'problem.return_window_closed': 'closed {{on}}', 'problem.http_500': 'ours', 'problem.unexpected': 'odd' }
const t = (key: string, values?: Record<string, unknown>) => (texts[key] ?? key).replace(/\{\{(\w+)\}\}/g, (_, k: string) => String(values?.[k]))
const has = (key: string) => key in texts

it('reads a refusal with its data', async () => {
  const problem = await problemOf(
    new Response(JSON.stringify({ type: 'x', title: 'Closed', status: 409, code: 'return_window_closed', detail: 'd', request_id: 'r1', on: '3/5' }), { status: 409, headers: { 'retry-after': '7' } }),
  )
  expect([problem.status, problem.code, problem.requestId, problem.extras, problem.retryAfter, problem.passing]).toEqual([409, 'return_window_closed', 'r1', { on: '3/5' }, 7, false])
  expect(problemText(problem, t, has)).toBe('closed 3/5')
})

it('survives an answer that is no problem document', async () => {
  const problem = await problemOf(new Response('<html>', { status: 502, headers: { 'x-request-id': 'r2' } }))
  expect([problem.code, problem.requestId, problem.passing, problemText(problem, t, has)]).toEqual(['http_502', 'r2', true, 'ours'])
  expect(problemText(new Problem(409, 'unknown', 'T'), t, has)).toBe('odd')
  const invalid = new Problem(422, 'invalid', 'T', null, null, { errors: [{ field: 'lines.0.quantity', where: 'body', reason: 'too many' }] })
  expect(invalid.fields).toEqual({ 'lines.0.quantity': 'too many' })
})
