/** Why a provider did not pay, and what helps. */
import { useText } from '../i18n'

/** Asking the provider again will not mend these. */
const LASTING = new Set(['account_closed', 'already_refunded', 'disputed_at_bank', 'key_used_otherwise', 'more_than_was_paid', 'not_found', 'refused'])

export const isLasting = (failure: string | null): boolean => failure !== null && LASTING.has(failure)

export function useFailureWords(): (failure: string) => string {
  const { t, has } = useText()
  return (failure) => (has(`refundFailure.${failure}`) ? t(`refundFailure.${failure}`) : `${t('refundFailure.unknown')} (${failure})`)
}
