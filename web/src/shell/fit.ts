/** How well a command fits what was typed; 0 when it does not. Every typed word must occur; beginnings count more. */
export function fit(typed: string, title: string, words = ''): number {
  const name = title.toLowerCase()
  const all = `${name} ${words.toLowerCase()}`
  let score = 1
  for (const part of typed.toLowerCase().split(/\s+/).filter(Boolean)) {
    if (name.startsWith(part)) score += 4
    else if (name.includes(part)) score += 3
    else if (all.includes(part)) score += 1
    else return 0
  }
  return score
}
