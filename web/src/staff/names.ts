/** People in the order in which a reader looks for them: Chinese names by their sound or strokes, as the language has it. */
export function byName<Named extends { name: string }>(people: readonly Named[], locale: string): Named[] {
  const order = new Intl.Collator(locale, { numeric: true })
  return [...people].sort((a, b) => order.compare(a.name, b.name))
}
