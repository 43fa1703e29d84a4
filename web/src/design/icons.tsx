const paths = {
  arrow: 'M4 10h12m-5-5 5 5-5 5',
  back: 'M16 10H4m5-5-5 5 5 5',
  down: 'm5 8 5 5 5-5',
  up: 'm5 12 5-5 5 5',
  next: 'm8 5 5 5-5 5',
  previous: 'm12 5-5 5 5 5',
  check: 'm4 10.5 4 4 8-9',
  close: 'm5 5 10 10M15 5 5 15',
  plus: 'M10 4v12M4 10h12',
  minus: 'M4 10h12',
  more: 'M4.5 10h.01M10 10h.01M15.5 10h.01',
  search: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11Zm4-1.5 4 4',
  camera: 'M3 7h3.2L8 4.5h4L13.8 7H17v9H3zm7 7a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6Z',
  mail: 'M3 4.500h14v11H3zm0 .5 7 5.500 7-5.500',
  file: 'M5 3h6.5L15 6.5V17H5zm6.5 0v3.5H15',
  image: 'M3 4h14v12H3zm0 9 4-4 4 4 2.5-2.5L17 14M12.5 8h.01',
  clip: 'M14.5 8.5 9 14a2.5 2.5 0 0 1-3.5-3.5l6-6a3.6 3.6 0 0 1 5 5l-6.5 6.5',
  clock: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm0-11v4l2.5 2',
  box: 'm3 6.5 7-3.5 7 3.5v7L10 17l-7-3.5zm0 0L10 10l7-3.5M10 10v7',
  truck: 'M2.5 5h9v8h-9zm9 3h3.2l2.8 2.8V13h-6M6 15.5A1.5 1.5 0 1 0 6 12.5a1.5 1.5 0 0 0 0 3Zm8 0a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z',
  money: 'M3 5h14v10H3zm7 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM5.5 7.5h.01m8.99 5h.01',
  chat: 'M3 4h14v9.5H9L5.5 17v-3.5H3z',
  help: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm-2-8.700A2 2 0 1 1 10.800 10c-.6.300-.8.700-.8 1.300m0 2.400h.01',
  user: 'M10 10a3.200 3.200 0 1 0 0-6.400 3.200 3.200 0 0 0 0 6.400Zm-6 7c.5-3 2.800-4.500 6-4.500s5.500 1.500 6 4.500',
  people: 'M7.500 9.500a2.700 2.700 0 1 0 0-5.400 2.700 2.700 0 0 0 0 5.400ZM2.500 16c.4-2.600 2.300-4 5-4s4.600 1.400 5 4m.500-11.700a2.700 2.700 0 0 1 0 5m2 2.900c1.500.6 2.300 1.900 2.500 3.800',
  globe: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm-7-7h14M10 3c2.500 2.200 2.500 11.800 0 14-2.500-2.200-2.500-11.800 0-14Z',
  sun: 'M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm0-10v1.500m0 11V17M3 10h1.500m11 0H17M5 5l1 1m8 8 1 1m0-10-1 1m-8 8-1 1',
  moon: 'M15.500 12.500A6.500 6.500 0 0 1 7.500 4.500a6.500 6.500 0 1 0 8 8Z',
  contrast: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm0-14v14',
  refresh: 'M16 8a6.500 6.500 0 1 0 .3 4M16.500 4v4h-4',
  undo: 'M4 8h8a4 4 0 0 1 0 8H7M7.500 4.500 4 8l3.500 3.500',
  menu: 'M3 6h14M3 10h14M3 14h14',
  warning: 'M10 3.500 17.500 16.500h-15zm0 5v3.500m0 2.300h.01',
  pause: 'M7.500 5v10m5-10v10',
  shield: 'M10 3 4 5v5c0 3.500 2.500 5.800 6 7 3.500-1.200 6-3.500 6-7V5zm-2.500 7 2 2 3.500-4',
  list: 'M7 5.500h10M7 10h10M7 14.500h10M3.500 5.500h.01M3.500 10h.01M3.500 14.500h.01',
  chart: 'M3 17V3m0 14h14M6.500 13.500v-3m4 3v-6m4 6V5.500',
  gear: 'M10 12.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM10 3v2m0 10v2M3 10h2m10 0h2M5 5l1.500 1.500m7 7L15 15m0-10-1.500 1.500m-7 7L5 15',
  store: 'M3.500 8 5 3.500h10L16.500 8m-13 0a2.200 2.200 0 0 0 4.300 0 2.200 2.200 0 0 0 4.400 0 2.200 2.200 0 0 0 4.300 0M4.500 10.500V17h11v-6.500',
  phone: 'M5 3.500h2.500l1.500 3.500-2 1.500a8.500 8.500 0 0 0 4.500 4.500l1.500-2 3.500 1.500V15a1.500 1.500 0 0 1-1.500 1.500A11.500 11.500 0 0 1 3.500 5 1.500 1.500 0 0 1 5 3.500Z',
  bell: 'M5 13.500V9a5 5 0 0 1 10 0v4.500l1 1H4zm3.500 3h3',
  edit: 'm4 16 .8-3.500L13.500 4 16 6.500 7.500 15.200z',
  upload: 'M10 13V4m-4 4 4-4 4 4M3.500 13v3.500h13V13',
  download: 'M10 4v9m-4-4 4 4 4-4M3.500 13v3.500h13V13',
  trash: 'M4 6h12M8 6V4h4v2m-6.500 0 .7 11h7.600l.7-11M8.500 9v5m3-5v5',
  link: 'M8.500 11.500a3 3 0 0 0 4.200 0l3-3a3 3 0 0 0-4.200-4.200l-1 1m1 3.200a3 3 0 0 0-4.200 0l-3 3a3 3 0 0 0 4.200 4.200l1-1',
  scan: 'M3 7V3.500h3.500M13.500 3.500H17V7m0 6v3.500h-3.500M6.500 16.500H3V13m3-6v6m2.700-6v6m2.600-6v6M14 7v6',
  scales: 'M10 3v14m-4 0h8M4 6l6-1.500L16 6M4 6l-2 5.500h4zm12 0-2 5.500h4z',
  flag: 'M5 17V3.500h10l-2 3.500 2 3.500H5',
  star: 'm10 3.500 2 4.300 4.700.6-3.500 3.200.9 4.700L10 14l-4.100 2.300.9-4.700L3.300 8.400 8 7.800z',
  out: 'M8 4H4v12h4m4-9.500 3.500 3.500-3.500 3.500M15.500 10H8',
  eye: 'M2.500 10C4 7 6.700 5 10 5s6 2 7.500 5c-1.500 3-4.200 5-7.500 5s-6-2-7.500-5Zm7.500 2.300a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600Z',
  home: 'm3 9.500 7-6 7 6M5 8v9h10V8m-6.500 9v-5h3v5',
  lock: 'M5 9h10v8H5zm2 0V6.500a3 3 0 0 1 6 0V9',
  filter: 'M3 5h14M6 10h8m-5.500 5h3',
  calendar: 'M4 5h12v12H4zm0 4h12M7 3v3.500m6-3.500v3.500',
  book: 'M10 5.500c-2-1.300-4.300-1.500-6.500-1v11c2.200-.500 4.500-.300 6.500 1 2-1.300 4.300-1.500 6.500-1v-11c-2.200-.500-4.500-.300-6.500 1Zm0 0v11',
  flow: 'M3 3.500h5v4H3zm9 9h5v4h-5zM5.500 7.500v7H12m-2-2 2 2-2 2',
  gauge: 'M3.500 15a7.500 7.500 0 1 1 13 0M10 12.500l3-4M10 12.500h.01',
  screen: 'M3 4h14v9H3zm4 13h6m-3-4v4',
  bolt: 'M11 3 5 11.500h4.500L9 17l6-8.500h-4.500z',
  robot: 'M10 3.500v3M4 6.500h12v9.500H4zm3.500 4h.01m4.990 0h.01M7.500 13.300h5',
  compass: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm3-10-1.700 4.300L7 13l1.700-4.300z',
  key: 'M7 13.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7Zm3.500-3.500H17m-2 0v3m-2.500-3v2',
} as const

export type IconName = keyof typeof paths
export const iconNames = Object.keys(paths) as IconName[]

/** Drawn on a 20-px grid with one pen. Decorative unless `label` is given. */
export function Icon({ name, size = 20, label }: { name: IconName; size?: number; label?: string }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 20 20"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.4 : 1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      role={label ? 'img' : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : true}
    >
      <path d={paths[name]} />
    </svg>
  )
}

/** The mark: a jade disc (璧) and the piece that comes back to make it whole. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" className="mark">
      <circle cx="12" cy="12" r="8.250" fill="none" stroke="var(--jade)" strokeWidth="5.500" strokeDasharray="41.500 11" transform="rotate(-18 12 12)" />
      <circle cx="17" cy="5.200" r="2.600" fill="var(--jade)" />
    </svg>
  )
}
