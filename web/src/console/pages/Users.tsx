import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Link } from 'wouter'
import { api, ask } from '../../api/client'
import { usePages } from '../../api/pages'
import type { AccountView, PasswordLinkView } from '../../api/schema'
import { Avatar, Button, Checkbox, Confirm, Dialog, EmptyState, Field, Input, Pager, RadioCards, Section, Select, Segmented, Tag } from '../../design'
import { type Locale, localeNames, locales, useText } from '../../i18n'
import { useStaffSession } from '../../staff/session'
import { useMay, useShops } from '../data'
import { Page } from '../Page'
import { DataTable } from '../parts'
import { Refusal } from '../Refusal'
import { Secret } from '../Secret'
import { ShopChecks } from '../shops'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'
import './Roles.css'

/** Who works here, in which role, in which shops. */
export default function Users() {
  const { t, has, fmt } = useText()
  const may = useMay()
  const { nameOf } = useShops()
  const [typed, setTyped] = useState('')
  const [search, setSearch] = useState('')
  const [active, setActive] = useState<'all' | 'active' | 'inactive'>('active')
  const [picked, pick] = useState<AccountView | null>(null)
  const [inviting, invite] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed.trim()), 300)
    return () => clearTimeout(timer)
  }, [typed])
  const list = usePages<AccountView>(['users', search, active], (after) => ask(api.GET('/api/users', { params: { query: { search: search || undefined, active: active === 'all' ? undefined : active === 'active', after } } })))
  const without = list.items.filter((u) => u.active && !u.totp && !u.invited).length
  const role = (name: string | null) => (name ? (has(`role.${name}`) ? t(`role.${name}`) : name) : '–')
  return (
    <Page
      about={t('users.about')}
      finding={list.loading ? t('users.loading') : without ? t('users.withoutTotp', { count: without }) : t('users.finding', { count: list.items.length })}
      tools={
        <>
          <Link href="/roles" className="button is-secondary">
            {t('nav.roles')}
          </Link>
          {may('users.write') && (
            <Button kind="primary" icon="plus" onClick={() => invite(true)}>
              {t('users.invite')}
            </Button>
          )}
        </>
      }
    >
      <Section>
        <div className="filters">
          <Input icon="search" type="search" aria-label={t('users.search')} placeholder={t('users.search')} value={typed} onChange={(e) => setTyped(e.target.value)} />
          <Segmented label={t('users.which')} value={active} onPick={setActive} choices={[{ value: 'active', label: t('users.active') }, { value: 'inactive', label: t('users.inactive') }, { value: 'all', label: t('claims.all') }]} />
        </div>
        <DataTable
          label={t('users.about')}
          loading={list.loading}
          error={list.error}
          onRetry={list.retry}
          rows={list.items}
          rowKey={(u) => u.id}
          onPick={pick}
          dim={(u) => !u.active}
          empty={<EmptyState drawing="search" title={t('users.none')} text={t('users.noneText')} />}
          columns={[
            {
              id: 'who',
              title: t('column.name'),
              cell: (u) => (
                <span className="person-line">
                  <Avatar name={u.name} size={36} />
                  <span className="cell-two">
                    <span>{u.name}</span>
                    <span>{u.email}</span>
                  </span>
                </span>
              ),
            },
            { id: 'role', title: t('users.role'), cell: (u) => role(u.role) },
            { id: 'shops', title: t('users.shops'), tight: true, cell: (u) => (u.every_shop ? t('scope.everyShop') : fmt.list(u.shops.slice(0, 3).map(nameOf)) + (u.shops.length > 3 ? ` +${u.shops.length - 3}` : '')) },
            { id: 'state', title: t('column.state'), cell: (u) => (!u.active ? <Tag>{t('users.inactive')}</Tag> : u.invited ? <Tag tone="slate">{t('users.invited')}</Tag> : <Tag tone="jade">{t('users.active')}</Tag>) },
            { id: 'totp', title: t('users.totp'), cell: (u) => (u.totp ? <Tag tone="jade" icon="shield">{t('users.totpOn')}</Tag> : <span className="muted">{t('users.totpOff')}</span>) },
            { id: 'since', title: t('users.since'), end: true, cell: (u) => fmt.date(u.created_at) },
          ]}
          foot={<Pager shown={list.items.length} hasMore={!!list.hasMore} loading={list.loadingMore} error={list.moreError} onMore={list.more} />}
        />
      </Section>
      {inviting && <Invite onClose={() => invite(false)} />}
      {picked && <One key={picked.id} account={picked} onClose={() => pick(null)} />}
    </Page>
  )
}

