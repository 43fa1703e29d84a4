import { useState } from 'react'
import { Dialog, Icon, IconButton, RelativeTime, Words } from '../../design'
import { useText } from '../../i18n'
import { useKeys } from '../../shell/keys'
import { type Evidence, fileUrl } from '../data'
import css from './customer.module.css'

const isPicture = (e: Evidence) => !!e.file_id && !!e.media_type?.startsWith('image/')

/** Proof as tiles; a tile opens large, arrows go on. */
export function Gallery({ evidence, withWords = true, large }: { evidence: readonly Evidence[]; withWords?: boolean; large?: boolean }) {
  const { t } = useText()
  const files = evidence.filter((e) => e.file_id)
  const said = evidence.filter((e) => e.words)
  const [at, setAt] = useState<number | null>(null)
  const shown = at === null ? undefined : files[at]
  const move = (by: number) => at !== null && setAt((at + by + files.length) % files.length)
  useKeys([
    { keys: 'arrowright', label: t('gallery.next'), enabled: at !== null, whileTyping: true, run: () => move(1) },
    { keys: 'arrowleft', label: t('gallery.previous'), enabled: at !== null, whileTyping: true, run: () => move(-1) },
  ])
  return (
    <>
      {files.length > 0 && (
        <ul className={large ? `${css.gallery} ${css.isLarge}` : css.gallery}>
          {files.map((file, i) => (
            <li key={file.id}>
              <button type="button" onClick={() => setAt(i)} aria-label={`${t('gallery.open', { name: file.name ?? '' })} ${t(`side.${file.side}`)}`}>
                {isPicture(file) ? <img src={fileUrl(file.file_id ?? '')} alt={file.name ?? ''} loading="lazy" /> : <Icon name={file.media_type?.startsWith('video/') ? 'camera' : 'file'} size={24} />}
                <span className={css.side}>{t(`side.${file.side}`)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {withWords &&
        [...new Map(said.map((e) => [`${e.side}${e.words}`, e])).values()].map((e) => (
          <div key={e.id} className={css.proofWords}>
            <p className="muted small">
              {t(`side.${e.side}`)} · <RelativeTime at={e.added_at} />
            </p>
            <Words text={e.words} />
          </div>
        ))}
      <Dialog open={!!shown} onClose={() => setAt(null)} title={shown ? `${t(`side.${shown.side}`)} · ${shown.name ?? ''}` : ''} wide>
        {shown && (
          <div className={css.lightbox}>
            {isPicture(shown) ? (
              <img src={fileUrl(shown.file_id ?? '')} alt={shown.name ?? ''} />
            ) : shown.media_type?.startsWith('video/') ? (
              <video src={fileUrl(shown.file_id ?? '')} controls />
            ) : (
              <a href={fileUrl(shown.file_id ?? '')} target="_blank" rel="noreferrer">
                {t('gallery.openFile', { name: shown.name ?? '' })}
              </a>
            )}
            <p className={css.lightboxFoot}>
              <IconButton icon="previous" label={t('gallery.previous')} onClick={() => move(-1)} disabled={files.length < 2} />
              <span className="muted">
                {(at ?? 0) + 1} / {files.length} · <RelativeTime at={shown.added_at} />
              </span>
              <IconButton icon="next" label={t('gallery.next')} onClick={() => move(1)} disabled={files.length < 2} />
            </p>
          </div>
        )}
      </Dialog>
    </>
  )
}
