import '../design/tokens.css'
import './chat.css'
import { h, icon, linked } from './dom'
import { ask, type Choice, follow, newKey, Refused, type Started, type StoredFile, type Stream, type Told } from './net'
import { type Locale, localeOf, wordsOf } from './words'

const asked = new URLSearchParams(location.search)
const shop = asked.get('shop') ?? ''
const about = asked.get('about')
const inPortal = asked.get('in') === 'portal'
const framed = window.parent !== window
const locale: Locale = localeOf([asked.get('lang') ?? '', ...navigator.languages].filter(Boolean))
const w = wordsOf(locale)
document.documentElement.lang = locale
document.title = w.title
const dark = matchMedia('(prefers-color-scheme: dark)')
const theme = asked.get('theme')
const wear = () => {
  document.documentElement.dataset.theme = theme === 'light' || theme === 'dark' ? theme : dark.matches ? 'dark' : 'light'
}
wear()
dark.addEventListener('change', wear)

// What stays on this device, for this shop's page only: browsers keep a frame's storage apart by the page around it. Where they
// give a frame none at all, the page keeps it for us, and then nothing that opens more than what was said in this very chat.
const memory = new Map<string, string>()
const key = (name: string) => `aftercare-chat-${name}:${shop}`
const hasStorage = (() => {
  try {
    localStorage.setItem(key('try'), '1')
    localStorage.removeItem(key('try'))
    return true
  } catch {
    return false
  }
})()
const keep = (name: string, value: string | null) => {
  if (hasStorage) {
    if (value === null) localStorage.removeItem(key(name))
    else localStorage.setItem(key(name), value)
    return
  }
  if (value === null) memory.delete(name)
  else memory.set(name, value)
  parent('keep', { name, value: name === 'token' && begun?.known ? null : value })
}
const kept = (name: string): string | null => (hasStorage ? localStorage.getItem(key(name)) : (memory.get(name) ?? null))

interface Pending {
  key: string
  body: string
  files: (StoredFile & { handle: string })[]
  at: string
  failed?: boolean
  /** The program has it; the stream brings it with its place. */
  taken?: boolean
}

let token = ''
let begun: Started | null = null
let stream: Stream | null = null
let position = 0
let open = !framed
let readAt = ''
let ended = false
let unread = 0
let sending = false
let pending: Pending[] = []
const told = new Map<string, Told>()
let uploads: (StoredFile & { handle: string })[] = []
const parent = (type: string, more: object = {}) => framed && window.parent.postMessage({ aftercare: type, ...more }, '*')

// The window

const log = h('ol', { className: 'log' })
const record = h('div', { role: 'log', 'aria-live': 'polite', 'aria-relevant': 'additions', 'aria-label': w.log, tabIndex: 0 }, log)
const earlier = h('button', { type: 'button', className: 'quiet', hidden: true, onclick: () => void loadEarlier() }, w.earlier)
const state = h('p', { className: 'state' })
const name = h('h1', {}, w.title)
const lost = h('p', { className: 'lost', role: 'status' })
const done = h('p', { className: 'lost good', role: 'status' })
const types = h('p', { className: 'types', role: 'status' })
const notice = h('p', { className: 'wrong', role: 'alert' })
const chips = h('ul', { className: 'chips', role: 'list' })
const input = h('textarea', { rows: 1, maxLength: 4000, placeholder: w.write, 'aria-label': w.write, enterkeyhint: 'send' })
const send = h('button', { type: 'submit', className: 'send', title: w.send, 'aria-label': w.send }, icon('send'))
const picker = h('input', { type: 'file', hidden: true, multiple: true, accept: 'image/*,video/*,application/pdf' })
const clip = h('button', { type: 'button', className: 'icon', title: w.attach, 'aria-label': w.attach, onclick: () => picker.click() }, icon('clip'))
const composer = h('form', { className: 'composer' }, notice, chips, h('div', { className: 'row' }, clip, input, send), picker)
const menuButton = h('button', { type: 'button', className: 'icon', title: w.menu, 'aria-label': w.menu, 'aria-expanded': 'false', 'aria-haspopup': 'true' }, icon('more'))
const closeButton = h('button', { type: 'button', className: 'icon', title: w.close, 'aria-label': w.close, onclick: () => parent('close') }, icon('close'))
const menu = h('div', { className: 'menu', role: 'menu', hidden: true })
const middle = h('main', {}, earlier, record, types)
const foot = h('footer', {}, composer)
const head = h('header', {}, h('div', {}, name, state), menuButton, framed && closeButton, menu)
document.getElementById('root')?.append(head, lost, done, middle, foot)

