import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { asProblem } from '../api/problem'
import '../design/design.css'
import { Toasts } from '../design/overlays'
import { type Face, startTexts, type TextFiles } from '../i18n'
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

const RELOADED = 'aftercare.reloaded'

/** After an update of the program, parts of a page that was open are no longer there: it loads itself anew, and what still
 * fails after that is an error like others. */
function reloadAfterUpdates() {
  window.addEventListener('vite:preloadError', (event) => {
    try {
      if (Date.now() - Number(sessionStorage.getItem(RELOADED) ?? 0) < 60_000) return
      sessionStorage.setItem(RELOADED, String(Date.now()))
    } catch {
      return
    }
    event.preventDefault()
    window.location.reload()
  })
}

/** Starts a face: theme, texts in the reader's language, data, and the last net under errors. */
export async function boot(face: Face, home: string, app: ReactNode, extra: string[] = [], parts: TextFiles = {}) {
  startTheme()
  reloadAfterUpdates()
  const root = document.getElementById('root')
  if (!root) throw new Error('no #root')
  await startTexts(face, extra, parts)
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
