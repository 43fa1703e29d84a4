/** ISO 8601 duration in seconds ('P2DT12H', 'PT1H30M'). */
export function secondsOf(duration: string): number {
  const m = /^P(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(duration)
  if (!m) return 0
  const [, d = 0, h = 0, min = 0, s = 0] = m.map((v) => Number(v ?? 0))
  return d * 86_400 + h * 3600 + min * 60 + s
}
