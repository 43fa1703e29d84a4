/** Choosing shops: a list where there are few, typed words where there are many. */
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { Checkbox, type Choice, Icon, Select, Tag, useFieldProps } from '../design'
import { useText } from '../i18n'
import { useShops } from './data'
import { LONGEST_LIST, matching } from './finding'
import './shops.css'

/** One shop. `every`: all of them together can be chosen as well, in words of the page's own if it has some. */
export function ShopPicker({ value, onPick, every = true, disabled }: { value: string; onPick: (shop: string) => void; every?: boolean | string; disabled?: boolean }) {
  const { t } = useText()
  const { shops } = useShops()
  if (shops.length < 2 && every === true) return null
  const all = every ? [{ value: '', label: every === true ? t('scope.everyShop') : every }] : []
  const choices = [...all, ...shops.map((s) => ({ value: s.id, label: s.name }))]
  if (shops.length > LONGEST_LIST) return <Finder label={t('scope.shop')} value={value} choices={choices} onPick={onPick} disabled={disabled} />
  return <Select aria-label={t('scope.shop')} value={value} onPick={onPick} choices={choices} disabled={disabled} placeholder={every || value ? undefined : t('scope.pickShop')} />
}

/** Several shops: a box for each, or, where there are many, those chosen and a field that adds one. */
export function ShopChecks({ value, onChange, except, disabled }: { value: readonly string[]; onChange: (shops: string[]) => void; except?: string; disabled?: boolean }) {
  const { t } = useText()
  const { shops, nameOf } = useShops()
  const offered = shops.filter((s) => s.id !== except)
  const without = (id: string) => value.filter((one) => one !== id)
  if (offered.length <= LONGEST_LIST) return offered.map((s) => <Checkbox key={s.id} label={s.name} checked={value.includes(s.id)} disabled={disabled} onChange={(e) => onChange(e.target.checked ? [...value, s.id] : without(s.id))} />)
  return (
    <>
      {value.length > 0 && (
        <div className="chosen-shops">
          {value.map((id) => (
            <Tag key={id}>
              {nameOf(id)}
              {!disabled && (
                <button type="button" aria-label={t('scope.without', { shop: nameOf(id) })} onClick={() => onChange(without(id))}>
                  <Icon name="close" size={16} />
                </button>
              )}
            </Tag>
          ))}
        </div>
      )}
      {!disabled && <Finder label={t('scope.addShop')} value="" choices={offered.filter((s) => !value.includes(s.id)).map((s) => ({ value: s.id, label: s.name }))} onPick={(id) => onChange([...value, id])} />}
    </>
  )
}

/** A field in which typed words find one of many. Arrows move, Enter takes, Esc leaves it as it was. */
function Finder({ label, value, choices, onPick, disabled }: { label: string; value: string; choices: readonly Choice[]; onPick: (value: string) => void; disabled?: boolean }) {
  const { t, fmt } = useText()
  const id = useId()
  const field = useFieldProps()
  /** What is typed; null while nobody looks for anything. */
  const [typed, type] = useState<string | null>(null)
  const [at, setAt] = useState(0)
  const { shown, more } = matching(choices, typed ?? '')
  const list = useRef<HTMLDivElement>(null)
  const chosen = choices.find((c) => c.value === value)?.label ?? ''
  const seeking = typed !== null
  // In a dialog its foot would cover the list.
  useEffect(() => {
    if (seeking) list.current?.scrollIntoView({ block: 'nearest' })
  }, [seeking])
  const seek = (words: string) => {
    type(words)
    setAt(Math.max(0, words ? 0 : shown.findIndex((c) => c.value === value)))
  }
  const pick = (choice: Choice | undefined) => {
    if (!choice) return
    type(null)
    onPick(choice.value)
  }
  const move = (to: number) => {
    const next = Math.min(shown.length - 1, Math.max(0, to))
    setAt(next)
    document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: 'nearest' })
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (!seeking) {
      if (event.key !== 'ArrowDown' && event.key !== 'Enter') return
      seek('')
    } else if (event.key === 'ArrowDown') move(at + 1)
    else if (event.key === 'ArrowUp') move(at - 1)
    else if (event.key === 'Enter') pick(shown[at])
    else if (event.key === 'Escape') type(null)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <span className="select finder">
      <input
        {...field}
        className="input"
        role="combobox"
        aria-label={label}
        aria-expanded={seeking}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={seeking && shown[at] ? `${id}-${at}` : undefined}
        autoComplete="off"
        spellCheck={false}
        disabled={disabled}
        placeholder={(seeking && chosen) || t('scope.findShop')}
        value={typed ?? chosen}
        onFocus={(e) => e.target.select()}
        onPointerUp={() => !seeking && seek('')}
        onChange={(e) => seek(e.target.value)}
        onBlur={() => type(null)}
        onKeyDown={onKey}
      />
      <Icon name="down" size={16} />
      {seeking && (
        // A press in the list leaves the field its focus.
        <div ref={list} role="listbox" id={`${id}-list`} aria-label={label} className="menu-list at-start finder-list" onPointerDown={(e) => e.preventDefault()}>
          {shown.map((choice, i) => (
            <div key={choice.value} id={`${id}-${i}`} role="option" aria-selected={choice.value === value} data-at={i === at || undefined} className="one-line" onPointerMove={() => setAt(i)} onClick={() => pick(choice)}>
              {choice.label}
            </div>
          ))}
          {!shown.length && <p>{t('scope.noneFound')}</p>}
          {more > 0 && <p>{t('scope.moreShops', { count: fmt.number(more) })}</p>}
        </div>
      )}
    </span>
  )
}
