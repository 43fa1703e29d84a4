import { useQueryClient } from '@tanstack/react-query'
import { Suspense, useEffect, useRef, useSyncExternalStore } from 'react'
import { Link, Route, Switch, useLocation } from 'wouter'
import { useLive } from '../api/live'
import { Icon, IconButton, Mark, Menu } from '../design'
import { useText } from '../i18n'
import { ErrorBoundary, NotFound } from '../shell/Errors'
import { Switches } from '../shell/Switches'
import { ChatButton as Chat } from './ChatButton'
import { refresh, useMe, useNotices } from './data'
import { inEU, PageSkeleton } from './parts'
import './portal.css'
import { routes } from './routes'
import { useSignOut } from './session'

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

/** What changed elsewhere shows here at once; a burst of facts is one refresh. */
function useFresh(entered: boolean) {
  const queries = useQueryClient()
  const waiting = useRef(0)
  useLive(
    () => {
      clearTimeout(waiting.current)
      waiting.current = window.setTimeout(() => refresh(queries), 250)
    },
    { enabled: entered },
  )
}

function Person({ contact }: { contact: string }) {
  const { t } = useText()
  const leave = useSignOut()
  const [, go] = useLocation()
  return (
    <Menu
      label={t('me.label')}
      trigger={(props) => <IconButton {...props} icon="user" label={t('me.label')} />}
      items={[
        { id: 'who', label: contact, disabled: true, onPick: () => undefined },
        'line',
        { id: 'home', label: t('home.title'), icon: 'home', onPick: () => go('/') },
        { id: 'ask', label: t('talk.ask'), icon: 'chat', onPick: () => go('/cases/new') },
        { id: 'out', label: t('action.signOut'), icon: 'out', onPick: () => void leave().then(() => go('/')) },
      ]}
    />
  )
}

function Bell() {
  const { t } = useText()
  const notices = useNotices()
  const unread = notices.data?.unread ?? 0
  return (
    <Link href="/notices" className="bell" aria-label={unread ? t('notices.unread', { count: unread }) : t('notices.title')}>
      <Icon name="bell" size={20} />
      {unread > 0 && <span className="bell-count">{unread > 9 ? '9+' : unread}</span>}
    </Link>
  )
}

/** The customer's face: a narrow column for a hand, help at the foot of every page. */
export function Portal() {
  const { t } = useText()
  const [location] = useLocation()
  const online = useOnline()
  const me = useMe().data
  useEffect(() => {
    document.title = t('app.title')
  }, [t])
  useTopOfNewPage(location)
  useFresh(!!me)
  // Guests are shown it as well: their order may be of a shop in the EU, and nobody need enter to find it.
  const withdraws = !me || me.shops.some((shop) => inEU(shop.market))
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
        <div className="portal-tools">
          <Chat />
          {me && <Bell />}
          <Switches />
          {me && <Person contact={me.contact ?? me.name} />}
        </div>
      </header>
      {!online && (
        <p className="offline" role="status">
          <Icon name="pause" size={16} /> {t('app.offline')}
        </p>
      )}
      <main id="page" tabIndex={-1}>
        <ErrorBoundary home="/" resetKey={location}>
          <Suspense fallback={<PageSkeleton />}>
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
        {withdraws && (
          <Link href="/withdraw" className="foot-small">
            {t('withdraw.link')}
          </Link>
        )}
      </footer>
    </div>
  )
}
