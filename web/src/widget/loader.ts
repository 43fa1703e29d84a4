/** What a shop's page loads: `<script src="https://…/widget.js" data-shop="CODE" async></script>`. It puts a button on the page
 and, once asked for, a frame of our own origin beside it; nothing else of the page is touched. */
;(() => {
  const script = document.currentScript as HTMLScriptElement | null
  const shop = script?.dataset.shop
  if (!script || !shop || document.querySelector('aftercare-chat')) return
  const origin = new URL(script.src).origin
  const wished = script.dataset.lang ? [script.dataset.lang] : navigator.languages
  const zh = wished.find((one) => /^(zh|en)/i.test(one)) ?? 'en'
  const [open, close, title] = /^zh\b.*(tw|hk|mo|hant)/i.test(zh)
    ? ['開啟線上客服', '關閉線上客服', '線上客服']
    : /^zh/i.test(zh)
      ? ['打开在线客服', '关闭在线客服', '在线客服']
      : ['Open chat', 'Close chat', 'Chat']

  const remember = (store: 'localStorage' | 'sessionStorage', value?: string): string | null => {
    try {
      const key = `aftercare-chat:${shop}`
      if (value !== undefined) window[store].setItem(key, value)
      return window[store].getItem(key)
    } catch {
      return null
    }
  }

  // For browsers that give a frame no storage of its own.
  const KEPT = ['token', 'draft', 'pending']
  const keptFor = (name: string, value?: string | null): string | null => {
    try {
      const key = `aftercare-chat:${shop}:${name}`
      if (value === null) localStorage.removeItem(key)
      else if (value !== undefined) localStorage.setItem(key, value)
      return localStorage.getItem(key)
    } catch {
      return null
    }
  }

  const host = document.createElement('aftercare-chat')
  const root = host.attachShadow({ mode: 'open' })
  // A sheet made here is not stopped by the page's own content policy, as a <style> may be.
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(`
    :host { all: initial; color-scheme: light dark }
    button { position: fixed; right: 20px; bottom: calc(20px + env(safe-area-inset-bottom)); z-index: 2147483000; width: 56px; height: 56px;
      border: 0; border-radius: 28px; background: #1a6e54; color: #fffdf8; cursor: pointer; box-shadow: 0 2px 12px #0004; padding: 0 }
    button:focus-visible { outline: 3px solid #1a6e54; outline-offset: 3px }
    button svg { width: 26px; height: 26px; vertical-align: middle }
    button span { position: absolute; top: -4px; right: -4px; min-width: 20px; box-sizing: border-box; padding: 0 5px; border-radius: 10px;
      background: #b5301b; color: #fffdf8; font: 600 12px/20px system-ui, sans-serif }
    section { position: fixed; right: 20px; bottom: calc(88px + env(safe-area-inset-bottom)); z-index: 2147483001; width: 380px;
      height: min(620px, calc(100vh - 112px)); height: min(620px, calc(100dvh - 112px)); border-radius: 12px; overflow: hidden;
      box-shadow: 0 8px 40px #0005; background: Canvas }
    section[hidden], span[hidden] { display: none }
    iframe { border: 0; width: 100%; height: 100%; display: block }
    i { position: absolute }
    @media (max-width: 480px), (max-height: 480px) {
      section { inset: 0; width: 100%; height: 100%; height: 100dvh; border-radius: 0 }
      button[aria-expanded=true] { display: none }
    }
    @media (prefers-color-scheme: dark) { button { background: #6cc7a5; color: #0d1f18 } button:focus-visible { outline-color: #93dcc0 } }
    @media print { button, section { display: none } }`)
  root.adoptedStyleSheets = [sheet]

  const button = document.createElement('button')
  button.type = 'button'
  button.setAttribute('aria-expanded', 'false')
  button.innerHTML =
    '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" aria-hidden="true"><path d="M4 5h16v11H10l-5 4v-4H4z"/></svg><span hidden></span>'
  const badge = button.querySelector('span') as HTMLSpanElement
  const panel = document.createElement('section')
  panel.hidden = true
  panel.setAttribute('role', 'dialog')
  panel.setAttribute('aria-label', title as string)
  root.append(button, panel)

  let frame: HTMLIFrameElement | null = null
  let ready = false
  let shown = false
  let unread = 0
  const fills = matchMedia('(max-width: 480px), (max-height: 480px)')
  const tell = (type: string, more: object = {}) => ready && frame?.contentWindow?.postMessage({ aftercare: type, ...more }, origin)

  const name = () => button.setAttribute('aria-label', `${shown ? close : open}${unread && !shown ? ` (${unread})` : ''}`)
  /** Where the focus goes when it would leave a chat that fills the screen: round to its other end. */
  const edge = (which: 'first' | 'last') => {
    const stop = document.createElement('i')
    stop.tabIndex = -1
    stop.addEventListener('focus', () => {
      frame?.focus()
      tell('focus', { which })
    })
    return stop
  }
  const edges = [edge('last'), edge('first')] as const

  const load = () => {
    if (frame) return
    frame = document.createElement('iframe')
    frame.title = title as string
    const asked = new URLSearchParams({ shop, in: 'page' })
    if (script.dataset.lang) asked.set('lang', script.dataset.lang)
    if (script.dataset.theme) asked.set('theme', script.dataset.theme)
    frame.src = `${origin}/chat/?${asked}`
    frame.allow = 'clipboard-write'
    panel.append(edges[0], frame, edges[1])
  }
  const settle = () => {
    const modal = shown && fills.matches
    panel.toggleAttribute('aria-modal', modal)
    if (modal) panel.setAttribute('aria-modal', 'true')
    for (const one of edges) one.tabIndex = modal ? 0 : -1
    document.documentElement.style.overflow = modal ? 'hidden' : ''
  }
  const show = (focus: boolean) => {
    load()
    shown = true
    panel.hidden = false
    button.setAttribute('aria-expanded', 'true')
    remember('sessionStorage', 'open')
    settle()
    name()
    if (focus) frame?.focus()
    tell('open', { focus })
  }
  const hide = () => {
    shown = false
    panel.hidden = true
    button.setAttribute('aria-expanded', 'false')
    remember('sessionStorage', '')
    settle()
    name()
    button.focus()
    tell('shut')
  }
  button.addEventListener('click', () => (shown ? hide() : show(true)))
  root.addEventListener('keydown', (event) => (event as KeyboardEvent).key === 'Escape' && shown && hide())
  fills.addEventListener('change', settle)
  addEventListener('message', (event) => {
    if (event.origin !== origin || event.source !== frame?.contentWindow) return
    const told = event.data as { aftercare?: string; count?: number; name?: string; value?: string | null }
    if (told.aftercare === 'ready') {
      ready = true
      const kept = Object.fromEntries(KEPT.map((name) => [name, keptFor(name)]).filter(([, value]) => value))
      tell(shown ? 'open' : 'shut', { focus: shown && document.activeElement === host, kept })
    } else if (told.aftercare === 'keep') {
      if (told.name && KEPT.includes(told.name)) keptFor(told.name, told.value ?? null)
    } else if (told.aftercare === 'close') hide()
    else if (told.aftercare === 'talking') remember('localStorage', '1')
    else if (told.aftercare === 'forgotten') remember('localStorage', '')
    else if (told.aftercare === 'unread') {
      unread = Math.min(99, Number(told.count) || 0)
      badge.hidden = !unread || shown
      badge.textContent = String(unread)
      name()
    }
  })
  name()
  const begin = () => {
    document.body.append(host)
    if (remember('sessionStorage') === 'open' && !fills.matches) show(false)
    // Who has talked with the shop before sees on any page that an answer came.
    else if (remember('localStorage')) (window.requestIdleCallback ?? setTimeout)(load)
  }
  if (document.body) begin()
  else addEventListener('DOMContentLoaded', begin)
  Object.assign(window, { aftercareChat: { open: () => show(true), close: () => shown && hide() } })
})()
