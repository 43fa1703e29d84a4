/** Live updates over server-sent events, resumed where they broke off. */
import { useEffect, useRef } from 'react'

export interface LiveEvent {
  id: string | null
  /** Name of the event, 'message' when the server gave none. */
  type: string
  data: unknown
}

export type LiveState = 'connecting' | 'open' | 'waiting'

/** Reads the text of an event stream piece by piece; returns whole events and keeps the rest. */
export function eventReader() {
  let rest = ''
  return (piece: string): { id: string | null; type: string; data: string; retry: number | null }[] => {
    rest += piece
    const blocks = rest.split(/\r\n\r\n|\n\n|\r\r/)
    rest = blocks.pop() ?? ''
    return blocks.flatMap((block) => {
      const event = { id: null as string | null, type: 'message', data: [] as string[], retry: null as number | null }
      for (const line of block.split(/\r\n|\n|\r/)) {
        const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? []
        if (field === 'id') event.id = value
        else if (field === 'event') event.type = value
        else if (field === 'data') event.data.push(value)
        else if (field === 'retry' && /^\d+$/.test(value)) event.retry = Number(value)
      }
      if (!event.data.length && event.id === null && event.retry === null) return []
      return [{ ...event, data: event.data.join('\n') }]
    })
  }
}

/** Waits 1, 2, 4 … 30 s, each shortened by chance so that a restarted server is not stormed. */
export function backOff(attempt: number, chance: number = Math.random()): number {
  return Math.round(Math.min(30_000, 1000 * 2 ** attempt) * (0.5 + chance / 2))
}

/** Opens the stream and keeps it open; returns how to close it. A fetch and not an EventSource, because that one
gives up for good on a 503 and cannot send `Last-Event-ID` on a new connection. */
export function openLive(
  onEvent: (event: LiveEvent) => void,
  { path = '/api/live', onState }: { path?: string; onState?: (state: LiveState) => void } = {},
): () => void {
  const closed = new AbortController()
  let lastId: string | null = null
  let attempt = 0
  let asked: number | null = null

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const go = () => {
        clearTimeout(timer)
        removeEventListener('online', go)
        closed.signal.removeEventListener('abort', go)
        resolve()
      }
      const timer = setTimeout(go, ms)
      addEventListener('online', go)
      closed.signal.addEventListener('abort', go)
    })

  const run = async () => {
    while (!closed.signal.aborted) {
      onState?.('connecting')
      try {
        const headers: Record<string, string> = { Accept: 'text/event-stream' }
        if (lastId !== null) headers['Last-Event-ID'] = lastId
        const response = await fetch(path, { headers, credentials: 'same-origin', cache: 'no-store', signal: closed.signal })
        // Signed out or not allowed: asking again cannot help.
        if (response.status === 401 || response.status === 403 || response.status === 404) return
        if (response.ok && response.body) {
          onState?.('open')
          attempt = 0
          const read = eventReader()
          const text = new TextDecoder()
          const body = response.body.getReader()
          for (;;) {
            const { done, value } = await body.read()
            if (done) break
            for (const event of read(text.decode(value, { stream: true }))) {
              if (event.id !== null) lastId = event.id
              if (event.retry !== null) asked = event.retry
              if (event.data) onEvent({ id: event.id, type: event.type, data: parse(event.data) })
            }
          }
        }
      } catch {
        // Broken line: wait and go on where it broke off.
      }
      if (closed.signal.aborted) return
      onState?.('waiting')
      await pause(asked ?? backOff(attempt++))
      asked = null
    }
  }
  void run()
  return () => closed.abort()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** `useLive((event) => queryClient.invalidateQueries({ queryKey: [...] }))` for as long as the page is shown. */
export function useLive(onEvent: (event: LiveEvent) => void, { enabled = true, path = '/api/live' } = {}) {
  const latest = useRef(onEvent)
  latest.current = onEvent
  useEffect(() => (enabled ? openLive((event) => latest.current(event), { path }) : undefined), [enabled, path])
}
