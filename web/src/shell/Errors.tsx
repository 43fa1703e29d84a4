import { Component, type ReactNode } from 'react'
import { ButtonLink, EmptyState, ErrorState } from '../design'
import { useText } from '../i18n'

/** Catches what a page throws: the page says so, the shell around it stays. */
export class ErrorBoundary extends Component<{ children: ReactNode; home: string; resetKey?: string }, { error: unknown }> {
  state = { error: null as unknown }
  static getDerivedStateFromError(error: unknown) {
    return { error }
  }
  componentDidUpdate(before: { resetKey?: string }) {
    if (this.state.error !== null && before.resetKey !== this.props.resetKey) this.setState({ error: null })
  }
  render() {
    if (this.state.error === null) return this.props.children
    const stale = this.state.error instanceof TypeError && /dynamically imported|module script|Failed to fetch/.test(this.state.error.message)
    return <Broken error={this.state.error} home={this.props.home} onRetry={() => (stale ? location.reload() : this.setState({ error: null }))} />
  }
}

function Broken({ error, home, onRetry }: { error: unknown; home: string; onRetry: () => void }) {
  const { t } = useText()
  return <ErrorState error={error} onRetry={onRetry} wayOut={<ButtonLink href={home}>{t('action.home')}</ButtonLink>} />
}

export function NotFound({ home }: { home: string }) {
  const { t } = useText()
  return (
    <EmptyState
      drawing="lost"
      title={t('notFound.title')}
      text={t('notFound.text')}
      action={
        <ButtonLink kind="primary" href={home}>
          {t('action.home')}
        </ButtonLink>
      }
    />
  )
}
