import { ButtonLink, EmptyState } from '../design'
import { useText } from '../i18n'

/** The page is there, this role may not open it: said as it is. The words are the face's, which keeps them out of the portal's. */
export function NotAllowed({ title, text, home }: { title: string; text: string; home: string }) {
  const { t } = useText()
  return (
    <EmptyState
      drawing="lost"
      title={title}
      text={text}
      action={
        <ButtonLink kind="primary" href={home}>
          {t('action.home')}
        </ButtonLink>
      }
    />
  )
}
