import { expect, it } from 'vitest'
import { switched } from './carriers'

it('compares two carriers by the parcels that would change, each direction at its own price', () => {
  const carriers = [
    { kind: 'freight_back', carrier: 'yunda', parcels: 5, per_parcel_cents: 760 },
    { kind: 'freight_back', carrier: 'shunfeng', parcels: 2, per_parcel_cents: 1180 },
    { kind: 'freight_out', carrier: 'yunda', parcels: 6, per_parcel_cents: 680 },
    { kind: 'freight_out', carrier: 'shunfeng', parcels: 3, per_parcel_cents: 1600 },
    { kind: 'freight_out', carrier: 'jd', parcels: 3, per_parcel_cents: 1300 },
  ]
  expect(switched(carriers, 'shunfeng', 'yunda')).toEqual({ parcels: 5, now: 7160, then: 3560 })
  expect(switched(carriers, 'shunfeng', 'jd')).toEqual({ parcels: 3, now: 4800, then: 3900 })
  expect(switched(carriers, 'jd', 'nobody')).toEqual({ parcels: 0, now: 0, then: 0 })
})
