/** What the pages about costs share: names, amounts for axes, the currency that is looked at. */
import { useState } from 'react'
import type { CostKind, CostSummary } from '../api/schema'
import { useText } from '../i18n'
import { minorDigits } from '../i18n/format'
import { useWords } from './data'

export const groups = ['work', 'parcels', 'goods', 'money', 'recovered', 'other'] as const
export type Group = (typeof groups)[number]

/** Amounts for axes: units, not minor units. */
export const major = (cents: number, currency: string) => cents / 10 ** minorDigits(currency)

export interface CostCell {
  value: string | null
  label: string | null
}

/** What values of a cut are called. */
export function useCutName(): (by: string, cell: CostCell) => string {
  const { t, has } = useText()
  const word = useWords()
  return (by, { value, label }) => {
    if (value === null) return t('costs.none')
    if (label) return label
    if (by === 'claim_kind') return word('kind', value)
    if (by === 'reason') return word('reason', value)
    if (by === 'kind') return t(`costs.kind.${value as CostKind}`)
    for (const group of ['channel', 'category', 'carrier']) if (by === group && has(`costs.${group}.${value}`)) return t(`costs.${group}.${value}`)
    return value
  }
}

/** One currency at a time: the one picked, else the one with most in it. */
export function useCurrency(summary: CostSummary | undefined) {
  const [picked, pick] = useState('')
  const all = summary?.currencies ?? []
  const most = [...all].sort((a, b) => b.cases - a.cases)[0]
  const one = all.find((c) => c.currency === picked) ?? most
  return { one, all: all.map((c) => c.currency), pick }
}
