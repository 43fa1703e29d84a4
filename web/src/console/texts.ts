import { type ComponentType, lazy, type LazyExoticComponent } from 'react'
import { loadTexts, type TextFiles } from '../i18n'

/** Every language file that is no face's own belongs to some pages of the console. */
export const partTexts: TextFiles = import.meta.glob<{ default: Record<string, unknown> }>(['../locales/*/*.json', '!../locales/*/{common,portal,desk,console}.json'])

/** A page whose texts stand in locales/<locale>/<part>.json: all are fetched side by side, when the page is first opened. */
export function pageWith(parts: string | readonly string[], load: () => Promise<{ default: ComponentType }>): LazyExoticComponent<ComponentType> {
  return lazy(async () => (await Promise.all([load(), ...[parts].flat().map(loadTexts)]))[0])
}
