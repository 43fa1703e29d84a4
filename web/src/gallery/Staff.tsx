import { Button, DatePicker, Input, Select, Switch, Table } from 'antd'
import { Money, PromiseRing, Tag } from '../design'
import { useText } from '../i18n'
import { Chart, ChartFrame, Sparkline } from '../staff/chart'
import { AntTheme } from '../staff/Staff'

const days = Array.from({ length: 30 }, (_, i) => `11-${String(i + 1).padStart(2, '0')}`)
const hours = days.map((_, i) => Math.round((9 + 4 * Math.sin(i / 3) + (i % 7 === 6 ? 3 : 0)) * 10) / 10)
const earlier = hours.map((h) => Math.round((h + 2.5) * 10) / 10)

export default function Staff() {
  const { locale } = useText()
  const zh = locale !== 'en'
  const title = zh ? '退货申请从提交到决定的中位用时降到 9.4 小时，仍在 12 小时以内' : 'A return is decided in 9.4 hours at the median, inside the promised 12'
  const option = {
    xAxis: { type: 'category', data: days },
    yAxis: { type: 'value' },
    legend: {},
    grid: { left: 4, right: 12, top: 36, bottom: 4, containLabel: true },
    series: [
      { name: zh ? '本期' : 'Now', type: 'line', data: hours, markLine: { data: [{ yAxis: 12 }], label: { formatter: zh ? '目标 12' : 'target 12', position: 'insideEndTop' } } },
      { name: zh ? '上期' : 'Before', type: 'line', data: earlier },
    ],
  }
  const rows = [1, 2, 3].map((n) => ({
    key: n,
    n: `C2611-00${n}`,
    ring: { started_at: new Date(Date.now() - n * 20 * 3_600_000).toISOString(), due_at: new Date(Date.now() + (2 - n) * 4 * 3_600_000 + 1_800_000).toISOString() },
    name: zh ? '清和 K3 多功能双层玻璃养生壶 1.8L' : 'Qinghe K3 double-walled kettle 1.8 l',
    cents: n * 12900,
  }))
  return (
    <AntTheme>
      <div style={{ padding: 32, display: 'grid', gap: 24, maxWidth: 1100 }}>
        <ChartFrame title={title} unit={zh ? '小时' : 'hours'} sample={412} period="2026-11" casesHref="#" table={{ columns: ['', 'h'], rows: days.map((d, i) => [d, hours[i] ?? null]) }}>
          <Chart option={option} label={title} />
        </ChartFrame>
        <Sparkline values={hours} target={12} label={title} />
        <div style={{ display: 'flex', gap: 12, flexWrap: 'wrap' }}>
          <Button type="primary">{zh ? '查询' : 'Search'}</Button>
          <Button>{zh ? '重置' : 'Reset'}</Button>
          <Button danger>{zh ? '停用' : 'Disable'}</Button>
          <Input placeholder={zh ? '单号' : 'Number'} style={{ width: 200 }} />
          <Select mode="multiple" style={{ width: 240 }} defaultValue={['a']} options={[{ value: 'a', label: zh ? '清和家电' : 'Qinghe' }]} />
          <DatePicker.RangePicker />
          <Switch defaultChecked />
        </div>
        <Table
          rowSelection={{ defaultSelectedRowKeys: [2] }}
          pagination={false}
          dataSource={rows}
          columns={[
            { title: '', dataIndex: 'ring', render: (c: (typeof rows)[number]['ring']) => <PromiseRing clock={c} /> },
            { title: zh ? '单号' : 'Number', dataIndex: 'n', sorter: true },
            { title: zh ? '商品' : 'Item', dataIndex: 'name' },
            { title: zh ? '状态' : 'State', dataIndex: 'key', render: () => <Tag tone="jade">{zh ? '待处理' : 'Open'}</Tag> },
            { title: zh ? '金额' : 'Amount', dataIndex: 'cents', align: 'right' as const, render: (c: number) => <Money cents={c} currency="CNY" /> },
          ]}
        />
      </div>
    </AntTheme>
  )
}
