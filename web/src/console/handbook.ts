/** The printed handbook read back: each kind of claim with its table and the arrows between its states. Pure. */
export interface Chapter {
  title: string
  heads: string[]
  rows: string[][]
  flow: Flow
}

export interface Flow {
  states: { id: string; name: string; rank: number; end: boolean }[]
  arrows: { from: string; to: string; name: string }[]
}

const cells = (row: string) => row.replace(/^\||\|\s*$/g, '').split('|').map((cell) => cell.trim())

export function chaptersOf(markdown: string): Chapter[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const [title = ''] = part.split('\n')
      const table = part.split('\n').filter((line) => line.startsWith('|')).map(cells)
      const drawn = /```mermaid\n([\s\S]*?)```/.exec(part)?.[1] ?? ''
      return { title: title.trim(), heads: table[0] ?? [], rows: table.slice(2), flow: flowOf(drawn) }
    })
}

/** States with how many moves they lie from the beginning, and the arrows between them. */
export function flowOf(diagram: string): Flow {
  const names = new Map<string, string>()
  const arrows: Flow['arrows'] = []
  const ends = new Set<string>()
  for (const line of diagram.split('\n')) {
    const state = /state "(.*)" as (\w+)/.exec(line)
    if (state) names.set(state[2] ?? '', state[1] ?? '')
    const arrow = /^\s*(\w+|\[\*\]) --> (\w+|\[\*\])(?:: (.*))?$/.exec(line)
    if (!arrow) continue
    const [, from = '', to = '', name = ''] = arrow
    if (to === '[*]') ends.add(from)
    else if (from !== '[*]') arrows.push({ from, to, name })
  }
  const rank = new Map<string, number>([['draft', 0]])
  let edge = ['draft']
  while (edge.length) {
    const next: string[] = []
    for (const a of arrows)
      if (edge.includes(a.from) && !rank.has(a.to)) {
        rank.set(a.to, (rank.get(a.from) ?? 0) + 1)
        next.push(a.to)
      }
    edge = next
  }
  return { states: [...names].map(([id, name]) => ({ id, name, rank: rank.get(id) ?? 0, end: ends.has(id) })), arrows }
}
