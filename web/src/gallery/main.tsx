/** Every component in one place, for looking at (development only). `?theme=dark&lang=en&part=claim|pieces|long|staff|signin`. */
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { Problem } from '../api/problem'
import * as d from '../design'
import { useText } from '../i18n'
import { boot } from '../shell/boot'
import { Switches } from '../shell/Switches'
import { chooseTheme } from '../shell/theme'
import { SignIn } from '../staff/SignIn'
import './gallery.css'

const asked = new URLSearchParams(location.search)
const MIN = 60_000
const HOUR = 60 * MIN
const DAY = 24 * HOUR
const ago = (ms: number) => new Date(Date.now() - ms).toISOString()
const clock = (start: number, due: number, more: Partial<d.PromiseClock> = {}): d.PromiseClock => ({ started_at: ago(start), due_at: ago(-due), ...more })

const sample = {
  'zh-CN': {
    decide: '商家处理', zero: '到时未处理，自动同意并退款', ship: '您寄回商品', shop: '商家', you: '您', wh: '仓库', carrier: '快递', name: '林小雨', agent: '周敏', store: '清和家电旗舰店', sys: '系统',
    long: '清和 K3 多功能双层玻璃养生壶 1.8L 家用全自动煮茶器办公室小型花茶壶（雾霾蓝）', small: '替换滤网 三片装', claim: '退货退款 · 壶身漏水',
    applied: '您申请了退货退款', said: '您好，壶收到第二天底座就开始漏水，插座边上全是水，不敢再用了。附上三张照片，视频太大传不上来。', agreed: '商家同意退货', note: '同型号本月第三起底座漏水，已转质检。',
    sent: '您寄出了商品', signed: '快递已签收', refund: '退款', why: '可以退货，运费由商家承担', r1: '签收后第 2 天提出，在七天无理由退货期内。', r2: '照片显示商品有质量问题，退回运费由商家承担。', src: '消费者权益保护法 第二十五条', obj: '觉得不对？可以要求人工复核，我们在 24 小时内答复。',
    verb1: '填写运单号', verb2: '预约上门取件', v3: '修改申请', v4: '撤销申请', lead: '请在 5 天内寄出', answer: '回复客户', approve: '同意退货', reject: '拒绝', lines: '退款明细', story: '经过', done: '已保存', kinds: '您希望怎么解决？',
  },
  'zh-TW': {
    decide: '商家處理', zero: '到期未處理，將自動同意並退款', ship: '您寄回商品', shop: '商家', you: '您', wh: '倉庫', carrier: '物流', name: '林小雨', agent: '周敏', store: '清和家電旗艦店', sys: '系統',
    long: '清和 K3 多功能雙層玻璃養生壺 1.8L 家用全自動煮茶器辦公室小型花茶壺（霧霾藍）', small: '替換濾網 三片裝', claim: '退貨退款 · 壺身漏水',
    applied: '您申請了退貨退款', said: '您好，壺收到隔天底座就開始漏水，插座旁都是水，不敢再用了。附上三張照片。', agreed: '商家同意退貨', note: '同型號本月第三起底座漏水，已轉品檢。',
    sent: '您寄出了商品', signed: '物流已簽收', refund: '退款', why: '可以退貨，運費由商家負擔', r1: '簽收後第 2 天提出，在七天鑑賞期內。', r2: '照片顯示商品有品質問題，退回運費由商家負擔。', src: '消費者保護法 第十九條', obj: '覺得不對？可以要求人工複核，我們在 24 小時內回覆。',
    verb1: '填寫託運單號', verb2: '預約到府收件', v3: '修改申請', v4: '取消申請', lead: '請在 5 天內寄出', answer: '回覆顧客', approve: '同意退貨', reject: '拒絕', lines: '退款明細', story: '經過', done: '已儲存', kinds: '您希望怎麼解決？',
  },
  en: {
    decide: 'The shop decides', zero: 'If it does not, your refund is approved by itself', ship: 'You send it back', shop: 'the shop', you: 'you', wh: 'the warehouse', carrier: 'the carrier', name: 'Amelia Hart', agent: 'Zhou Min', store: 'Qinghe Home', sys: 'System',
    long: 'Qinghe K3 double-walled glass kettle 1.8 l, programmable tea maker for home and office, mist blue', small: 'Spare filters, three', claim: 'Return and refund · it leaks',
    applied: 'You asked to return it for a refund', said: 'Hello, on the second day the base began to leak, there was water all around the socket and I dare not use it any more. Three photos are attached; the video was too large.', agreed: 'The shop agreed to the return', note: 'Third leaking base of this model this month; passed to quality.',
    sent: 'You sent the parcel', signed: 'The carrier delivered it', refund: 'Refund', why: 'You may return it, and the shop pays the postage', r1: 'Asked on day 2 after delivery, within the seven days.', r2: 'The photos show a fault, so the shop pays the way back.', src: 'Consumer Rights Protection Law, art. 25', obj: 'Not right? Ask for a person to look again; you will hear within 24 hours.',
    verb1: 'Enter waybill', verb2: 'Book a pick-up', v3: 'Edit the claim', v4: 'Cancel the claim', lead: 'Please send it within 5 days', answer: 'Answer', approve: 'Approve return', reject: 'Reject', lines: 'Your money', story: 'What happened', done: 'Saved', kinds: 'What would you like?',
  },
}

