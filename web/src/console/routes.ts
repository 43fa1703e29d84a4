import { type ComponentType, lazy, type LazyExoticComponent } from 'react'
import type { IconName } from '../design'
import { pageWith } from './texts'

export interface ConsoleRoute {
  /** Under /console. */
  path: string
  page: LazyExoticComponent<ComponentType>
  /** The permission without which the page is not shown. */
  needs?: string
  /** Stands in the navigation when given; `name` and `group` are keys of console.json (loaded before any page's own texts). Routes of one group stand together. */
  nav?: { name: string; icon: IconName; group?: string }
}

export const routes: readonly ConsoleRoute[] = [
  { path: '/', page: lazy(() => import('./pages/Promises')), needs: 'promises.read', nav: { name: 'nav.promises', icon: 'shield' } },
  // A clock is called 'case.first_answer'; a dot in an address would ask for a file.
  { path: '/promises/:of/:what', page: lazy(() => import('./pages/PromiseOne')), needs: 'promises.read' },
  { path: '/indicators', page: pageWith('indicators', () => import('./pages/Indicators')), needs: 'insights.read', nav: { name: 'nav.indicators', icon: 'gauge', group: 'nav.insight' } },
  { path: '/indicators/:name', page: pageWith(['indicators', 'facts'], () => import('./pages/IndicatorOne')), needs: 'insights.read' },
  { path: '/queues', page: lazy(() => import('./pages/Queues')), needs: 'insights.read', nav: { name: 'nav.queues', icon: 'list', group: 'nav.insight' } },
  { path: '/claims', page: lazy(() => import('./pages/Claims')), needs: 'claims.read', nav: { name: 'nav.claims', icon: 'box', group: 'nav.insight' } },
  { path: '/insight/costs', page: pageWith('costs', () => import('./pages/Costs')), needs: 'insights.read', nav: { name: 'nav.costs', icon: 'money', group: 'nav.insight' } },
  { path: '/insight/costs/bridge', page: pageWith('costs', () => import('./pages/CostBridge')), needs: 'insights.read' },
  { path: '/insight/costs/rates', page: pageWith('costs', () => import('./pages/CostRates')), needs: 'insights.read' },
  { path: '/insight/levers', page: pageWith('costs', () => import('./pages/Levers')), needs: 'insights.read' },
  { path: '/insight/foresight', page: pageWith('foresight', () => import('./pages/Foresight')), needs: 'insights.read', nav: { name: 'nav.foresight', icon: 'compass', group: 'nav.insight' } },
  { path: '/insight/alarms', page: pageWith(['alarms', 'indicators'], () => import('./pages/Alarms')), needs: 'insights.read', nav: { name: 'nav.alarms', icon: 'warning', group: 'nav.insight' } },
  { path: '/insight/analysis', page: pageWith('analysis', () => import('./pages/Analysis')), needs: 'insights.read', nav: { name: 'nav.analysis', icon: 'search', group: 'nav.insight' } },
  { path: '/insight/decisions', page: pageWith('decisions', () => import('./pages/Decisions')), needs: 'insights.read', nav: { name: 'nav.decisions', icon: 'flag', group: 'nav.insight' } },
  { path: '/insight/decisions/:id', page: pageWith('decisions', () => import('./pages/DecisionOne')), needs: 'insights.read' },
  { path: '/insight/process', page: pageWith('process', () => import('./pages/Process')), needs: 'insights.read', nav: { name: 'nav.process', icon: 'flow', group: 'nav.insight' } },
  { path: '/insight/board', page: pageWith('reports', () => import('./pages/Board')), needs: 'insights.read', nav: { name: 'nav.board', icon: 'check', group: 'nav.insight' } },
  { path: '/insight/reports', page: pageWith('reports', () => import('./pages/Reports')), needs: 'insights.read', nav: { name: 'nav.reports', icon: 'file', group: 'nav.insight' } },
  { path: '/insight/report/:id', page: pageWith('reports', () => import('./pages/ReportOne')), needs: 'insights.read' },
  { path: '/insight/sharing', page: pageWith(['reports', 'facts'], () => import('./pages/Sharing')), needs: 'insights.read', nav: { name: 'nav.sharing', icon: 'link', group: 'nav.insight' } },
  { path: '/room', page: pageWith('reports', () => import('./pages/Room')), needs: 'insights.read', nav: { name: 'nav.room', icon: 'screen', group: 'nav.insight' } },
  { path: '/policies', page: lazy(() => import('./pages/Policies')), needs: 'policies.read', nav: { name: 'nav.policies', icon: 'scales', group: 'nav.rules' } },
  { path: '/clocks', page: lazy(() => import('./pages/Clocks')), needs: 'promises.read', nav: { name: 'nav.clocks', icon: 'clock', group: 'nav.rules' } },
  { path: '/escalation', page: lazy(() => import('./pages/Escalation')), needs: 'promises.read', nav: { name: 'nav.escalation', icon: 'flag', group: 'nav.rules' } },
  { path: '/calendars', page: lazy(() => import('./pages/Calendars')), needs: 'promises.read', nav: { name: 'nav.calendars', icon: 'calendar', group: 'nav.rules' } },
  { path: '/templates', page: pageWith('facts', () => import('./pages/Templates')), needs: 'notices.read', nav: { name: 'nav.templates', icon: 'edit', group: 'nav.rules' } },
  { path: '/answers', page: lazy(() => import('./pages/AnswerTexts')), needs: 'notices.read', nav: { name: 'nav.answers', icon: 'chat', group: 'nav.rules' } },
  { path: '/macros', page: pageWith('conversing', () => import('./pages/Macros')), needs: 'cases.write', nav: { name: 'nav.macros', icon: 'bolt', group: 'nav.rules' } },
  { path: '/assistant', page: pageWith('conversing', () => import('./pages/Assistant')), needs: 'policies.read', nav: { name: 'nav.assistant', icon: 'robot', group: 'nav.rules' } },
  { path: '/knowledge', page: lazy(() => import('./pages/Knowledge')), needs: 'knowledge.read', nav: { name: 'nav.knowledge', icon: 'help', group: 'nav.rules' } },
  { path: '/knowledge/:id', page: lazy(() => import('./pages/Article')), needs: 'knowledge.read' },
  { path: '/handbook', page: lazy(() => import('./pages/Handbook')), nav: { name: 'nav.handbook', icon: 'book', group: 'nav.rules' } },
  { path: '/users', page: lazy(() => import('./pages/Users')), needs: 'users.read', nav: { name: 'nav.users', icon: 'people', group: 'nav.people' } },
  { path: '/people', page: pageWith('conversing', () => import('./pages/People')), needs: 'users.read', nav: { name: 'nav.members', icon: 'star', group: 'nav.people' } },
  { path: '/roles', page: lazy(() => import('./pages/Roles')), needs: 'users.read', nav: { name: 'nav.roles', icon: 'key', group: 'nav.people' } },
  { path: '/shops', page: lazy(() => import('./pages/Shops')), needs: 'shops.read', nav: { name: 'nav.shops', icon: 'store', group: 'nav.people' } },
  { path: '/channels', page: pageWith('conversing', () => import('./pages/Channels')), needs: 'shops.write', nav: { name: 'nav.channels', icon: 'phone', group: 'nav.house' } },
  { path: '/notices', page: lazy(() => import('./pages/Notices')), needs: 'notices.read', nav: { name: 'nav.notices', icon: 'bell', group: 'nav.house' } },
  { path: '/journal', page: pageWith('facts', () => import('./pages/Journal')), needs: 'journal.read', nav: { name: 'nav.journal', icon: 'eye', group: 'nav.house' } },
  { path: '/failed', page: pageWith('facts', () => import('./pages/Failed')), needs: 'journal.operate', nav: { name: 'nav.failed', icon: 'refresh', group: 'nav.house' } },
  { path: '/account', page: lazy(() => import('./pages/Account')) },
]
