import { Suspense, useEffect, useRef, useSyncExternalStore } from 'react'
import { Link, Route, Switch, useLocation } from 'wouter'
import { Icon, Mark, SkeletonRows } from '../design'
import { useText } from '../i18n'
import { ErrorBoundary, NotFound } from '../shell/Errors'
import { Switches } from '../shell/Switches'
import './portal.css'
import { routes } from './routes'

function useOnline() {
  return useSyncExternalStore(
    (tell) => {
      addEventListener('online', tell)
      addEventListener('offline', tell)
      return () => {
        removeEventListener('online', tell)
        removeEventListener('offline', tell)
      }
    },
    () => navigator.onLine,
  )
}

/** A new page begins at its top; going back returns to where one was. */
function useTopOfNewPage(location: string) {
  const went = useRef(false)
  useEffect(() => {
    const back = () => {
      went.current = true
    }
    addEventListener('popstate', back)
    return () => removeEventListener('popstate', back)
  }, [])
  useEffect(() => {
    if (!went.current) window.scrollTo(0, 0)
    went.current = false
  }, [location])
}

/** The customer's face: a narrow column for a hand, help at the foot of every page. */
export function Portal() {
  const { t } = useText()
  const [location] = useLocation()
  const online = useOnline()
  useEffect(() => {
    document.title = t('app.title')
  }, [t])
  useTopOfNewPage(location)
  return (
    <div className="portal">
      <a className="skip" href="#page">
        {t('app.skip')}
      </a>
      <header className="portal-head">
        <Link href="/" className="brand">
          <Mark size={24} />
          <span>{t('app.name')}</span>
        </Link>
        <Switches />
      </header>
      {!online && (
        <p className="offline" role="status">
          <Icon name="pause" size={16} /> {t('app.offline')}
        </p>
      )}
      <main id="page" tabIndex={-1}>
        <ErrorBoundary home="/" resetKey={location}>
          <Suspense fallback={<SkeletonRows rows={4} />}>
            <Switch>
              {routes.map((route) => (
                <Route key={route.path} path={route.path} component={route.page} />
              ))}
              <Route>
                <NotFound home="/" />
              </Route>
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </main>
      <footer className="portal-foot">
        <Link href="/help" className="foot-link">
          <Icon name="chat" size={20} />
          <span>
            <strong>{t('foot.help')}</strong>
            <span className="muted small">{t('foot.helpText')}</span>
          </span>
          <Icon name="next" size={18} />
        </Link>
      </footer>
    </div>
  )
}