const useSample = () => sample[useText().locale]

function photo(tone: string): string {
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><rect width="80" height="80" fill="${tone}"/><path d="M24 62V34q0-14 16-14t16 14v28z" fill="#fff8" /><path d="M56 36h8v16h-8" fill="none" stroke="#fff8" stroke-width="4"/></svg>`)}`
}

function useStory(): d.TimelineEntry[] {
  const s = useSample()
  const me = { name: s.name, kind: 'customer' as const }
  const files = ['#8fb3c4', '#b9a58d'].map((c, i) => ({ id: `${i}`, name: `IMG_20${i}.jpg`, content_type: 'image/jpeg', size: 2e6, url: photo(c) }))
  return [
    { id: '1', at: ago(4 * DAY + 3 * HOUR), actor: me, title: s.applied, text: s.said, files, kind: 'message', waitingFor: s.shop },
    { id: '2', at: ago(3 * DAY + 4 * HOUR), actor: { name: s.agent, kind: 'agent' }, title: s.agreed, kind: 'decision', waitingFor: s.you, extra: <d.WhyCard why={why(s)} /> },
    { id: '3', at: ago(3 * DAY + 4 * HOUR - 6 * MIN), actor: { name: s.agent, kind: 'agent' }, title: s.answer, text: s.note, internal: true, kind: 'message' },
    { id: '4', at: ago(2 * DAY), actor: me, title: s.sent, waitingFor: s.carrier, late: true },
    { id: '5', at: ago(5 * HOUR), actor: { name: 'SF Express', kind: 'carrier' }, title: s.signed, waitingFor: s.wh },
  ]
}

const why = (s: (typeof sample)['en']): d.Why => ({
  decision: s.why,
  reasons: [
    { rule: 'cn.seven_days', text: s.r1 },
    { rule: 'shop.freight.fault', text: s.r2 },
  ],
  version: '2026-09 · 3',
  source: { title: s.src, url: '#' },
  decidedBy: s.sys,
  decidedAt: ago(3 * DAY),
  object: <p className="small muted">{s.obj}</p>,
})

function useLines(): d.MoneyLine[] {
  const s = useSample()
  return [
    { id: '1', label: s.long, currency: 'CNY', paid: 32900, claimed: 32900, agreed: 32900, received: 32900, refunded: null },
    { id: '2', label: s.small, currency: 'CNY', paid: 5970, claimed: 3980, agreed: 1990, received: 1990, refunded: null },
  ]
}

function Claim() {
  const s = useSample()
  return (
    <div className="phone">
      <p className="muted small">{s.store}</p>
      <h1 className="claim-title">{s.claim}</h1>
      <d.PromiseRing size="page" clock={clock(3 * DAY, 3 * HOUR + 20 * MIN, { warn_at: ago(-HOUR) })} name={s.decide} atZero={s.zero} />
      <div className="gap" />
      <d.Section title={s.lines}>
        <d.MoneyStrip lines={useLines()} />
      </d.Section>
      <d.Section title={s.story}>
        <d.Timeline entries={useStory()} open />
      </d.Section>
      <d.NextActionBar lead={s.lead} actions={[s.verb1, s.verb2, s.v3, s.v4].map((verb, i) => ({ id: `${i}`, verb, harm: i === 3, onPick: () => d.toast(s.done, { undo() {} }) }))} />
    </div>
  )
}

function Block({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="block">
      <p className="block-title">{title}</p>
      {children}
    </div>
  )
}

