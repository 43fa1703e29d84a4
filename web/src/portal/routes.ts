import { type ComponentType, lazy, type LazyExoticComponent } from 'react'

export interface PortalRoute {
  path: string
  page: LazyExoticComponent<ComponentType>
}

/** Each page is its own file on the wire. Order counts: the first that fits is shown. */
export const routes: readonly PortalRoute[] = [
  { path: '/', page: lazy(() => import('./pages/Home')) },
  { path: '/my/orders', page: lazy(() => import('./pages/Home')) },
  { path: '/orders/:id/apply', page: lazy(() => import('./pages/Apply')) },
  { path: '/orders/:id', page: lazy(() => import('./pages/Order')) },
  { path: '/claims/:id', page: lazy(() => import('./pages/Claim')) },
  // Where a payment comes back to.
  { path: '/my/claims/:id', page: lazy(() => import('./pages/Claim')) },
  { path: '/cases/new', page: lazy(() => import('./pages/NewTalk')) },
  { path: '/cases/:id', page: lazy(() => import('./pages/Talk')) },
  { path: '/notices', page: lazy(() => import('./pages/Notices')) },
  { path: '/track/:secret', page: lazy(() => import('./pages/Track')) },
  { path: '/withdraw', page: lazy(() => import('./pages/Withdraw')) },
  { path: '/enter', page: lazy(() => import('./pages/EnterByLink')) },
  { path: '/promises/:shop', page: lazy(() => import('./pages/Promises')) },
  { path: '/help', page: lazy(() => import('./pages/Help')) },
  { path: '/help/:shop', page: lazy(() => import('./pages/HelpShop')) },
  { path: '/help/:shop/:id', page: lazy(() => import('./pages/HelpArticle')) },
]
