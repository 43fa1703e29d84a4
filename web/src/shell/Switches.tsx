import { IconButton, type IconName, Menu } from '../design'
import { localeNames, locales, switchLocale, useText } from '../i18n'
import { chooseTheme, type ThemeChoice, useTheme } from './theme'

/** Language and light in one menu. */
export function Switches({ up, align }: { up?: boolean; align?: 'start' | 'end' }) {
  const { t, locale } = useText()
  const { choice } = useTheme()
  const icons: Record<ThemeChoice, IconName> = { system: 'contrast', light: 'sun', dark: 'moon' }
  return (
    <Menu
      label={t('settings.label')}
      up={up}
      align={align}
      trigger={(props) => <IconButton {...props} icon="globe" label={t('settings.label')} />}
      items={[
        ...locales.map((l) => ({ id: l, label: <span lang={l}>{localeNames[l]}</span>, checked: l === locale, onPick: () => void switchLocale(l) })),
        'line' as const,
        ...(['system', 'light', 'dark'] as const).map((c) => ({ id: c, label: t(`theme.${c}`), icon: icons[c], checked: c === choice, onPick: () => chooseTheme(c) })),
      ]}
    />
  )
}
