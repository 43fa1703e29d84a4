/** The printed handbook, read back: each kind of claim with its steps. */

export interface Step {
  name: string
  stage: string
  owner: string
  clock: string
  atZero: string
}

export interface Chapter {
  title: string
  steps: Step[]
}

const cells = (row: string) =>
  row
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim())

/** 'Lapse → lapsed' of a step that says the same on both sides is said once. */
const once = (text: string) => (/^(.+) → \1$/.exec(text)?.[1] ?? text)

const lines = (cell: string | undefined) => (cell ?? '').split('<br>').filter(Boolean).map(once).join(' / ')

/** Tables under headings; diagrams are for the printed page. A row without a time limit is a step all the same. */
export function chaptersOf(markdown: string): Chapter[] {
  return markdown
    .replace(/```[\s\S]*?```/g, '')
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const [title = '', ...rest] = part.split('\n')
      const rows = rest.filter((line) => line.startsWith('|')).slice(2).map(cells)
      return {
        title: title.trim(),
        steps: rows.map(([name = '', stage = '', owner = '', , clock, atZero]) => ({ name, stage, owner, clock: lines(clock), atZero: lines(atZero) })),
      }
    })
    .filter((chapter) => chapter.steps.length > 0)
}
