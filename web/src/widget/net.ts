/** Asking the program, and the stream of a chat that comes again by itself. */

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly retryAfter: number,
  ) {
    super(code)
  }
}

export interface StoredFile {
  id: string
  name: string
  media_type: string
  bytes: number
  url: string
}

export interface Told {
  id: string
  position: number
  by: 'me' | 'staff' | 'system' | 'integration'
  name: string | null
  body: string
  at: string
  key?: string
  files?: StoredFile[]
  choices?: Choice[]
  sources?: { title: string; url: string | null }[]
}

/** An answer to press; its words are sent as they stand. */
export interface Choice {
  label: string
  value: string
  url: string | null
}

export interface Started {
  token: string
  shop_name: string
  customer_name: string | null
  known: boolean
  here: boolean
  at_once: boolean
  messages: Told[]
  position: number
  before: number | null
  read_at: string | null
  ended: boolean
  stars: number | null
}

export const newKey = (): string =>
  crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')

export async function ask<T>(method: string, path: string, token: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { 'X-Chat': token }
  // In our own portal the customer's session comes along, and with it the need of its token.
  const csrf = /(?:^|;\s*)aftercare_csrf=([^;]*)/.exec(document.cookie)?.[1]
  if (csrf) headers['X-CSRF-Token'] = decodeURIComponent(csrf)
  let sent: BodyInit | undefined
  if (body instanceof FormData) sent = body
  else if (body !== undefined) {
    headers['Content-Type'] = 'application/json'
    sent = JSON.stringify(body)
  }
  let answer: Response
  try {
    answer = await fetch(`/api/chat/${path}`, {
      method,
      headers,
      body: sent,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout?.(body instanceof FormData ? 300_000 : 30_000),
    })
  } catch {
    throw new Refused(0, 'offline', 0)
  }
  if (!answer.ok) {
    const told = (await answer.json().catch(() => ({}))) as { code?: string; retry_after?: number }
    throw new Refused(answer.status, told.code ?? 'unknown', told.retry_after ?? 0)
  }
  return (answer.status === 204 ? undefined : await answer.json()) as T
}

export interface Stream {
  close(): void
}

const SILENT = 70_000
/** The program says something every 25 seconds; a line that is silent for so long is dead, whatever the system believes. */

/** Follows the chat from `since` on; `onEvent` is called with each event in order, `onState` when the line breaks or holds. */
export function follow(
  token: () => string,
  since: () => number,
  onEvent: (name: string, data: unknown) => void,
  onState: (holds: boolean) => void,
  onRefused: (status: number) => void,
): Stream {
  const closed = new AbortController()
  let attempt = 0
  let wished = 0
  const pause = (ms: number) =>
    new Promise<void>((done) => {
      const go = () => {
        clearTimeout(timer)
        removeEventListener('online', go)
        done()
      }
      const timer = setTimeout(go, ms)
      addEventListener('online', go)
      closed.signal.addEventListener('abort', go)
    })
  const once = async () => {
    const line = new AbortController()
    const cut = () => line.abort()
    closed.signal.addEventListener('abort', cut)
    let watch = setTimeout(cut, SILENT)
    try {
      const answer = await fetch('/api/chat/live', {
        headers: { Accept: 'text/event-stream', 'X-Chat': token(), 'Last-Event-ID': String(since()) },
        credentials: 'same-origin',
        cache: 'no-store',
        signal: line.signal,
      })
      if (answer.status === 401 || answer.status === 404) {
        onRefused(answer.status)
        return
      }
      if (!answer.ok || !answer.body) return
      onState(true)
      attempt = 0
      const reader = answer.body.getReader()
      const text = new TextDecoder()
      let rest = ''
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        clearTimeout(watch)
        watch = setTimeout(cut, SILENT)
        const blocks = (rest + text.decode(value, { stream: true })).split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) {
          const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1]
          const retry = field('retry')
          if (retry) wished = Number(retry)
          const name = field('event')
          const data = field('data')
          if (name && data) onEvent(name, JSON.parse(data))
        }
      }
    } catch {
      // A broken line: wait, and go on where it broke off.
    } finally {
      clearTimeout(watch)
      closed.signal.removeEventListener('abort', cut)
    }
  }
  void (async () => {
    while (!closed.signal.aborted) {
      await once()
      if (closed.signal.aborted) return
      onState(false)
      await pause(wished || Math.min(30_000, 1000 * 2 ** attempt) * (0.5 + Math.random() / 2))
      wished = 0
      attempt++
    }
  })()
  return { close: () => closed.abort() }
}
