import type { WhatIf } from '../api/schema'

/** What a carrier's parcels cost with it and with another, and how many they are: those of the directions in which both carry, each direction at its own prices. */
export function switched(carriers: WhatIf['carriers'], from: string, to: string): { parcels: number; now: number; then: number } {
  const sum = { parcels: 0, now: 0, then: 0 }
  for (const own of carriers.filter((x) => x.carrier === from)) {
    const other = carriers.find((x) => x.carrier === to && x.kind === own.kind)
    if (!other) continue
    sum.parcels += own.parcels
    sum.now += own.parcels * own.per_parcel_cents
    sum.then += own.parcels * other.per_parcel_cents
  }
  return sum
}
