import { Select } from '../design'
import { useText } from '../i18n'
import { type Period, periodOf, type Preset, presets } from './period'

export function PeriodPicker({ period, onPick }: { period: Period; onPick: (period: Period) => void }) {
  const { t } = useText()
  return (
    <div className="period">
      <Select<Preset>
        aria-label={t('period.label')}
        value={period.preset}
        onPick={(preset) => onPick(preset === 'custom' ? { ...period, preset } : periodOf(preset, new Date()))}
        choices={presets.map((p) => ({ value: p, label: t(`period.${p}`) }))}
      />
      {period.preset === 'custom' && (
        <>
          <input type="date" className="input" aria-label={t('period.from')} value={period.from} max={period.until} onChange={(e) => e.target.value && onPick({ ...period, from: e.target.value })} />
          <span aria-hidden="true">–</span>
          <input type="date" className="input" aria-label={t('period.until')} value={period.until} min={period.from} onChange={(e) => e.target.value && onPick({ ...period, until: e.target.value })} />
        </>
      )}
    </div>
  )
}
