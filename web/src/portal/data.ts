/** What the customer's API tells, and how the pages ask for it. */
import { type QueryClient, useQuery } from '@tanstack/react-query'
import { asProblem, type Problem, request, sendFile } from '../api/client'
import type { StoredFile } from '../design'
import { currentLocale } from '../i18n'

export interface Shop {
  id: string
  code: string
  name: string
  market: string
  locale: string
  time_zone: string
  currency: string
}

export interface Me {
  kind: 'customer' | 'staff' | 'integration' | 'system'
  name: string
  contact: string | null
  shops: Shop[]
  customers: string[]
}

export interface EntryIssued {
  entry_id: string
  expires_at: string
  resend_at: string
}

export interface Line {
  id: string
  order_id: string
  order_number: string
  product_id: string | null
  sku: string
  title: string
  image: string | null
  quantity: number
  unit_price_cents: number
  discount_cents: number
  paid_cents: number
  currency: string
  shipped_at: string | null
  delivered_at: string | null
}

/** A row of a list; `title` and `image` are of its first line, `lines` how many there are. */
export interface OrderRow {
  id: string
  shop_id: string
  shop_name: string
  number: string
  status: string
  currency: string
  placed_at: string
  shipped_at: string | null
  delivered_at: string | null
  promised_at: string | null
  paid_cents: number
  customer_id: string
  title: string
  image: string | null
  lines: number
}

export interface Order {
  id: string
  shop_id: string
  shop_name: string
  number: string
  status: string
  currency: string
  placed_at: string
  paid_at: string | null
  shipped_at: string | null
  delivered_at: string | null
  promised_at: string | null
  cancelled_at: string | null
  confirmed_at: string | null
  auto_confirm_at: string | null
  confirmation_held: boolean
  goods_cents: number
  discount_cents: number
  freight_cents: number
  paid_cents: number
  shipping_address: Record<string, unknown>
  customer: { id: string; name: string; email: string | null; phone: string | null }
  lines: Line[]
}

export interface Product {
  id: string
  sku: string
  title: string
  category: string
  price_cents: number | null
  currency: string
  image: string | null
}

export interface WhyTold {
  origin: string
  rule: string
  version: string
  matched: boolean
  sentence: string
  source: string
}

export interface Entitlement {
  kind: string
  label: string
  open: boolean
  by_law: boolean
  until: string | null
  why: WhyTold
  freight_payer: string
  automatic: boolean
  evidence_needed: string[]
  fee_percent: number
  fee_cents: number
}

export interface LineEntitlements {
  order_line_id: string
  kinds: Entitlement[]
}

export interface Option {
  kind: string
  label: string
  open: boolean
  amount_cents: number
  proposed_cents: number | null
  currency: string
  freight_payer: string
  automatic: boolean
  evidence_needed: string[]
  until: string | null
  why: string
  usual_days: number
}

export interface Clock {
  id: string
  subject_kind: string
  subject_id: string
  name: string
  state: string
  started_at: string
  due_at: string
  warn_at: string | null
  paused_at: string | null
  left_seconds: number | null
  met_at: string | null
  settled_at: string | null
}

export interface ClaimRow {
  id: string
  number: string
  shop_id: string
  case_id: string
  kind: string
  kind_label: string
  state: string
  state_label: string
  waiting_for: string
  title: string
  image: string | null
  quantity: number
  requested_cents: number
  agreed_cents: number
  currency: string
  applied_at: string
  moved_at: string
  clock: Clock | null
}

export interface ShipmentEvent {
  at: string
  status: string | null
  text: string
  place: string
}

export interface Shipment {
  id: string
  direction: string
  way: string
  carrier: string | null
  tracking_number: string | null
  status: string
  announced_at: string
  promised_at: string | null
  delivered_at: string | null
  late: boolean
  tracking_path: string
  drop_off_code: string | null
  service_point: ServicePoint | null
  pickup: { status: string; wanted_on: string | null; wanted_window: string; from_at: string | null; until_at: string | null; failed_reason: string | null } | null
  events: ShipmentEvent[]
}

export interface ServicePoint {
  id: string
  code: string
  name: string
  address: Record<string, unknown>
  hours: string
  takes_drop_off: boolean
  active: boolean
}

