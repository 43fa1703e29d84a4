import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { asProblem, type Problem, problemText } from '../api/problem'
import { Button, Field, Icon, IconButton, Input, Mark } from '../design'
import { useText } from '../i18n'
import { Switches } from '../shell/Switches'
import { type Credentials, sessionKey, signIn } from './session'

/** The door of desk and console. `needsCode` tells by refusal that the account asks for the authenticator's six digits. */
export function SignIn({
  submit = signIn,
  needsCode = (problem) => /code|totp|second_factor/.test(problem.code),
}: {
  submit?: (credentials: Credentials) => Promise<unknown>
  needsCode?: (problem: Problem) => boolean
}) {
  const { t, has } = useText()
  const client = useQueryClient()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [step, setStep] = useState<'password' | 'code'>('password')
  const [shown, show] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [step])
  const send = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      await submit(step === 'code' ? { email, password, code } : { email, password })
      await client.invalidateQueries({ queryKey: sessionKey })
    } catch (error) {
      const refusal = asProblem(error)
      if (needsCode(refusal) && step === 'password') setStep('code')
      else setProblem(refusal)
      setCode('')
    } finally {
      setBusy(false)
    }
  }
  return (
    <main className="sign-in">
      <div className="sign-in-art" aria-hidden="true">
        <svg viewBox="0 0 400 400">
          <circle cx="200" cy="200" r="121" strokeDasharray="604 156" transform="rotate(-18 200 200)" />
          <circle cx="272" cy="100" r="33" className="piece" />
        </svg>
        <p>{t('signIn.motto')}</p>
      </div>
      <form className="sign-in-form" onSubmit={(e) => void send(e)} noValidate>
        <div className="sign-in-top">
          <span className="brand">
            <Mark size={28} /> Aftercare
          </span>
          <Switches />
        </div>
        <h1>{t(step === 'code' ? 'signIn.codeTitle' : 'signIn.title')}</h1>
        {problem && (
          <p className="notice is-wrong" role="alert">
            <Icon name="warning" size={18} />
            <span>
              {problemText(problem, t, has)}
              {problem.retryAfter && ` ${t('signIn.wait', { count: problem.retryAfter })}`}
            </span>
          </p>
        )}
        {step === 'password' ? (
          <>
            <Field label={t('signIn.email')}>
              <Input ref={first} type="email" autoComplete="username" inputMode="email" required value={email} onChange={(e) => setEmail(e.target.value)} />
            </Field>
            <Field label={t('signIn.password')}>
              <span className="with-eye">
                <Input type={shown ? 'text' : 'password'} autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.target.value)} />
                <IconButton small icon="eye" label={t(shown ? 'signIn.hide' : 'signIn.show')} aria-pressed={shown} onClick={() => show(!shown)} />
              </span>
            </Field>
          </>
        ) : (
          <Field label={t('signIn.code')} hint={t('signIn.codeHint')}>
            <Input ref={first} className="code-input" inputMode="numeric" autoComplete="one-time-code" pattern="\d{6}" maxLength={6} required value={code} onChange={(e) => setCode(e.target.value.replace(/\D/g, ''))} />
          </Field>
        )}
        <Button type="submit" kind="primary" wide busy={busy} disabled={step === 'code' ? code.length < 6 : !email || !password}>
          {t('signIn.submit')}
        </Button>
        {step === 'code' ? (
          <Button kind="quiet" icon="back" onClick={() => setStep('password')}>
            {t('action.back')}
          </Button>
        ) : (
          <p className="muted small">{t('signIn.help')}</p>
        )}
      </form>
    </main>
  )
}
