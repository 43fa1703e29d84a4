/** What the desk reads, under which keys, and what a live fact makes stale. */
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useRef } from 'react'
import { api, ask, newKey, request, sendFile } from '../api/client'
import { type LiveEvent, useLive } from '../api/live'
import type { components } from '../api/schema'
import type { PromiseClock, StoredFile } from '../design'
import { useText } from '../i18n'
import { byName } from '../staff/names'
import { useStaffSession } from '../staff/session'
import { storedFile } from './files'
import { passesBy } from './case/passing'

export { fileUrl } from './files'

type Schemas = components['schemas']
export type QueueItem = Schemas['QueueItem']
export type CasePage = Schemas['CasePage']
export type CaseView = Schemas['CaseView']
export type MessageView = Schemas['MessageView']
export type Entry = Schemas['Entry']
export type ClaimPage = Schemas['ClaimPage']
export type ClaimRow = Schemas['ClaimRow']
export type ClaimLine = Schemas['ClaimLineView']
export type ClaimState = Schemas['ClaimState']
export type ClaimKind = Schemas['ClaimKind']
export type ClockView = Schemas['ClockView']
export type OrderView = Schemas['OrderView']
export type OrderSummary = Schemas['OrderSummary']
export type ShipmentView = Schemas['ShipmentView']
export type RefundView = Schemas['RefundView']
export type RefundState = Schemas['RefundState']
export type Why = Schemas['Why']
export type Member = Schemas['MemberView']
export type SavedView = Schemas['ViewView']
export type Filters = Schemas['Filters']
export type Grade = Schemas['Grade']
export type Disposition = Schemas['Disposition']
export type Evidence = Schemas['EvidenceView']

/** Whether the person at this desk may do something: `const may = useMay(); may('claims.decide')`. */
export function useMay(): (permission: string) => boolean {
  const { data } = useStaffSession()
  return (permission) => data?.permissions.includes(permission) ?? false
}

export const keys = {
  queue: (filters?: object) => (filters ? ['queue', filters] : ['queue']),
  counts: ['counts'] as const,
  views: ['views'] as const,
  members: ['members'] as const,
  case: (id: string) => ['case', id] as const,
  story: (id: string) => ['story', id] as const,
  claim: (id: string) => ['claim', id] as const,
  claims: (filter?: object) => (filter ? ['claims', filter] : ['claims']),
  customer: (id: string) => ['customer', id] as const,
  order: (id: string) => ['order', id] as const,
  entitlements: (orderId: string, reason: string) => ['order', orderId, 'entitlements', reason] as const,
  refunds: ['refunds'] as const,
}

export const useCase = (id: string | null) =>
  useQuery({ queryKey: keys.case(id ?? ''), queryFn: () => ask(api.GET('/api/cases/{case_id}', { params: { path: { case_id: id ?? '' } } })), enabled: !!id })

export const useClaim = (id: string | null | undefined) =>
  useQuery({ queryKey: keys.claim(id ?? ''), queryFn: () => ask(api.GET('/api/claims/{claim_id}', { params: { path: { claim_id: id ?? '' } } })), enabled: !!id })

export const useOrder = (id: string | null | undefined) =>
  useQuery({ queryKey: keys.order(id ?? ''), queryFn: () => ask(api.GET('/api/orders/{order_id}', { params: { path: { order_id: id ?? '' } } })), enabled: !!id })

export const useCustomer = (id: string | null | undefined) =>
  useQuery({ queryKey: keys.customer(id ?? ''), queryFn: () => ask(api.GET('/api/customers/{customer_id}', { params: { path: { customer_id: id ?? '' } } })), enabled: !!id })

/** Everybody who works here. */
export function useMembers() {
  const { locale } = useText()
  const found = useQuery({ queryKey: keys.members, queryFn: () => ask(api.GET('/api/members')), staleTime: 5 * 60_000 })
  return useMemo(() => byName(found.data ?? [], locale), [found.data, locale])
}

