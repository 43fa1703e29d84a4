import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask } from '../../api/client'
import type { components } from '../../api/schema'
import { Button, Checkbox, EmptyState, ErrorState, Field, Input, List, Row, Section, Select, SkeletonRows, Tag, Textarea } from '../../design'
import { useText } from '../../i18n'
import { Page } from '../Page'
import { NoShop, useOneShop } from '../parts'
import { Refusal } from '../Refusal'
import { ShopPicker } from '../shops'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'
import './Templates.css'

type Account = components['schemas']['ChannelAccountView']
type Checked = components['schemas']['Checked']

const KINDS = ['email', 'chat', 'phone', 'sms', 'wechat', 'wecom', 'whatsapp', 'telegram', 'webhook'] as const
type Kind = (typeof KINDS)[number]

/** What each kind asks for: plain settings by path, and secrets. What is not among them stands in the field for experts. */
const SETTINGS: Record<Kind, readonly string[]> = {
  email: ['imap.host', 'imap.port', 'imap.username', 'imap.security', 'smtp.host', 'smtp.port', 'smtp.username', 'smtp.security'],
  chat: [],
  phone: ['vendor', 'account_sid'],
  sms: ['vendor', 'account_sid', 'sign_name'],
  wechat: [],
  wecom: ['agent_id', 'corp_id'],
  whatsapp: ['phone_number_id'],
  telegram: [],
  webhook: ['url'],
}
const SECRETS: Record<Kind, readonly string[]> = {
  email: ['password'],
  chat: [],
  phone: ['key', 'auth_token'],
  sms: ['auth_token', 'access_key_id', 'access_key_secret', 'push_token'],
  wechat: ['token', 'encoding_aes_key', 'app_secret'],
  wecom: ['token', 'encoding_aes_key', 'secret'],
  whatsapp: ['access_token', 'app_secret', 'verify_token'],
  telegram: ['bot_token', 'secret_token'],
  webhook: ['key'],
}
const isKind = (kind: string): kind is Kind => (KINDS as readonly string[]).includes(kind)

type Settings = Record<string, unknown>

function read(settings: Settings, path: string): string {
  let found: unknown = settings
  for (const part of path.split('.')) found = typeof found === 'object' && found !== null ? (found as Settings)[part] : undefined
  return found === undefined || found === null ? '' : String(found)
}

function written(settings: Settings, path: string, value: string): Settings {
  const [first = '', ...rest] = path.split('.')
  if (rest.length) {
    const inner = written((settings[first] as Settings | undefined) ?? {}, rest.join('.'), value)
    const { [first]: _, ...others } = settings
    return Object.keys(inner).length ? { ...others, [first]: inner } : others
  }
  const { [first]: _, ...others } = settings
  return value.trim() ? { ...others, [first]: first === 'port' ? Number(value) || value : value.trim() } : others
}