const toBottom = () => {
  middle.scrollTop = middle.scrollHeight
}
const atBottom = () => middle.scrollHeight - middle.scrollTop - middle.clientHeight < 120
const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', weekday: 'short' })
const words = (problem: unknown): string => (problem instanceof Refused ? (w.refusals[problem.code] ?? w.wrong) : w.wrong)

function showFiles(files: StoredFile[]): HTMLElement {
  return h(
    'div',
    { className: 'files' },
    ...files.map((file) =>
      h(
        'a',
        { href: file.url, target: '_blank', rel: 'noopener', className: file.media_type.startsWith('image/') ? 'picture' : 'file' },
        file.media_type.startsWith('image/') ? h('img', { src: file.url, alt: file.name, loading: 'lazy', onload: () => atBottom() && toBottom() }) : icon('file'),
        !file.media_type.startsWith('image/') && file.name,
      ),
    ),
  )
}

const leads = (url: string, label: string) => h('a', { href: url, target: '_blank', rel: 'noopener' }, label)

function bubble(one: Pick<Told, 'by' | 'name' | 'body' | 'at' | 'files' | 'sources'>, mark: Node | null): HTMLLIElement {
  const mine = one.by === 'me'
  const who = mine ? w.me : one.by === 'staff' ? (one.name ?? w.staff) : w.assistant
  return h(
    'li',
    { className: mine ? 'mine' : 'theirs' },
    h('p', { className: mine ? 'hidden' : 'who' }, who),
    h('div', { className: 'bubble' }, one.body ? h('p', { className: 'text' }, ...linked(one.body)) : null, one.files?.length ? showFiles(one.files) : null),
    one.sources?.length ? h('p', { className: 'sources' }, w.sources, ...one.sources.map((source) => (source.url ? leads(source.url, source.title) : source.title))) : null,
    h('p', { className: 'when' }, clock.format(new Date(one.at)), mark),
  )
}

/** The way to a person is always the last, and quieter than the answers to what was asked. */
function offered(choices: Choice[]): HTMLLIElement {
  return h(
    'li',
    {},
    h(
      'div',
      { className: 'offers', role: 'group', 'aria-label': w.offers },
      ...choices.map((choice) =>
        choice.url
          ? leads(choice.url, choice.label)
          : h('button', { type: 'button', className: choice.value === 'person' ? 'link' : '', onclick: () => (choice.value === 'verify' ? verifyForm() : write(choice.label)) }, choice.label),
      ),
    ),
  )
}

const lines = new Map<string, HTMLLIElement>()
/** Adds what is new and leaves the rest as it is, so that a screen reader reads only what is new. */
function draw() {
  const stays = atBottom()
  const all = [...told.values()].sort((a, b) => a.position - b.position)
  const arrived = new Set(all.map((one) => one.key).filter(Boolean))
  pending = pending.filter((one) => !arrived.has(one.key))
  keep('pending', pending.length ? JSON.stringify(pending) : null)
  const lastMine = all.filter((one) => one.by === 'me').at(-1)
  const wanted: [string, () => HTMLLIElement][] = []
  let date = ''
  if (!all.length && !pending.length && begun) wanted.push(['hello', () => bubble({ by: 'system', name: null, body: w.hello(begun?.shop_name ?? ''), at: new Date().toISOString() }, null)])
  for (const one of all) {
    const on = day.format(new Date(one.at))
    if (on !== date) wanted.push([`day ${on}`, () => h('li', { className: 'day' }, on)])
    date = on
    const seen = !!readAt && Date.parse(readAt) >= Date.parse(one.at)
    const mark = one === lastMine ? (seen ? 'seen' : 'sent') : ''
    wanted.push([`${one.id} ${mark}`, () => bubble(one, mark ? h('span', {}, ` · ${w[mark as 'seen' | 'sent']}`) : null)])
  }
  for (const one of pending)
    wanted.push([
      `${one.key} ${one.failed ? 'failed' : one.taken ? 'taken' : ''}`,
      () =>
        bubble(
          { ...one, by: 'me', name: null },
          one.failed
            ? h(
                'span',
                { className: 'bad' },
                ` · ${w.failed} `,
                h('button', { type: 'button', className: 'link', onclick: () => retry(one) }, w.again),
                ' ',
                h('button', { type: 'button', className: 'link', onclick: () => forgetPending(one) }, w.drop),
              )
            : h('span', {}, ` · ${one.taken ? w.sent : w.waiting}`),
        ),
    ])
  const latest = all.at(-1)
  if (latest?.choices?.length && !pending.length && !ended) wanted.push([`offers ${latest.id}`, () => offered(latest.choices ?? [])])
  if (ended) wanted.push(['ended', () => h('li', { className: 'day' }, w.ended)])
  const names = new Set(wanted.map(([key]) => key))
  for (const [key, line] of lines)
    if (!names.has(key)) {
      line.remove()
      lines.delete(key)
    }
  let before: ChildNode | null = log.firstChild
  for (const [key, make] of wanted) {
    let line = lines.get(key)
    if (!line) {
      line = make()
      lines.set(key, line)
    }
    if (line === before) before = before.nextSibling
    else log.insertBefore(line, before)
  }
  if (stays) toBottom()
}

