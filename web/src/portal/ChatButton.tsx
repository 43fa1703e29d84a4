import { useEffect, useRef, useState } from 'react'
import { useLocation } from 'wouter'
import { Icon, IconButton } from '../design'
import { useText } from '../i18n'
import s from './ChatButton.module.css'
import { get, useMe } from './data'

/** The chat, on every page: what is asked here goes on in the case of that page. Its frame is loaded when it is first opened. */
export function ChatButton() {
  const { t, locale } = useText()
  const me = useMe()
  const [location] = useLocation()
  const [shop, setShop] = useState<string | null>(null)
  const [open, setOpen] = useState(false)
  const [src, setSrc] = useState('')
  const [unread, setUnread] = useState(0)
  const frame = useRef<HTMLIFrameElement>(null)
  const panel = useRef<HTMLDialogElement>(null)
  const guest = me.isSuccess && !me.data
  const person = me.data?.customers.join() ?? ''
  const about = /^\/(?:cases|claims|orders)\/([0-9a-f-]{36})/.exec(location)?.[1] ?? ''
  useEffect(() => {
    // A guest has named no shop yet: where there is only one, it is that one.
    if (guest) void get<{ code: string }>('/chat/shop').then((found) => setShop(found.code), () => setShop(null))
  }, [guest])
  useEffect(() => {
    // Somebody else, or another matter: the window of before is not theirs.
    setSrc('')
    setUnread(0)
  }, [person, about])
  useEffect(() => {
    if (!open) {
      if (panel.current?.open) panel.current.close()
      frame.current?.contentWindow?.postMessage({ aftercare: 'shut' }, window.location.origin)
      return
    }
    if (!src) {
      const asked = new URLSearchParams({ in: 'portal', lang: locale, theme: document.documentElement.dataset.theme ?? '' })
      if (about) asked.set('about', about)
      if (!person && shop) asked.set('shop', shop)
      setSrc(`/chat/?${asked}`)
    }
    if (!panel.current?.open) panel.current?.showModal()
    frame.current?.contentWindow?.postMessage({ aftercare: 'open', focus: true }, window.location.origin)
  }, [open, src, about, person, shop, locale])
  useEffect(() => {
    const hear = (event: MessageEvent) => {
      if (event.origin !== window.location.origin || event.source !== frame.current?.contentWindow) return
      const told = event.data as { aftercare?: string; count?: number }
      if (told.aftercare === 'close') setOpen(false)
      else if (told.aftercare === 'unread') setUnread(told.count ?? 0)
      else if (told.aftercare === 'ready') frame.current?.contentWindow?.postMessage({ aftercare: open ? 'open' : 'shut', focus: open }, window.location.origin)
    }
    addEventListener('message', hear)
    return () => removeEventListener('message', hear)
  }, [open])
  if (!me.data && !shop) return null
  return (
    <>
      <span className={s.open}>
        <IconButton icon="chat" label={t('chat.open')} onClick={() => setOpen(true)} />
        {unread > 0 && <span className="bell-count">{unread > 9 ? '9+' : unread}</span>}
      </span>
      <dialog ref={panel} className={s.panel} aria-label={t('chat.open')} onClose={() => setOpen(false)}>
        {src ? <iframe ref={frame} src={src} title={t('chat.open')} className={s.frame} /> : <Icon name="chat" />}
      </dialog>
    </>
  )
}
