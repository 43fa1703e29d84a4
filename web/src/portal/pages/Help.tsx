import { EmptyState } from '../../design'
import { useText } from '../../i18n'

export default function Help() {
  const { t } = useText()
  return (
    <>
      <h1>{t('help.title')}</h1>
      <EmptyState drawing="talk" title={t('help.emptyTitle')} text={t('help.emptyText')} />
    </>
  )
}
