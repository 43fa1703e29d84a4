/** What desk and console share: the door, antd in our colours. */
import { App as AntApp, ConfigProvider, theme } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
import zhTW from 'antd/locale/zh_TW'
import type { ReactNode } from 'react'
import { asProblem } from '../api/problem'
import { ErrorState } from '../design'
import { colours } from '../design/tokens'
import { useText } from '../i18n'
import { useTheme } from '../shell/theme'
import { SignIn } from './SignIn'
import { type StaffSession, useStaffSession } from './session'

const antLocales = { 'zh-CN': zhCN, 'zh-TW': zhTW, en: enUS }

/** antd wearing our tokens: paper, ink, jade, hairlines, 8-px corners, no shadows on what does not float. */
export function AntTheme({ children }: { children: ReactNode }) {
  const { locale } = useText()
  const { shown } = useTheme()
  const c = colours[shown]
  // The dark algorithm would dim the accent; these say it again where it is a surface.
  const accent = { colorPrimary: c.jade, colorPrimaryHover: c.jadeStrong, colorPrimaryActive: c.jadeStrong }
  return (
    <ConfigProvider
      locale={antLocales[locale]}
      button={{ autoInsertSpace: false }}
      wave={{ disabled: true }}
      theme={{
        algorithm: shown === 'dark' ? theme.darkAlgorithm : theme.defaultAlgorithm,
        token: {
          colorPrimary: c.jade,
          colorInfo: c.jade,
          colorSuccess: c.jade,
          colorWarning: c.amberFill,
          colorError: c.vermilion,
          colorLink: c.jade,
          colorText: c.ink,
          colorTextSecondary: c.ink2,
          colorTextTertiary: c.ink3,
          colorTextQuaternary: c.ink3,
          colorTextPlaceholder: c.ink3,
          colorBgBase: c.paper,
          colorBgLayout: c.paper,
          colorBgContainer: c.raised,
          colorBgElevated: c.raised,
          colorFillAlter: c.sheet,
          colorFillSecondary: c.sunken,
          colorFillTertiary: c.sunken,
          colorFillQuaternary: c.sheet,
          colorBorder: c.rule,
          colorBorderSecondary: c.hairline,
          colorSplit: c.hairline,
          colorTextLightSolid: c.onJade,
          controlItemBgActive: c.jadeSoft,
          controlItemBgActiveHover: c.jadeSoft,
          controlItemBgHover: c.sunken,
          controlOutline: 'transparent',
          borderRadius: 8,
          borderRadiusSM: 4,
          borderRadiusLG: 8,
          controlHeight: 36,
          controlHeightSM: 28,
          fontFamily: 'var(--sans)',
          fontSize: 15,
          fontSizeSM: 13,
          lineHeight: 1.6,
          wireframe: false,
          motionDurationFast: '0.08s',
          motionDurationMid: '0.12s',
          motionDurationSlow: '0.18s',
          boxShadow: 'var(--lift)',
          boxShadowSecondary: 'var(--lift)',
          boxShadowTertiary: 'none',
        },
        components: {
          Button: { ...accent, primaryShadow: 'none', defaultShadow: 'none', dangerShadow: 'none', defaultBg: 'transparent', fontWeight: 500 },
          Table: { headerBg: 'transparent', headerColor: c.ink2, headerSplitColor: 'transparent', rowHoverBg: c.sheet, rowSelectedBg: c.jadeSoft, rowSelectedHoverBg: c.jadeSoft, cellPaddingBlock: 10, cellPaddingInline: 8, colorBgContainer: 'transparent', footerBg: 'transparent' },
          Checkbox: accent,
          Radio: accent,
          Switch: accent,
          Tabs: accent,
          Input: { activeShadow: 'none', errorActiveShadow: 'none' },
          Select: { optionSelectedBg: c.jadeSoft, optionActiveBg: c.sunken },
          Modal: { borderRadiusLG: 12 },
          Tooltip: { colorBgSpotlight: c.ink, colorTextLightSolid: c.paper },
        },
      }}
    >
      <AntApp component={false}>{children}</AntApp>
    </ConfigProvider>
  )
}

/** Lets staff in who are signed in; the others see the door and return to the same address after it. */
export function StaffGate({ children }: { children: (session: StaffSession) => ReactNode }) {
  const { t } = useText()
  const { data, error, isPending, refetch } = useStaffSession()
  if (isPending) return <div className="loading-page" role="status" aria-label={t('state.loading')} />
  if (data) return children(data)
  if (asProblem(error).status === 401) return <SignIn />
  return <ErrorState error={error} onRetry={() => void refetch()} />
}
