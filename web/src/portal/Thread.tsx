import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { asProblem, newKey, problemText } from '../api/client'
import { Button, ButtonLink, FileLinks, Icon, IconButton, type StoredFile, toast, Words } from '../design'
import { useText } from '../i18n'
import { useDraft } from '../shell/drafts'
import { type CasePage, get, type Message, type Paged, post, refresh, storedFile, uploadTo } from './data'
import s from './Thread.module.css'

/** What was said with the shop, and the place to write. */
export function Thread({ page, caseId }: { page: CasePage; caseId: string }) {
  const { t, has, fmt } = useText()
  const queries = useQueryClient()
  const [earlier, setEarlier] = useState<Message[]>([])
  const [before, setBefore] = useState(page.before)
  const [busy, setBusy] = useState(false)
  const messages = [...earlier, ...page.messages]
  const last = messages.at(-1)
  const unread = page.messages.some((one) => one.author_kind !== 'customer' && !one.seen)
  useEffect(() => {
    if (unread) void post(`/my/cases/${caseId}/read`).catch(() => undefined)
  }, [caseId, unread, last?.id])
  const more = async () => {
    setBusy(true)
    try {
      const found = await get<Paged<Message>>(`/my/cases/${caseId}/messages?before=${encodeURIComponent(before ?? '')}`)
      setEarlier([...found.items, ...earlier])
      setBefore(found.next)
    } finally {
      setBusy(false)
    }
  }
  const choose = async (label: string) => {
    setBusy(true)
    try {
      await post(`/my/cases/${caseId}/messages`, { body: label, file_ids: [], key: newKey() })
      refresh(queries)
    } catch (error) {
      toast(problemText(asProblem(error), t, has), { tone: 'wrong' })
    } finally {
      setBusy(false)
    }
  }
  const days = (at: string) => fmt.date(at)
  return (
    <>
      {before && (
        <Button small busy={busy} onClick={() => void more()}>
          {t('talk.earlier')}
        </Button>
      )}
      <ol className={s.thread} aria-label={t('talk.label')} aria-live="polite">
        {messages.map((one, i) => {
          const mine = one.author_kind === 'customer'
          const previous = messages[i - 1]
          return (
            <li key={one.id} className={mine ? s.mine : s.theirs}>
              {(!previous || days(previous.sent_at) !== days(one.sent_at)) && <p className={s.day}>{days(one.sent_at)}</p>}
              <div className={s.bubble}>
                {!mine && previous?.author_name !== one.author_name && <p className={s.who}>{one.author_name ?? t(one.author_kind === 'staff' ? 'actor.agent' : 'actor.assistant')}</p>}
                {one.body && <Words text={one.body} />}
                <FileLinks files={one.files.map(storedFile)} />
              </div>
              {one.offers && one.offers.sources.length > 0 && (
                <p className={s.sources}>
                  {t('talk.sources')}
                  {one.offers.sources.map((source) => source.url && <a key={source.url} href={source.url}>{source.title}</a>)}
                </p>
              )}
              {one === last && one.offers && one.offers.choices.length > 0 && (
                <div className={s.offers} role="group" aria-label={t('talk.offers')}>
                  {one.offers.choices.map((choice) =>
                    choice.url ? (
                      <ButtonLink key={choice.value} small href={choice.url}>
                        {choice.label}
                      </ButtonLink>
                    ) : (
                      <Button key={choice.value} small kind={choice.value === 'person' ? 'quiet' : 'secondary'} disabled={busy} onClick={() => void choose(choice.label)}>
                        {choice.label}
                      </Button>
                    ),
                  )}
                </div>
              )}
              <p className={s.when}>
                {fmt.time(one.sent_at)}
                {mine && i === messages.length - 1 && <> · {t(one.seen ? 'talk.seen' : 'talk.sent')}</>}
              </p>
            </li>
          )
        })}
      </ol>
      <Composer caseId={caseId} />
    </>
  )
}

function Composer({ caseId }: { caseId: string }) {
  const { t, has } = useText()
  const queries = useQueryClient()
  const { value: draft, set, clear } = useDraft(`talk.${caseId}`, { body: '', key: newKey() })
  const [files, setFiles] = useState<readonly StoredFile[]>([])
  const [sending, setSending] = useState<{ name: string; share: number } | null>(null)
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<string | null>(null)
  const picker = useRef<HTMLInputElement>(null)
  const send = async (event: FormEvent) => {
    event.preventDefault()
    if (busy || sending || (!draft.body.trim() && !files.length)) return
    setBusy(true)
    setWrong(null)
    try {
      await post(`/my/cases/${caseId}/messages`, { body: draft.body, file_ids: files.map((file) => file.id), key: draft.key })
      clear()
      set({ body: '', key: newKey() })
      setFiles([])
      refresh(queries)
    } catch (error) {
      const told = asProblem(error)
      setWrong(told.status === 0 ? t('talk.notSent') : problemText(told, t, has))
    } finally {
      setBusy(false)
    }
  }
  const take = async (list: FileList | null) => {
    for (const file of [...(list ?? [])]) {
      setSending({ name: file.name, share: 0 })
      try {
        const kept = await uploadTo(`/my/cases/${caseId}/files`, file, (share) => setSending({ name: file.name, share }), new AbortController().signal)
        setFiles((now) => [...now, kept])
      } catch (error) {
        setWrong(problemText(asProblem(error), t, has))
      }
    }
    setSending(null)
  }
  return (
    <form className={s.composer} onSubmit={(e) => void send(e)}>
      {(files.length > 0 || sending) && (
        <ul className={s.files} role="list">
          {files.map((file) => (
            <li key={file.id}>
              {file.content_type.startsWith('image/') && file.url ? <img src={file.url} alt={file.name} /> : <Icon name="file" label={file.name} />}
              <IconButton small icon="close" label={t('files.remove', { name: file.name })} onClick={() => setFiles(files.filter((one) => one.id !== file.id))} />
            </li>
          ))}
          {sending && (
            <li>
              <progress max={1} value={sending.share} aria-label={t('files.sending', { name: sending.name })} />
            </li>
          )}
        </ul>
      )}
      {wrong && (
        <p className="field-error" role="alert">
          <Icon name="warning" size={16} />
          <span>{wrong}</span>
        </p>
      )}
      <div className={s.write}>
        <IconButton icon="image" label={t('talk.attach')} onClick={() => picker.current?.click()} />
        <textarea
          className="input"
          aria-label={t('talk.write')}
          placeholder={t('talk.write')}
          rows={1}
          maxLength={4000}
          value={draft.body}
          onChange={(e) => set((now) => ({ ...now, body: e.target.value }))}
          onKeyDown={(e) => {
            if (e.key === 'Enter' && (e.metaKey || e.ctrlKey) && !e.nativeEvent.isComposing) e.currentTarget.form?.requestSubmit()
          }}
        />
        <Button kind="primary" type="submit" busy={busy} disabled={!draft.body.trim() && !files.length}>
          {t('talk.send')}
        </Button>
      </div>
      <input
        ref={picker}
        type="file"
        hidden
        multiple
        accept="image/*,video/*,application/pdf"
        onChange={(e) => {
          void take(e.target.files).finally(() => {
            if (picker.current) picker.current.value = ''
          })
        }}
      />
    </form>
  )
}
