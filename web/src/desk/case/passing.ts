/** What comes over the live stream and passes: who looks, who types. It makes nothing stale and is kept nowhere. */
import type { LiveEvent } from '../../api/live'

export interface Passing {
  name: string
  case_id?: string
  thread_id?: string
  account_id?: string
  name_of?: string
  doing?: string
  typing?: boolean
  online?: boolean
}

const hearing = new Set<(one: Passing) => void>()
const typing = new Map<string, Set<(kind: 'message' | 'note' | null) => void>>()

/** Hands the event on to who listens, if it is of this kind. */
export function passesBy(event: LiveEvent): boolean {
  if (event.type !== 'case.looked' && !event.type.startsWith('chat.')) return false
  for (const hear of hearing) hear({ ...(event.data as object), name: event.type } as Passing)
  return true
}

export function heardPassing(hear: (one: Passing) => void): () => void {
  hearing.add(hear)
  return () => void hearing.delete(hear)
}

/** The agent types in a case (null: what was typed is sent). */
export function tellTyping(caseId: string, kind: 'message' | 'note' | null) {
  for (const tell of typing.get(caseId) ?? []) tell(kind)
}

export function typingIn(caseId: string, tell: (kind: 'message' | 'note' | null) => void): () => void {
  const those = typing.get(caseId) ?? new Set()
  typing.set(caseId, those.add(tell))
  return () => void those.delete(tell)
}
