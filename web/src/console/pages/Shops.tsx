import { useState } from 'react'
import { api, ask } from '../../api/client'
import type { ShopView } from '../../api/schema'
import { Button, Checkbox, Dialog, EmptyState, Field, Input, Section, Select, Tag } from '../../design'
import { type Locale, localeNames, locales, useText } from '../../i18n'
import { useStaffSession } from '../../staff/session'
import { shopsKey, useMay, useShops } from '../data'
import { fits, LONGEST_LIST } from '../finding'
import { Page } from '../Page'
import { DataTable } from '../parts'
import { Refusal } from '../Refusal'
import { useDoing } from '../useDoing'
import { useLacks } from '../useLacks'

const markets = ['CN', 'TW', 'HK', 'GB', 'DE', 'FR', 'ES', 'IT', 'NL', 'BR', 'US', 'JP']
const zoneOf: Record<string, string> = { CN: 'Asia/Shanghai', TW: 'Asia/Taipei', HK: 'Asia/Hong_Kong', GB: 'Europe/London', DE: 'Europe/Berlin', FR: 'Europe/Paris', ES: 'Europe/Madrid', IT: 'Europe/Rome', NL: 'Europe/Amsterdam', BR: 'America/Sao_Paulo', US: 'America/New_York', JP: 'Asia/Tokyo' }
const currencyOf: Record<string, string> = { CN: 'CNY', TW: 'TWD', HK: 'HKD', GB: 'GBP', BR: 'BRL', US: 'USD', JP: 'JPY' }
const addressParts = ['name', 'phone', 'line', 'zip'] as const

const text = (value: unknown) => (typeof value === 'string' ? value : '')

/** The shops: where they sell, in which language and time, and where goods come back to. */
export default function Shops() {
  const { t, fmt } = useText()
  const may = useMay()
  const { data: session } = useStaffSession()
  const { shops, loading, error, retry } = useShops()
  const [picked, pick] = useState<ShopView | 'new' | null>(null)
  const [words, setWords] = useState('')
  const [onlyHomeless, setOnlyHomeless] = useState(false)
  const homeless = shops.filter((s) => s.active && !Object.keys(s.return_address).length)
  return (
    <Page
      about={t('shop.about')}
      finding={loading ? t('shop.loading') : homeless.length ? t('shop.homeless', { count: homeless.length, name: homeless[0]?.name ?? '' }) : t('shop.finding', { count: shops.length })}
      tools={
        may('shops.write') &&
        session?.every_shop && (
          <Button kind="primary" icon="plus" onClick={() => pick('new')}>
            {t('shop.new')}
          </Button>
        )
      }
    >
      <Section>
        {shops.length > LONGEST_LIST && (
          <div className="filters">
            <Input icon="search" type="search" aria-label={t('shop.words')} placeholder={t('shop.words')} value={words} maxLength={100} onChange={(e) => setWords(e.target.value)} />
            {homeless.length > 0 && <Checkbox label={t('shop.onlyHomeless', { count: homeless.length })} checked={onlyHomeless} onChange={(e) => setOnlyHomeless(e.target.checked)} />}
          </div>
        )}
        <DataTable
          key={`${words}${onlyHomeless}`}
          label={t('shop.about')}
          loading={loading}
          error={error}
          onRetry={retry}
          atFirst={50}
          rows={(onlyHomeless ? homeless : shops).filter((s) => !words.trim() || fits(`${s.name} ${s.code}`, words))}
          rowKey={(s) => s.id}
          onPick={pick}
          dim={(s) => !s.active}
          empty={words ? <EmptyState title={t('scope.noneFound')} text={t('shop.noneFoundText')} /> : <EmptyState drawing="orders" title={t('scope.noShop')} text={t('shop.noneText')} />}
          columns={[
            { id: 'name', title: t('column.name'), cell: (s) => <span title={s.code}>{s.name}</span> },
            { id: 'market', title: t('shop.market'), cell: (s) => fmt.region(s.market) },
            { id: 'locale', title: t('shop.locale'), cell: (s) => localeNames[s.locale as Locale] ?? s.locale },
            { id: 'zone', title: t('shop.timeZone'), cell: (s) => <span title={s.time_zone}>{fmt.zone(s.time_zone)}</span> },
            { id: 'currency', title: t('column.currency'), cell: (s) => <span title={s.currency}>{fmt.currency(s.currency)}</span> },
            { id: 'address', title: t('shop.address'), tight: true, cell: (s) => (Object.keys(s.return_address).length ? [s.return_address.line, s.return_address.street, s.return_address.city].map(text).filter(Boolean).join(' ') : <Tag tone="vermilion">{t('shop.noAddress')}</Tag>) },
            { id: 'state', title: t('column.state'), end: true, cell: (s) => (s.active ? <Tag tone="jade">{t('shop.open')}</Tag> : <Tag>{t('shop.closed')}</Tag>) },
          ]}
        />
      </Section>
      {picked && <ShopForm key={picked === 'new' ? 'new' : picked.id} shop={picked === 'new' ? null : picked} onClose={() => pick(null)} />}
    </Page>
  )
}

