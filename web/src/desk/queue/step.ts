/** Which case comes next. One that has left the queue, since it was answered, leaves its place: what stands there now is next. */
export function stepFrom(ids: readonly string[], at: number, stoodAt: number, by: 1 | -1): string | undefined {
  const wanted = at >= 0 ? at + by : stoodAt < 0 ? 0 : by > 0 ? stoodAt : stoodAt - 1
  return ids[Math.max(0, Math.min(ids.length - 1, wanted))]
}