function count(more: number) {
  unread = more
  parent('unread', { count: unread })
}

let seenTimer = 0
function seen() {
  if (!open || document.visibilityState !== 'visible') return
  count(0)
  if (![...told.values()].some((one) => one.by !== 'me')) return
  clearTimeout(seenTimer)
  seenTimer = window.setTimeout(() => void ask('POST', 'read', token, {}).catch(() => undefined), 600)
}

const MS_TO_READ = 10_000
/** Good news for a while; what is wrong has its own line. */
function tell(news: string) {
  done.textContent = news
  setTimeout(() => done.textContent === news && (done.textContent = ''), MS_TO_READ)
}

let typesTimer = 0
function theyType(on: boolean) {
  clearTimeout(typesTimer)
  types.textContent = on ? w.typing : ''
  if (on) typesTimer = window.setTimeout(() => theyType(false), 9_000)
  if (on && atBottom()) toBottom()
}

let lostTimer = 0
function line(holds: boolean) {
  clearTimeout(lostTimer)
  if (holds) {
    lost.textContent = ''
    void flush()
  } else lostTimer = window.setTimeout(() => (lost.textContent = w.lost), 1_500)
}

function hears(event: string, data: unknown) {
  if (event === 'message') {
    const one = data as Told
    if (one.position <= position && told.has(one.id)) return
    position = Math.max(position, one.position)
    told.set(one.id, one)
    if (one.by !== 'me') {
      theyType(false)
      if (open && document.visibilityState === 'visible') seen()
      else count(unread + 1)
    }
    parent('talking')
    draw()
  } else if (event === 'typing') theyType((data as { on: boolean }).on)
  else if (event === 'read') {
    readAt = (data as { at: string }).at
    draw()
  } else if (event === 'ended') {
    ended = (data as { on: boolean }).on
    draw()
    if (ended) survey()
  } else if (event === 'afresh') void begin()
}

async function begin(): Promise<void> {
  stream?.close()
  try {
    begun = await ask<Started>('POST', 'start', token, { shop: shop || null, token: token || kept('token'), about })
  } catch (problem) {
    state.textContent = ''
    if (problem instanceof Refused && problem.status === 404) {
      notice.textContent = w.noChat
      composer.inert = true
      return
    }
    lost.textContent = problem instanceof Refused && problem.status && problem.status < 500 ? w.broken : w.lost
    setTimeout(() => void begin(), 3_000 + Math.random() * 4_000)
    return
  }
  token = begun.token
  // Who is signed in is so by the session, and no longer than that.
  if (begun.customer_name === null) keep('token', token)
  told.clear()
  for (const one of begun.messages) told.set(one.id, one)
  position = begun.position
  readAt = begun.read_at ?? ''
  ended = begun.ended
  earlier.hidden = begun.before === null
  name.textContent = begun.shop_name
  const there = begun.here || begun.at_once
  state.textContent = begun.here ? w.here : begun.at_once ? w.atOnce : w.away
  state.className = there ? 'state there' : 'state'
  lost.textContent = ''
  draw()
  toBottom()
  if (told.size) parent('talking')
  seen()
  stream = follow(() => token, () => position, hears, line, () => void begin())
  if (!there && !told.size && !pending.length) leaveForm()
  else if (form?.dataset.kind === 'leave') closeForm()
  void flush()
}

