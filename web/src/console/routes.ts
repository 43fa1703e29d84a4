import { type ComponentType, lazy, type LazyExoticComponent } from 'react'
import type { IconName } from '../design'

export interface ConsoleRoute {
  /** Under /console. */
  path: string
  page: LazyExoticComponent<ComponentType>
  /** The permission without which the page is not shown. */
  needs?: string
  /** Stands in the navigation when given; `name` and `group` are keys of console.json. */
  nav?: { name: string; icon: IconName; group?: string }
}

export const routes: readonly ConsoleRoute[] = [
  { path: '/', page: lazy(() => import('./pages/Promises')), needs: 'promises.read', nav: { name: 'nav.promises', icon: 'shield' } },
  // A clock is called 'case.first_answer'; a dot in an address would ask for a file.
  { path: '/promises/:of/:what', page: lazy(() => import('./pages/PromiseOne')), needs: 'promises.read' },
  { path: '/indicators/:name', page: lazy(() => import('./pages/IndicatorOne')), needs: 'insights.read' },
  { path: '/queues', page: lazy(() => import('./pages/Queues')), needs: 'insights.read', nav: { name: 'nav.queues', icon: 'list' } },
  { path: '/claims', page: lazy(() => import('./pages/Claims')), needs: 'claims.read', nav: { name: 'nav.claims', icon: 'chart' } },
  { path: '/policies', page: lazy(() => import('./pages/Policies')), needs: 'policies.read', nav: { name: 'nav.policies', icon: 'scales', group: 'nav.rules' } },
  { path: '/clocks', page: lazy(() => import('./pages/Clocks')), needs: 'promises.read', nav: { name: 'nav.clocks', icon: 'clock', group: 'nav.rules' } },
  { path: '/calendars', page: lazy(() => import('./pages/Calendars')), needs: 'promises.read', nav: { name: 'nav.calendars', icon: 'sun', group: 'nav.rules' } },
  { path: '/templates', page: lazy(() => import('./pages/Templates')), needs: 'notices.read', nav: { name: 'nav.templates', icon: 'edit', group: 'nav.rules' } },
  { path: '/answers', page: lazy(() => import('./pages/AnswerTexts')), needs: 'notices.read', nav: { name: 'nav.answers', icon: 'chat', group: 'nav.rules' } },
  { path: '/knowledge', page: lazy(() => import('./pages/Knowledge')), needs: 'knowledge.read', nav: { name: 'nav.knowledge', icon: 'help', group: 'nav.rules' } },
  { path: '/knowledge/:id', page: lazy(() => import('./pages/Article')), needs: 'knowledge.read' },
  { path: '/handbook', page: lazy(() => import('./pages/Handbook')), nav: { name: 'nav.handbook', icon: 'flag', group: 'nav.rules' } },
  { path: '/users', page: lazy(() => import('./pages/Users')), needs: 'users.read', nav: { name: 'nav.users', icon: 'people', group: 'nav.people' } },
  { path: '/people', page: lazy(() => import('./pages/People')), needs: 'users.read', nav: { name: 'nav.members', icon: 'people', group: 'nav.people' } },
  { path: '/roles', page: lazy(() => import('./pages/Roles')), needs: 'users.read', nav: { name: 'nav.roles', icon: 'key', group: 'nav.people' } },
  { path: '/shops', page: lazy(() => import('./pages/Shops')), needs: 'shops.read', nav: { name: 'nav.shops', icon: 'store', group: 'nav.people' } },
  { path: '/notices', page: lazy(() => import('./pages/Notices')), needs: 'notices.read', nav: { name: 'nav.notices', icon: 'bell', group: 'nav.house' } },
  { path: '/journal', page: lazy(() => import('./pages/Journal')), needs: 'journal.read', nav: { name: 'nav.journal', icon: 'eye', group: 'nav.house' } },
  { path: '/failed', page: lazy(() => import('./pages/Failed')), needs: 'journal.operate', nav: { name: 'nav.failed', icon: 'warning', group: 'nav.house' } },
  { path: '/account', page: lazy(() => import('./pages/Account')) },
]
