import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import type { RoleView } from '../../api/schema'
import { Button, Confirm, Dialog, ErrorState, Field, Input, Section, SkeletonRows } from '../../design'
import { useText } from '../../i18n'
import { useStaffSession } from '../../staff/session'
import { useMay } from '../data'
import { Page } from '../Page'
import { Refusal } from '../Refusal'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'
import './Roles.css'

/** What each role may do, as one matrix. */
export default function Roles() {
  const { t, has } = useText()
  const may = useMay()
  const { data: session } = useStaffSession()
  const book = useQuery({ queryKey: ['roles'], queryFn: () => ask(api.GET('/api/roles')) })
  const [draft, setDraft] = useState<Record<string, Set<string>>>({})
  const [making, make] = useState(false)
  const [dropping, drop] = useState<RoleView | null>(null)
  const doing = useDoing(['roles'])
  const write = may('users.write') && !!session?.every_shop
  const called = (name: string) => (has(`role.${name}`) ? t(`role.${name}`) : name)
  const toggle = (role: RoleView, permission: string) => {
    const now = new Set(draft[role.name] ?? role.permissions)
    if (now.has(permission)) now.delete(permission)
    else now.add(permission)
    const same = now.size === role.permissions.length && role.permissions.every((p) => now.has(p))
    setDraft((all) => {
      const { [role.name]: _, ...rest } = all
      return same ? rest : { ...rest, [role.name]: now }
    })
  }
  const save = async () => {
    for (const [name, permissions] of Object.entries(draft)) {
      const done = await doing.run('save', () => ask(api.PUT('/api/roles/{name}', { params: { path: { name } }, body: { permissions: [...permissions].sort() } })), t('roles.saved', { name: called(name) }))
      if (!done) return
      setDraft((all) => Object.fromEntries(Object.entries(all).filter(([n]) => n !== name)))
    }
  }
  if (book.error) return <ErrorState error={book.error} onRetry={() => void book.refetch()} />
  if (book.isPending) return <SkeletonRows />
  const { roles, permissions } = book.data
  const groups = [...new Set(permissions.map((p) => p.split('.')[0] ?? p))]
  return (
    <Page
      about={t('roles.about')}
      finding={t('roles.finding', { roles: roles.length, permissions: permissions.length })}
      tools={
        write && (
          <>
            <Button icon="plus" onClick={() => make(true)}>
              {t('roles.new')}
            </Button>
            {Object.keys(draft).length > 0 && (
              <Button kind="primary" busy={!!doing.busy} onClick={() => void save()}>
                {t('roles.save', { count: Object.keys(draft).length })}
              </Button>
            )}
          </>
        )
      }
    >
      <Refusal problem={doing.problem} />
      <Section lead={t('roles.lead')}>
        <div className="matrix" tabIndex={0} role="region" aria-label={t('roles.about')}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('roles.permission')}</th>
                {roles.map((r) => (
                  <th key={r.id} scope="col">
                    {called(r.name)}
                    {write && !r.built_in && (
                      <Button small kind="quiet" icon="trash" aria-label={t('roles.remove', { name: called(r.name) })} onClick={() => drop(r)} />
                    )}
                  </th>
                ))}
              </tr>
            </thead>
            {groups.map((g) => (
              <tbody key={g}>
                {permissions
                  .filter((p) => p.startsWith(`${g}.`))
                  .map((p) => (
                    <tr key={p}>
                      <th scope="row" title={p}>
                        {has(`permission.${p.replace('.', '_')}`) ? t(`permission.${p.replace('.', '_')}`) : p}
                      </th>
                      {roles.map((r) => {
                        const held = (draft[r.name] ?? new Set(r.permissions)).has(p)
                        const changed = held !== r.permissions.includes(p)
                        return (
                          <td key={r.id} className={changed ? 'is-changed' : undefined}>
                            <input type="checkbox" aria-label={`${called(r.name)}: ${has(`permission.${p.replace('.', '_')}`) ? t(`permission.${p.replace('.', '_')}`) : p}`} checked={held} disabled={!write || r.name === 'owner'} onChange={() => toggle(r, p)} />
                          </td>
                        )
                      })}
                    </tr>
                  ))}
              </tbody>
            ))}
          </table>
        </div>
      </Section>
      {making && <Make onClose={() => make(false)} />}
      <Confirm open={!!dropping} onClose={() => drop(null)} title={t('roles.removeAsk', { name: dropping ? called(dropping.name) : '' })} verb={t('roles.removeVerb')} harm busy={!!doing.busy} onYes={() => dropping && void doing.run('drop', () => ask(api.DELETE('/api/roles/{name}', { params: { path: { name: dropping.name } } })), t('roles.removed')).then(() => drop(null))} />
    </Page>
  )
}

function Make({ onClose }: { onClose: () => void }) {
  const { t } = useText()
  const lacks = useLacks()
  const [name, setName] = useState('')
  const doing = useDoing(['roles'])
  const save = async () => {
    if (await doing.run('make', () => ask(api.POST('/api/roles', { body: { name, permissions: ['claims.read', 'cases.read', 'orders.read', 'shops.read'] } })), t('roles.made'))) onClose()
  }
  return (
    <Dialog open onClose={onClose} title={t('roles.new')} actions={<><Button onClick={onClose}>{t('action.cancel')}</Button><Button kind="primary" busy={!!doing.busy} why={lacks(!name.trim() && t('roles.name'))} onClick={() => void save()}>{t('roles.make')}</Button></>}>
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        <Field label={t('roles.name')} hint={t('roles.nameHint')} error={doing.problem?.fields?.name} required>
          <Input value={name} maxLength={40} onChange={(e) => setName(e.target.value)} />
        </Field>
      </div>
    </Dialog>
  )
}
