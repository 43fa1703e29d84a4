import { useQuery } from '@tanstack/react-query'
import { api, ask } from '../api/client'
import type { components } from '../api/schema'

export type StaffSession = components['schemas']['SessionView']

export const sessionKey = ['session'] as const

/** Who is signed in; a `Problem` with status 401 when nobody is. */
export function useStaffSession() {
  return useQuery({ queryKey: sessionKey, queryFn: () => ask(api.GET('/api/session')), staleTime: 5 * 60_000 })
}

export interface Credentials {
  email: string
  password: string
  /** Six digits of the authenticator, when the account asks for them. */
  code?: string
}

export const signIn = (credentials: Credentials) => ask(api.POST('/api/session', { body: credentials }))

export const signOut = () => ask(api.DELETE('/api/session'))
