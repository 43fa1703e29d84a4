import { expect, it } from 'vitest'
import { chaptersOf } from './handbook'

const text = `# Handbook

## Refund only

| Step | Clock |
|---|---|
| To decide | shop decides 48 h |

\`\`\`mermaid
stateDiagram-v2
    [*] --> draft
    state "Not sent yet" as draft
    state "To decide" as pending
    state "Refunded" as refunded
    draft --> pending: Send
    pending --> refunded: Approve / At zero
    refunded --> [*]
\`\`\`
`

it('reads tables and arrows back', () => {
  const [one] = chaptersOf(text)
  expect(one).toMatchObject({ title: 'Refund only', heads: ['Step', 'Clock'], rows: [['To decide', 'shop decides 48 h']] })
  expect(one?.flow.states.map((s) => [s.id, s.rank, s.end])).toEqual([['draft', 0, false], ['pending', 1, false], ['refunded', 2, true]])
  expect(one?.flow.arrows[1]).toEqual({ from: 'pending', to: 'refunded', name: 'Approve / At zero' })
})