export interface Claim {
  id: string
  number: string
  shop_id: string
  shop_name: string
  case_id: string
  kind: string
  kind_label: string
  state: string
  state_label: string
  ended: boolean
  waiting_for: string
  reason: string
  reason_label: string
  description: string
  withdrawal: boolean
  keep_goods: boolean
  currency: string
  requested_cents: number
  agreed_cents: number
  fee_cents: number
  freight_cents: number
  difference_cents: number
  difference_settled_at: string | null
  freight_payer: string
  refunded_cents: number
  edits: number
  policy: string
  law: string
  outcome: string
  why: WhyTold[]
  return_address: Record<string, unknown> | null
  rejection: string | null
  applied_at: string
  decided_at: string | null
  ended_at: string | null
  lines: {
    order_line_id: string
    order_id: string
    order_number: string
    sku: string
    title: string
    image: string | null
    bought: number
    quantity: number
    received_quantity: number
    accepted_quantity: number
    new_product_id: string | null
    new_product_title: string | null
    money: { paid_cents: number; claimed_cents: number; agreed_cents: number; received_cents: number; refunded_cents: number }
  }[]
  evidence: { id: string; file_id: string | null; media_type: string | null; name: string | null; side: string; words: string; added_at: string }[]
  offers: { id: string; state: string; asks: string; kind: string | null; amount_cents: number | null; keep_goods: boolean; words: string; made_at: string; answered_at: string | null }[]
  refunds: { id: string; provider: string; amount_cents: number; currency: string; state: string; requested_at: string; paid_at: string | null }[]
  findings: { id: string; order_line_id: string; quantity: number; grade: string; accepted: boolean; words: string }[]
  dispute: { id: string; words: string; question: string | null; ruling: string | null; ruling_words: string | null; ruled_at: string | null; appeal_words: string | null; opened_at: string; ended_at: string | null } | null
  shipments: Shipment[]
  clocks: Clock[]
  actions: { verb: string; label: string; rank: number; needs: string[] }[]
}

export interface Case {
  id: string
  shop_id: string
  number: string
  title: string
  status: string
  stage: string
  order_id: string | null
  opened_at: string
  last_message_at: string
  closed_at: string | null
}

export interface Message {
  id: string
  author_kind: string
  author_name: string | null
  body: string
  sent_at: string
  seen: boolean
  files: { id: string; name: string; media_type: string; bytes: number }[]
  offers: { choices: { label: string; value: string; url: string | null }[]; sources: { title: string; url: string | null }[] } | null
}

export interface CasePage {
  case: Case
  links: { object_kind: string; object_id: string; linked_at: string }[]
  clocks: Clock[]
  messages: Message[]
  before: string | null
  actions: string[]
}

export interface Fact {
  position: number
  at: string
  name: string
  actor_kind: string
  data: Record<string, unknown>
}

/** `link` is a path of the portal. */
export interface Notice {
  id: string
  template: string
  subject: string
  body: string
  button: string
  link: string
  planned_at: string
  read_at: string | null
}

export interface Notices extends Paged<Notice> {
  unread: number
}

export interface Tracking {
  carrier: string | null
  carrier_names: Record<string, string>
  number_ends_in: string
  direction: string
  status: string
  announced_at: string
  promised_at: string | null
  delivered_at: string | null
  late: boolean
  events: { at: string; status: string | null; place: string }[]
}

export interface Receipt {
  id: string
  claim_id: string
  stated_at: string
  consumer_name: string
  contact: string
}

export interface Paged<T> {
  items: T[]
  next: string | null
}

export interface AskedClaim {
  kind: string
  lines: { order_line_id: string; quantity: number; new_product_id?: string | null; price_cents?: number | null }[]
  reason: string
  condition: string
  description: string
  file_ids: string[]
  asked_cents?: number | null
  in_advance: boolean
  client_key: string
}

const timed = (signal?: AbortSignal) => ('any' in AbortSignal ? AbortSignal.any([...(signal ? [signal] : []), AbortSignal.timeout(30_000)]) : signal)

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await request(`/api${path}`, { signal: timed(signal) })).json()) as T
}

