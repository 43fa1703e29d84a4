import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ClipboardEvent, useCallback, useEffect, useImperativeHandle, useRef, useState } from 'react'
import { api, ask, asProblem, newKey, problemText } from '../../api/client'
import { Button, Icon, IconButton, KeyHint, Menu, Segmented, type StoredFile, toast } from '../../design'
import { useText } from '../../i18n'
import { readDraft, writeDraft } from '../../shell/drafts'
import { useStaffSession } from '../../staff/session'
import { type CasePage, keys, toCase, useMay } from '../data'
import css from './case.module.css'
import { Findings, Macros, PlannedMessages, Reason, SendLater, Texts, useWording } from './Conversing'
import { Knowledge, Likely } from './Knowledge'
import { useMention } from './Mention'
import { tellTyping } from './passing'
import { Ways } from './Ways'

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
  // On this device until the server has it: a browser that dies takes no words with it.
  const here = `case.${useStaffSession().data?.id}.${id}`
  const [unsaved] = useState(() => readDraft<{ kind: 'message' | 'note'; body: string }>(here))
  const begun = unsaved ?? page.draft
  const [kind, setKind] = useState<'message' | 'note'>(begun?.kind ?? 'message')
  const [body, setBody] = useState(begun?.body ?? '')
  const [files, setFiles] = useState<readonly StoredFile[]>([])
  const [sending, setSending] = useState<readonly { key: string; name: string; share: number }[]>([])
  const [open, setOpen] = useState(false)
  const [looking, setLooking] = useState(false)
  const [kept, setKept] = useState<'kept' | 'keeping' | null>(null)
  const area = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const sendKey = useRef(newKey())
  const began = useRef<string | null>(null)
  const [asking, setAsking] = useState<'texts' | 'later' | null>(null)
  const [reason, setReason] = useState('')
  const [contact, setContact] = useState('')
  const mention = useMention({
    area,
    body,
    shop: page.case.shop_id,
    wanted: open && kind === 'note',
    onWrite: (words, caret) => {
      touched.current = true
      sendKey.current = newKey()
      setBody(words)
      requestAnimationFrame(() => area.current?.setSelectionRange(caret, caret))
    },
  })
  const wording = useWording(id, body, open && kind === 'message')
  const touched = useRef(!!unsaved)
  const latest = useRef({ body, kind })
  latest.current = { body, kind }
  useEffect(() => onOpen(open), [open])
  const write = useCallback((which: 'message' | 'note') => {
    setKind(which)
    setOpen(true)
    requestAnimationFrame(() => area.current?.focus())
  }, [])
  useImperativeHandle(handle, () => ({ write }), [write])
  const keeping = useRef<Promise<unknown>>(Promise.resolve())
  const keep = useCallback(async () => {
    if (!touched.current) return
    touched.current = false
    setKept('keeping')
    try {
      await (keeping.current = ask(api.PUT('/api/cases/{case_id}/draft', { params: { path: { case_id: id } }, body: latest.current })))
      if (!touched.current) writeDraft(here, null)
      setKept('kept')
    } catch {
      touched.current = true
      setKept(null)
    }
  }, [id, here])
  useEffect(() => {
    if (!touched.current) return
    writeDraft(here, { kind, body })
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
  const clear = () => {
    touched.current = false
    writeDraft(here, null)
    sendKey.current = newKey()
    setBody('')
    setReason('')
    setContact('')
    began.current = null
    tellTyping(id, null)
    setFiles([])
    setKept(null)
    setOpen(false)
    setLooking(false)
    area.current?.blur()
  }
  const refresh = () => Promise.all([queries.invalidateQueries({ queryKey: keys.case(id) }), queries.invalidateQueries({ queryKey: keys.queue() }), queries.invalidateQueries({ queryKey: keys.counts })])
  const unsolve = useMutation({
    mutationFn: () => ask(api.POST('/api/cases/{case_id}/undo-ending', { params: { path: { case_id: id } }, body: { status: 'waiting_customer' } })),
    onError: (error) => toast(problemText(asProblem(error), t, has), { tone: 'wrong' }),
    onSettled: refresh,
  })
  const send = useMutation({
    mutationFn: async (then: 'solve' | null) => {
      // The draft goes with the words: one that came to the server after them would stand there as if they had not left.
      await keeping.current.catch(() => undefined)
      touched.current = false
      writeDraft(here, null)
      const what = { body, file_ids: files.map((f) => f.id), key: sendKey.current }
      const path = { params: { path: { case_id: id } } }
      const said = { ...what, contact_id: contact || null, template_id: began.current, override: wording.held ? reason : '' }
      await ask(kind === 'note' ? api.POST('/api/cases/{case_id}/notes', { ...path, body: what }) : api.POST('/api/cases/{case_id}/messages', { ...path, body: said }))
      if (then === 'solve') await ask(api.POST('/api/cases/{case_id}/solve', path))
    },
    onSuccess: (_, then) => {
      clear()
      if (then === 'solve') toast(t('done.solved'), { undo: () => unsolve.mutate() })
      return refresh()
    },
    onError: () => {
      touched.current = true
      writeDraft(here, latest.current)
      void queries.invalidateQueries({ queryKey: keys.case(id) })
    },
  })
  const later = useMutation({
    mutationFn: async ({ at, sure }: { at: string; sure: boolean }) => {
      await keeping.current.catch(() => undefined)
      return ask(api.POST('/api/cases/{case_id}/planned-messages', { params: { path: { case_id: id } }, body: { body, file_ids: files.map((f) => f.id), send_at: at, in_any_case: sure, override: wording.held ? reason : '' } }))
    },
    onSuccess: async (plan) => {
      toast(t('later.done', { at: fmt.dateTime(plan.send_at) }))
      setAsking(null)
      // At once: who goes on to write must not find the editor closed a moment later.
      clear()
      await ask(api.PUT('/api/cases/{case_id}/draft', { params: { path: { case_id: id } }, body: { body: '', kind } }))
      await queries.invalidateQueries({ queryKey: ['planned', id] })
      await refresh()
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
      <>
        <Likely
          page={page}
          onPick={() => {
            setLooking(true)
            write('message')
          }}
        />
        <PlannedMessages
          page={page}
          onTake={(words) => {
            rewrite(words)
            write('message')
          }}
        />
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
          <Macros page={page} align="end" />
        </div>
      </>
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
      onKeyDown={(e) => {
        // From wherever one stands in it; a dialog over it, a menu and a list of names have keys of their own.
        if (e.isDefaultPrevented() || e.nativeEvent.isComposing || (e.target as Element).closest('dialog')) return
        if (e.key === 'Enter' && (e.metaKey || e.ctrlKey)) {
          e.preventDefault()
          go()
        } else if (e.key === 'Escape') {
          void keep()
          setOpen(false)
        }
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
        opened={looking}
        onInsert={(words) => {
          touched.current = true
          sendKey.current = newKey()
          setBody((now) => (now.trim() ? `${now.trimEnd()}\n${words}` : words))
          area.current?.focus()
        }}
      />
      {mention.list}
      <textarea
        ref={area}
        {...mention.aria}
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
        onSelect={mention.look}
        onKeyDown={mention.keys}
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
        <Macros page={page} align="start" />
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
        {kind === 'message' && (
          <span className={css.ways}>
            <Ways page={page} value={contact} onPick={setContact} />
          </span>
        )}
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
