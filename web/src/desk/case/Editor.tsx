import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ClipboardEvent, useCallback, useEffect, useImperativeHandle, useRef, useState } from 'react'
import { api, ask, asProblem, newKey, problemText } from '../../api/client'
import { Button, Icon, IconButton, KeyHint, Menu, Segmented, type StoredFile, toast } from '../../design'
import { useText } from '../../i18n'
import { type CasePage, keys, toCase, useMay } from '../data'
import css from './case.module.css'
import { Findings, PlannedMessages, Reason, SendLater, Texts, useWording } from './Conversing'
import { Knowledge } from './Knowledge'
import { tellTyping } from './passing'

export interface EditorHandle {
  write: (kind: 'message' | 'note') => void
}

const SECONDS_TO_KEEP = 1.2

/** Answer or note. What was begun is kept on the server, for every device of the agent; a second press sends nothing twice. */
export function Editor({ page, handle, onOpen }: { page: CasePage; handle: React.Ref<EditorHandle>; onOpen: (open: boolean) => void }) {
  const { t, has, fmt } = useText()
  const may = useMay()
  const queries = useQueryClient()
  const id = page.case.id
  const [kind, setKind] = useState<'message' | 'note'>(page.draft?.kind ?? 'message')
  const [body, setBody] = useState(page.draft?.body ?? '')
  const [files, setFiles] = useState<readonly StoredFile[]>([])
  const [sending, setSending] = useState<readonly { key: string; name: string; share: number }[]>([])
  const [open, setOpen] = useState(false)
  const [kept, setKept] = useState<'kept' | 'keeping' | null>(null)
  const area = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const sendKey = useRef(newKey())
  const began = useRef<string | null>(null)
  const [asking, setAsking] = useState<'texts' | 'later' | null>(null)
  const [reason, setReason] = useState('')
  const wording = useWording(id, body, open && kind === 'message')
  const touched = useRef(false)
  const latest = useRef({ body, kind })
  latest.current = { body, kind }
  useEffect(() => onOpen(open), [open])
  const write = useCallback((which: 'message' | 'note') => {
    setKind(which)
    setOpen(true)
    requestAnimationFrame(() => area.current?.focus())
  }, [])
  useImperativeHandle(handle, () => ({ write }), [write])
  const keep = useCallback(async () => {
    if (!touched.current) return
    touched.current = false
    setKept('keeping')
    try {
      await ask(api.PUT('/api/cases/{case_id}/draft', { params: { path: { case_id: id } }, body: latest.current }))
      setKept('kept')
    } catch {
      touched.current = true
      setKept(null)
    }
  }, [id])
  useEffect(() => {
    if (!touched.current) return
    const timer = setTimeout(() => void keep(), SECONDS_TO_KEEP * 1000)
    return () => clearTimeout(timer)
  }, [body, kind, keep])
  // Leaving for another case keeps what is there.
  useEffect(() => () => void keep(), [keep])
  useEffect(() => {
    const node = area.current
    if (!node) return
    node.style.height = 'auto'
    node.style.height = `${Math.min(node.scrollHeight + 2, innerHeight * 0.4)}px`
  }, [body, open])
  const upload = (list: Iterable<File>) => {
    for (const file of list) {
      const key = newKey()
      setSending((all) => [...all, { key, name: file.name, share: 0 }])
      toCase(id)(file, (share) => setSending((all) => all.map((s) => (s.key === key ? { ...s, share } : s))), new AbortController().signal)
        .then((stored) => setFiles((all) => [...all, stored]))
        .catch((error: unknown) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' }))
        .finally(() => setSending((all) => all.filter((s) => s.key !== key)))
    }
  }
  const done = async () => {
    touched.current = false
    sendKey.current = newKey()
    setBody('')
    setReason('')
    began.current = null
    tellTyping(id, null)
    setFiles([])
    setKept(null)
    setOpen(false)
    area.current?.blur()
    await Promise.all([queries.invalidateQueries({ queryKey: keys.case(id) }), queries.invalidateQueries({ queryKey: keys.queue() }), queries.invalidateQueries({ queryKey: keys.counts })])
  }
  const send = useMutation({
    mutationFn: async (then: 'solve' | null) => {
      const what = { body, file_ids: files.map((f) => f.id), key: sendKey.current }
      const path = { params: { path: { case_id: id } } }
      const said = { ...what, template_id: began.current, override: wording.held ? reason : '' }
      await ask(kind === 'note' ? api.POST('/api/cases/{case_id}/notes', { ...path, body: what }) : api.POST('/api/cases/{case_id}/messages', { ...path, body: said }))
      if (then === 'solve') await ask(api.POST('/api/cases/{case_id}/solve', path))
    },
    onSuccess: done,
    onError: () => void queries.invalidateQueries({ queryKey: keys.case(id) }),
  })
  const later = useMutation({
    mutationFn: ({ at, sure }: { at: string; sure: boolean }) =>
      ask(api.POST('/api/cases/{case_id}/planned-messages', { params: { path: { case_id: id } }, body: { body, file_ids: files.map((f) => f.id), send_at: at, in_any_case: sure, override: wording.held ? reason : '' } })),
    onSuccess: async (plan) => {
      toast(t('later.done', { at: fmt.dateTime(plan.send_at) }))
      setAsking(null)
      await ask(api.PUT('/api/cases/{case_id}/draft', { params: { path: { case_id: id } }, body: { body: '', kind } }))
      await queries.invalidateQueries({ queryKey: ['planned', id] })
      await done()
    },
    onError: (error) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' }),
  })
  const empty = !body.trim() && !files.length
  const go = (then: 'solve' | null = null) => !empty && !(wording.held && !reason.trim()) && !sending.length && !send.isPending && send.mutate(then)
  const rewrite = (words: string) => {
    touched.current = true
    sendKey.current = newKey()
    setBody(words)
    area.current?.focus()
  }
  const onPaste = (event: ClipboardEvent) => {
    if (!event.clipboardData.files.length) return
    event.preventDefault()
    upload([...event.clipboardData.files].map((f) => (/^image\.png$/.test(f.name) ? new File([f], t('editor.pasted', { time: fmt.time(Date.now()) }) + '.png', { type: f.type }) : f)))
  }
  if (!may('conversations.write') || !page.actions.includes('say')) return null
  const name = page.customer?.name ?? t('customer.unknown')
  if (!open)
    return (
      <div className={css.closedEditor}>
        <button type="button" onClick={() => write(body.trim() ? kind : 'message')}>
          <Icon name="chat" size={18} />
          <span>{body.trim() ? t(kind === 'note' ? 'editor.draftNote' : 'editor.draft', { words: body.trim().slice(0, 80) }) : t('editor.answer', { name })}</span>
          <KeyHint keys="e" />
        </button>
        <button type="button" onClick={() => write('note')}>
          <Icon name="lock" size={18} />
          <span>{t('editor.note')}</span>
          <KeyHint keys="n" />
        </button>
      </div>
    )
  return (
    <div
      className={css.editor}
      data-note={kind === 'note' || undefined}
      onDragOver={(e) => e.preventDefault()}
      onDrop={(e) => {
        e.preventDefault()
        upload(e.dataTransfer.files)
      }}
    >
      <div className={css.editorHead}>
        <Segmented
          label={t('editor.kind')}
          value={kind}
          onPick={(v) => {
            touched.current = !!body
            setKind(v)
            area.current?.focus()
          }}
          choices={[
            { value: 'message', label: t('editor.toCustomer', { name }) },
            { value: 'note', label: t('editor.internal') },
          ]}
        />
        <span className="muted small">{kept === 'keeping' ? t('editor.keeping') : kept === 'kept' || (page.draft && body === page.draft.body && body) ? t('editor.kept') : ''}</span>
        <IconButton
          small
          icon="down"
          label={t('editor.fold')}
          onClick={() => {
            void keep()
            setOpen(false)
          }}
        />
      </div>
      <PlannedMessages page={page} onTake={rewrite} />
      <Knowledge
        page={page}
        onInsert={(words) => {
          touched.current = true
          sendKey.current = newKey()
          setBody((now) => (now.trim() ? `${now.trimEnd()}\n${words}` : words))
          area.current?.focus()
        }}
      />
      <textarea
        ref={area}
        className={css.area}
        aria-label={kind === 'note' ? t('editor.note') : t('editor.answer', { name })}
        placeholder={kind === 'note' ? t('editor.noteHint') : t('editor.answerHint')}
        value={body}
        rows={3}
        onChange={(e) => {
          touched.current = true
          sendKey.current = newKey()
          setBody(e.target.value)
          tellTyping(id, kind)
        }}
        onPaste={onPaste}
        onKeyDown={(e) => {
          if (e.key === 'Enter' && (e.metaKey || e.ctrlKey)) {
            e.preventDefault()
            go()
          } else if (e.key === 'Escape' && !e.nativeEvent.isComposing) {
            void keep()
            setOpen(false)
          }
        }}
      />
      {(files.length > 0 || sending.length > 0) && (
        <ul className={css.attached}>
          {files.map((f) => (
            <li key={f.id}>
              {f.content_type.startsWith('image/') && f.url ? <img src={f.url} alt="" /> : <Icon name="file" size={16} />}
              <span>{f.name}</span>
              <IconButton small icon="close" label={t('files.remove', { name: f.name })} onClick={() => setFiles((all) => all.filter((x) => x.id !== f.id))} />
            </li>
          ))}
          {sending.map((s) => (
            <li key={s.key}>
              <progress max={1} value={s.share} aria-label={t('files.sending', { name: s.name })} />
              <span>{s.name}</span>
            </li>
          ))}
        </ul>
      )}
      {kind === 'message' && (
        <Findings
          findings={wording.findings}
          onReplace={(what, by) => rewrite(body.replace(what, by))}
          onBegin={(begin) => rewrite(begin + body)}
        />
      )}
      {wording.held && <Reason value={reason} onChange={setReason} />}
      {send.isError && (
        <p className={css.editorError} role="alert">
          <Icon name="warning" size={16} />
          {problemText(asProblem(send.error), t, has)}
        </p>
      )}
      <div className={css.editorFoot}>
        <IconButton icon="clip" label={t('editor.attach')} onClick={() => picker.current?.click()} />
        {kind === 'message' && <IconButton icon="list" label={t('texts.title')} onClick={() => setAsking('texts')} />}
        <input
          ref={picker}
          type="file"
          hidden
          multiple
          accept="image/*,video/*,application/pdf"
          onChange={(e) => {
            upload([...(e.target.files ?? [])])
            e.target.value = ''
          }}
        />
        <span className="muted small">{body.length > 3500 ? t('editor.length', { count: body.length, shown: fmt.number(body.length) }) : ''}</span>
        <span className={css.sendKeys}>
          <KeyHint keys="mod+enter" />
        </span>
        {kind === 'message' && (
          <Menu
            label={t('action.more')}
            up
            items={[
              ...(page.case.status !== 'solved' ? [{ id: 'solve', label: t('editor.sendAndSolve'), icon: 'check' as const, disabled: empty, onPick: () => go('solve') }] : []),
              { id: 'later', label: t('later.title'), icon: 'clock' as const, disabled: empty || (wording.held && !reason.trim()), onPick: () => setAsking('later') },
            ]} trigger={(props) => <IconButton {...props} icon="more" label={t('action.more')} />} />
        )}
        <Button kind="primary" busy={send.isPending} disabled={empty || sending.length > 0 || (wording.held && !reason.trim())} onClick={() => go()}>
          {kind === 'note' ? t('editor.keepNote') : t('editor.send')}
        </Button>
      </div>
      <Texts
        page={page}
        open={asking === 'texts'}
        onClose={() => setAsking(null)}
        onInsert={(words, template) => {
          began.current = template
          rewrite(body.trim() ? `${body.trimEnd()}\n${words}` : words)
        }}
      />
      <SendLater open={asking === 'later'} onClose={() => setAsking(null)} busy={later.isPending} onPick={(at, sure) => later.mutate({ at, sure })} />
    </div>
  )
}