async function send<T>(method: string, path: string, body: unknown, key?: string): Promise<T> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' }
  if (key) headers['Idempotency-Key'] = key
  const answer = await request(`/api${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: timed() })
  return (answer.status === 204 ? undefined : await answer.json()) as T
}

export const post = <T>(path: string, body: unknown = {}, key?: string) => send<T>('POST', path, body, key)

export const signOut = () => send<void>('DELETE', '/session', undefined)

const MINUTE = 60_000

/** Who has entered; null for somebody who has not. */
export function useMe() {
  return useQuery({
    queryKey: ['me'],
    queryFn: ({ signal }) =>
      get<Me>('/session', signal).then(
        (me) => (me.kind === 'customer' && me.customers.length ? me : null),
        (error: unknown) => {
          if (asProblem(error).status === 401) return null
          throw error
        },
      ),
    staleTime: 5 * MINUTE,
  })
}

export const useOrders = () => useQuery({ queryKey: ['orders', 'all'], queryFn: ({ signal }) => get<Paged<OrderRow>>('/my/orders?limit=200', signal).then((page) => page.items) })
export const orderQuery = (id: string) => ({ queryKey: ['order', id], queryFn: ({ signal }: { signal: AbortSignal }) => get<Order>(`/my/orders/${id}`, signal) })
export const useOrder = (id: string) => useQuery(orderQuery(id))
export const useEntitlements = (id: string, reason = 'no_reason') =>
  useQuery({ queryKey: ['entitlements', id, reason, currentLocale()], queryFn: ({ signal }) => get<LineEntitlements[]>(`/orders/${id}/entitlements?reason=${reason}`, signal) })
export const useClaims = (filter = '') => useQuery({ queryKey: ['claims', filter, currentLocale()], queryFn: ({ signal }) => get<Paged<ClaimRow>>(`/claims${filter}`, signal) })
export const useClaim = (id: string) => useQuery({ queryKey: ['claim', id, currentLocale()], queryFn: ({ signal }) => get<Claim>(`/claims/${id}`, signal) })
export const useCases = () => useQuery({ queryKey: ['cases'], queryFn: ({ signal }) => get<Case[]>('/my/cases', signal) })
export const useCase = (id: string | undefined) => useQuery({ queryKey: ['case', id], queryFn: ({ signal }) => get<CasePage>(`/my/cases/${id}`, signal), enabled: !!id })
export const useNotices = () => useQuery({ queryKey: ['notices'], queryFn: ({ signal }) => get<Notices>('/my/notices?limit=20', signal) })
export const useFacts = (id: string | undefined) => useQuery({ queryKey: ['facts', id], queryFn: ({ signal }) => get<Paged<Fact>>(`/my/cases/${id}/timeline`, signal), enabled: !!id })

/** After a live fact or a move: everything on the screen that may have changed. */
export function refresh(queries: QueryClient) {
  for (const key of ['claim', 'claims', 'case', 'cases', 'facts', 'entitlements', 'notices']) void queries.invalidateQueries({ queryKey: [key] })
}

export const fileUrl = (id: string) => `/api/files/${id}`

const WIDEST = 3_000
const LIGHT = 2_500_000

/** A photo as light as it can be with everything on it still plain: a phone's twelve megabytes take minutes on a slow line, and
few browsers show what an iPhone makes (HEIC). What cannot be drawn here goes as it is. */
async function lighter(file: File): Promise<File> {
  const apple = /hei[cf]/.test(file.type)
  if (!apple && (file.size < LIGHT || !/^image\/(jpeg|png|webp)$/.test(file.type))) return file
  try {
    const drawn = await createImageBitmap(file)
    const scale = Math.min(1, WIDEST / Math.max(drawn.width, drawn.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(drawn.width * scale)
    canvas.height = Math.round(drawn.height * scale)
    canvas.getContext('2d')?.drawImage(drawn, 0, 0, canvas.width, canvas.height)
    drawn.close()
    const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.88))
    if (!made || (!apple && made.size > file.size)) return file
    return new File([made], file.name.replace(/\.\w+$/, '') + '.jpg', { type: 'image/jpeg', lastModified: file.lastModified })
  } catch {
    return file
  }
}

export async function uploadTo(path: string, file: File, tell: (share: number) => void, signal: AbortSignal): Promise<StoredFile> {
  const light = await lighter(file)
  signal.throwIfAborted()
  const kept = await sendFile<{ id: string; name: string; media_type: string; bytes: number }>(`/api${path}`, light, light.name, tell, signal)
  return { id: kept.id, name: kept.name, content_type: kept.media_type, size: kept.bytes, url: fileUrl(kept.id) }
}

export const storedFile = (file: { id: string; name: string; media_type: string; bytes: number }): StoredFile => ({
  id: file.id,
  name: file.name,
  content_type: file.media_type,
  size: file.bytes,
  url: fileUrl(file.id),
})

export const isNotSignedIn = (error: unknown): boolean => (asProblem(error) satisfies Problem).status === 401
