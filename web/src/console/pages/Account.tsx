import { useQuery } from '@tanstack/react-query'
import { QRCode } from 'antd'
import { type FormEvent, useState } from 'react'
import { api, ask } from '../../api/client'
import { Button, Checkbox, Confirm, Dialog, EmptyState, Field, Input, RelativeTime, Section, Select, Tag } from '../../design'
import { colours } from '../../design/tokens'
import { type Locale, localeNames, locales, switchLocale, useText } from '../../i18n'
import { useStaffSession } from '../../staff/session'
import { deviceOf } from '../device'
import { Page } from '../Page'
import { DataTable } from '../parts'
import { Refusal } from '../Refusal'
import { Secret } from '../Secret'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'
import './Account.css'

/** Oneself: name, password, second factor, where one is signed in, keys for programs. */
export default function Account() {
  const { t } = useText()
  const { data: me } = useStaffSession()
  return (
    <Page about={me?.contact} finding={me?.totp ? t('account.safe', { name: me.name }) : t('account.unsafe', { name: me?.name ?? '' })}>
      <div className="account">
        <Me />
        <Password />
        <Factor />
        <Sessions />
        <Tokens />
      </div>
    </Page>
  )
}

function Me() {
  const { t, has, locale } = useText()
  const lacks = useLacks()
  const { data: me } = useStaffSession()
  const doing = useDoing(['session'])
  const [name, setName] = useState(me?.name ?? '')
  const [spoken, setSpoken] = useState<string>(me?.locale ?? locale)
  const save = async () => {
    const done = await doing.run('save', () => ask(api.PATCH('/api/me', { body: { name, locale: spoken } })), t('account.saved'))
    if (done && (locales as readonly string[]).includes(spoken)) await switchLocale(spoken as Locale)
  }
  const role = me?.role ?? ''
  return (
    <Section title={t('account.me')} aside={has(`role.${role}`) ? t(`role.${role}`) : role}>
      <div className="form-stack narrow">
        <Refusal problem={doing.problem} />
        <Field label={t('column.name')}>
          <Input value={name} maxLength={100} onChange={(e) => setName(e.target.value)} />
        </Field>
        <Field label={t('users.locale')} hint={t('account.localeHint')}>
          <Select value={spoken} onPick={setSpoken} choices={locales.map((l) => ({ value: l, label: localeNames[l] }))} />
        </Field>
        <div>
          <Button busy={!!doing.busy} why={lacks(!name.trim() && t('column.name')) ?? (name === me?.name && spoken === me?.locale && t('form.unchanged'))} onClick={() => void save()}>
            {t('action.save')}
          </Button>
        </div>
      </div>
    </Section>
  )
}

function Password() {
  const { t } = useText()
  const lacks = useLacks()
  const doing = useDoing(['sessions'])
  const [present, setPresent] = useState('')
  const [fresh, setFresh] = useState('')
  const send = async (event: FormEvent) => {
    event.preventDefault()
    const done = await doing.run('save', () => ask(api.POST('/api/me/password', { body: { present, new: fresh } })).then(() => true), t('account.passwordSaved'))
    if (done) {
      setPresent('')
      setFresh('')
    }
  }
  return (
    <Section title={t('account.password')} lead={t('account.passwordLead')}>
      <form className="form-stack narrow" onSubmit={(e) => void send(e)}>
        <Refusal problem={doing.problem} />
        <Field label={t('account.present')}>
          <Input type="password" autoComplete="current-password" value={present} onChange={(e) => setPresent(e.target.value)} />
        </Field>
        <Field label={t('account.fresh')} hint={t('account.freshHint')}>
          <Input type="password" autoComplete="new-password" value={fresh} onChange={(e) => setFresh(e.target.value)} />
        </Field>
        <div>
          <Button type="submit" busy={!!doing.busy} why={lacks(!present && t('account.present'), !fresh && t('account.fresh'))}>
            {t('account.change')}
          </Button>
        </div>
      </form>
    </Section>
  )
}

