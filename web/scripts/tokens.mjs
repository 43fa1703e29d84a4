// Mirrors the colours of tokens.css into tokens.ts, for antd and ECharts, which need real values.
import { readFileSync, writeFileSync } from 'node:fs'
import { readTokens } from './read-tokens.mjs'

const camel = (name) => name.replace(/-(\w)/g, (_, c) => c.toUpperCase())
const { light, dark } = readTokens()
const body = (set) => Object.entries(set).map(([k, v]) => `    ${camel(k)}: '${v}',`).join('\n')
const text = `// Made from tokens.css by \`npm run tokens\`. Do not edit.
export type ThemeName = 'light' | 'dark'
export interface Colours {
${Object.keys(light).map((k) => `  ${camel(k)}: string`).join('\n')}
}
export const colours: Record<ThemeName, Colours> = {
  light: {
${body(light)}
  },
  dark: {
${body(dark)}
  },
}
`
const target = new URL('../src/design/tokens.ts', import.meta.url)
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/design/tokens.ts is older than tokens.css: run `npm run tokens`')
    process.exit(1)
  }
} else writeFileSync(target, text)