function useRoleChoices() {
  const { t, has } = useText()
  const book = useQuery({ queryKey: ['roles'], queryFn: () => ask(api.GET('/api/roles')), staleTime: 60_000 })
  return (book.data?.roles ?? []).map((r) => ({ value: r.name, label: has(`role.${r.name}`) ? t(`role.${r.name}`) : r.name, text: has(`roleText.${r.name}`) ? t(`roleText.${r.name}`) : t('roles.count', { count: r.permissions.length }) }))
}

function Where({ every, shops, onChange }: { every: boolean; shops: readonly string[]; onChange: (every: boolean, shops: string[]) => void }) {
  const { t } = useText()
  return (
    <fieldset className="form-stack">
      <legend className="field-label">{t('users.shops')}</legend>
      <Checkbox label={t('scope.everyShop')} hint={t('users.everyHint')} checked={every} onChange={(e) => onChange(e.target.checked, [...shops])} />
      {!every && <ShopChecks value={shops} onChange={(chosen) => onChange(false, chosen)} />}
    </fieldset>
  )
}

const linkTo = (link: PasswordLinkView) => `${location.origin}/console/password#${link.token}`

function Invite({ onClose }: { onClose: () => void }) {
  const { t } = useText()
  const lacks = useLacks()
  const { data: session } = useStaffSession()
  const roles = useRoleChoices()
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [role, setRole] = useState('agent')
  const [locale, setLocale] = useState<Locale>('zh-CN')
  const [every, setEvery] = useState(session?.every_shop ?? false)
  const [shops, setShops] = useState<string[]>([])
  const [link, setLink] = useState<PasswordLinkView | null>(null)
  const doing = useDoing(['users'])
  const send = async () => {
    const made = await doing.run('invite', () => ask(api.POST('/api/users', { body: { email, name, role, locale, shops: every ? null : shops } })))
    if (made) setLink(made.link)
  }
  const fields = doing.problem?.fields ?? {}
  return (
    <Dialog
      open
      form="side"
      onClose={onClose}
      title={t('users.invite')}
      actions={
        link ? (
          <Button kind="primary" onClick={onClose}>
            {t('action.done')}
          </Button>
        ) : (
          <Button kind="primary" busy={!!doing.busy} why={lacks(!email.trim() && t('users.email'), !name.trim() && t('column.name'), !every && !shops.length && t('column.shop'))} onClick={() => void send()}>
            {t('users.makeAccount')}
          </Button>
        )
      }
    >
      {link ? (
        <Handed link={link} name={name} />
      ) : (
        <div className="form-stack">
          <Refusal problem={doing.problem} />
          <Field label={t('users.email')} error={fields.email} required>
            <Input type="email" value={email} onChange={(e) => setEmail(e.target.value)} />
          </Field>
          <Field label={t('column.name')} error={fields.name} required>
            <Input value={name} maxLength={100} onChange={(e) => setName(e.target.value)} />
          </Field>
          <RadioCards legend={t('users.role')} value={role} onPick={setRole} cards={roles.map((r) => ({ value: r.value, title: r.label, text: r.text }))} />
          <Where every={every} shops={shops} onChange={(e, s) => { setEvery(e); setShops(s) }} />
          <Field label={t('users.locale')}>
            <Select value={locale} onPick={setLocale} choices={locales.map((l) => ({ value: l, label: localeNames[l] }))} />
          </Field>
        </div>
      )}
    </Dialog>
  )
}

function Handed({ link, name }: { link: PasswordLinkView; name: string }) {
  const { t, fmt } = useText()
  return (
    <div className="form-stack">
      <p>{t('users.handOver', { name, until: fmt.dateTime(link.expires_at) })}</p>
      <Secret text={linkTo(link)} />
      <p className="muted small">{t('users.onceOnly')}</p>
    </div>
  )
}