function Factor() {
  const { t } = useText()
  const lacks = useLacks()
  const { data: me } = useStaffSession()
  const doing = useDoing(['session'])
  const [enrolment, setEnrolment] = useState<{ secret: string; uri: string } | null>(null)
  const [code, setCode] = useState('')
  const [recovery, setRecovery] = useState<string[] | null>(null)
  const begin = async () => {
    const made = await doing.run('begin', () => ask(api.POST('/api/me/totp')))
    if (made) setEnrolment(made)
  }
  const confirm = async () => {
    const made = await doing.run('confirm', () => ask(api.POST('/api/me/totp/confirm', { body: { code } })), t('account.totpIsOn'))
    if (made) {
      setRecovery(made.recovery_codes)
      setEnrolment(null)
    }
    setCode('')
  }
  const renew = async () => {
    const made = await doing.run('renew', () => ask(api.POST('/api/me/totp/recovery-codes', { body: { code } })))
    if (made) setRecovery(made.recovery_codes)
    setCode('')
  }
  const off = async () => {
    await doing.run('off', () => ask(api.POST('/api/me/totp/disable', { body: { code } })), t('account.totpIsOff'))
    setCode('')
  }
  const digits = (
    <Field label={t('signIn.code')}>
      <Input inputMode="numeric" autoComplete="one-time-code" maxLength={6} value={code} onChange={(e) => setCode(e.target.value.replace(/\D/g, ''))} />
    </Field>
  )
  return (
    <Section title={t('account.totp')} aside={me?.totp ? <Tag tone="jade" icon="shield">{t('users.totpOn')}</Tag> : <Tag>{t('users.totpOff')}</Tag>} lead={t('account.totpLead')}>
      <div className="form-stack narrow">
        <Refusal problem={doing.problem} />
        {recovery && (
          <div className="form-stack">
            <p>{t('account.recovery')}</p>
            <Secret text={recovery.join('\n')} />
          </div>
        )}
        {enrolment ? (
          <div className="enrol">
            <QRCode type="svg" value={enrolment.uri} size={168} color={colours.light.ink} bgColor={colours.light.raised} bordered={false} />
            <div className="form-stack">
              <p>{t('account.scan')}</p>
              <Secret text={enrolment.secret} />
              {digits}
              <div>
                <Button kind="primary" busy={doing.busy === 'confirm'} why={lacks(code.length < 6 && t('signIn.code'))} onClick={() => void confirm()}>
                  {t('account.confirm')}
                </Button>
              </div>
            </div>
          </div>
        ) : me?.totp ? (
          <>
            {digits}
            <div className="tag-row">
              <Button busy={doing.busy === 'renew'} why={lacks(code.length < 6 && t('signIn.code'))} onClick={() => void renew()}>
                {t('account.newRecovery')}
              </Button>
              <Button kind="harm" busy={doing.busy === 'off'} why={lacks(code.length < 6 && t('signIn.code'))} onClick={() => void off()}>
                {t('account.totpOff')}
              </Button>
            </div>
          </>
        ) : (
          <div>
            <Button icon="shield" busy={doing.busy === 'begin'} onClick={() => void begin()}>
              {t('account.enrol')}
            </Button>
          </div>
        )}
      </div>
    </Section>
  )
}

function Sessions() {
  const { t } = useText()
  const device = (agent: string | null) => {
    const of = deviceOf(agent)
    return !of ? '–' : of.system ? t('account.browser', { ...of }) : of.browser
  }
  const found = useQuery({ queryKey: ['sessions'], queryFn: () => ask(api.GET('/api/sessions')) })
  const doing = useDoing(['sessions'])
  const others = (found.data ?? []).filter((s) => !s.current).length
  return (
    <Section
      title={t('account.sessions')}
      aside={
        others > 0 && (
          <Button small busy={doing.busy === 'all'} onClick={() => void doing.run('all', () => ask(api.DELETE('/api/sessions')), t('account.othersClosed'))}>
            {t('account.closeOthers')}
          </Button>
        )
      }
    >
      <Refusal problem={doing.problem} />
      <DataTable
        label={t('account.sessions')}
        loading={found.isPending}
        error={found.error}
        onRetry={() => void found.refetch()}
        rows={found.data ?? []}
        rowKey={(s) => s.id}
        empty={null}
        columns={[
          { id: 'device', title: t('account.device'), tight: true, cell: (s) => <span title={s.device ?? undefined}>{device(s.device)}</span> },
          { id: 'address', title: t('account.address'), cell: (s) => s.address ?? '–' },
          { id: 'opened', title: t('account.opened'), cell: (s) => <RelativeTime at={s.opened_at} /> },
          { id: 'seen', title: t('account.seen'), cell: (s) => <RelativeTime at={s.seen_at} /> },
          { id: 'do', title: '', end: true, cell: (s) => (s.current ? <Tag tone="jade">{t('account.thisOne')}</Tag> : <Button small kind="quiet" busy={doing.busy === s.id} onClick={() => void doing.run(s.id, () => ask(api.DELETE('/api/sessions/{session_id}', { params: { path: { session_id: s.id } } })), t('account.closed'))}>{t('action.signOut')}</Button>) },
        ]}
      />
    </Section>
  )
}

