// Made from tokens.css by `npm run tokens`. Do not edit.
export type ThemeName = 'light' | 'dark'
export interface Colours {
  paper: string
  sheet: string
  sunken: string
  raised: string
  ink: string
  ink2: string
  ink3: string
  hairline: string
  rule: string
  jade: string
  jadeStrong: string
  jadeSoft: string
  jadeTrack: string
  onJade: string
  amber: string
  amberFill: string
  amberSoft: string
  vermilion: string
  vermilionFill: string
  vermilionSoft: string
  onVermilion: string
  slate: string
  slateFill: string
  slateSoft: string
  focus: string
  scrim: string
}
export const colours: Record<ThemeName, Colours> = {
  light: {
    paper: '#f6f1e7',
    sheet: '#fdfaf3',
    sunken: '#ede6d8',
    raised: '#fffdf8',
    ink: '#221d17',
    ink2: '#5a5247',
    ink3: '#6f6658',
    hairline: '#ddd4c3',
    rule: '#8a8072',
    jade: '#1a6e54',
    jadeStrong: '#12543f',
    jadeSoft: '#dcebe0',
    jadeTrack: '#c5dccc',
    onJade: '#fffdf8',
    amber: '#8a5200',
    amberFill: '#d0861a',
    amberSoft: '#f7e6c4',
    vermilion: '#b5301b',
    vermilionFill: '#c93a22',
    vermilionSoft: '#f8ddd3',
    onVermilion: '#fffdf8',
    slate: '#515d68',
    slateFill: '#7a8894',
    slateSoft: '#e2e4e3',
    focus: '#1a6e54',
    scrim: '#221d1766',
  },
  dark: {
    paper: '#171512',
    sheet: '#1e1b17',
    sunken: '#12100e',
    raised: '#26221d',
    ink: '#f0e9dc',
    ink2: '#bdb3a3',
    ink3: '#a1978a',
    hairline: '#38322a',
    rule: '#857b6d',
    jade: '#6cc7a5',
    jadeStrong: '#93dcc0',
    jadeSoft: '#1d3229',
    jadeTrack: '#294438',
    onJade: '#0d1f18',
    amber: '#e8b460',
    amberFill: '#dca046',
    amberSoft: '#3a2b12',
    vermilion: '#f58d73',
    vermilionFill: '#e4674a',
    vermilionSoft: '#42201a',
    onVermilion: '#21100b',
    slate: '#a4b0ba',
    slateFill: '#7c8994',
    slateSoft: '#2a2e31',
    focus: '#93dcc0',
    scrim: '#0a0908a8',
  },
}
