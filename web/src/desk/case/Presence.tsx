import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { api, ask } from '../../api/client'
import { Icon } from '../../design'
import { useText } from '../../i18n'
import { useStaffSession } from '../../staff/session'
import { type CasePage, keys } from '../data'
import css from './case.module.css'
import { heardPassing, type Passing, typingIn } from './passing'

type Doing = 'looking' | 'typing' | 'noting' | 'gone'
interface Looker {
  account_id: string
  name: string
  doing: Doing
}
const EVERY = 15_000
const STAYS = 40_000
const TYPES = 8_000
const RESTS = 4_000

/** Says that this case is before the agent, and shows who else has it before them: colleagues, and the customer in the chat. */
export function Presence({ page }: { page: CasePage }) {
  const { t } = useText()
  const queries = useQueryClient()
  const { id, thread_id: thread } = page.case
  const [others, setOthers] = useState<Record<string, Looker & { until: number; types: number }>>({})
  const [online, setOnline] = useState(false)
  const [customerTypes, setCustomerTypes] = useState(0)
  const [now, setNow] = useState(0)
  const doing = useRef<Doing>('looking')
  const me = useStaffSession().data?.id
  useEffect(() => {
    let rest = 0
    const tell = async (what: Doing) => {
      doing.current = what
      try {
        const seen = await ask(api.PUT('/api/cases/{case_id}/presence', { params: { path: { case_id: id } }, body: { doing: what } }))
        const at = Date.now()
        setOnline(seen.customer_online)
        setOthers(Object.fromEntries(seen.others.map((one) => [one.account_id, { ...one, until: at + STAYS, types: at + TYPES }])))
        setNow(at)
      } catch {
        // Nobody misses it: it is said again in a moment.
      }
    }
    const stopTyping = typingIn(id, (kind) => {
      clearTimeout(rest)
      rest = window.setTimeout(() => void tell('looking'), RESTS)
      const what = kind === 'note' ? 'noting' : kind === null ? 'looking' : 'typing'
      if (what !== doing.current) void tell(what)
    })
    const stopHearing = heardPassing((one: Passing) => {
      const at = Date.now()
      setNow(at)
      if (one.name === 'case.looked' && one.case_id === id && one.account_id)
        setOthers((all) => {
          const { [one.account_id as string]: _, ...rest } = all
          return one.doing === 'gone' ? rest : { ...all, [one.account_id as string]: { account_id: one.account_id as string, name: one.name_of ?? '', doing: one.doing as Doing, until: at + STAYS, types: at + TYPES } }
        })
      else if (one.thread_id !== thread) return
      else if (one.name === 'chat.typing') {
        setOnline(true)
        setCustomerTypes(one.typing ? at + TYPES : 0)
      } else if (one.name === 'chat.online') setOnline(!!one.online)
      else if (one.name === 'chat.read') void queries.invalidateQueries({ queryKey: keys.case(id) })
    })
    void tell('looking')
    const again = setInterval(() => document.visibilityState === 'visible' && void tell(doing.current), EVERY)
    const leave = () => void tell('gone')
    addEventListener('pagehide', leave)
    return () => {
      clearTimeout(rest)
      clearInterval(again)
      removeEventListener('pagehide', leave)
      stopTyping()
      stopHearing()
      leave()
    }
  }, [id, thread, queries])
  useEffect(() => setCustomerTypes(0), [page.messages.length])
  const busy = customerTypes > now || Object.keys(others).length > 0
  useEffect(() => {
    if (!busy) return
    const turn = setInterval(() => setNow(Date.now()), 2_000)
    return () => clearInterval(turn)
  }, [busy])
  const there = Object.values(others).filter((one) => one.until > now && one.account_id !== me)
  return (
    <p className={css.presence} role="status">
      {online && (
        <span className={css.online}>
          {t(customerTypes > now ? 'presence.customerTypes' : 'presence.online')}
        </span>
      )}
      {there.map((one) => (
        <span key={one.account_id}>
          <Icon name="user" size={14} /> {t(one.types > now && one.doing === 'typing' ? 'presence.typing' : one.types > now && one.doing === 'noting' ? 'presence.noting' : 'presence.looking', { name: one.name })}
        </span>
      ))}
    </p>
  )
}
