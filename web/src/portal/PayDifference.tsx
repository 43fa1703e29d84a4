/** What an exchange costs more, paid by the customer: at the provider's own page, or with a code to scan. */
import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { asProblem, newKey, problemText } from '../api/client'
import { Button, Icon, Sheet } from '../design'
import { useText } from '../i18n'
import { type Claim, post, refresh } from './data'

interface Payable {
  address: string | null
  amount_cents: number
  currency: string
}

export default function PayDifference({ claim, onClose }: { claim: Claim; onClose: () => void }) {
  const { t, has, fmt } = useText()
  const queries = useQueryClient()
  const key = useRef(newKey())
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<string | null>(null)
  const [code, setCode] = useState<string | null>(null)
  const amount = fmt.money(claim.difference_cents, claim.currency)
  const pay = async () => {
    setBusy(true)
    setWrong(null)
    try {
      const { address } = await post<Payable>(`/my/claims/${claim.id}/pay-difference`, {}, key.current)
      if (address === null) {
        refresh(queries)
        return onClose()
      }
      if (/^(https?:|\/)/.test(address)) return window.location.assign(address)
      const { default: qrcode } = await import('qrcode-generator')
      const made = qrcode(0, 'M')
      made.addData(address)
      made.make()
      setCode(made.createDataURL(6, 12))
    } catch (error) {
      const told = asProblem(error)
      setWrong(problemText(told, t, has))
      if (told.status === 409) refresh(queries)
    }
    setBusy(false)
  }
  return (
    <Sheet
      open
      onClose={onClose}
      title={t('pay.title')}
      actions={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          {!code && (
            <Button kind="primary" busy={busy} onClick={() => void pay()}>
              {t('pay.do', { amount })}
            </Button>
          )}
        </>
      }
    >
      <div className="stack">
        {code ? (
          <>
            <img src={code} alt={t('pay.code')} style={{ inlineSize: 'min(240px, 100%)', marginInline: 'auto', display: 'block' }} />
            <p>{t('pay.scan', { amount })}</p>
          </>
        ) : (
          <p>{t('pay.text', { amount })}</p>
        )}
        {wrong && (
          <p className="field-error" role="alert">
            <Icon name="warning" size={16} />
            <span>{wrong}</span>
          </p>
        )}
      </div>
    </Sheet>
  )
}
