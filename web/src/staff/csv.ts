export type Cell = string | number | null

/** Saves rows that the page holds as a file for spreadsheets. */
export function saveCsv(name: string, columns: readonly string[], rows: readonly (readonly Cell[])[]) {
  const cell = (v: Cell) => {
    // A cell that begins like a formula is told to be text, so that a spreadsheet does not run it.
    const text = typeof v === 'string' && /^[=+\-@\t]/.test(v) ? `'${v}` : String(v ?? '')
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  // The mark at the start lets Excel read Chinese.
  const text = `\ufeff${[columns, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}`
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  Object.assign(document.createElement('a'), { href: url, download: name }).click()
  URL.revokeObjectURL(url)
}
