/** Colleagues to call into a note: `@` and the beginning of a name. */
import { type KeyboardEvent, type RefObject, useEffect, useId, useState } from 'react'
import { useText } from '../../i18n'
import { Avatar } from '../../design'
import { type Member, useMembers } from '../data'
import { useStaffSession } from '../../staff/session'
import css from './case.module.css'

const BEGUN = /[@＠]([^\s@＠]{0,20})$/
const MOST = 6

/** `keys` goes before the editor's own keys and answers whether it has taken the press. */
export function useMention({ area, body, shop, wanted, onWrite }: { area: RefObject<HTMLTextAreaElement | null>; body: string; shop: string; wanted: boolean; onWrite: (body: string, caret: number) => void }) {
  const { t } = useText()
  const members = useMembers()
  const me = useStaffSession().data?.id
  const box = useId()
  const [typed, setTyped] = useState<string | null>(null)
  const [at, setAt] = useState(0)
  const look = () => {
    const node = area.current
    const begun = wanted && node && node.selectionStart === node.selectionEnd ? BEGUN.exec(node.value.slice(0, node.selectionStart)) : null
    setTyped(begun ? (begun[1] ?? '') : null)
    setAt(0)
  }
  useEffect(look, [body, wanted])
  const found = typed === null ? [] : members.filter((m) => m.account_id !== me && m.shop_ids.includes(shop) && m.name.toLowerCase().includes(typed.toLowerCase())).slice(0, MOST)
  const pick = (one: Member) => {
    const node = area.current
    if (!node || typed === null) return
    const begin = node.selectionStart - typed.length
    onWrite(`${body.slice(0, begin)}${one.name} ${body.slice(node.selectionStart)}`, begin + one.name.length + 1)
    setTyped(null)
  }
  const keys = (event: KeyboardEvent): boolean => {
    if (!found.length || event.nativeEvent.isComposing) return false
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step) setAt((now) => (now + step + found.length) % found.length)
    else if ((event.key === 'Enter' || event.key === 'Tab') && !event.ctrlKey && !event.metaKey && !event.shiftKey) pick(found[at] as Member)
    else if (event.key === 'Escape') setTyped(null)
    else return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }
  const list = found.length > 0 && (
    <ul className={css.mentions} role="listbox" id={box} aria-label={t('mention.title')}>
      {found.map((one, i) => (
        <li key={one.account_id} id={`${box}-${i}`} role="option" aria-selected={i === at} onMouseDown={(e) => (e.preventDefault(), pick(one))}>
          <Avatar name={one.name} size={24} />
          <span>{one.name}</span>
          {!one.working && <span className="muted small">{t('case.away')}</span>}
        </li>
      ))}
    </ul>
  )
  return { list, keys, look, aria: found.length ? { 'aria-controls': box, 'aria-activedescendant': `${box}-${at}`, 'aria-autocomplete': 'list' as const } : {} }
}
