import { Button, Select, Stepper, Thumb } from '../../design'
import { useText } from '../../i18n'
import type { ClaimPage, Disposition, Grade } from '../data'
import css from './case.module.css'

export const GRADES: readonly Grade[] = ['as_new', 'opened', 'used', 'damaged', 'wrong_item', 'missing']
export const DISPOSITIONS: readonly Disposition[] = ['restock', 'refurbish', 'return_to_supplier', 'recycle', 'donate', 'scrap', 'send_back']

/** What usually becomes of a grade; the warehouse may say otherwise. */
const USUAL: Record<Grade, Disposition | null> = { as_new: 'restock', opened: 'refurbish', used: 'refurbish', damaged: 'return_to_supplier', wrong_item: 'send_back', missing: null }

/** What is repaired stays the customer's: nothing becomes of it here. */
export const staysTheirs = (claim: Pick<ClaimPage, 'kind'>) => claim.kind === 'repair'

export function becomesOf(claim: Pick<ClaimPage, 'kind'>, grade: Grade, accepted: boolean): Disposition | null {
  if (grade === 'missing') return null
  if (!accepted) return 'send_back'
  if (staysTheirs(claim)) return null
  return USUAL[grade] === 'send_back' ? 'restock' : USUAL[grade]
}

export interface GradeRow {
  id: number
  line: string
  quantity: number
  grade: Grade
  accepted: boolean
  disposition: Disposition | null
  words: string
}

/** How many units of each line are there to be graded: what was counted, or all that was claimed while nothing was. */
export function toGrade(claim: ClaimPage): Record<string, number> {
  const counted = claim.state !== 'in_transit_back' && claim.state !== 'awaiting_return'
  return Object.fromEntries(claim.lines.map((l) => [l.order_line_id, counted ? l.received_quantity : l.quantity]))
}

export function emptyGrades(claim: ClaimPage): GradeRow[] {
  const there = toGrade(claim)
  return claim.lines.filter((l) => (there[l.order_line_id] ?? 0) > 0).map((l, i) => ({ id: i, line: l.order_line_id, quantity: there[l.order_line_id] ?? 0, grade: 'as_new', accepted: true, disposition: becomesOf(claim, 'as_new', true), words: '' }))
}

/** The grades cover exactly what is there. A parcel not counted yet may hold less than was claimed. */
export function gradesComplete(claim: ClaimPage, rows: readonly GradeRow[]): boolean {
  const there = toGrade(claim)
  return Object.entries(there).every(([line, wanted]) => {
    const sum = rows.filter((r) => r.line === line).reduce((n, r) => n + r.quantity, 0)
    return claim.state === 'in_transit_back' ? sum <= wanted : sum === wanted
  })
}

/** Rows of grades; a line with several units can be split over grades. */
export function Grading({ claim, rows, onChange }: { claim: ClaimPage; rows: GradeRow[]; onChange: (rows: GradeRow[]) => void }) {
  const { t } = useText()
  const there = toGrade(claim)
  const patch = (id: number, change: Partial<GradeRow>) => onChange(rows.map((r) => (r.id === id ? { ...r, ...change } : r)))
  return (
    <div className={css.grading}>
      {claim.lines.map((line) => {
        const mine = rows.filter((r) => r.line === line.order_line_id)
        const sum = mine.reduce((n, r) => n + r.quantity, 0)
        const most = there[line.order_line_id] ?? 0
        return (
          <div key={line.order_line_id} className={css.gradeLine}>
            <Thumb src={line.image} alt="" size={48} />
            <div>
              <p>{line.title}</p>
              <p className="muted small" data-wrong={sum !== most || undefined}>
                {t('grading.sum', { sum, most })}
              </p>
              {mine.map((row) => (
                <div key={row.id} className={css.gradeRow}>
                  <Stepper label={t('grading.quantity')} min={mine.length > 1 ? 1 : 0} max={most - sum + row.quantity} value={row.quantity} onChange={(quantity) => patch(row.id, { quantity })} />
                  <Select
                    aria-label={t('grading.grade')}
                    value={row.grade}
                    onPick={(grade) => {
                      const accepted = grade !== 'missing' && grade !== 'wrong_item'
                      patch(row.id, { grade, accepted, disposition: becomesOf(claim, grade, accepted) })
                    }}
                    choices={GRADES.map((g) => ({ value: g, label: t(`grade.${g}`) }))}
                  />
                  <Select
                    aria-label={t('grading.accepted')}
                    value={row.accepted ? 'yes' : 'no'}
                    onPick={(v) => patch(row.id, { accepted: v === 'yes', disposition: becomesOf(claim, row.grade, v === 'yes') })}
                    choices={[
                      { value: 'yes', label: t('grading.yes') },
                      { value: 'no', label: t('grading.no') },
                    ]}
                  />
                  {row.disposition && !staysTheirs(claim) && <Select aria-label={t('grading.disposition')} value={row.disposition} onPick={(disposition) => patch(row.id, { disposition })} choices={DISPOSITIONS.map((d) => ({ value: d, label: t(`disposition.${d}`) }))} />}
                </div>
              ))}
              {(most > 1 || sum < most) && sum >= 1 && mine.some((r) => r.quantity > 1 || sum < most) && (
                <Button
                  kind="quiet"
                  small
                  icon="plus"
                  onClick={() => {
                    const from = sum < most ? null : mine.find((r) => r.quantity > 1)
                    const kept = from ? rows.map((r) => (r.id === from.id ? { ...r, quantity: r.quantity - 1 } : r)) : rows
                    onChange([...kept, { id: Math.max(0, ...rows.map((r) => r.id)) + 1, line: line.order_line_id, quantity: from ? 1 : most - sum, grade: 'used', accepted: true, disposition: becomesOf(claim, 'used', true), words: '' }])
                  }}
                >
                  {t('grading.split')}
                </Button>
              )}
            </div>
          </div>
        )
      })}
    </div>
  )
}
