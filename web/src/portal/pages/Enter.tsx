import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { asProblem, type Problem, problemText } from '../../api/client'
import { Button, Field, Icon, Input } from '../../design'
import { currentLocale, useText } from '../../i18n'
import { useNow } from '../../shell/now'
import { type EntryIssued, post } from '../data'
import s from './Enter.module.css'

const DIGITS = 6

/** Order number and a contact of the order, then six digits sent to it. No account, no password. */
export default function Enter({ why, entryId }: { why?: string; entryId?: string }) {
  const { t } = useText()
  const [number, setNumber] = useState(() => new URLSearchParams(location.search).get('order') ?? '')
  const [contact, setContact] = useState('')
  const [issued, setIssued] = useState<EntryIssued | null>(entryId ? { entry_id: entryId, expires_at: '', resend_at: '' } : null)
  return (
    <div className={s.enter}>
      <div className={s.words}>
        <h1 id="enter-title">{t(issued ? 'enter.codeTitle' : 'enter.title')}</h1>
        <p id="enter-lead" className="muted">
          {issued ? t(contact ? 'enter.codeSent' : 'enter.codeAsked', { contact }) : (why ?? t('enter.text'))}
        </p>
      </div>
      {issued ? (
        <Code issued={issued} contact={contact} number={number} onIssued={setIssued} onBack={() => setIssued(null)} />
      ) : (
        <Ask number={number} contact={contact} onNumber={setNumber} onContact={setContact} onIssued={setIssued} />
      )}
      <ul className={s.promises}>
        {(['return', 'clock', 'money'] as const).map((one, i) => (
          <li key={one}>
            <Icon name={(['undo', 'clock', 'money'] as const)[i] ?? 'check'} size={20} />
            <span>
              <strong>{t(`enter.point.${one}.title`)}</strong>
              <span className="muted small">{t(`enter.point.${one}.text`)}</span>
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}

function useWords() {
  const { t, has } = useText()
  return (problem: Problem) => {
    if (problem.status === 429) return t('enter.tooMany', { minutes: Math.ceil((problem.retryAfter ?? 60) / 60) })
    return problemText(problem, t, has)
  }
}

const issue = (number: string, contact: string) => post<EntryIssued>('/entry', { order_number: number.trim(), contact: contact.trim(), locale: currentLocale() })

function Ask({
  number,
  contact,
  onNumber,
  onContact,
  onIssued,
}: {
  number: string
  contact: string
  onNumber: (text: string) => void
  onContact: (text: string) => void
  onIssued: (issued: EntryIssued) => void
}) {
  const { t } = useText()
  const words = useWords()
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<{ number?: string; contact?: string; all?: string }>({})
  const form = useRef<HTMLFormElement>(null)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const looksRight = /@.+\..+/.test(contact) || contact.replace(/\D/g, '').length >= 6
    const found = { number: number.trim() ? undefined : t('enter.numberMissing'), contact: looksRight ? undefined : t('enter.contactWrong') }
    setWrong(found)
    if (found.number || found.contact) {
      form.current?.querySelector<HTMLInputElement>(found.number ? '[name=number]' : '[name=contact]')?.focus()
      return
    }
    setBusy(true)
    try {
      onIssued(await issue(number, contact))
    } catch (error) {
      setWrong({ all: words(asProblem(error)) })
    } finally {
      setBusy(false)
    }
  }
  return (
    <form ref={form} className={s.form} onSubmit={(e) => void submit(e)} noValidate>
      <Field label={t('enter.number')} hint={t('enter.numberHint')} error={wrong.number} required>
        <Input name="number" value={number} onChange={(e) => onNumber(e.target.value)} autoCapitalize="characters" autoComplete="off" spellCheck={false} />
      </Field>
      <Field label={t('enter.contact')} hint={t('enter.contactHint')} error={wrong.contact} required>
        <Input name="contact" value={contact} onChange={(e) => onContact(e.target.value)} autoComplete="email" autoCapitalize="none" spellCheck={false} inputMode="email" />
      </Field>
      {wrong.all && <Wrong text={wrong.all} />}
      <Button kind="primary" type="submit" wide busy={busy}>
        {t('enter.send')}
      </Button>
    </form>
  )
}

function Wrong({ text }: { text: string }) {
  return (
    <p className="field-error" role="alert">
      <Icon name="warning" size={16} />
      <span>{text}</span>
    </p>
  )
}

function Code({ issued, number, contact, onIssued, onBack }: { issued: EntryIssued; number: string; contact: string; onIssued: (issued: EntryIssued) => void; onBack: () => void }) {
  const { t } = useText()
  const words = useWords()
  const queries = useQueryClient()
  const [code, setCode] = useState('')
  const [busy, setBusy] = useState<'confirm' | 'resend' | null>(null)
  const [wrong, setWrong] = useState<string | null>(null)
  const [spent, setSpent] = useState(false)
  const box = useRef<HTMLInputElement>(null)
  useEffect(() => box.current?.focus(), [issued])
  const now = useNow(1000)
  const wait = issued.resend_at ? Math.min(60, Math.max(0, Math.ceil((Date.parse(issued.resend_at) - now) / 1000))) : 0

  const confirm = async (digits: string) => {
    setBusy('confirm')
    setWrong(null)
    try {
      await post('/entry/confirm', { entry_id: issued.entry_id, code: digits })
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== 'me' })
      await queries.refetchQueries({ queryKey: ['me'] })
      return
    } catch (error) {
      const problem = asProblem(error)
      const left = problem.extras.tries_left
      if (problem.code === 'entry_code_wrong') {
        setSpent(left === 0)
        setWrong(left === 0 ? t('enter.spent') : t('enter.wrong', { count: typeof left === 'number' ? left : 0 }))
      } else if (problem.code === 'entry_code_spent') {
        setSpent(true)
        setWrong(t('enter.spent'))
      } else setWrong(words(problem))
      setCode('')
      box.current?.focus()
    }
    setBusy(null)
  }
  const type = (text: string) => {
    // Full-width digits are what a Chinese keyboard may give.
    const digits = text.normalize('NFKC').replace(/\D/g, '').slice(0, DIGITS)
    setCode(digits)
    if (digits.length === DIGITS && busy === null) void confirm(digits)
  }
  const again = async () => {
    // Who came by the link of the message has typed no order yet.
    if (!contact) return onBack()
    setBusy('resend')
    try {
      onIssued(await issue(number, contact))
      setWrong(null)
      setSpent(false)
      setCode('')
    } catch (error) {
      setWrong(words(asProblem(error)))
    }
    setBusy(null)
  }
  return (
    <form
      className={s.form}
      onSubmit={(event) => {
        event.preventDefault()
        if (code.length === DIGITS) void confirm(code)
      }}
    >
      <div className={s.code} data-wrong={!!wrong || undefined} aria-busy={busy === 'confirm' || undefined}>
        {/* One types at once; who listens hears the page's title as the name of the box, then what was sent where. */}
        <input
          ref={box}
          aria-labelledby="enter-title"
          value={code}
          onChange={(e) => type(e.target.value)}
          onPaste={(e) => {
            // The whole message may have been copied: '您的验证码是 123456，10 分钟内有效'.
            const text = e.clipboardData.getData('text').normalize('NFKC')
            const found = /(?<!\d)\d{6}(?!\d)/.exec(text.replace(/(\d)[\s-](?=\d)/g, '$1'))
            if (!found) return
            e.preventDefault()
            type(found[0])
          }}
          inputMode="numeric"
          autoComplete="one-time-code"
          pattern="[0-9]*"
          aria-invalid={!!wrong || undefined}
          aria-describedby={wrong ? 'code-wrong' : 'enter-lead'}
          disabled={spent}
        />
        <span className={s.boxes} aria-hidden="true">
          {Array.from({ length: DIGITS }, (_, i) => (
            <span key={i} data-now={i === Math.min(code.length, DIGITS - 1) || undefined}>
              {code[i] ?? ''}
            </span>
          ))}
        </span>
      </div>
      {wrong && (
        <div id="code-wrong">
          <Wrong text={wrong} />
        </div>
      )}
      {busy === 'confirm' && (
        <p className="muted small" role="status">
          {t('enter.checking')}
        </p>
      )}
      <div className={s.again}>
        <Button kind={spent ? 'primary' : 'secondary'} wide={spent} busy={busy === 'resend'} disabled={wait > 0} onClick={() => void again()}>
          {wait > 0 ? t('enter.resendIn', { count: wait }) : t('enter.resend')}
        </Button>
        <Button kind="quiet" onClick={onBack}>
          {t('enter.change')}
        </Button>
      </div>
      <p className="muted small">{t('enter.noCode')}</p>
    </form>
  )
}