async function loadEarlier() {
  const first = Math.min(...[...told.values()].map((one) => one.position))
  const height = middle.scrollHeight
  try {
    const found = await ask<{ messages: Told[]; before: number | null }>('GET', `messages?before=${first}`, token)
    for (const one of found.messages) told.set(one.id, one)
    earlier.hidden = found.before === null
    draw()
    middle.scrollTop += middle.scrollHeight - height
  } catch (problem) {
    notice.textContent = words(problem)
  }
}

// Writing

let sendTimer = 0
async function flush(): Promise<void> {
  if (sending || !token) return
  sending = true
  clearTimeout(sendTimer)
  try {
    for (;;) {
      const next = pending.find((one) => !one.failed && !one.taken)
      if (!next) break
      try {
        await ask('POST', 'messages', token, { body: next.body, files: next.files.map((file) => file.handle), key: next.key, locale })
        notice.textContent = ''
        next.taken = true
        draw()
      } catch (problem) {
        const refused = problem as Refused
        if (refused.status === 429) notice.textContent = w.tooFast
        else if (refused.status === 401) {
          void begin()
          break
        } else if (refused.status >= 400 && refused.status < 500) {
          next.failed = true
          notice.textContent = words(problem)
          draw()
          continue
        }
        sendTimer = window.setTimeout(() => void flush(), Math.max(2, refused.retryAfter) * 1000)
        break
      }
    }
  } finally {
    sending = false
  }
}

function retry(one: Pending) {
  one.failed = false
  notice.textContent = ''
  draw()
  void flush()
}

function forgetPending(one: Pending) {
  pending = pending.filter((other) => other !== one)
  draw()
  input.focus()
}

function write(body: string, files: Pending['files'] = []) {
  pending.push({ key: newKey(), body, files, at: new Date().toISOString() })
  ended = false
  draw()
  toBottom()
  void flush()
  // On a phone the keyboard would cover the answer.
  if (matchMedia('(pointer: fine)').matches) input.focus()
  else input.blur()
}

function say() {
  const body = input.value.trim()
  if (!body && !uploads.length) return
  const files = uploads
  uploads = []
  input.value = ''
  keep('draft', null)
  grow()
  drawChips()
  iType(false)
  write(body, files)
}

let toldTyping = 0
let stillTimer = 0
function iType(on: boolean) {
  clearTimeout(stillTimer)
  const now = Date.now()
  if (on) {
    stillTimer = window.setTimeout(() => iType(false), 5_000)
    if (now - toldTyping < 3_000) return
    toldTyping = now
  } else if (!toldTyping) return
  else toldTyping = 0
  if (token && told.size) void ask('POST', 'typing', token, { typing: on }).catch(() => undefined)
}

function grow() {
  input.style.height = 'auto'
  input.style.height = `${Math.min(input.scrollHeight, 120)}px`
}

function drawChips(busy?: string) {
  chips.replaceChildren(
    ...uploads.map((file) =>
      h(
        'li',
        {},
        file.media_type.startsWith('image/') ? h('img', { src: file.url, alt: file.name }) : icon('file'),
        h(
          'button',
          {
            type: 'button',
            className: 'icon small',
            'aria-label': w.remove(file.name),
            onclick: () => {
              uploads = uploads.filter((one) => one !== file)
              drawChips()
              input.focus()
            },
          },
          icon('close'),
        ),
      ),
    ),
  )
  if (busy) chips.append(h('li', {}, h('progress', { 'aria-label': w.sendingFile(busy) })))
}

async function take(files: Iterable<File>) {
  for (const file of [...files].slice(0, 10 - uploads.length)) {
    notice.textContent = ''
    drawChips(file.name)
    const data = new FormData()
    data.append('file', file, file.name || 'image.png')
    try {
      uploads.push(await ask<StoredFile & { handle: string }>('POST', 'files', token, data))
    } catch (problem) {
      notice.textContent = words(problem)
    }
    drawChips()
  }
  picker.value = ''
  input.focus()
}

