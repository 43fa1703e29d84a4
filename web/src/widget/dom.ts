type Child = Node | string | null | false | undefined
type Properties<T> = { [K in keyof T]?: T[K] } | Record<string, unknown>

/** `h('button', { type: 'button', onclick: … }, 'text')`: properties as the element has them, `aria-…`, `role` and `data-…` as attributes. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties<HTMLElementTagNameMap[K]> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue
    if (/^(aria-|data-|role$|for$|enterkeyhint$)/.test(name)) element.setAttribute(name, String(value))
    else (element as unknown as Record<string, unknown>)[name] = value
  }
  for (const child of children) if (child) element.append(child)
  return element
}

const PATHS = {
  send: 'M4 12l16-8-6 16-3-6z',
  clip: 'M20 11l-8 8a5 5 0 0 1-7-7l8-8a3.5 3.5 0 0 1 5 5l-8 8a2 2 0 0 1-3-3l7-7',
  close: 'M6 6l12 12M18 6L6 18',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  star: 'M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z',
} as const

export function icon(name: keyof typeof PATHS): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  for (const [key, value] of Object.entries({ viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', 'stroke-width': '1.8', 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true' })) svg.setAttribute(key, value)
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  path.setAttribute('d', PATHS[name])
  if (name === 'more') path.setAttribute('stroke-width', '3')
  svg.append(path)
  return svg
}

/** Text as it was written, addresses as links. Never HTML. */
export function linked(text: string): Node[] {
  return text.split(/(https?:\/\/[^\s<>"'，。；！？、）】]+)/g).map((part, i) =>
    i % 2 ? h('a', { href: part, target: '_blank', rel: 'noopener noreferrer nofollow' }, part) : document.createTextNode(part),
  )
}
