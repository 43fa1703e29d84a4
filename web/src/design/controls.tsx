import {
  type AnchorHTMLAttributes,
  type ButtonHTMLAttributes,
  createContext,
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useContext,
  useId,
} from 'react'
import { useText } from '../i18n'
import { Icon, type IconName } from './icons'

const join = (...names: (string | false | undefined | null)[]) => names.filter(Boolean).join(' ')

export type ButtonKind = 'primary' | 'secondary' | 'quiet' | 'harm'

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary` at most once per screen; `harm` only for what hurts and cannot be taken back. */
  kind?: ButtonKind
  small?: boolean
  wide?: boolean
  icon?: IconName
  /** Shows that it is working and takes no second press, keeping its place for the screen reader. */
  busy?: boolean
  /** Why it cannot be pressed yet, told beside it ('还差：名称'); it can be pressed when there is nothing to tell. */
  why?: string | null | false
  ref?: Ref<HTMLButtonElement>
}

export function Button({ kind = 'secondary', small, wide, icon, busy, why, className, children, onClick, type = 'button', ...rest }: ButtonProps) {
  const id = useId()
  const button = (
    <button
      {...rest}
      type={type}
      aria-busy={busy || undefined}
      aria-disabled={busy || !!why || undefined}
      aria-describedby={why ? id : rest['aria-describedby']}
      onClick={busy || why ? (event) => event.preventDefault() : onClick}
      className={join('button', `is-${kind}`, small && 'is-small', wide && 'is-wide', className)}
    >
      {busy ? <span className="spinner" aria-hidden="true" /> : icon && <Icon name={icon} size={18} />}
      {children}
    </button>
  )
  // The place of the words stays, so that the button keeps the focus when they go.
  if (why === undefined) return button
  return (
    <span className={join('button-with-why', wide && 'is-wide')}>
      {button}
      <span id={id} className="button-why" role="status">
        {why}
      </span>
    </span>
  )
}

/** A link that looks like a button; for places to go, not for things to do. */
export function ButtonLink({
  kind = 'secondary',
  small,
  wide,
  icon,
  className,
  children,
  ...rest
}: AnchorHTMLAttributes<HTMLAnchorElement> & Pick<ButtonProps, 'kind' | 'small' | 'wide' | 'icon'>) {
  return (
    <a {...rest} className={join('button', `is-${kind}`, small && 'is-small', wide && 'is-wide', className)}>
      {icon && <Icon name={icon} size={18} />}
      {children}
    </a>
  )
}

export interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  icon: IconName
  label: string
  small?: boolean
  ref?: Ref<HTMLButtonElement>
}

export function IconButton({ icon, label, small, className, ...rest }: IconButtonProps) {
  return (
    <button type="button" title={label} {...rest} aria-label={label} className={join('icon-button', small && 'is-small', className)}>
      <Icon name={icon} size={small ? 18 : 20} />
    </button>
  )
}

interface FieldIds {
  id: string
  describedBy: string | undefined
  invalid: boolean
  required: boolean
}
const FieldContext = createContext<FieldIds | null>(null)

export interface FieldProps {
  label: ReactNode
  /** How to fill it in; always visible. */
  hint?: ReactNode
  /** What is wrong and how to put it right. */
  error?: ReactNode
  required?: boolean
  optional?: boolean
  children: ReactNode
}

/** Label, control, hint and error, tied together for the screen reader. */
export function Field({ label, hint, error, required = false, optional, children }: FieldProps) {
  const { t } = useText()
  const id = useId()
  const describedBy = join(hint ? `${id}-hint` : '', error ? `${id}-error` : '') || undefined
  return (
    <div className={join('field', !!error && 'is-wrong')}>
      <label htmlFor={id} className="field-label">
        {label}
        {optional && <span className="field-optional">{t('field.optional')}</span>}
      </label>
      <FieldContext value={{ id, describedBy, invalid: !!error, required }}>{children}</FieldContext>
      {hint && (
        <p id={`${id}-hint`} className="field-hint">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="field-error" role="alert">
          <Icon name="warning" size={16} />
          <span>{error}</span>
        </p>
      )}
    </div>
  )
}

/** What a control of one's own takes to be tied to the field around it. */
export function useFieldProps() {
  const field = useContext(FieldContext)
  if (!field) return {}
  return {
    id: field.id,
    'aria-describedby': field.describedBy,
    'aria-invalid': field.invalid || undefined,
    required: field.required || undefined,
  }
}

export function Input({ className, icon, ...rest }: InputHTMLAttributes<HTMLInputElement> & { icon?: IconName; ref?: Ref<HTMLInputElement> }) {
  const field = useFieldProps()
  const input = <input {...field} {...rest} className={join('input', icon && 'has-icon', className)} />
  if (!icon) return input
  return (
    <span className="input-with-icon">
      <Icon name={icon} size={18} />
      {input}
    </span>
  )
}

export function Textarea({ className, ...rest }: TextareaHTMLAttributes<HTMLTextAreaElement> & { ref?: Ref<HTMLTextAreaElement> }) {
  const { t, fmt } = useText()
  const field = useFieldProps()
  const { value, maxLength } = rest
  return (
    <>
      <textarea rows={4} {...field} {...rest} className={join('input', 'textarea', className)} />
      {/* The browser cuts off what is too long without a word. */}
      {!!maxLength && typeof value === 'string' && value.length >= maxLength && (
        <p className="field-hint" role="status">
          {t('field.full', { max: fmt.number(maxLength) })}
        </p>
      )}
    </>
  )
}

export interface Choice<V extends string = string> {
  value: V
  label: string
  disabled?: boolean
}

export function Select<V extends string>({
  choices,
  onPick,
  placeholder,
  className,
  value,
  ...rest
}: Omit<SelectHTMLAttributes<HTMLSelectElement>, 'value' | 'onChange'> & {
  choices: readonly Choice<V>[]
  value: V | ''
  onPick: (value: V) => void
  placeholder?: string
}) {
  return (
    <span className={join('select', className)}>
      <select {...useFieldProps()} {...rest} className="input" value={value} onChange={(e) => onPick(e.target.value as V)}>
        {placeholder !== undefined && (
          <option value="" disabled>
            {placeholder}
          </option>
        )}
        {choices.map((c) => (
          <option key={c.value} value={c.value} disabled={c.disabled}>
            {c.label}
          </option>
        ))}
      </select>
      <Icon name="down" size={16} />
    </span>
  )
}

export function Checkbox({ label, hint, className, ...rest }: InputHTMLAttributes<HTMLInputElement> & { label: ReactNode; hint?: ReactNode }) {
  const id = useId()
  return (
    <div className={join('checkbox', className)}>
      <input type="checkbox" {...rest} id={id} aria-describedby={hint ? `${id}-hint` : undefined} />
      <label htmlFor={id}>
        {label}
        {hint && (
          <span id={`${id}-hint`} className="field-hint">
            {hint}
          </span>
        )}
      </label>
    </div>
  )
}

export interface RadioCard<V extends string> {
  value: V
  title: ReactNode
  text?: ReactNode
  /** What the choice means in money or days; stands at the right. */
  aside?: ReactNode
  icon?: IconName
  disabled?: boolean
  /** Told when disabled: why not. */
  why?: ReactNode
}

/** One of a few, each with its consequence told before choosing. Best first. */
export function RadioCards<V extends string>({
  legend,
  hideLegend,
  value,
  onPick,
  cards,
  error,
}: {
  legend: string
  hideLegend?: boolean
  value: V | null
  onPick: (value: V) => void
  cards: readonly RadioCard<V>[]
  error?: ReactNode
}) {
  const name = useId()
  return (
    <fieldset className="radio-cards" aria-describedby={error ? `${name}-error` : undefined}>
      <legend className={hideLegend ? 'sr' : 'field-label'}>{legend}</legend>
      {cards.map((card) => (
        <label key={card.value} className={join('radio-card', card.disabled && 'is-disabled')}>
          <input
            type="radio"
            name={name}
            value={card.value}
            checked={value === card.value}
            disabled={card.disabled}
            onChange={() => onPick(card.value)}
          />
          {card.icon && <Icon name={card.icon} />}
          <span className="radio-card-text">
            <span className="radio-card-title">{card.title}</span>
            {card.text && <span className="muted small">{card.text}</span>}
            {card.disabled && card.why && <span className="muted small">{card.why}</span>}
          </span>
          {card.aside && <span className="radio-card-aside">{card.aside}</span>}
        </label>
      ))}
      {error && (
        <p id={`${name}-error`} className="field-error" role="alert">
          <Icon name="warning" size={16} />
          <span>{error}</span>
        </p>
      )}
    </fieldset>
  )
}

/** Quantity between `min` and `max`, by thumb or by typing. */
export function Stepper({ label, value, onChange, min = 0, max }: { label: string; value: number; onChange: (n: number) => void; min?: number; max: number }) {
  const { t } = useText()
  const set = (n: number) => onChange(Math.min(max, Math.max(min, Math.trunc(n) || 0)))
  return (
    <div className="stepper" role="group" aria-label={label}>
      <button type="button" aria-label={t('stepper.less')} disabled={value <= min} onClick={() => set(value - 1)}>
        <Icon name="minus" size={16} />
      </button>
      <input
        inputMode="numeric"
        aria-label={label}
        value={value}
        role="spinbutton"
        aria-valuenow={value}
        aria-valuemin={min}
        aria-valuemax={max}
        onFocus={(e) => e.target.select()}
        onChange={(e) => set(Number(e.target.value.replace(/\D/g, '')))}
        onKeyDown={(e) => {
          if (e.key === 'ArrowUp') set(value + 1)
          else if (e.key === 'ArrowDown') set(value - 1)
          else return
          e.preventDefault()
        }}
      />
      <button type="button" aria-label={t('stepper.more')} disabled={value >= max} onClick={() => set(value + 1)}>
        <Icon name="plus" size={16} />
      </button>
    </div>
  )
}

/** Two to five exclusive short choices in a row (a filter, a period). */
export function Segmented<V extends string>({ label, value, onPick, choices }: { label: string; value: V; onPick: (value: V) => void; choices: readonly Choice<V>[] }) {
  const name = useId()
  return (
    <div className="segmented" role="radiogroup" aria-label={label}>
      {choices.map((c) => (
        <label key={c.value}>
          <input type="radio" name={name} className="sr" checked={value === c.value} disabled={c.disabled} onChange={() => onPick(c.value)} />
          <span>{c.label}</span>
        </label>
      ))}
    </div>
  )
}