function One({ account, onClose }: { account: AccountView; onClose: () => void }) {
  const { t } = useText()
  const lacks = useLacks()
  const may = useMay()
  const { data: session } = useStaffSession()
  const roles = useRoleChoices()
  const [role, setRole] = useState(account.role ?? 'agent')
  const [every, setEvery] = useState(account.every_shop)
  const [shops, setShops] = useState<string[]>(account.shops)
  const [name, setName] = useState(account.name)
  const [link, setLink] = useState<PasswordLinkView | null>(null)
  const [asking, ask_] = useState<'off' | 'totp' | null>(null)
  const doing = useDoing(['users'])
  const path = { account_id: account.id }
  const write = may('users.write') && account.id !== session?.id
  const save = async () => {
    const done = await doing.run(
      'save',
      async () => {
        if (name.trim() !== account.name) await ask(api.PATCH('/api/users/{account_id}', { params: { path }, body: { name: name.trim() } }))
        return ask(api.PUT('/api/users/{account_id}/membership', { params: { path }, body: { role, shops: every ? null : shops } }))
      },
      t('users.saved'),
    )
    if (done) onClose()
  }
  const reset = async () => {
    const made = await doing.run('link', () => ask(api.POST('/api/users/{account_id}/password-link', { params: { path } })))
    if (made) setLink(made)
  }
  const act = async (what: 'off' | 'on' | 'totp') => {
    const done = await doing.run(what, () => ask(what === 'off' ? api.POST('/api/users/{account_id}/deactivate', { params: { path } }) : what === 'on' ? api.POST('/api/users/{account_id}/reactivate', { params: { path } }) : api.POST('/api/users/{account_id}/totp/remove', { params: { path } })), t('users.saved'))
    ask_(null)
    if (done) onClose()
  }
  return (
    <Dialog
      open
      form="side"
      onClose={onClose}
      title={account.name}
      actions={
        write && (
          <Button kind="primary" busy={doing.busy === 'save'} why={lacks(!name.trim() && t('column.name'), !every && !shops.length && t('column.shop'))} onClick={() => void save()}>
            {t('action.save')}
          </Button>
        )
      }
    >
      <div className="form-stack">
        <p className="muted">{account.email}</p>
        {!write && <p className="notice is-paused">{account.id === session?.id ? t('users.yourself') : t('users.readOnly')}</p>}
        <Refusal problem={doing.problem} />
        {link && <Handed link={link} name={account.name} />}
        <Field label={t('column.name')}>
          <Input value={name} disabled={!write} maxLength={100} onChange={(e) => setName(e.target.value)} />
        </Field>
        <RadioCards legend={t('users.role')} value={role} onPick={setRole} cards={roles.map((r) => ({ value: r.value, title: r.label, text: r.text, disabled: !write }))} />
        <Where every={every} shops={shops} onChange={(e, s) => { if (write) { setEvery(e); setShops(s) } }} />
        {write && (
          <Section title={t('users.access')} level={3}>
            <div className="tag-row">
              <Button icon="key" busy={doing.busy === 'link'} onClick={() => void reset()}>
                {t('users.resetLink')}
              </Button>
              {account.totp && <Button onClick={() => ask_('totp')}>{t('users.removeTotp')}</Button>}
              {account.active ? (
                <Button kind="harm" onClick={() => ask_('off')}>
                  {t('users.deactivate')}
                </Button>
              ) : (
                <Button busy={doing.busy === 'on'} onClick={() => void act('on')}>
                  {t('users.reactivate')}
                </Button>
              )}
            </div>
          </Section>
        )}
      </div>
      <Confirm open={asking !== null} onClose={() => ask_(null)} title={t(asking === 'totp' ? 'users.removeTotpAsk' : 'users.deactivateAsk', { name: account.name })} text={<p>{t(asking === 'totp' ? 'users.removeTotpText' : 'users.deactivateText')}</p>} verb={t(asking === 'totp' ? 'users.removeTotp' : 'users.deactivate')} harm busy={!!doing.busy} onYes={() => asking && void act(asking)} />
    </Dialog>
  )
}
