import { Suspense, useEffect, useRef } from 'react'
import { Link, Route, Router, Switch, useLocation } from 'wouter'
import { Avatar, Icon, KeyHint, Mark, Menu, SkeletonRows } from '../design'
import { useText } from '../i18n'
import { queries } from '../shell/boot'
import { ErrorBoundary, NotFound } from '../shell/Errors'
import { KeyHelp } from '../shell/KeyHelp'
import { useKeys } from '../shell/keys'
import { Palette, useActions } from '../shell/Palette'
import { Switches } from '../shell/Switches'
import { NotAllowed } from '../staff/NotAllowed'
import { sessionKey, signOut, type StaffSession } from '../staff/session'
import { Bell } from './Bell'
import { Calls } from './Calls'
import './desk.css'
import { useLiveDesk } from './data'
import { routes } from './routes'
import { useDeskSearch } from './search'

export function Desk({ session }: { session: StaffSession }) {
  return (
    <Router base="/desk">
      <Frame session={session} />
    </Router>
  )
}

/** The agent's face: a slim rail, the page beside it, keys for everything. */
function Frame({ session }: { session: StaffSession }) {
  const { t, locale } = useText()
  const [location, go] = useLocation()
  const allowed = routes.filter((r) => !r.needs || session.permissions.includes(r.needs))
  const closed = routes.filter((r) => !allowed.includes(r))
  const rail = allowed.flatMap((r) => (r.rail ? [{ path: r.path, ...r.rail }] : []))
  const search = useDeskSearch()
  useLiveDesk()
  const readIn = useRef(locale)
  useEffect(() => {
    // The server words states and moves in the language of the page: ask again for all of them.
    if (readIn.current !== locale) void queries.invalidateQueries()
    readIn.current = locale
  }, [locale])
  useEffect(() => {
    const start = startOf(session)
    if (start !== '/' && location === '/' && !window.location.search) go(start, { replace: true })
  }, [])
  useEffect(() => {
    document.title = t('app.title')
  }, [t])
  useKeys(rail.map((r) => ({ keys: r.keys, label: t(r.name), section: t('keys.everywhere'), run: () => go(r.path) })))
  useActions(rail.map((r) => ({ id: `go ${r.path}`, title: t(r.name), section: t('palette.places'), icon: r.icon, keys: r.keys, run: () => go(r.path) })))
  const leave = async () => {
    await signOut()
    queries.removeQueries()
    await queries.invalidateQueries({ queryKey: sessionKey })
    window.location.assign('/desk')
  }
  return (
    <div className="desk">
      <nav className="rail" aria-label={t('rail.label')}>
        <Link href="/" className="rail-mark" aria-label={t('app.title')}>
          <Mark size={26} />
        </Link>
        {rail.map((r) => (
          <Link key={r.path} href={r.path} className="rail-link" aria-current={location === r.path || (r.path !== '/' && location.startsWith(`${r.path}/`)) ? 'page' : undefined} title={t(r.name)}>
            <Icon name={r.icon} />
            <span>{t(r.name)}</span>
          </Link>
        ))}
        <div className="rail-foot">
          <Calls />
          <Bell />
          <button type="button" className="rail-link" title={t('palette.open')} onClick={() => document.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, cancelable: true }))}>
            <Icon name="search" />
            <KeyHint keys="mod+k" />
          </button>
          <Switches up align="start" />
          <Menu
            label={session.name}
            up
            align="start"
            trigger={(props) => (
              <button type="button" {...props} className="rail-me" aria-label={session.name}>
                <Avatar name={session.name} size={36} />
              </button>
            )}
            items={[{ id: 'me', label: t('nav.account'), icon: 'user', onPick: () => window.location.assign('/console/account') }, { id: 'console', label: t('nav.console'), icon: 'gauge', onPick: () => window.location.assign('/console') }, 'line', { id: 'out', label: t('action.signOut'), icon: 'out', onPick: () => void leave() }]}
          />
        </div>
      </nav>
      <main className="desk-page">
        <ErrorBoundary home="/desk" resetKey={location}>
          <Suspense fallback={<SkeletonRows />}>
            <Switch>
              {allowed.map((r) => (
                <Route key={r.path} path={r.path} component={r.page} />
              ))}
              {closed.map((r) => (
                <Route key={r.path} path={r.path}>
                  <NotAllowed title={t('notAllowed.title')} text={t('notAllowed.text')} home="/desk" />
                </Route>
              ))}
              <Route>
                <NotFound home="/desk" />
              </Route>
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </main>
      <KeyHelp />
      <Palette search={search} />
    </div>
  )
}

/** Where the day begins: who only inspects, pays or judges starts at that, everybody else at the queue. */
function startOf({ permissions }: StaffSession): string {
  if (permissions.includes('cases.write')) return '/'
  if (permissions.includes('claims.inspect')) return '/warehouse'
  if (permissions.includes('claims.arbitrate')) return '/disputes'
  return permissions.includes('refunds.execute') ? '/finance' : '/'
}