/** Mailboxes, numbers, bots and apps of a shop. What is secret is written and never shown again. */
export default function Channels() {
  const { t, fmt } = useText()
  const { one: shop, shops, loading, error, retry, pickShop } = useOneShop()
  const [picked, pick] = useState('')
  const shop_id = shop?.id ?? ''
  const found = useQuery({ queryKey: ['channels', shop_id], queryFn: () => ask(api.GET('/api/channels', { params: { query: { shop_id } } })), enabled: !!shop })
  if (error) return <ErrorState error={error} onRetry={retry} />
  if (!loading && !shops.length) return <NoShop />
  const all = [...(found.data ?? [])].sort((a, b) => Number(b.active) - Number(a.active))
  const shown = picked === 'new' ? null : (all.find((x) => x.id === picked) ?? all[0])
  const wrong = all.filter((x) => x.active && x.last_error).length
  return (
    <Page
      about={t('channels.about')}
      finding={found.isPending ? t('channels.loading') : wrong ? t('channels.wrong', { count: wrong }) : t('channels.finding', { count: all.filter((x) => x.active).length })}
      tools={
        <>
          <ShopPicker every={false} value={shop_id} onPick={pickShop} />
          <Button icon="plus" onClick={() => pick('new')}>
            {t('channels.add')}
          </Button>
        </>
      }
    >
      {found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <SkeletonRows />
      ) : (
        <div className="templates">
          {all.length ? (
            <List label={t('channels.about')} className="template-list">
              {all.map((one) => (
                <Row
                  key={one.id}
                  title={one.name}
                  titleLines={1}
                  text={`${t(`channels.kind.${one.kind}`)} · ${one.address}`}
                  meta={one.last_seen_at ? t('channels.seen', { at: fmt.dateTime(one.last_seen_at) }) : undefined}
                  selected={one.id === shown?.id}
                  onClick={() => pick(one.id)}
                  aside={!one.active ? <Tag tone="slate">{t('channels.closed')}</Tag> : one.last_error ? <Tag tone="vermilion">{t('channels.failing')}</Tag> : null}
                />
              ))}
            </List>
          ) : (
            <EmptyState drawing="talk" title={t('channels.none')} text={t('channels.noneText')} />
          )}
          {shop && (shown || picked === 'new') && <One key={`${shop.id} ${shown?.id ?? 'new'}`} account={shown ?? null} shopId={shop.id} shopCode={shop.code} onDone={pick} />}
        </div>
      )}
    </Page>
  )
}

