import { type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { asProblem, problemText } from '../api/problem'
import { useText } from '../i18n'
import { Button, IconButton } from './controls'
import { Icon } from './icons'

export interface StoredFile {
  id: string
  name: string
  content_type: string
  size: number
  url?: string | null
}

interface Sending {
  key: number
  file: File
  preview: string | null
  share: number
  error: unknown
  stop: AbortController
}

export interface FileDropProps {
  label: string
  hint?: ReactNode
  files: readonly StoredFile[]
  onChange: (change: (files: readonly StoredFile[]) => readonly StoredFile[]) => void
  /** For example `(file, tell, signal) => sendFile('/api/…/files', file, file.name, tell, signal)`. */
  upload: (file: File, tell: (share: number) => void, signal: AbortSignal) => Promise<StoredFile>
  accept?: string
  maxBytes?: number
  maxFiles?: number
  /** Offers the camera first (phones). */
  camera?: boolean
  /** What was picked earlier and is not through yet; given once, it is sent as if it were picked now. */
  unsent?: readonly File[]
}

/** Why an upload was broken off: somebody took the file out. Otherwise the page was left, and the file is still wanted. */
export const TAKEN_OUT = 'taken out'

/** Photos from the camera, files by picking, dropping or pasting, each with its progress; a failed one can be sent again. */
export function FileDrop({ label, hint, files, onChange, upload, accept = 'image/*,video/*,application/pdf', maxBytes = 50e6, maxFiles = 9, camera, unsent }: FileDropProps) {
  const { t, has, fmt } = useText()
  const id = useId()
  const picker = useRef<HTMLInputElement>(null)
  const lens = useRef<HTMLInputElement>(null)
  const keys = useRef(0)
  const [sending, setSending] = useState<readonly Sending[]>([])
  const [refused, setRefused] = useState<string[]>([])
  const [over, setOver] = useState(false)
  const running = useRef(sending)
  running.current = sending
  useEffect(
    () => () =>
      running.current.forEach((s) => {
        s.stop.abort()
        if (s.preview) URL.revokeObjectURL(s.preview)
      }),
    [],
  )
  const patch = (key: number, change: Partial<Sending>) => setSending((all) => all.map((s) => (s.key === key ? { ...s, ...change } : s)))
  const drop = (gone: Sending) => {
    if (!gone.stop.signal.aborted) gone.stop.abort(TAKEN_OUT)
    if (gone.preview) URL.revokeObjectURL(gone.preview)
    setSending((all) => all.filter((s) => s.key !== gone.key))
  }
  const send = (one: Sending) => {
    patch(one.key, { error: null, share: 0 })
    upload(one.file, (share) => patch(one.key, { share }), one.stop.signal).then(
      (stored) => {
        onChange((now) => [...now, stored])
        drop(one)
      },
      (error: unknown) => {
        if (one.stop.signal.aborted) return
        if (asProblem(error).passing) return patch(one.key, { error })
        // To send the same again would not help: said below, and the place is free for another.
        setRefused((now) => [...new Set([...now, t('files.refused', { name: one.file.name, why: problemText(asProblem(error), t, has) })])])
        drop(one)
      },
    )
  }
  const take = (list: Iterable<File>) => {
    const wrong: string[] = []
    let room = maxFiles - files.length - sending.length
    const taken = [...list].flatMap((file) => {
      if (file.size > maxBytes) wrong.push(t('files.tooLarge', { name: file.name, max: fmt.bytes(maxBytes) }))
      else if (room-- <= 0) wrong.push(t('files.tooMany', { max: maxFiles }))
      else
        return [{ key: ++keys.current, file, preview: file.type.startsWith('image/') ? URL.createObjectURL(file) : null, share: 0, error: null, stop: new AbortController() }]
      return []
    })
    setRefused([...new Set(wrong)])
    setSending((all) => [...all, ...taken])
    taken.forEach(send)
  }
  useEffect(() => {
    if (unsent?.length) take(unsent)
  }, [unsent])
  // What failed for want of a line goes out when there is one again.
  useEffect(() => {
    let waiting = 0
    const again = () => {
      // Told a moment before it is true.
      waiting = window.setTimeout(() => running.current.filter((one) => one.error && asProblem(one.error).status === 0).forEach(send), 1_000)
    }
    addEventListener('online', again)
    return () => {
      clearTimeout(waiting)
      removeEventListener('online', again)
    }
  }, [])
  const picked = (input: HTMLInputElement | null) => {
    if (!input?.files) return
    take(input.files)
    input.value = ''
  }
  const full = files.length + sending.length >= maxFiles
  return (
    <div
      className={over ? 'files is-over' : 'files'}
      role="group"
      aria-labelledby={`${id}-label`}
      onDragOver={(e) => {
        e.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => {
        e.preventDefault()
        setOver(false)
        take(e.dataTransfer.files)
      }}
      onPaste={(e) => e.clipboardData.files.length && take(e.clipboardData.files)}
    >
      <div className="files-head">
        <span className="field-label" id={`${id}-label`}>
          {label}
        </span>
        <span className="muted small">{t('files.count', { count: files.length, max: maxFiles })}</span>
      </div>
      {hint && <p className="field-hint">{hint}</p>}
      <ul className="files-list">
        {files.map((file) => (
          <li key={file.id} className="file-tile">
            <FilePicture src={file.content_type.startsWith('image/') && file.url} name={file.name} />
            <span className="file-gone">
              <IconButton small icon="close" label={t('files.remove', { name: file.name })} onClick={() => onChange((now) => now.filter((f) => f.id !== file.id))} />
            </span>
          </li>
        ))}
        {sending.map((one) => (
          <li key={one.key} className={one.error ? 'file-tile is-wrong' : 'file-tile is-sending'}>
            <FilePicture src={one.preview} name={one.file.name} />
            {one.error ? (
              <span className="file-error">
                <span className="small">{problemText(asProblem(one.error), t, has)}</span>
                <Button small onClick={() => send(one)}>
                  {t('action.retry')}
                </Button>
              </span>
            ) : (
              <progress max={1} value={one.share} aria-label={t('files.sending', { name: one.file.name })} />
            )}
            <span className="file-gone">
              <IconButton small icon="close" label={t('files.remove', { name: one.file.name })} onClick={() => drop(one)} />
            </span>
          </li>
        ))}
        {!full && camera && (
          <li>
            <button type="button" className="file-add" onClick={() => lens.current?.click()}>
              <Icon name="camera" size={24} />
              {t('files.camera')}
            </button>
          </li>
        )}
        {!full && (
          <li>
            <button type="button" className="file-add" onClick={() => picker.current?.click()}>
              <Icon name="upload" size={24} />
              {t('files.pick')}
            </button>
          </li>
        )}
      </ul>
      <input ref={picker} type="file" hidden multiple accept={accept} onChange={(e) => picked(e.target)} />
      {camera && <input ref={lens} type="file" hidden accept="image/*" capture="environment" onChange={(e) => picked(e.target)} />}
      {refused.map((text) => (
        <p key={text} className="field-error" role="alert">
          <Icon name="warning" size={16} />
          <span>{text}</span>
        </p>
      ))}
    </div>
  )
}

/** A picture; its name where there is none, or none that this browser can draw (an iPhone's HEIC). */
export function FilePicture({ src, name }: { src?: string | false | null; name: string }) {
  const [broken, setBroken] = useState(false)
  if (src && !broken) return <img src={src} alt={name} loading="lazy" onError={() => setBroken(true)} />
  return (
    <span className="file-face">
      <Icon name="file" size={24} />
      <span className="small">{name}</span>
    </span>
  )
}

/** Files beside a message or a fact: pictures as tiles, the rest as names. */
export function FileLinks({ files }: { files: readonly StoredFile[] }) {
  if (!files.length) return null
  return (
    <ul className="file-links" role="list">
      {files.map((file) => (
        <li key={file.id}>
          <a href={file.url ?? undefined} target="_blank" rel="noreferrer" className={file.content_type.startsWith('image/') ? 'file-picture' : 'file-link'}>
            {file.content_type.startsWith('image/') && file.url ? (
              <FilePicture src={file.url} name={file.name} />
            ) : (
              <>
                <Icon name="clip" size={16} />
                <span className="one-line">{file.name}</span>
              </>
            )}
          </a>
        </li>
      ))}
    </ul>
  )
}
