import { type ComponentType, lazy, type LazyExoticComponent } from 'react'
import type { IconName } from '../design'

export interface ConsoleRoute {
  /** Under /console. */
  path: string
  page: LazyExoticComponent<ComponentType>
  /** Stands in the navigation when given; `name` and `group` are keys of console.json. */
  nav?: { name: string; icon: IconName; group?: string }
}

export const routes: readonly ConsoleRoute[] = [{ path: '/', page: lazy(() => import('./pages/Promises')), nav: { name: 'nav.promises', icon: 'shield' } }]
