import { type Problem, problemText } from '../api/client'
import { Icon } from '../design'
import { useText } from '../i18n'

/** Why it was refused, beside the button that asked. */
export function Refusal({ problem }: { problem: Problem | null }) {
  const { t, has } = useText()
  if (!problem) return null
  return (
    <p className="refusal" role="alert">
      <Icon name="warning" size={18} />
      <span>
        {problemText(problem, t, has)}
        {problem.requestId && <span className="small"> · {problem.requestId}</span>}
      </span>
    </p>
  )
}
