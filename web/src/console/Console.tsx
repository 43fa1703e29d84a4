import { Suspense, useEffect } from 'react'
import { Link, Redirect, Route, Router, Switch, useLocation } from 'wouter'
import { Avatar, Icon, Mark, Menu, SkeletonRows } from '../design'
import { useText } from '../i18n'
import { queries } from '../shell/boot'
import { ErrorBoundary, NotFound } from '../shell/Errors'
import { KeyHelp } from '../shell/KeyHelp'
import { Palette, useActions } from '../shell/Palette'
import { Switches } from '../shell/Switches'
import { NotAllowed } from '../staff/NotAllowed'
import { signOut, type StaffSession } from '../staff/session'
import './console.css'
import { routes } from './routes'
import { ScopeProvider } from './scope'

export function Console({ session }: { session: StaffSession }) {
  return (
    <Router base="/console">
      <ScopeProvider>
        <Frame session={session} />
      </ScopeProvider>
    </Router>
  )
}

/** The manager's face: navigation at the left, one page of findings. */
function Frame({ session }: { session: StaffSession }) {
  const { t } = useText()
  const [location, go] = useLocation()
  const open = routes.filter((r) => !r.needs || session.permissions.includes(r.needs))
  const nav = open.flatMap((r) => (r.nav ? [{ path: r.path, ...r.nav }] : []))
  useEffect(() => {
    document.title = t('app.title')
  }, [t])
  // The page one is on is to be seen in a navigation longer than the window.
  useEffect(() => {
    document.querySelector('.side-link[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [location])
  useActions([...nav, { path: '/account', name: 'nav.account', icon: 'user' as const }].map((n) => ({ id: `go ${n.path}`, title: t(n.name), section: t('palette.places'), icon: n.icon, run: () => go(n.path) })))
  const leave = async () => {
    await signOut()
    queries.clear()
    window.location.assign('/console')
  }
  return (
    <div className="console">
      <nav className="side" aria-label={t('nav.label')}>
        <Link href="/" className="brand">
          <Mark size={24} />
          <span>{t('app.title')}</span>
        </Link>
        <div className="side-links">
          {nav.map((n, i) => (
            <div key={n.path}>
              {n.group && n.group !== nav[i - 1]?.group && <p className="side-group">{t(n.group)}</p>}
              <Link href={n.path} className="side-link" aria-current={location === n.path || (n.path === '/' ? /^\/promises\//.test(location) : location.startsWith(`${n.path}/`)) ? 'page' : undefined}>
                <Icon name={n.icon} size={18} />
                <span>{t(n.name)}</span>
              </Link>
            </div>
          ))}
        </div>
        <div className="side-foot">
          <Menu
            label={session.name}
            up
            align="start"
            trigger={(props) => (
              <button type="button" {...props} className="side-me">
                <Avatar name={session.name} size={28} />
                <span className="one-line">{session.name}</span>
              </button>
            )}
            items={[{ id: 'me', label: t('nav.account'), icon: 'user', onPick: () => go('/account') }, { id: 'desk', label: t('nav.desk'), icon: 'chat', onPick: () => window.location.assign('/desk') }, 'line', { id: 'out', label: t('action.signOut'), icon: 'out', onPick: () => void leave() }]}
          />
          <Switches up />
        </div>
      </nav>
      <main className="console-page">
        <ErrorBoundary home="/console" resetKey={location}>
          <Suspense fallback={<SkeletonRows />}>
            <Switch>
              {open.map((r) => (
                <Route key={r.path} path={r.path} component={r.page} />
              ))}
              {!session.permissions.includes('promises.read') && nav[0] && (
                <Route path="/">
                  <Redirect to={nav[0].path} replace />
                </Route>
              )}
              {routes.filter((r) => !open.includes(r)).map((r) => (
                <Route key={r.path} path={r.path}>
                  <NotAllowed title={t('notAllowed.title')} text={t('notAllowed.text')} home="/console" />
                </Route>
              ))}
              <Route>
                <NotFound home="/console" />
              </Route>
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </main>
      <KeyHelp />
      <Palette />
    </div>
  )
}
