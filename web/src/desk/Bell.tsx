/** What one was told at the desk: alarms, mentions, followed cases, answers that were held. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { api, ask } from '../api/client'
import { Dialog, EmptyState, Icon, List, Row, SkeletonRows } from '../design'
import { useText } from '../i18n'
import { useActions } from '../shell/Palette'
import { useMay } from './data'
import { addressOf } from './place'

export function Bell() {
  const { t, fmt, locale } = useText()
  const may = useMay()
  const queries = useQueryClient()
  const [, go] = useLocation()
  const [open, setOpen] = useState(false)
  const allowed = may('cases.read')
  const count = useQuery({ queryKey: ['told', 'unread'], queryFn: () => ask(api.GET('/api/desk/notices/unread')), enabled: allowed, refetchInterval: 30_000 })
  const alarms = useQuery({
    queryKey: ['told', 'alarms', locale],
    queryFn: () => ask(api.GET('/api/insights/alarms/told', { params: { query: { locale: locale as 'zh-CN' | 'zh-TW' | 'en' } } })),
    enabled: may('insights.read'),
    refetchInterval: 60_000,
  })
  const list = useQuery({ queryKey: ['told', 'list', count.data?.unread], queryFn: () => ask(api.GET('/api/desk/notices', { params: { query: { limit: 50 } } })), enabled: allowed && open })
  const read = useMutation({
    mutationFn: async () => {
      await ask(api.POST('/api/desk/notices/read', { body: { notice_ids: null } }))
      if (alarms.data?.unread) await ask(api.POST('/api/insights/alarms/told/read'))
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['told'] }),
  })
  const unread = (count.data?.unread ?? 0) + (alarms.data?.unread ?? 0)
  const raised = alarms.data?.items ?? []
  const label = unread ? t('told.unread', { count: unread }) : t('told.title')
  useActions(allowed ? [{ id: 'told', title: t('told.title'), section: t('palette.places'), icon: 'bell', run: () => setOpen(true) }] : [])
  if (!allowed) return null
  const close = () => {
    setOpen(false)
    if (unread) read.mutate()
  }
  return (
    <>
      <button type="button" className="rail-link" title={label} aria-label={label} onClick={() => setOpen(true)}>
        <Icon name="bell" />
        <span>{unread > 0 ? unread : ''}</span>
      </button>
      <Dialog open={open} onClose={close} title={t('told.title')} wide>
        {list.isPending ? (
          <SkeletonRows rows={4} />
        ) : list.data?.items.length || raised.length ? (
          <List label={t('told.title')}>
            {raised.map((one) => (
              <Row key={one.alarm_id} lead={<Icon name="warning" />} fresh={!one.read} title={one.title} titleLines={2} meta={`${one.shop} · ${fmt.dateTime(one.told_at)}`} href="/console/insight/alarms" />
            ))}
            {list.data?.items.map((one) => (
              <Row
                key={one.id}
                fresh={!one.read_at}
                title={`${one.by ?? ''} ${t(`told.${one.kind}`)} · ${one.title}`.trim()}
                titleLines={1}
                text={one.words}
                meta={`${one.number} · ${fmt.dateTime(one.told_at)}`}
                onClick={() => {
                  close()
                  go(addressOf({ view: 'all', case: one.case_id }))
                }}
              />
            ))}
          </List>
        ) : (
          <EmptyState title={t('told.none')} text={t('told.noneText')} />
        )}
      </Dialog>
    </>
  )
}
