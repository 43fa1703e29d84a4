import { Button, toast } from '../design'
import { useText } from '../i18n'

/** Something that is told once: to be copied and handed on. */
export function Secret({ text }: { text: string }) {
  const { t } = useText()
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      toast(t('secret.copied'))
    } catch {
      // Over plain http there is no clipboard; the text stands there to be selected.
      toast(t('secret.byHand'), { tone: 'wrong' })
    }
  }
  return (
    <div className="secret">
      <code>{text}</code>
      <Button small icon="clip" onClick={() => void copy()}>
        {t('secret.copy')}
      </Button>
    </div>
  )
}
