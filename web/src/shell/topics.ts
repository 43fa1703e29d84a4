import { useCallback } from 'react'
import { useText } from '../i18n'

/** In the order in which people look for them; a shop may have others, which are shown by their code. */
export const TOPICS = ['returns', 'exchange', 'refund', 'freight', 'delivery', 'sizes', 'care', 'repair', 'food', 'invoice', 'account', 'other'] as const

export function useTopicName(): (topic: string) => string {
  const { t, has } = useText()
  return useCallback((topic: string) => (has(`topic.${topic}`) ? t(`topic.${topic}`) : topic), [t, has])
}
