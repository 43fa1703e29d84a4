/** The API in types. `const order = await ask(api.GET('/api/orders/{id}', { params: { path: { id } } }))`:
the data, or a thrown `Problem`. Writes carry the CSRF token and an idempotency key. */
import createClient, { createQuerySerializer, type Middleware } from 'openapi-fetch'
import { currentLocale } from '../i18n'
import { learnServerTime } from '../shell/now'
import { asProblem, Problem, problemOf } from './problem'
import type { paths } from './schema'

export { Problem, asProblem, problemText } from './problem'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

export function csrfToken(): string {
  return /(?:^|;\s*)aftercare_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? ''
}

/** A key for `Idempotency-Key`: make one per intention (per opened form), so that a second press repeats nothing. */
export function newKey(): string {
  // randomUUID exists only in secure contexts, and a shop may try us out over plain http in its house.
  return crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}

export function writeHeaders(idempotencyKey: string = newKey()): Record<string, string> {
  return { 'X-CSRF-Token': decodeURIComponent(csrfToken()), 'Idempotency-Key': idempotencyKey }
}

const ours: Middleware = {
  onRequest({ request }) {
    request.headers.set('Accept-Language', currentLocale())
    if (!SAFE.has(request.method))
      for (const [name, value] of Object.entries(writeHeaders())) if (!request.headers.has(name)) request.headers.set(name, value)
    return request
  },
  async onResponse({ response }) {
    learnServerTime(response.headers.get('date'))
    if (!response.ok) throw await problemOf(response)
    return response
  },
  onError({ error }) {
    return asProblem(error)
  },
}

export const api = createClient<paths>({
  baseUrl: location.origin,
  credentials: 'same-origin',
  fetch: (request) => fetch(request, 'any' in AbortSignal ? { signal: AbortSignal.any([request.signal, AbortSignal.timeout(30_000)]) } : {}),
})
api.use(ours)

/** A query as links carry it: lists repeated, what is undefined left out. */
export const inAddress = createQuerySerializer<Record<string, unknown>>()

/** The data of an answer; throws `Problem`. */
export async function ask<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call
  if (error !== undefined) throw error instanceof Problem ? error : await problemOf(response)
  return data as T
}

/** For the addresses that the description cannot type (downloads, streams): the raw answer, refusals thrown. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('Accept-Language', currentLocale())
  if (!SAFE.has((init.method ?? 'GET').toUpperCase()))
    for (const [name, value] of Object.entries(writeHeaders())) if (!headers.has(name)) headers.set(name, value)
  let response: Response
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init, headers })
  } catch (error) {
    throw asProblem(error)
  }
  learnServerTime(response.headers.get('date'))
  if (!response.ok) throw await problemOf(response)
  return response
}

/** Sends one file as multipart field `file`, with progress from 0 to 1 (fetch cannot tell it). */
export function sendFile<T>(path: string, file: Blob, name: string, onProgress: (share: number) => void, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest()
    call.open('POST', path)
    for (const [header, value] of Object.entries(writeHeaders())) call.setRequestHeader(header, value)
    call.setRequestHeader('Accept-Language', currentLocale())
    call.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total)
    call.onerror = () => reject(new Problem(0, 'offline', 'Offline'))
    call.onabort = () => reject(new DOMException('cancelled', 'AbortError'))
    call.onload = () => {
      if (call.status >= 200 && call.status < 300) {
        try {
          resolve(JSON.parse(call.responseText) as T)
        } catch {
          reject(new Problem(0, 'unreadable', 'Unreadable'))
        }
        return
      }
      const headers = new Headers()
      for (const h of ['x-request-id', 'retry-after']) {
        const value = call.getResponseHeader(h)
        if (value) headers.set(h, value)
      }
      void problemOf(new Response(call.responseText, { status: call.status, headers })).then(reject)
    }
    signal?.addEventListener('abort', () => call.abort())
    const form = new FormData()
    form.append('file', file, name)
    call.send(form)
  })
}
