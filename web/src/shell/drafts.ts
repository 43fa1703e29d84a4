/** What a person typed and did not send: kept on this device, also offline. Words in localStorage, files in IndexedDB. */
import { useCallback, useEffect, useRef, useState } from 'react'

const PREFIX = 'aftercare.draft.'
const KEEP = 30 * 24 * 3600 * 1000

interface Stored<T> {
  at: number
  value: T
}

export function readDraft<T>(key: string): T | null {
  try {
    const stored = JSON.parse(localStorage.getItem(PREFIX + key) ?? 'null') as Stored<T> | null
    if (!stored) return null
    if (Date.now() - stored.at > KEEP) {
      localStorage.removeItem(PREFIX + key)
      return null
    }
    return stored.value
  } catch {
    return null
  }
}

export function writeDraft<T>(key: string, value: T | null) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key)
    else localStorage.setItem(PREFIX + key, JSON.stringify({ at: Date.now(), value } satisfies Stored<T>))
  } catch {
    // Full or refused: the form still works, it is only not kept.
  }
}

/** Like useState, kept under `key` until `clear()`. `found` tells that an older draft was taken up. */
export function useDraft<T>(key: string, initial: T): { value: T; set: (next: T | ((now: T) => T)) => void; clear: () => void; found: boolean } {
  const [found] = useState(() => readDraft<T>(key))
  const [value, setValue] = useState<T>(found ?? initial)
  const touched = useRef(false)
  const set = useCallback((next: T | ((now: T) => T)) => {
    touched.current = true
    setValue(next)
  }, [])
  useEffect(() => {
    if (!touched.current) return
    // Cleared meanwhile, it stays so: the page is left behind only when the next one is there.
    const now = () => touched.current && writeDraft(key, value)
    const timer = setTimeout(now, 300)
    addEventListener('pagehide', now)
    return () => {
      clearTimeout(timer)
      removeEventListener('pagehide', now)
    }
  }, [key, value])
  // Who closes a form right after the last letter keeps that as well.
  const latest = useRef(value)
  latest.current = value
  useEffect(
    () => () => {
      if (touched.current) writeDraft(key, latest.current)
    },
    [key],
  )
  const clear = useCallback(() => {
    touched.current = false
    writeDraft(key, null)
    setValue(initial)
    void dropDraftFiles(key)
    // The first `initial` is meant: callers pass literals.
  }, [key])
  return { value, set, clear, found: found !== null }
}

function store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return new Promise((resolve, reject) => {
    const open = indexedDB.open('aftercare', 1)
    open.onupgradeneeded = () => open.result.createObjectStore('files')
    open.onsuccess = () => resolve(open.result.transaction('files', mode).objectStore('files'))
    open.onerror = () => reject(open.error)
  })
}

const done = <T>(call: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    call.onsuccess = () => resolve(call.result)
    call.onerror = () => reject(call.error)
  })

/** Once it lies there for good, also when the page goes the next moment. */
const written = (into: IDBObjectStore) =>
  new Promise<void>((resolve, reject) => {
    into.transaction.oncomplete = () => resolve()
    into.transaction.onabort = () => reject(into.transaction.error)
  })

const range = (key: string) => IDBKeyRange.bound(`${key}/`, `${key}/\uffff`)

/** Keeps a photo taken offline beside the draft `key`. */
export async function keepDraftFile(key: string, name: string, file: File): Promise<void> {
  const into = await store('readwrite')
  into.put(file, `${key}/${name}`)
  await written(into)
}

export async function draftFiles(key: string): Promise<File[]> {
  return (await done((await store('readonly')).getAll(range(key)))) as File[]
}

/** Forgets the files of a draft, or the one of this `name`. */
export async function dropDraftFiles(key: string, name?: string): Promise<void> {
  try {
    await done((await store('readwrite')).delete(name === undefined ? range(key) : `${key}/${name}`))
  } catch {
    // No IndexedDB in some private windows; then nothing was kept either.
  }
}
