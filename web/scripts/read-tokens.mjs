import { readFileSync } from 'node:fs'

/** The custom properties of the light and the dark block of tokens.css, colours only. */
export function readTokens() {
  const css = readFileSync(new URL('../src/design/tokens.css', import.meta.url), 'utf8')
  const block = (start) => {
    const from = css.indexOf('{', css.indexOf(start))
    return Object.fromEntries(
      [...css.slice(from, css.indexOf('}', from)).matchAll(/--([\w-]+):\s*(#[0-9a-f]{6,8});/g)].map((m) => [m[1], m[2]]),
    )
  }
  const light = block(":root,\n[data-theme='light']")
  const dark = block("[data-theme='dark']")
  const differing = Object.keys(light).filter((k) => !(k in dark)).concat(Object.keys(dark).filter((k) => !(k in light)))
  if (differing.length) throw new Error(`tokens.css: only in one theme: ${differing.join(', ')}`)
  return { light, dark }
}
