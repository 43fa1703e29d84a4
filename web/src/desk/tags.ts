import { useCallback } from 'react'
import { useText } from '../i18n'

/** What a tag is called: those that the program sets have names in every language, those of the shop are their own. */
export function useTagName(): (tag: string) => string {
  const { t, has } = useText()
  return useCallback((tag: string) => (has(`kind.${tag}`) ? t(`kind.${tag}`) : has(`tag.${tag}`) ? t(`tag.${tag}`) : tag), [t, has])
}
