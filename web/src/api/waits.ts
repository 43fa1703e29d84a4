export type Waited = 'customer' | 'shop' | 'carrier' | 'gateway' | 'technician' | 'arbiter'

/** For whom a claim waits in each state, as the server has it (a test holds the two together); where nobody waits it is left out. */
export const WAITING_FOR: Partial<Record<string, Waited>> = {
  draft: 'customer',
  negotiating: 'customer',
  rejected: 'customer',
  awaiting_return: 'customer',
  partly_accepted: 'customer',
  receipt_refused: 'customer',
  reshipped: 'customer',
  offline_refund: 'customer',
  collecting_evidence: 'customer',
  pending_merchant: 'shop',
  received: 'shop',
  inspecting: 'shop',
  awaiting_reship: 'shop',
  refund_failed: 'shop',
  ruled_customer: 'shop',
  in_transit_back: 'carrier',
  sending_back: 'carrier',
  refunding: 'gateway',
  visit_booking: 'technician',
  visiting: 'technician',
  repairing: 'technician',
  ready: 'technician',
  disputed: 'arbiter',
  judging: 'arbiter',
}
