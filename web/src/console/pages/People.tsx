import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { api, ask } from '../../api/client'
import type { AccountView, MemberView } from '../../api/schema'
import { Avatar, Button, Checkbox, Dialog, EmptyState, Field, Input, Section, Select, Stepper, Tag } from '../../design'
import { useText } from '../../i18n'
import { byName } from '../../staff/names'
import { useMay, useShops } from '../data'
import { Page } from '../Page'
import { Hours, Overflow } from './Hours'
import { DataTable } from '../parts'
import { Refusal } from '../Refusal'
import { ShopChecks } from '../shops'
import { useDoing } from '../useDoing'
import './Roles.css'

const languages = ['zh-CN', 'zh-TW', 'en', 'pt', 'de', 'ja'] as const
const MOST_PAGES = 20
const USUAL_CAPACITY = 20

interface Person {
  id: string
  name: string
  email: string
  profile: MemberView | null
}

/** What everybody knows and can carry, and who is at work: by this, cases find their owners. */
export default function People() {
  const { t, has, fmt, locale } = useText()
  const skillName = (skill: string) => (has(`people.skillName.${skill}`) ? t(`people.skillName.${skill}`) : skill)
  const may = useMay()
  const { nameOf } = useShops()
  const [picked, pick] = useState<string | null>(null)
  const [skill, setSkill] = useState('')
  const members = useQuery({ queryKey: ['members'], queryFn: () => ask(api.GET('/api/members')) })
  const accounts = useQuery({
    queryKey: ['users', 'everybody'],
    queryFn: async () => {
      const all: AccountView[] = []
      let after: string | undefined
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const got = await ask(api.GET('/api/users', { params: { query: { active: true, after } } }))
        all.push(...got.items)
        if (!got.next) break
        after = got.next
      }
      return all
    },
  })
  const people = useMemo<Person[]>(() => {
    const profiles = new Map((members.data ?? []).map((m) => [m.account_id, m]))
    return byName(accounts.data ?? [], locale).map((a) => ({ id: a.id, name: a.name, email: a.email, profile: profiles.get(a.id) ?? null }))
  }, [members.data, accounts.data, locale])
  const skills = useMemo(() => [...new Set(people.flatMap((p) => p.profile?.skills ?? []))].sort(), [people])
  const shown = people.filter((p) => !skill || p.profile?.skills.includes(skill))
  const one = people.find((p) => p.id === picked)
  const loading = members.isPending || accounts.isPending
  const working = people.filter((p) => p.profile?.working)
  return (
    <Page about={t('people.about')} finding={loading ? t('people.loading') : t('people.finding', { count: working.length, room: working.reduce((sum, p) => sum + (p.profile?.capacity ?? 0), 0) })}>
      <Section lead={t('people.lead')}>
        <div className="filters">
          <Select aria-label={t('people.skill')} value={skill} onPick={setSkill} choices={[{ value: '', label: t('people.everySkill') }, ...skills.map((s) => ({ value: s, label: skillName(s) }))]} />
        </div>
        <DataTable
          label={t('people.about')}
          loading={loading}
          error={members.error ?? accounts.error}
          onRetry={() => void Promise.all([members.refetch(), accounts.refetch()])}
          rows={shown}
          rowKey={(p) => p.id}
          onPick={(p) => pick(p.id)}
          dim={(p) => !p.profile?.working}
          empty={<EmptyState drawing="search" title={t('people.none')} text={t('people.noneText')} />}
          columns={[
            {
              id: 'who',
              title: t('column.name'),
              cell: (p) => (
                <span className="person-line">
                  <Avatar name={p.name} size={36} />
                  <span className="cell-two">
                    <span>{p.name}</span>
                    <span>{p.email}</span>
                  </span>
                </span>
              ),
            },
            { id: 'skills', title: t('people.skills'), cell: (p) => <span className="tag-row">{p.profile?.skills.map((s) => <Tag key={s}>{skillName(s)}</Tag>)}</span> },
            { id: 'languages', title: t('people.languages'), cell: (p) => (!p.profile ? '–' : p.profile.languages.length ? fmt.list(p.profile.languages.map(fmt.language)) : t('people.everyLanguage')) },
            { id: 'shops', title: t('users.shops'), tight: true, cell: (p) => (p.profile ? p.profile.shop_ids.length > 3 ? t('people.moreShops', { shops: p.profile.shop_ids.slice(0, 2).map(nameOf).join(t('people.comma')), count: locale === 'en' ? p.profile.shop_ids.length - 2 : p.profile.shop_ids.length }) : fmt.list(p.profile.shop_ids.map(nameOf)) : '–') },
            { id: 'capacity', title: t('people.capacity'), end: true, cell: (p) => p.profile?.capacity ?? '–' },
            { id: 'state', title: t('column.presence'), cell: (p) => (!p.profile ? <Tag>{t('people.noProfile')}</Tag> : p.profile.working ? <Tag tone="jade">{t('queues.atWork')}</Tag> : <Tag>{t('queues.away')}</Tag>) },
          ]}
        />
      </Section>
      <Overflow />
      {one && <Profile key={one.id} person={one} write={may('users.write')} onClose={() => pick(null)} />}
    </Page>
  )
}

