/** By which way the answer leaves: the one that the customer used last, unless another is chosen. */
import { useQuery } from '@tanstack/react-query'
import { api, ask } from '../../api/client'
import { Select } from '../../design'
import { useText } from '../../i18n'
import type { CasePage } from '../data'

const LEAVING = new Set(['email', 'sms', 'wechat', 'wecom', 'whatsapp', 'telegram', 'webhook'])

/** `value` is a contact's id; empty for the usual way. Shown only where there is something to choose. */
export function Ways({ page, value, onPick }: { page: CasePage; value: string; onPick: (contact: string) => void }) {
  const { t } = useText()
  const id = page.case.id
  const found = useQuery({ queryKey: ['ways', id, page.messages.length], queryFn: () => ask(api.GET('/api/cases/{case_id}/contacts', { params: { path: { case_id: id } } })), staleTime: 60_000 })
  const others = (found.data ?? []).filter((one) => LEAVING.has(one.channel) && !one.bounced_at)
  if (!others.length) return null
  const last = [...page.messages].reverse().find((one) => one.author_kind === 'customer')
  return (
    <Select
      aria-label={t('ways.title')}
      value={value}
      onPick={onPick}
      choices={[
        { value: '', label: last ? t('ways.usual', { channel: t(`channel.${last.channel}`) }) : t('ways.portal') },
        ...others.map((one) => ({ value: one.id, label: `${t(`channel.${one.channel}`)} · ${one.address}` })),
      ]}
    />
  )
}
