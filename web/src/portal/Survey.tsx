/** Three short questions once a matter is settled; asked once, all may be left out but one. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useId, useRef, useState } from 'react'
import { asProblem, newKey, problemText } from '../api/client'
import { Button, Field, Icon, Section, Textarea } from '../design'
import { useText } from '../i18n'
import { get, post } from './data'
import s from './Survey.module.css'

interface Survey {
  state: 'early' | 'open' | 'answered' | 'over'
  satisfied: number | null
  effort: number | null
  recommend: number | null
}

export default function Survey({ caseId }: { caseId: string }) {
  const { t, has } = useText()
  const queries = useQueryClient()
  const path = `/my/cases/${caseId}/survey`
  const survey = useQuery({ queryKey: ['survey', caseId], queryFn: ({ signal }) => get<Survey>(path, signal), staleTime: 60_000 })
  const key = useRef(newKey())
  const [satisfied, setSatisfied] = useState<number | null>(null)
  const [effort, setEffort] = useState<number | null>(null)
  const [recommend, setRecommend] = useState<number | null>(null)
  const [comment, setComment] = useState('')
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<string | null>(null)
  // What cannot be asked now is not spoken of.
  if (survey.data?.state === 'answered')
    return (
      <p className={s.thanks} role="status">
        <Icon name="check" size={18} /> {t('survey.thanks')}
      </p>
    )
  if (survey.data?.state !== 'open') return null
  const send = async () => {
    setBusy(true)
    setWrong(null)
    try {
      queries.setQueryData(['survey', caseId], await post<Survey>(path, { satisfied, effort, recommend, comment }, key.current))
    } catch (error) {
      const told = asProblem(error)
      setWrong(problemText(told, t, has))
      if (told.status === 409) void survey.refetch()
    }
    setBusy(false)
  }
  const some = satisfied !== null || effort !== null || recommend !== null
  return (
    <Section title={t('survey.title')} lead={t('survey.lead')}>
      <form
        className={s.survey}
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <Scale question={t('survey.satisfied')} from={1} to={5} low={t('survey.unsatisfiedEnd')} high={t('survey.satisfiedEnd')} value={satisfied} onPick={setSatisfied} />
        <Scale question={t('survey.effort')} from={1} to={7} low={t('survey.hard')} high={t('survey.easy')} value={effort} onPick={setEffort} />
        <Scale question={t('survey.recommend')} from={0} to={10} low={t('survey.never')} high={t('survey.surely')} value={recommend} onPick={setRecommend} />
        {some && (
          <Field label={t('survey.comment')} optional>
            <Textarea rows={2} value={comment} maxLength={1000} onChange={(event) => setComment(event.target.value)} />
          </Field>
        )}
        {wrong && (
          <p className="field-error" role="alert">
            {wrong}
          </p>
        )}
        <Button type="submit" kind="primary" busy={busy} disabled={!some}>
          {t('survey.send')}
        </Button>
      </form>
    </Section>
  )
}

function Scale({ question, from, to, low, high, value, onPick }: { question: string; from: number; to: number; low: string; high: string; value: number | null; onPick: (value: number) => void }) {
  const name = useId()
  return (
    <fieldset className={s.scale}>
      <legend>{question}</legend>
      <div className={s.steps}>
        {Array.from({ length: to - from + 1 }, (_, i) => from + i).map((step) => (
          <label key={step}>
            <input type="radio" className="sr" name={name} checked={value === step} onChange={() => onPick(step)} aria-label={step === from ? `${step} ${low}` : step === to ? `${step} ${high}` : String(step)} />
            <span aria-hidden="true">{step}</span>
          </label>
        ))}
      </div>
      <div className={s.ends} aria-hidden="true">
        <span>{low}</span>
        <span>{high}</span>
      </div>
    </fieldset>
  )
}
