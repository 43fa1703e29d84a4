import { useState } from 'react'
import { Button, Checkbox, Dialog, Field, Input, Select } from '../design'
import { useText } from '../i18n'
import { useWords } from './data'
import { type AutomaticRule, type FieldName, fieldKinds, type PolicyDocument, testOf, withNewRule } from './policy'
import { useLacks } from './useLacks'

const kinds = ['cancel_unshipped', 'refund_only', 'return_refund', 'exchange', 'resend', 'repair', 'refuse_parcel', 'compensation'] as const
const outcomes = ['approve', 'manual', 'reject'] as const
const fields = Object.keys(fieldKinds) as FieldName[]

/** A new rule for one part of the policy: what it is about, and one condition; the rest is edited on its card. */
export function AddRule({ list, policy, currency, onAdd }: { list: 'grants' | 'exclusions' | 'terms' | 'automatic'; policy: PolicyDocument; currency: string; onAdd: (policy: PolicyDocument) => void }) {
  const { t } = useText()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button small icon="plus" onClick={() => setOpen(true)}>
        {t('policy.add')}
      </Button>
      {open && <Form list={list} policy={policy} currency={currency} onAdd={onAdd} onClose={() => setOpen(false)} />}
    </>
  )
}

function Form({ list, policy, currency, onAdd, onClose }: Parameters<typeof AddRule>[0] & { onClose: () => void }) {
  const { t } = useText()
  const lacks = useLacks()
  const word = useWords()
  const [chosen, choose] = useState<string[]>([])
  const [outcome, setOutcome] = useState<AutomaticRule['outcome']>('manual')
  const [field, setField] = useState<FieldName | ''>(list === 'exclusions' ? 'category' : '')
  const [op, setOp] = useState<'at_least' | 'at_most'>('at_most')
  const [typed, setTyped] = useState('')
  const [days, setDays] = useState('7')
  const [text, setText] = useState('')
  const digits = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
  const test = field ? testOf(field, op, typed, digits) : null
  const told = list === 'grants' || list === 'exclusions'
  const add = () => {
    onAdd(withNewRule(policy, list, { kinds: chosen, when: test ? [test] : [], outcome, days: Math.trunc(Number(days)) || 0, text: text.trim() }))
    onClose()
  }
  return (
    <Dialog
      open
      form="side"
      onClose={onClose}
      title={t('policy.add')}
      actions={
        <Button kind="primary" why={lacks(!chosen.length && t('cut.kind'), told && !text.trim() && t('policy.sentence'), (field ? !test : list === 'exclusions') && t('policy.value'))} onClick={add}>
          {t('policy.addIt')}
        </Button>
      }
    >
      <div className="form-stack">
        <fieldset className="form-stack">
          <legend className="field-label">{t('cut.kind')}</legend>
          {kinds.map((k) => (
            <Checkbox key={k} label={word('kind', k)} checked={chosen.includes(k)} onChange={(e) => choose(e.target.checked ? [...chosen, k] : chosen.filter((one) => one !== k))} />
          ))}
        </fieldset>
        {list === 'automatic' && (
          <Field label={t('policy.outcome')}>
            <Select value={outcome} onPick={setOutcome} choices={outcomes.map((o) => ({ value: o, label: t(`outcome.${o}`) }))} />
          </Field>
        )}
        {list === 'grants' && (
          <Field label={t('policy.daysAfterDelivery')} hint={t('policy.daysHint')}>
            <Input type="number" min={0} max={3650} value={days} onChange={(e) => setDays(e.target.value)} />
          </Field>
        )}
        {told && (
          <Field label={t('policy.sentence')} hint={t('policy.sentenceHint')} required>
            <Input maxLength={200} value={text} onChange={(e) => setText(e.target.value)} />
          </Field>
        )}
        <Field label={t('policy.condition')}>
          <Select value={field} onPick={(v) => { setField(v); setTyped('') }} choices={[...(list === 'exclusions' ? [] : [{ value: '' as const, label: t('policy.noCondition') }]), ...fields.map((f) => ({ value: f, label: t(`field.${f}`) }))]} />
        </Field>
        {field && fieldKinds[field] === 'yes' && (
          <Field label={t(`field.${field}`)}>
            <Select value={typed === 'no' ? 'no' : 'yes'} onPick={setTyped} choices={[{ value: 'yes', label: t('answer.yes') }, { value: 'no', label: t('answer.no') }]} />
          </Field>
        )}
        {field && (fieldKinds[field] === 'number' || fieldKinds[field] === 'money') && (
          <Field label={t('policy.limit')}>
            <Select value={op} onPick={setOp} choices={[{ value: 'at_most', label: t('op.at_most') }, { value: 'at_least', label: t('op.at_least') }]} />
          </Field>
        )}
        {field && fieldKinds[field] !== 'yes' && (
          <Field label={t('policy.value')} hint={fieldKinds[field] === 'text' ? t('policy.valueHint') : fieldKinds[field] === 'money' ? currency : undefined} required>
            <Input inputMode={fieldKinds[field] === 'text' ? undefined : 'decimal'} value={typed} onChange={(e) => setTyped(e.target.value)} />
          </Field>
        )}
      </div>
    </Dialog>
  )
}