function Pieces() {
  const s = useSample()
  const { t, fmt } = useText()
  const [kind, setKind] = useState<string | null>('a')
  const [n, setN] = useState(1)
  const [tab, setTab] = useState('a')
  const [open, setOpen] = useState(asked.get('dialog') === '1')
  const [files, setFiles] = useState<readonly d.StoredFile[]>([{ id: '1', name: 'IMG_201.jpg', content_type: 'image/jpeg', size: 2e6, url: photo('#8fb3c4') }])
  const rings: [string, d.PromiseClock][] = [
    ['kept', clock(3 * HOUR, 30 * HOUR)],
    ['warn', clock(30 * HOUR, 42 * MIN)],
    ['broken', clock(50 * HOUR, -2 * HOUR)],
    ['paused', clock(20 * HOUR, 10 * HOUR, { paused_at: ago(3 * HOUR) })],
    ['met', clock(20 * HOUR, 10 * HOUR, { met_at: ago(12 * HOUR) })],
  ]
  return (
    <div className="pieces">
      <Block title="PromiseRing">
        <div className="flow">
          {rings.map(([name, c]) => (
            <d.PromiseRing key={name} size="tile" clock={c} name={s.decide} atZero={s.zero} />
          ))}
        </div>
        <div className="flow">
          {rings.map(([name, c]) => (
            <d.PromiseRing key={name} clock={c} bare={false} />
          ))}
          <d.ShareRing share={0.972} target={0.95} label="" />
          <d.ShareRing share={0.93} target={0.95} label="" />
          <d.ShareRing share={0.71} target={0.95} label="" />
        </div>
      </Block>
      <Block title="Button · Tag · Menu">
        <div className="flow">
          <d.Button kind="primary">{s.approve}</d.Button>
          <d.Button icon="chat">{s.answer}</d.Button>
          <d.Button kind="harm">{s.reject}</d.Button>
          <d.Button kind="quiet">{s.v3}</d.Button>
          <d.Button kind="primary" busy>
            {s.approve}
          </d.Button>
          <d.Button disabled>{s.v4}</d.Button>
          <d.Button small>{s.v3}</d.Button>
          <d.IconButton icon="edit" label={s.v3} />
          <d.Button onClick={() => setOpen(true)}>Dialog</d.Button>
          <d.Menu label="menu" items={[{ id: '1', label: s.v3, icon: 'edit', onPick() {} }, 'line', { id: '2', label: s.v4, icon: 'trash', harm: true, onPick() {} }]} trigger={(p) => <d.IconButton {...p} icon="more" label="menu" />} />
        </div>
        <div className="flow">
          <d.Tag>{s.shop}</d.Tag>
          <d.Tag tone="jade" icon="check">{s.agreed}</d.Tag>
          <d.Tag tone="slate" icon="pause">{t('promise.met')}</d.Tag>
          <d.Tag tone="amber" icon="clock">{fmt.duration(42 * MIN)}</d.Tag>
          <d.Tag tone="vermilion" icon="warning">{t('timeline.late')}</d.Tag>
          <d.KeyHint keys="mod+k" /> <d.KeyHint keys="g q" />
          <d.Avatar name={s.name} /> <d.Avatar name={s.agent} size={28} />
          <d.Money cents={123456789} currency="CNY" strong /> <d.Money cents={1250} currency="JPY" /> <d.Money cents={-990} currency="BRL" />
          <d.RelativeTime at={ago(13 * MIN)} /> <d.Countdown to={ago(-42 * MIN)} />
        </div>
      </Block>
      <Block title="Field">
        <div className="form">
          <d.Field label={s.decide} hint={s.lead}>
            <d.Input placeholder="SF1234567890" />
          </d.Field>
          <d.Field label={s.ship} error={t('problem.http_422')} optional>
            <d.Input defaultValue="SF12" icon="scan" />
          </d.Field>
          <d.Field label={s.store}>
            <d.Select value="a" onPick={() => {}} choices={[{ value: 'a', label: s.store }]} />
          </d.Field>
          <d.Field label={s.story}>
            <d.Textarea defaultValue={s.said} />
          </d.Field>
          <d.Checkbox label={s.obj} defaultChecked />
          <div className="flow">
            <d.Stepper label={s.small} value={n} onChange={setN} min={1} max={3} />
            <d.Segmented label="" value={tab} onPick={setTab} choices={[{ value: 'a', label: s.shop }, { value: 'b', label: s.wh }, { value: 'c', label: s.carrier }]} />
          </div>
        </div>
      </Block>
      <Block title="RadioCards">
        <d.RadioCards legend={s.kinds} value={kind} onPick={setKind} cards={[{ value: 'a', title: s.refund, text: s.r1, aside: <d.Money cents={32900} currency="CNY" />, icon: 'money' }, { value: 'b', title: s.verb2, text: s.r2, aside: fmt.duration(3 * DAY), icon: 'truck' }, { value: 'c', title: s.v4, disabled: true, why: s.lead, icon: 'box' }]} />
      </Block>
      <Block title="List · Tabs · Pager">
        <d.Tabs label="tabs" idBase="t" value={tab} onPick={setTab} items={[{ value: 'a', label: s.shop, count: 12 }, { value: 'b', label: s.wh, count: 3 }, { value: 'c', label: s.carrier }]} />
        <d.List>
          {rings.slice(0, 3).map(([name, c], i) => (
            <d.Row key={name} lead={<d.PromiseRing clock={c} />} title={i === 1 ? s.long : s.claim} text={`${s.name} · ${s.store}`} meta={i === 0 && <d.Tag>{s.shop}</d.Tag>} aside={<d.RelativeTime at={ago((i + 1) * 7 * HOUR)} />} onClick={() => {}} selected={i === 1} />
          ))}
        </d.List>
        <d.Pager shown={20} total={134} hasMore onMore={() => {}} />
      </Block>
      <Block title="FileDrop">
        <d.FileDrop label={s.ship} files={files} onChange={(f) => setFiles(f)} camera upload={(file, tell) => new Promise((_, no) => { tell(0.6); setTimeout(() => no(new Problem(0, 'offline', '')), 9000); void file })} />
      </Block>
      <Block title="WhyCard">
        <d.Card>
          <d.WhyBody why={why(s)} />
        </d.Card>
      </Block>
      <Block title="MoneyStrip">
        <d.MoneyStrip lines={useLines()} />
      </Block>
      <Block title="States">
        <d.SkeletonRows rows={2} />
        <div className="two">
          <d.EmptyState drawing="orders" title={s.claim} text={s.obj} action={<d.Button kind="primary">{s.verb1}</d.Button>} />
          <d.ErrorState error={new Problem(503, 'http_503', '', null, '01JD-7F3A-92')} onRetry={() => {}} />
        </div>
        <div className="flow">
          {(['orders', 'clear', 'search', 'talk', 'parcel', 'lost', 'line'] as const).map((name) => (
            <d.EmptyState key={name} drawing={name} title={name} />
          ))}
        </div>
        <div className="flow">
          {d.iconNames.map((name) => (
            <d.Icon key={name} name={name} label={name} />
          ))}
        </div>
      </Block>
      <d.Dialog open={open} onClose={() => setOpen(false)} title={s.v4} form="sheet" actions={<><d.Button onClick={() => setOpen(false)}>{t('action.cancel')}</d.Button><d.Button kind="harm">{s.v4}</d.Button></>}>
        {s.obj}
      </d.Dialog>
    </div>
  )
}