composer.addEventListener('submit', (event) => {
  event.preventDefault()
  say()
})
input.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault()
    say()
  }
})
input.addEventListener('input', () => {
  keep('draft', input.value || null)
  grow()
  iType(input.value !== '')
})
input.addEventListener('paste', (event) => {
  const files = event.clipboardData?.files
  if (files?.length) {
    event.preventDefault()
    void take(files)
  }
})
picker.addEventListener('change', () => void take(picker.files ?? []))
addEventListener('dragover', (event) => event.preventDefault())
addEventListener('drop', (event) => {
  event.preventDefault()
  void take(event.dataTransfer?.files ?? [])
})

// Forms that take the place of the conversation's foot

let form: HTMLFormElement | null = null
function showForm(kind: string, title: string, ...parts: (Node | null)[]): HTMLFormElement {
  form?.remove()
  const heading = h('h2', { tabIndex: -1 }, title)
  form = h('form', { className: 'sheet', 'aria-label': title, 'data-kind': kind }, heading, ...parts)
  composer.hidden = true
  foot.append(form)
  toBottom()
  return form
}
function closeForm(focus = false) {
  form?.remove()
  form = null
  composer.hidden = false
  if (focus) input.focus()
}
const field = (label: string, control: HTMLElement) => h('label', {}, h('span', {}, label), control)
const buttons = (main: string, other: string, onother: () => void) =>
  h('div', { className: 'buttons' }, h('button', { type: 'button', className: 'quiet', onclick: onother }, other), h('button', { type: 'submit', className: 'main' }, main))

/** Runs what a form does, once at a time, and says what went wrong. */
function does(one: HTMLFormElement, doing: () => Promise<void>) {
  const wrong = h('p', { className: 'wrong', role: 'alert' })
  one.append(wrong)
  one.addEventListener('submit', (event) => {
    event.preventDefault()
    const button = one.querySelector<HTMLButtonElement>('[type=submit]')
    if (!button || button.disabled) return
    button.disabled = true
    wrong.textContent = ''
    doing()
      .catch((problem: unknown) => (wrong.textContent = words(problem)))
      .finally(() => (button.disabled = false))
  })
}

function leaveForm() {
  const who = h('input', { autocomplete: 'name', maxLength: 80 })
  const contact = h('input', { autocomplete: 'email', required: true, maxLength: 254 })
  const question = h('textarea', { rows: 3, required: true, maxLength: 4000, value: input.value })
  const key = newKey()
  const one = showForm(
    'leave',
    w.leaveTitle,
    h('p', {}, w.leaveText),
    field(w.question, question),
    field(w.contact, contact),
    field(w.name, who),
    buttons(w.leave, w.leaveAnyway, () => closeForm(true)),
  )
  question.addEventListener('input', () => keep('draft', question.value || null))
  does(one, async () => {
    await ask('POST', 'left', token, { name: who.value, contact: contact.value, body: question.value, key, locale })
    keep('draft', null)
    input.value = ''
    const thanks = h('p', { role: 'status', className: 'done', tabIndex: -1 }, w.left(contact.value))
    one.replaceChildren(thanks, h('div', { className: 'buttons' }, h('button', { type: 'button', className: 'quiet', onclick: () => closeForm(true) }, w.close)))
    thanks.focus()
  })
}

function survey() {
  if (begun?.stars || !told.size || form) return
  const stars = [1, 2, 3, 4, 5].map((n) => {
    const radio = h('input', { type: 'radio', name: 'stars', value: String(n), required: true })
    radio.addEventListener('change', () => {
      for (const [i, label] of labels.entries()) label.classList.toggle('on', i < n)
    })
    return [n, radio] as const
  })
  const labels = stars.map(([n, radio]) => h('label', { title: w.stars(n) }, radio, icon('star'), h('span', { className: 'hidden' }, w.stars(n))))
  const said = h('textarea', { rows: 2, maxLength: 2000 })
  const one = showForm(
    'rate',
    w.rateTitle,
    h('fieldset', { className: 'stars' }, h('legend', { className: 'hidden' }, w.rateTitle), ...labels),
    field(w.rateWords, said),
    buttons(w.rate, w.later, () => closeForm(true)),
  )
  does(one, async () => {
    const given = stars.find(([, radio]) => radio.checked)?.[0] ?? 5
    await ask('POST', 'rating', token, { stars: given, words: said.value })
    if (begun) begun.stars = given
    closeForm(true)
    tell(w.thanks)
  })
}

