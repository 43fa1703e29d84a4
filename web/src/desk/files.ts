import type { StoredFile } from '../design'

export const fileUrl = (id: string) => `/api/files/${id}`

export const storedFile = (file: { id: string; name: string; media_type: string; bytes: number }): StoredFile => ({
  id: file.id,
  name: file.name,
  content_type: file.media_type,
  size: file.bytes,
  url: fileUrl(file.id),
})
