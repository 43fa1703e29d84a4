import { useText } from '../i18n'

/** What a form still needs before it can be sent, in words ('还差：名称、网址'); null when nothing. Give what each missing field is called. */
export function useLacks(): (...missing: readonly (string | null | undefined | false)[]) => string | null {
  const { t, fmt } = useText()
  return (...missing) => {
    const named = missing.filter((one): one is string => !!one)
    return named.length ? t('form.lacks', { what: fmt.list(named) }) : null
  }
}
