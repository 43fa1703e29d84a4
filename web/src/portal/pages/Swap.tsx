import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Button, ErrorState, Field, Icon, Input, Thumb } from '../../design'
import { useText } from '../../i18n'
import { get, type Line, type Order, type Product } from '../data'
import { withoutLastWord } from '../parts'
import s from './Swap.module.css'

/** What an exchange sends instead, and what one of it costs more or less. */
export interface Swapped {
  id: string
  title: string
  difference_cents?: number | null
}

/** `other`: the same once more would not help, so the choice stands open, with what differs only in its last word. */
export default function Swap({ order, line, other, picked, pick }: { order: Order; line: Line; other: boolean; picked: Swapped | undefined; pick: (product: Swapped | null) => void }) {
  const { t, fmt } = useText()
  const [open, setOpen] = useState(other)
  const [text, setText] = useState(other ? withoutLastWord(line.title) : '')
  const found = useQuery({
    queryKey: ['products', order.shop_id, text],
    queryFn: ({ signal }) => get<Product[]>(`/products?shop_id=${order.shop_id}&search=${encodeURIComponent(text)}&limit=20`, signal),
    enabled: open,
  })
  const unit = line.quantity ? Math.round(line.paid_cents / line.quantity) : 0
  return (
    <div className={s.swap}>
      <p className="muted small one-line">{line.title}</p>
      <p className={s.swapTo}>
        <Icon name="refresh" size={18} />
        <strong>{picked ? picked.title : t(other ? 'apply.swapMissing' : 'apply.swapSame')}</strong>
        {(picked || !other) && (
          <Button
            kind="quiet"
            small
            onClick={() => {
              if (picked) pick(null)
              setOpen(picked ? other : !open)
            }}
            aria-expanded={picked ? undefined : open}
          >
            {t(!picked || other ? 'apply.swapOther' : 'apply.swapBack')}
          </Button>
        )}
      </p>
      {open && !picked && (
        <>
          <Field label={t('apply.swapSearch')}>
            <Input icon="search" value={text} onChange={(e) => setText(e.target.value)} />
          </Field>
          {found.error ? (
            <ErrorState compact error={found.error} onRetry={() => void found.refetch()} />
          ) : (
            <ul className="picks" role="list">
              {(found.data ?? []).filter((product) => !other || product.id !== line.product_id).map((product) => {
                const difference = product.price_cents === null ? null : product.price_cents - unit
                return (
                  <li key={product.id}>
                    <button
                      type="button"
                      onClick={() => {
                        pick({ id: product.id, title: product.title, difference_cents: difference })
                        setOpen(false)
                      }}
                    >
                      <Thumb src={product.image} alt="" size={40} />
                      <span>
                        <span className="one-line">{product.title}</span>
                        <span className="muted small">
                          {product.sku}
                          {difference !== null && <> · {difference === 0 ? t('apply.samePrice') : t(difference > 0 ? 'apply.dearer' : 'apply.cheaper', { amount: fmt.money(Math.abs(difference), product.currency) })}</>}
                        </span>
                      </span>
                      <Icon name="next" size={18} />
                    </button>
                  </li>
                )
              })}
            </ul>
          )}
          {found.data?.every((product) => other && product.id === line.product_id) && <p className="muted small">{t('apply.swapNone')}</p>}
        </>
      )}
    </div>
  )
}