function Tokens() {
  const { t, has, fmt } = useText()
  const lacks = useLacks()
  const { data: me } = useStaffSession()
  const found = useQuery({ queryKey: ['tokens'], queryFn: () => ask(api.GET('/api/tokens')) })
  const doing = useDoing(['tokens'])
  const [making, make] = useState(false)
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<string[]>([])
  const [until, setUntil] = useState('')
  const [secret, setSecret] = useState<string | null>(null)
  const [revoking, revoke] = useState<string | null>(null)
  const save = async () => {
    const made = await doing.run('make', () => ask(api.POST('/api/tokens', { body: { name, scopes, shops: null, expires_at: until ? new Date(`${until}T23:59:59`).toISOString() : null } })))
    if (made) {
      setSecret(made.secret)
      make(false)
      setName('')
      setScopes([])
    }
  }
  const permission = (p: string) => (has(`permission.${p.replace('.', '_')}`) ? t(`permission.${p.replace('.', '_')}`) : p)
  return (
    <Section title={t('account.tokens')} lead={t('account.tokensLead')} aside={<Button small icon="plus" onClick={() => make(true)}>{t('account.newToken')}</Button>}>
      {secret && (
        <div className="form-stack token-made">
          <p>{t('account.tokenOnce')}</p>
          <Secret text={secret} />
        </div>
      )}
      <DataTable
        label={t('account.tokens')}
        loading={found.isPending}
        error={found.error}
        onRetry={() => void found.refetch()}
        rows={found.data ?? []}
        rowKey={(x) => x.id}
        dim={(x) => !!x.revoked_at}
        empty={<EmptyState drawing="clear" title={t('account.noTokens')} />}
        columns={[
          { id: 'name', title: t('column.name'), cell: (x) => x.name },
          { id: 'scopes', title: t('account.scopes'), tight: true, cell: (x) => x.scopes.map(permission).join(', ') },
          { id: 'used', title: t('account.used'), cell: (x) => (x.last_used_at ? <RelativeTime at={x.last_used_at} /> : t('account.never')) },
          { id: 'until', title: t('account.expires'), cell: (x) => (x.expires_at ? fmt.date(x.expires_at) : t('account.noEnd')) },
          { id: 'do', title: '', end: true, cell: (x) => (x.revoked_at ? <Tag>{t('account.revoked')}</Tag> : <Button small kind="quiet" onClick={() => revoke(x.id)}>{t('account.revoke')}</Button>) },
        ]}
      />
      <Dialog open={making} form="side" onClose={() => make(false)} title={t('account.newToken')} actions={<Button kind="primary" busy={!!doing.busy} why={lacks(!name.trim() && t('column.name'), !scopes.length && t('account.scopes'))} onClick={() => void save()}>{t('account.makeToken')}</Button>}>
        <div className="form-stack">
          <Refusal problem={doing.problem} />
          <Field label={t('column.name')} hint={t('account.tokenNameHint')} required>
            <Input value={name} maxLength={100} onChange={(e) => setName(e.target.value)} />
          </Field>
          <Field label={t('account.expires')} optional>
            <Input type="date" value={until} onChange={(e) => setUntil(e.target.value)} />
          </Field>
          <fieldset>
            <legend className="field-label">{t('account.scopes')}</legend>
            {(me?.permissions ?? []).map((p) => (
              <Checkbox key={p} label={permission(p)} checked={scopes.includes(p)} onChange={(e) => setScopes(e.target.checked ? [...scopes, p] : scopes.filter((s) => s !== p))} />
            ))}
          </fieldset>
        </div>
      </Dialog>
      <Confirm open={!!revoking} onClose={() => revoke(null)} title={t('account.revokeAsk')} text={<p>{t('account.revokeText')}</p>} verb={t('account.revoke')} harm busy={!!doing.busy} onYes={() => revoking && void doing.run('revoke', () => ask(api.DELETE('/api/tokens/{api_token_id}', { params: { path: { api_token_id: revoking } } })), t('account.isRevoked')).then(() => revoke(null))} />
    </Section>
  )
}
