import { useParams, useSearch } from 'wouter'
import { Customer } from '../customer/CustomerPane'
import css from './screens.module.css'

export default function CustomerPage() {
  const { id } = useParams<{ id: string }>()
  const order = new URLSearchParams(useSearch()).get('order') ?? undefined
  return (
    <div className={css.narrow}>
      <Customer key={`${id}${order}`} id={id} openOrder={order} />
    </div>
  )
}
