import { type ComponentType, lazy, type LazyExoticComponent } from 'react'
import type { IconName } from '../design'

export interface DeskRoute {
  /** Under /desk. */
  path: string
  page: LazyExoticComponent<ComponentType>
  /** Stands in the rail when given; `name` is a key of desk.json, `keys` the keyboard's way there. */
  rail?: { name: string; icon: IconName; keys: string }
}

export const routes: readonly DeskRoute[] = [{ path: '/', page: lazy(() => import('./pages/Queue')), rail: { name: 'rail.queue', icon: 'list', keys: 'g q' } }]
