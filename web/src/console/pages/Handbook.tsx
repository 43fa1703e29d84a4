import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { api, ask } from '../../api/client'
import { Button, ErrorState, List, Row, Section, SkeletonRows } from '../../design'
import { useText } from '../../i18n'
import { chaptersOf, type Flow } from '../handbook'
import { Page } from '../Page'
import './Handbook.css'

/** Each kind of claim, step by step, from the same table that moves it. */
export default function Handbook() {
  const { t, locale } = useText()
  const found = useQuery({ queryKey: ['handbook', locale], queryFn: () => ask(api.GET('/api/handbook', { params: { query: { locale } } })), staleTime: Infinity })
  const chapters = useMemo(() => chaptersOf(found.data?.markdown ?? ''), [found.data])
  const [picked, pick] = useState(0)
  const one = chapters[picked]
  return (
    <Page about={t('handbook.about')} finding={t('handbook.finding')} tools={<Button onClick={() => window.print()}>{t('handbook.print')}</Button>}>
      {found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : !one ? (
        <SkeletonRows />
      ) : (
        <div className="handbook">
          <List label={t('handbook.kinds')}>
            {chapters.map((c, i) => (
              <Row key={c.title} title={c.title} text={t('handbook.steps', { count: c.rows.length })} selected={i === picked} onClick={() => pick(i)} />
            ))}
          </List>
          <div>
            <Section title={one.title} lead={t('handbook.flowLead')}>
              <FlowPicture flow={one.flow} title={one.title} />
            </Section>
            <Section title={t('handbook.table')}>
              <div className="data-table handbook-table" tabIndex={0} role="region" aria-label={t('handbook.about')}>
                <table>
                  <thead>
                    <tr>
                      {one.heads.map((h) => (
                        <th key={h} scope="col">
                          {h}
                        </th>
                      ))}
                    </tr>
                  </thead>
                  <tbody>
                    {one.rows.map((row) => (
                      <tr key={row[0]}>
                        {row.map((cell, i) => (
                          <td key={i}>
                            {cell.split('<br>').map((line, j) => (
                              <span key={j} className="handbook-line">
                                {line}
                              </span>
                            ))}
                          </td>
                        ))}
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </Section>
          </div>
        </div>
      )}
    </Page>
  )
}

const BOX = { w: 148, h: 36, gapX: 44, gapY: 14 }

/** States in columns by how many moves they lie from the beginning; pointing at one shows where it comes from and goes to. */
function FlowPicture({ flow, title }: { flow: Flow; title: string }) {
  const [at, point] = useState<string | null>(null)
  const columns = new Map<number, string[]>()
  for (const s of flow.states) columns.set(s.rank, [...(columns.get(s.rank) ?? []), s.id])
  const tall = Math.max(1, ...[...columns.values()].map((c) => c.length))
  const width = columns.size * (BOX.w + BOX.gapX) - BOX.gapX + 2
  const height = tall * (BOX.h + BOX.gapY) + 8
  const place = new Map<string, { x: number; y: number }>()
  for (const [rank, ids] of columns) ids.forEach((id, i) => place.set(id, { x: 1 + rank * (BOX.w + BOX.gapX), y: 4 + i * (BOX.h + BOX.gapY) }))
  const told = at ? flow.arrows.filter((a) => a.from === at) : []
  return (
    <>
      <div className="flow" tabIndex={0} role="region" aria-label={title}>
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={title}>
          {flow.arrows.map((a, i) => {
            const [from, to] = [place.get(a.from), place.get(a.to)]
            if (!from || !to) return null
            const back = to.x <= from.x
            const start = { x: back ? from.x + BOX.w / 2 : from.x + BOX.w, y: back ? from.y + BOX.h : from.y + BOX.h / 2 }
            const end = { x: back ? to.x + BOX.w / 2 : to.x, y: back ? (to.y > from.y ? to.y : to.y + BOX.h) : to.y + BOX.h / 2 }
            const bend = back ? 26 : (end.x - start.x) / 2
            const path = back ? `M${start.x} ${start.y}C${start.x + bend} ${start.y + bend} ${end.x + bend} ${end.y + bend} ${end.x} ${end.y}` : `M${start.x} ${start.y}C${start.x + bend} ${start.y} ${end.x - bend} ${end.y} ${end.x} ${end.y}`
            const live = at === a.from || at === a.to
            return <path key={i} className={`flow-arrow${live ? ' is-live' : at ? ' is-faint' : ''}`} d={path} />
          })}
          {flow.states.map((s) => {
            const p = place.get(s.id)
            if (!p) return null
            return (
              <g key={s.id} className={`flow-state${s.end ? ' is-end' : ''}${at === s.id ? ' is-live' : ''}`} transform={`translate(${p.x} ${p.y})`} onPointerEnter={() => point(s.id)} onPointerLeave={() => point(null)}>
                <rect width={BOX.w} height={BOX.h} rx="8" />
                <foreignObject width={BOX.w} height={BOX.h}>
                  <div className="flow-name">{s.name}</div>
                </foreignObject>
              </g>
            )
          })}
        </svg>
      </div>
      <p className="muted small flow-told" role="status">
        {told.map((a) => `${a.name} → ${flow.states.find((s) => s.id === a.to)?.name ?? a.to}`).join(' · ') || '\u00a0'}
      </p>
    </>
  )
}
