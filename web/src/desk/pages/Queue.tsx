import { EmptyState } from '../../design'
import { useText } from '../../i18n'
import { Panes } from '../../shell/Panes'

export default function Queue() {
  const { t } = useText()
  return (
    <Panes
      name="queue"
      labels={{ start: t('pane.queue'), middle: t('pane.case'), end: t('pane.customer') }}
      start={<EmptyState title={t('queue.emptyTitle')} text={t('queue.emptyText')} />}
      middle={<EmptyState drawing="talk" title={t('case.noneTitle')} text={t('case.noneText')} />}
      end={null}
    />
  )
}
