/** Who left no address and has no account: there was nobody to tell. What remains of those asked when all others are counted. */
export function unreachedOf(share: { asked: number; told: number; undelivered: number; waiting: number; missing: number } | undefined): number {
  return share ? Math.max(0, share.asked - share.told - share.undelivered - share.waiting - share.missing) : 0
}
