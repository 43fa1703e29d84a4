import { Link, useRoute } from 'wouter'
import { useText } from '../i18n'
import './CostNav.css'

const pages = [
  ['/insight/costs', 'costs.nav.ledger'],
  ['/insight/costs/bridge', 'costs.nav.bridge'],
  ['/insight/levers', 'costs.nav.levers'],
  ['/insight/costs/rates', 'costs.nav.rates'],
] as const

/** The pages about costs, beside each other. */
export function CostNav() {
  const { t } = useText()
  return (
    <nav className="cost-nav" aria-label={t('costs.nav.label')}>
      {pages.map(([path, name]) => (
        <CostLink key={path} path={path} name={t(name)} />
      ))}
    </nav>
  )
}

function CostLink({ path, name }: { path: string; name: string }) {
  const [here] = useRoute(path)
  return (
    <Link href={path} aria-current={here ? 'page' : undefined}>
      {name}
    </Link>
  )
}
