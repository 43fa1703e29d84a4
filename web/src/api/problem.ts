import { currentLocale, type Translate } from '../i18n'

/** What the server refused, in the form of RFC 9457; the extras are the data of the refusal. */
export class Problem extends Error {
  readonly name = 'Problem'
  constructor(
    readonly status: number,
    /** Name of the refusal (`return_window_closed`), or `offline`, `timeout`, `unreadable` when no server spoke. */
    readonly code: string,
    readonly title: string,
    readonly detail: string | null = null,
    readonly requestId: string | null = null,
    readonly extras: Record<string, unknown> = {},
    /** Seconds the server asked us to wait. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail ?? title)
  }

  /** Trying the same again may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }

  /** What is wrong with what was sent, by field path ('lines.0.quantity'). */
  get fields(): Record<string, string> {
    const errors = this.extras.errors
    if (!Array.isArray(errors)) return {}
    return Object.fromEntries(errors.map((e: { field?: unknown; reason?: unknown }) => [String(e.field ?? ''), String(e.reason ?? '')]))
  }
}

const KNOWN = new Set(['type', 'title', 'status', 'code', 'detail', 'request_id', 'instance'])

export async function problemOf(response: Response): Promise<Problem> {
  const headerId = response.headers.get('x-request-id')
  const wait = Number(response.headers.get('retry-after'))
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait : null
  let body: Record<string, unknown> = {}
  try {
    const parsed: unknown = await response.clone().json()
    if (parsed && typeof parsed === 'object') body = parsed as Record<string, unknown>
  } catch {
    // A proxy's HTML page or nothing at all: status and request id are all there is to say.
  }
  const text = (key: string) => (typeof body[key] === 'string' ? (body[key] as string) : null)
  return new Problem(
    response.status,
    text('code') ?? `http_${response.status}`,
    text('title') ?? response.statusText,
    text('detail'),
    text('request_id') ?? headerId,
    Object.fromEntries(Object.entries(body).filter(([key]) => !KNOWN.has(key))),
    retryAfter,
  )
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof DOMException && error.name === 'TimeoutError') return new Problem(0, 'timeout', 'Timeout')
  // Browsers tell a lost network as a TypeError of fetch; any other one is a mistake of ours.
  if (error instanceof TypeError && /fetch|network|load failed/i.test(error.message)) return new Problem(0, 'offline', 'Offline', null, null, { cause: error.message })
  return new Problem(0, 'unexpected', 'Unexpected', error instanceof Error ? error.message : String(error))
}

/** The sentence for a person: ours for the code; else, to an English reader, the server's own; else one for the status. */
export function problemText(problem: Problem, t: Translate, has: (key: string) => boolean): string {
  if (has(`problem.${problem.code}`)) return t(`problem.${problem.code}`, problem.extras)
  if (problem.status > 0 && problem.status < 500 && currentLocale() === 'en') return problem.detail ?? problem.title
  if (has(`problem.http_${problem.status}`)) return t(`problem.http_${problem.status}`)
  return t(problem.status >= 500 ? 'problem.http_500' : 'problem.unexpected')
}
