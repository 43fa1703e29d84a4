import { useState } from 'react'
import { EmptyState } from '../../design'
import { useText } from '../../i18n'
import { Page } from '../Page'
import { periodOf } from '../period'
import { PeriodPicker } from '../PeriodPicker'

export default function Promises() {
  const { t } = useText()
  const [period, setPeriod] = useState(() => periodOf('days30', new Date()))
  return (
    <Page about={t('promises.about')} finding={t('promises.none')} tools={<PeriodPicker period={period} onPick={setPeriod} />}>
      <EmptyState drawing="clear" title={t('promises.emptyTitle')} text={t('promises.emptyText')} />
    </Page>
  )
}