function ShopForm({ shop, onClose }: { shop: ShopView | null; onClose: () => void }) {
  const { t, locale: reader } = useText()
  const lacks = useLacks()
  const may = useMay()
  const write = may('shops.write')
  const [code, setCode] = useState(shop?.code ?? '')
  const [name, setName] = useState(shop?.name ?? '')
  const [market, setMarket] = useState(shop?.market ?? 'CN')
  const [locale, setLocale] = useState(shop?.locale ?? 'zh-CN')
  const [zone, setZone] = useState(shop?.time_zone ?? 'Asia/Shanghai')
  const [currency, setCurrency] = useState(shop?.currency ?? 'CNY')
  const [mail, setMail] = useState(shop?.support_email ?? '')
  const [active, setActive] = useState(shop?.active ?? true)
  const [address, setAddress] = useState<Record<string, unknown>>(shop?.return_address ?? {})
  const doing = useDoing(shopsKey, ['session'])
  const fields = doing.problem?.fields ?? {}
  const body = { name, market, locale, time_zone: zone, currency, support_email: mail.trim() || null, return_address: Object.fromEntries(Object.entries(address).filter(([, v]) => v !== '')) }
  const save = async () => {
    const done = await doing.run('save', () => ask(shop ? api.PATCH('/api/shops/{shop_id}', { params: { path: { shop_id: shop.id } }, body: { ...body, active } }) : api.POST('/api/shops', { body: { ...body, code, settings: {} } })), t('shop.saved'))
    if (done) onClose()
  }
  const pickMarket = (m: string) => {
    setMarket(m)
    if (!shop) {
      setZone(zoneOf[m] ?? zone)
      setCurrency(currencyOf[m] ?? 'EUR')
    }
  }
  const region = (c: string) => new Intl.DisplayNames(reader, { type: 'region' }).of(c) ?? c
  return (
    <Dialog
      open
      form="side"
      onClose={onClose}
      title={shop?.name ?? t('shop.new')}
      actions={
        write && (
          <Button kind="primary" busy={!!doing.busy} why={lacks(!shop && !/^[a-z0-9][a-z0-9-]{0,62}$/.test(code) && t('shop.code'), !name.trim() && t('column.name'))} onClick={() => void save()}>
            {t(shop ? 'action.save' : 'shop.make')}
          </Button>
        )
      }
    >
      <div className="form-stack">
        <Refusal problem={doing.problem} />
        {!shop && (
          <Field label={t('shop.code')} hint={t('shop.codeHint')} error={fields.code} required>
            <Input value={code} onChange={(e) => setCode(e.target.value.toLowerCase())} />
          </Field>
        )}
        <Field label={t('column.name')} error={fields.name} required>
          <Input value={name} maxLength={200} disabled={!write} onChange={(e) => setName(e.target.value)} />
        </Field>
        <div className="form-grid">
          <Field label={t('shop.market')} hint={t('shop.marketHint')}>
            <Select value={market} disabled={!write} onPick={pickMarket} choices={[...new Set([market, ...markets])].map((m) => ({ value: m, label: region(m) }))} />
          </Field>
          <Field label={t('shop.locale')}>
            <Select value={locale} disabled={!write} onPick={setLocale} choices={[...new Set([locale, ...locales])].map((l) => ({ value: l, label: localeNames[l as Locale] ?? l }))} />
          </Field>
          <Field label={t('shop.timeZone')} error={fields.time_zone}>
            <Input value={zone} disabled={!write} onChange={(e) => setZone(e.target.value)} />
          </Field>
          <Field label={t('column.currency')} error={fields.currency}>
            <Input value={currency} maxLength={3} disabled={!write} onChange={(e) => setCurrency(e.target.value.toUpperCase())} />
          </Field>
        </div>
        <Field label={t('shop.mail')} error={fields.support_email} optional>
          <Input type="email" value={mail} disabled={!write} onChange={(e) => setMail(e.target.value)} />
        </Field>
        <Section title={t('shop.address')} level={3} lead={t('shop.addressLead')}>
          <div className="form-stack">
            {addressParts.map((part) => (
              <Field key={part} label={t(`address.${part}`)}>
                <Input value={text(address[part])} disabled={!write} onChange={(e) => setAddress({ ...address, [part]: e.target.value })} />
              </Field>
            ))}
          </div>
        </Section>
        {shop && <Checkbox label={t('shop.isOpen')} hint={t('shop.isOpenHint')} checked={active} disabled={!write} onChange={(e) => setActive(e.target.checked)} />}
      </div>
    </Dialog>
  )
}