function One({ account, shopId, shopCode, onDone }: { account: Account | null; shopId: string; shopCode: string; onDone: (id: string) => void }) {
  const { t, has, fmt } = useText()
  const lacks = useLacks()
  const nameOf = (one: string) => (has(`channels.secret.${one}`) ? t(`channels.secret.${one}`) : has(`channels.setting.${one}`) ? t(`channels.setting.${one}`) : one)
  const [kind, setKind] = useState<Kind>(account && isKind(account.kind) ? account.kind : 'email')
  const [name, setName] = useState(account?.name ?? '')
  const [address, setAddress] = useState(account?.address ?? '')
  const [settings, setSettings] = useState<Settings>((account?.settings as Settings | undefined) ?? {})
  const [secrets, setSecrets] = useState<Record<string, string>>({})
  const [raw, setRaw] = useState<string | null>(null)
  const [checked, setChecked] = useState<Checked | null>(null)
  const doing = useDoing(['channels', shopId])
  const rawWrong = raw !== null && !isObject(raw)
  const given = raw === null ? settings : rawWrong ? settings : (JSON.parse(raw) as Settings)
  const origins = Array.isArray(given.origins) ? (given.origins as string[]) : []
  const set = Object.fromEntries(Object.entries(secrets).filter(([, value]) => value !== ''))
  const save = async () => {
    const kept = account
      ? await ask(api.PATCH('/api/channels/{account_id}', { params: { path: { account_id: account.id } }, body: { name, address, settings: given, ...(Object.keys(set).length ? { secrets: set } : {}) } }))
      : await ask(api.POST('/api/channels', { body: { shop_id: shopId, kind, name, address, settings: given, secrets: set } }))
    setSecrets({})
    setRaw(null)
    setSettings((kept.settings as Settings | undefined) ?? {})
    onDone(kept.id)
  }
  const change = (body: object, said: string) => account && void doing.run('change', () => ask(api.PATCH('/api/channels/{account_id}', { params: { path: { account_id: account.id } }, body })), said)
  return (
    <Section title={account?.name ?? t('channels.add')} lead={account?.last_error ? t('channels.lastError', { said: account.last_error }) : undefined}>
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        {!account && (
          <Field label={t('channels.what')}>
            <Select value={kind} onPick={setKind} choices={KINDS.map((k) => ({ value: k, label: t(`channels.kind.${k}`) }))} />
          </Field>
        )}
        <Field label={t('channels.name')}>
          <Input value={name} maxLength={200} onChange={(e) => setName(e.target.value)} />
        </Field>
        <Field label={t('channels.address')} hint={t(`channels.addressOf.${kind}`)} required>
          <Input value={address} maxLength={254} onChange={(e) => setAddress(e.target.value)} />
        </Field>
        {SETTINGS[kind].map((path) => (
          <Field key={path} label={t(`channels.setting.${path.replace('.', '_')}`)} optional>
            <Input value={read(given, path)} onChange={(e) => (setRaw(null), setSettings(written(given, path, e.target.value)))} />
          </Field>
        ))}
        {kind === 'chat' && (
          <>
            <Field label={t('channels.origins')} hint={t('channels.originsHint')}>
              <Textarea
                rows={3}
                value={origins.join('\n')}
                onChange={(e) => (setRaw(null), setSettings({ ...given, origins: e.target.value.split('\n').map((one) => one.trim()).filter((one, i, all) => one || i === all.length - 1) }))}
              />
            </Field>
            <Field label={t('channels.embed')} hint={t('channels.embedHint')}>
              <Textarea rows={2} readOnly value={`<script src="${location.origin}/widget.js" data-shop="${shopCode}" async></script>`} onFocus={(e) => e.target.select()} />
            </Field>
          </>
        )}
        {SECRETS[kind].map((secret) => {
          const kept = account?.secret_names.includes(secret)
          return (
            <Field key={secret} label={t(`channels.secret.${secret}`)} hint={t(kept ? 'channels.secretKept' : 'channels.secretNone')}>
              <Input type="password" autoComplete="new-password" value={secrets[secret] ?? ''} placeholder={kept ? '••••••••' : ''} onChange={(e) => setSecrets({ ...secrets, [secret]: e.target.value })} />
            </Field>
          )
        })}
        <Checkbox label={t('channels.expert')} checked={raw !== null} onChange={(e) => setRaw(e.target.checked ? JSON.stringify(given, null, 2) : null)} />
        {raw !== null && (
          <Field label={t('channels.json')} error={rawWrong ? t('channels.jsonWrong') : undefined}>
            <Textarea rows={8} spellCheck={false} value={raw} onChange={(e) => setRaw(e.target.value)} />
          </Field>
        )}
        <div className="filters">
          <Button kind="primary" busy={doing.busy === 'save'} why={lacks(!address.trim() && t('channels.address')) ?? (rawWrong && t('channels.jsonWrong'))} onClick={() => void doing.run('save', save, t('channels.saved'))}>
            {t('action.save')}
          </Button>
          {account?.active && (
            <Button busy={doing.busy === 'check'} onClick={() => void doing.run('check', async () => setChecked(await ask(api.POST('/api/channels/{account_id}/check', { params: { path: { account_id: account.id } } }))))}>
              {t('channels.check')}
            </Button>
          )}
          {account && (
            <Button kind="quiet" busy={doing.busy === 'change'} onClick={() => change({ active: !account.active }, t(account.active ? 'channels.closedDone' : 'channels.openedDone'))}>
              {t(account.active ? 'channels.close' : 'channels.open')}
            </Button>
          )}
        </div>
        {checked && (
          <div role="status" className={checked.good ? 'notice' : 'notice is-paused'}>
            <p>
              <strong>{t(checked.good ? 'channels.good' : 'channels.notGood')}</strong>
            </p>
            {checked.missing.length > 0 && <p>{t('channels.missing', { names: fmt.list(checked.missing.map(nameOf)) })}</p>}
            {checked.found.map((line) => (
              <p key={line} className="small">
                {line}
              </p>
            ))}
            {checked.door && (
              <p className="small">
                {t('channels.door')} <code>{checked.door}</code>
              </p>
            )}
          </div>
        )}
      </div>
    </Section>
  )
}

function isObject(text: string): boolean {
  try {
    const found: unknown = JSON.parse(text)
    return typeof found === 'object' && found !== null && !Array.isArray(found)
  } catch {
    return false
  }
}
