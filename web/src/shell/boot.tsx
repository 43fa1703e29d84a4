import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { asProblem } from '../api/problem'
import '../design/design.css'
import { Toasts } from '../design/overlays'
import { type Face, startTexts } from '../i18n'
import { ErrorBoundary } from './Errors'
import './shell.css'
import { startTheme } from './theme'

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 10 * 60_000,
      retry: (count, error) => count < 2 && asProblem(error).passing,
      refetchOnWindowFocus: true,
      networkMode: 'offlineFirst',
    },
    mutations: { retry: false, networkMode: 'always' },
  },
})

/** Starts a face: theme, texts in the reader's language, data, and the last net under errors. */
export async function boot(face: Face, home: string, app: ReactNode, extra: Face[] = []) {
  startTheme()
  const root = document.getElementById('root')
  if (!root) throw new Error('no #root')
  await startTexts(face, extra)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <ErrorBoundary home={home}>
          {app}
          <Toasts />
        </ErrorBoundary>
      </QueryClientProvider>
    </StrictMode>,
  )
}