/** Takes a move of a claim's table: `POST /api/claims/{id}/<move>`. Answers with the claim as it is then. */
export async function takeMove(claimId: string, move: string, body: object | null, key: string): Promise<ClaimPage> {
  const answer = await request(`/api/claims/${claimId}/${move}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify(body ?? {}),
  })
  const told = (await answer.json()) as ClaimPage | Schemas['ShippedAnswer']
  return 'claim' in told ? told.claim : told
}

/** One key for as long as the form is open, so that a second press repeats nothing. */
export function useIntention() {
  const key = useRef(newKey())
  return { key: key.current, renew: () => (key.current = newKey()) }
}

type Upload = { id: string; name: string; media_type: string; bytes: number }
type Sender = (file: File, tell: (share: number) => void, signal: AbortSignal) => Promise<StoredFile>

export const toCase =
  (id: string): Sender =>
  async (file, tell, signal) =>
    storedFile(await sendFile<Upload>(`/api/cases/${id}/files`, file, file.name, tell, signal))

export const toOrder =
  (id: string): Sender =>
  async (file, tell, signal) =>
    storedFile(await sendFile<Upload>(`/api/orders/${id}/files`, file, file.name, tell, signal))

/** A clock of the API as the ring reads it. A paused one knows only what is left. */
export function ringOf(clock: { state: string; started_at: string; due_at: string; warn_at?: string | null; left_seconds?: number | null; paused_at?: string | null; met_at?: string | null }): PromiseClock {
  if (clock.state === 'paused' && clock.left_seconds != null) {
    const paused = clock.paused_at ?? clock.started_at
    return { started_at: clock.started_at, due_at: new Date(Date.parse(paused) + clock.left_seconds * 1000).toISOString(), paused_at: paused }
  }
  return { started_at: clock.started_at, due_at: clock.due_at, warn_at: clock.warn_at, met_at: clock.met_at }
}

/** The clock that presses most: open ones first, the soonest of them. */
export function nextClock(clocks: readonly ClockView[]): ClockView | null {
  const open = clocks.filter((c) => !c.settled_at && !c.met_at && c.state !== 'cancelled')
  return [...open].sort((a, b) => Number(a.state === 'paused') - Number(b.state === 'paused') || a.due_at.localeCompare(b.due_at))[0] ?? null
}

interface Told {
  name?: string
  objects?: Record<string, string>
}

/** Keeps what is on the screen true. Facts that come together are answered together. */
export function useLiveDesk() {
  const queries = useQueryClient()
  const waiting = useRef<Told[]>([])
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  const queueAt = useRef(0)
  useLive((event: LiveEvent) => {
    if (passesBy(event)) return
    const told = (event.data ?? {}) as Told
    waiting.current.push({ ...told, name: told.name ?? event.type })
    timer.current ??= setTimeout(() => {
      timer.current = null
      const stale = renew(queries, waiting.current.splice(0))
      if (!stale || queueAt.current > Date.now()) return
      // A long queue is read anew at most every two seconds, however much happens in it.
      const wait = Math.max(0, queueAt.current + QUEUE_REST - Date.now())
      queueAt.current = Date.now() + wait
      setTimeout(() => {
        void queries.invalidateQueries({ queryKey: keys.queue() })
        void queries.invalidateQueries({ queryKey: keys.counts })
      }, wait)
    }, 350)
  })
}

const QUEUE_REST = 2_000

/** Makes stale what the facts speak of; whether the queues are among it. */
function renew(queries: QueryClient, told: readonly Told[]): boolean {
  let queued = false
  const stale = new Map<string, readonly unknown[]>()
  const mark = (key: readonly unknown[]) => stale.set(JSON.stringify(key), key)
  for (const { name = '', objects = {} } of told) {
    if (name === 'afresh') {
      void queries.invalidateQueries()
      return false
    }
    const word = name.split('.')[0] ?? ''
    queued ||= /^(case|message|note|clock|claim)$/.test(word)
    if (word === 'desk') mark(['told'])
    if (word === 'call') mark(['calls'])
    const about = objects.case_id ?? objects.subject_id
    if (about) {
      mark(keys.case(about))
      mark(keys.story(about))
      if (/^case\.(merged|split|move_undone)$/.test(name)) mark(['caseMoves'])
    }
    const claim = objects.claim_id ?? objects.subject_id
    if (claim) mark(keys.claim(claim))
    if (/^(claim|refund|dispute|offer)$/.test(word)) mark(keys.claims())
    if (word === 'refund' || name.startsWith('claim.refund') || name.startsWith('claim.offline')) mark(keys.refunds)
    if (objects.order_id) mark(keys.order(objects.order_id))
    if (objects.customer_id && word === 'order') mark(keys.customer(objects.customer_id))
  }
  for (const key of stale.values()) void queries.invalidateQueries({ queryKey: key })
  return queued
}
