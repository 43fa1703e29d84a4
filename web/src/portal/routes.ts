import { type ComponentType, lazy, type LazyExoticComponent } from 'react'

export interface PortalRoute {
  path: string
  page: LazyExoticComponent<ComponentType>
}

/** Each page is its own file on the wire. Order counts: the first that fits is shown. */
export const routes: readonly PortalRoute[] = [
  { path: '/', page: lazy(() => import('./pages/Home')) },
  { path: '/help', page: lazy(() => import('./pages/Help')) },
]
