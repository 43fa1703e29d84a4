import { useText } from '../../i18n'
import { Panes } from '../../shell/Panes'
import { CasePane } from '../case/CasePane'
import { CustomerPane } from '../customer/CustomerPane'
import { usePlace } from '../place'
import { QueuePane } from '../queue/QueuePane'

export default function Queue() {
  const { t } = useText()
  const { place } = usePlace()
  return (
    <Panes
      name="queue"
      labels={{ start: t('pane.queue'), middle: t('pane.case'), end: t('pane.customer') }}
      shown={place.pane}
      start={<QueuePane />}
      middle={<CasePane />}
      end={place.case ? <CustomerPane /> : null}
    />
  )
}
