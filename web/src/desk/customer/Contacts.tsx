/** The ways to reach a customer, and how we know that they are theirs; what was joined can be taken back. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, ask, asProblem, problemText } from '../../api/client'
import type { components } from '../../api/schema'
import { Button, Icon, type IconName, List, Row, SkeletonRows, Tag, toast } from '../../design'
import { useText } from '../../i18n'
import { type CasePage, keys, useMay } from '../data'

type Contact = components['schemas']['ContactView']

const ICONS: Partial<Record<Contact['channel'], IconName>> = { phone: 'phone', sms: 'phone' }

function useJoining() {
  const { t, has } = useText()
  const queries = useQueryClient()
  const fresh = () => Promise.all([queries.invalidateQueries({ queryKey: ['contacts'] }), queries.invalidateQueries({ queryKey: ['ways'] }), queries.invalidateQueries({ queryKey: ['case'] }), queries.invalidateQueries({ queryKey: keys.queue() })])
  const wrong = (error: unknown) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' })
  const join = useMutation({
    mutationFn: ({ contact, customer }: { contact: string; customer: string; name: string }) => ask(api.POST('/api/contacts/{contact_id}/join', { params: { path: { contact_id: contact } }, body: { customer_id: customer } })),
    onSuccess: (_, { contact, customer, name }) => toast(t('contacts.joined', { name }), { undo: () => split.mutate({ contact, customer, name, quiet: true }) }),
    onError: wrong,
    onSettled: fresh,
  })
  const split = useMutation({
    mutationFn: ({ contact }: { contact: string; customer: string; name: string; quiet?: boolean }) => ask(api.POST('/api/contacts/{contact_id}/split', { params: { path: { contact_id: contact } } })),
    onSuccess: (_, { contact, customer, name, quiet }) => toast(t('contacts.split'), quiet ? {} : { undo: () => join.mutate({ contact, customer, name }) }),
    onError: wrong,
    onSettled: fresh,
  })
  return { join, split }
}

function how(t: (key: string) => string, contact: Contact): string {
  return contact.verified_by ? t(`contacts.by.${contact.verified_by}`) : t('contacts.by.nothing')
}

/** Of a customer whom we know. */
export function Contacts({ customer, name }: { customer: string; name: string }) {
  const { t, fmt } = useText()
  const may = useMay()
  const { split } = useJoining()
  const found = useQuery({ queryKey: ['contacts', customer], queryFn: () => ask(api.GET('/api/contacts', { params: { query: { customer_id: customer } } })), enabled: may('cases.read') })
  if (found.isPending) return <SkeletonRows rows={2} />
  const contacts = found.data ?? []
  if (!contacts.length) return <p className="muted small">{t('contacts.none')}</p>
  return (
    <List label={t('contacts.title')}>
      {contacts.map((one) => (
        <Row
          key={one.id}
          lead={<Icon name={ICONS[one.channel] ?? 'chat'} size={18} />}
          title={one.channel === 'chat' ? t('channel.chat') : one.address}
          titleLines={1}
          text={`${t(`channel.${one.channel}`)} · ${how(t, one)}`}
          meta={one.verified_at ? fmt.dateTime(one.verified_at) : undefined}
          aside={
            <>
              {one.bounced_at && <Tag tone="vermilion">{t('contacts.bounced')}</Tag>}
              {may('cases.write') && (
                <Button small kind="quiet" busy={split.isPending && split.variables.contact === one.id} onClick={() => split.mutate({ contact: one.id, customer, name })}>
                  {t('contacts.splitDo')}
                </Button>
              )}
            </>
          }
        />
      ))}
    </List>
  )
}

/** Whoever wrote in a case that is nobody's yet: the same address on file proves nothing, so people decide. */
export function Unknown({ page }: { page: CasePage }) {
  const { t } = useText()
  const may = useMay()
  const { join } = useJoining()
  const id = page.case.id
  const found = useQuery({
    queryKey: ['contacts', 'unknown', id],
    queryFn: async () => {
      const contacts = (await ask(api.GET('/api/cases/{case_id}/contacts', { params: { path: { case_id: id } } }))).filter((one) => !one.customer_id)
      return Promise.all(contacts.slice(0, 5).map(async (contact) => ({ contact, likely: await ask(api.GET('/api/contacts/{contact_id}/likely', { params: { path: { contact_id: contact.id } } })) })))
    },
  })
  if (found.isPending) return <SkeletonRows rows={3} />
  const people = (found.data ?? []).flatMap(({ contact, likely }) => likely.map((one) => ({ contact, one })))
  return (
    <>
      <p className="muted small">{t('contacts.unknown')}</p>
      {(found.data ?? []).map(({ contact }) => (
        <p key={contact.id} className="small">
          {t(`channel.${contact.channel}`)} · {contact.channel === 'chat' ? contact.name || t('contacts.visitor') : contact.address}
        </p>
      ))}
      {people.length ? (
        <List label={t('contacts.likely')}>
          {people.map(({ contact, one }) => (
            <Row
              key={`${contact.id} ${one.customer_id}`}
              title={one.name}
              titleLines={1}
              text={t('contacts.sameAddress', { channel: t(`channel.${contact.channel}`) })}
              aside={
                may('cases.write') && (
                  <Button small busy={join.isPending && join.variables.customer === one.customer_id} onClick={() => join.mutate({ contact: contact.id, customer: one.customer_id, name: one.name })}>
                    {t('contacts.joinDo')}
                  </Button>
                )
              }
            />
          ))}
        </List>
      ) : (
        <p className="muted small">{t('contacts.noLikely')}</p>
      )}
    </>
  )
}