function Long() {
  const story = useStory()
  const entries = Array.from({ length: 5000 }, (_, i) => ({ ...story[i % 5]!, id: `${i}`, at: ago((5000 - i) * 40 * MIN * (1 + (i % 7))), text: i % 3 ? null : story[0]!.text!.repeat(1 + (i % 9) * 8) }))
  return (
    <div className="phone" style={{ margin: 'auto', padding: 16 }}>
      <d.Timeline entries={entries} open promise={<d.PromiseRing size="tile" clock={clock(HOUR, 5 * HOUR)} />} />
    </div>
  )
}

const Staff = lazy(() => import('./Staff'))

function Gallery() {
  const part = asked.get('part') ?? 'all'
  if (part === 'signin') return <SignIn submit={() => Promise.reject(new Problem(401, asked.get('code') ?? 'wrong_password', '', 'Wrong e-mail or password'))} />
  if (part === 'long') return <Long />
  if (part === 'staff')
    return (
      <Suspense>
        <Staff />
      </Suspense>
    )
  return (
    <div className="gallery">
      {part === 'all' && <Switches />}
      {part !== 'pieces' && <Claim />}
      {part !== 'claim' && <Pieces />}
    </div>
  )
}

if (asked.get('theme')) chooseTheme(asked.get('theme') as 'light' | 'dark')
void boot('portal', '/gallery', <Gallery />)