function Profile({ person, write, onClose }: { person: Person; write: boolean; onClose: () => void }) {
  const { t } = useText()
  const had = person.profile
  const [skills, setSkills] = useState((had?.skills ?? []).join(', '))
  const [spoken, setSpoken] = useState<string[]>(had?.languages ?? [])
  const [capacity, setCapacity] = useState(had?.capacity ?? USUAL_CAPACITY)
  const [working, setWorking] = useState(had?.working ?? false)
  const [where, setWhere] = useState<string[]>(had?.shop_ids ?? [])
  const doing = useDoing(['members'])
  const save = async () => {
    const body = { skills: skills.split(/[,，、]/).map((s) => s.trim()).filter(Boolean), languages: spoken, capacity, working, shop_ids: where }
    if (await doing.run('save', () => ask(api.PUT('/api/members/{account_id}', { params: { path: { account_id: person.id } }, body })), t('people.saved'))) onClose()
  }
  const flip = (list: string[], one: string, on: boolean) => (on ? [...list, one] : list.filter((each) => each !== one))
  const fields = doing.problem?.fields ?? {}
  const offered = [...new Set([...languages, ...spoken])]
  return (
    <Dialog
      open
      form="side"
      onClose={onClose}
      title={person.name}
      actions={
        write && (
          <Button kind="primary" busy={doing.busy === 'save'} onClick={() => void save()}>
            {t('action.save')}
          </Button>
        )
      }
    >
      <div className="form-stack">
        <p className="muted">{person.email}</p>
        {!write && <p className="notice is-paused">{t('users.readOnly')}</p>}
        <Refusal problem={doing.problem} />
        <Checkbox label={t('people.working')} hint={t('people.workingHint')} checked={working} disabled={!write} onChange={(e) => setWorking(e.target.checked)} />
        <Field label={t('people.skills')} hint={t('people.skillsHint')} error={fields.skills}>
          <Input value={skills} disabled={!write} onChange={(e) => setSkills(e.target.value)} />
        </Field>
        <fieldset className="form-stack" disabled={!write}>
          <legend className="field-label">{t('people.languages')}</legend>
          {offered.map((l) => (
            <Checkbox key={l} label={l} checked={spoken.includes(l)} onChange={(e) => setSpoken(flip(spoken, l, e.target.checked))} />
          ))}
          <p className="muted small">{t('people.languagesHint')}</p>
        </fieldset>
        <Field label={t('people.capacity')} hint={t('people.capacityHint')} error={fields.capacity}>
          <Stepper label={t('people.capacity')} value={capacity} max={1000} onChange={(n) => write && setCapacity(n)} />
        </Field>
        <fieldset className="form-stack" disabled={!write}>
          <legend className="field-label">{t('users.shops')}</legend>
          <ShopChecks value={where} onChange={setWhere} disabled={!write} />
        </fieldset>
        {had && <Hours account={person.id} write={write} />}
      </div>
    </Dialog>
  )
}