function verifyForm() {
  const number = h('input', { required: true, maxLength: 100, autocomplete: 'off' })
  const contact = h('input', { required: true, maxLength: 254, autocomplete: 'email' })
  const one = showForm('verify', w.verifyTitle, h('p', {}, w.verifyText), field(w.order, number), field(w.contact, contact), buttons(w.getCode, w.cancel, () => closeForm(true)))
  number.focus()
  does(one, async () => {
    const { entry_id } = await ask<{ entry_id: string }>('POST', 'code', token, { order_number: number.value, contact: contact.value, locale })
    const code = h('input', { required: true, inputMode: 'numeric', autocomplete: 'one-time-code', minLength: 6, maxLength: 6 })
    const two = showForm('verify', w.verifyTitle, h('p', {}, w.codeText), field(w.code, code), buttons(w.confirm, w.cancel, () => closeForm(true)))
    code.focus()
    does(two, async () => {
      await ask('POST', 'code/confirm', token, { entry_id, code: code.value })
      closeForm(true)
      await begin()
      tell(w.verified)
    })
  })
}

function forget() {
  keep('token', null)
  keep('draft', null)
  pending = []
  token = ''
  parent('forgotten')
  void begin().then(() => tell(w.forgotten))
}

function openMenu(shown: boolean) {
  menu.hidden = !shown
  menuButton.setAttribute('aria-expanded', String(shown))
  if (!shown) return
  const item = (label: string, run: () => void) =>
    h('button', { type: 'button', role: 'menuitem', onclick: () => (openMenu(false), run()) }, label)
  menu.replaceChildren(
    ...(begun && !begun.known ? [item(w.verify, verifyForm)] : []),
    ...(told.size ? [item(w.end, () => ((begun as Started).stars = null, closeForm(), survey()))] : []),
    ...(begun?.customer_name === null ? [item(w.forget, forget)] : []),
  )
  ;(menu.firstElementChild as HTMLElement | null)?.focus()
}
menuButton.addEventListener('click', () => openMenu(menu.hidden))
menu.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!step) return
  event.preventDefault()
  const items = [...menu.children] as HTMLElement[]
  items[(items.indexOf(document.activeElement as HTMLElement) + step + items.length) % items.length]?.focus()
})
addEventListener('click', (event) => !head.contains(event.target as Node) && openMenu(false))

addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.isComposing) return
  if (!menu.hidden) {
    openMenu(false)
    menuButton.focus()
  } else if (form && form.dataset.kind !== 'leave') closeForm(true)
  else parent('close')
})

const focusable = () =>
  [...document.querySelectorAll<HTMLElement>('button, textarea, input, a[href], [tabindex="0"]')].filter((one) => !one.closest('[hidden], [inert]') && one.offsetParent !== null)
addEventListener('message', (event) => {
  if (event.source !== window.parent) return
  const asks = event.data as { aftercare?: string; focus?: boolean; which?: 'first' | 'last'; kept?: Record<string, string> }
  first(asks.kept)
  if (asks.aftercare === 'open') {
    open = true
    seen()
    toBottom()
    if (asks.focus) (form?.querySelector<HTMLElement>('textarea, input') ?? input).focus()
  } else if (asks.aftercare === 'shut') open = false
  else if (asks.aftercare === 'focus') focusable().at(asks.which === 'first' ? 0 : -1)?.focus()
})
addEventListener('visibilitychange', seen)

let first = (given: Record<string, string> = {}) => {
  first = () => undefined
  if (!hasStorage) for (const [name, value] of Object.entries(given)) memory.set(name, value)
  input.value = kept('draft') ?? ''
  try {
    pending = JSON.parse(kept('pending') ?? '[]') as Pending[]
  } catch {
    pending = []
  }
  grow()
  if (shop || inPortal) void begin()
  else {
    notice.textContent = w.noChat
    composer.inert = true
  }
}
parent('ready')
// The page around answers at once; a page that is not the loader's never does.
if (hasStorage || !framed) first()
else setTimeout(() => first(), 1_500)
