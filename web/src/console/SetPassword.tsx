import { type FormEvent, useState } from 'react'
import { api, ask, asProblem, type Problem } from '../api/client'
import { Button, ButtonLink, Field, Input, Mark } from '../design'
import { useText } from '../i18n'
import { Switches } from '../shell/Switches'
import { Refusal } from './Refusal'
import { useLacks } from './useLacks'

/** Where the link of an invitation or a reset leads. The token stands behind '#', so that no server log keeps it. */
export function SetPassword() {
  const { t } = useText()
  const lacks = useLacks()
  const token = location.hash.slice(1)
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const [busy, setBusy] = useState(false)
  const [done, setDone] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const send = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      await ask(api.POST('/api/password-links/confirm', { body: { token, password } }))
      history.replaceState(null, '', location.pathname)
      setDone(true)
    } catch (error) {
      setProblem(asProblem(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <main className="set-password">
      <div className="sign-in-top">
        <span className="brand">
          <Mark size={28} /> Aftercare
        </span>
        <Switches />
      </div>
      <h1>{t('setPassword.title')}</h1>
      {done ? (
        <>
          <p>{t('setPassword.done')}</p>
          <ButtonLink kind="primary" href="/console">
            {t('signIn.submit')}
          </ButtonLink>
        </>
      ) : !token ? (
        <p>{t('setPassword.noLink')}</p>
      ) : (
        <form className="form-stack" onSubmit={(e) => void send(e)}>
          <Refusal problem={problem} />
          <Field label={t('account.fresh')} hint={t('account.freshHint')}>
            <Input type="password" autoComplete="new-password" value={password} onChange={(e) => setPassword(e.target.value)} />
          </Field>
          <Field label={t('setPassword.again')} error={again && again !== password ? t('setPassword.differ') : undefined}>
            <Input type="password" autoComplete="new-password" value={again} onChange={(e) => setAgain(e.target.value)} />
          </Field>
          <Button type="submit" kind="primary" wide busy={busy} why={lacks(!password && t('account.fresh'), !again && t('setPassword.again')) ?? (password !== again && t('setPassword.differ'))}>
            {t('setPassword.save')}
          </Button>
        </form>
      )}
    </main>
  )
}
