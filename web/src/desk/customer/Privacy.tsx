/** Requests of a customer about the own data: handed out, or erased for good. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ask, asProblem, problemText } from '../../api/client'
import { Button, ButtonLink, Dialog, toast } from '../../design'
import { useText } from '../../i18n'
import { useMay } from '../data'

export function Privacy({ customer, name }: { customer: string; name: string }) {
  const { t, fmt, has } = useText()
  const may = useMay()
  const queries = useQueryClient()
  const [asking, setAsking] = useState(false)
  const erased = useQuery({ queryKey: ['erasure', customer], queryFn: () => ask(api.GET('/api/customers/{customer_id}/erasure', { params: { path: { customer_id: customer } } })) })
  const erase = useMutation({
    mutationFn: () => ask(api.POST('/api/customers/{customer_id}/erase', { params: { path: { customer_id: customer } } })),
    onSuccess: async () => {
      setAsking(false)
      toast(t('privacy.done'))
      await queries.invalidateQueries()
    },
    onError: (error) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' }),
  })
  return (
    <>
      {erased.data && <p className="small">{t('privacy.erased', { at: fmt.dateTime(erased.data.erased_at) })}</p>}
      {may('customers.privacy') && (
        <p>
          <ButtonLink small href={`/api/customers/${customer}/data.zip`} download>
            {t('privacy.export')}
          </ButtonLink>{' '}
          <Button small kind="harm" onClick={() => setAsking(true)}>
            {t('privacy.erase')}
          </Button>
        </p>
      )}
      <Dialog
        open={asking}
        onClose={() => setAsking(false)}
        title={t('privacy.confirm', { name: name || '·' })}
        actions={
          <>
            <Button onClick={() => setAsking(false)}>{t('action.cancel')}</Button>
            <Button kind="harm" busy={erase.isPending} onClick={() => erase.mutate()}>
              {t('privacy.do')}
            </Button>
          </>
        }
      >
        <p>{t('privacy.goes')}</p>
        <p>{t('privacy.stays')}</p>
        <p>
          <strong>{t('privacy.forever')}</strong>
        </p>
      </Dialog>
    </>
  )
}
