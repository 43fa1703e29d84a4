import { type ComponentType, lazy, type LazyExoticComponent } from 'react'
import type { IconName } from '../design'

export interface DeskRoute {
  /** Under /desk. */
  path: string
  page: LazyExoticComponent<ComponentType>
  /** Who may not do this does not see it. */
  needs?: string
  /** Stands in the rail when given; `name` is a key of desk.json, `keys` the keyboard's way there. */
  rail?: { name: string; icon: IconName; keys: string }
}

export const routes: readonly DeskRoute[] = [
  { path: '/', page: lazy(() => import('./pages/Queue')), needs: 'cases.read', rail: { name: 'rail.queue', icon: 'list', keys: 'g q' } },
  { path: '/warehouse', page: lazy(() => import('./pages/Warehouse')), needs: 'claims.inspect', rail: { name: 'rail.warehouse', icon: 'scan', keys: 'g w' } },
  { path: '/disputes', page: lazy(() => import('./pages/Disputes')), needs: 'claims.arbitrate', rail: { name: 'rail.disputes', icon: 'scales', keys: 'g d' } },
  { path: '/finance', page: lazy(() => import('./pages/Finance')), needs: 'refunds.execute', rail: { name: 'rail.finance', icon: 'money', keys: 'g f' } },
  { path: '/pickups', page: lazy(() => import('./pages/Pickups')), needs: 'logistics.write', rail: { name: 'rail.pickups', icon: 'truck', keys: 'g p' } },
  { path: '/customers/:id', page: lazy(() => import('./pages/CustomerPage')), needs: 'orders.read' },
  { path: '/cases/:id', page: lazy(() => import('./pages/Open')) },
  { path: '/claims/:id', page: lazy(() => import('./pages/Open')) },
]
