import { EmptyState } from '../../design'
import { useText } from '../../i18n'

export default function Home() {
  const { t } = useText()
  return (
    <>
      <h1>{t('home.title')}</h1>
      <EmptyState drawing="orders" title={t('home.emptyTitle')} text={t('home.emptyText')} />
    </>
  )
}
