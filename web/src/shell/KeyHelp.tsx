import { useState } from 'react'
import { Dialog, KeyHint } from '../design'
import { useText } from '../i18n'
import { type KeyBinding, useKeyMap, useKeys } from './keys'

/** `?` shows every key that works on this page. Stands once in a shell. */
export function KeyHelp() {
  const { t } = useText()
  const [open, setOpen] = useState(false)
  useKeys([{ keys: '?', label: t('keys.help'), section: t('keys.everywhere'), run: () => setOpen(true) }])
  const bindings = useKeyMap()
  const sections = new Map<string, KeyBinding[]>()
  for (const binding of bindings) {
    const title = binding.section ?? t('keys.here')
    sections.set(title, [...(sections.get(title) ?? []), binding])
  }
  return (
    <Dialog open={open} onClose={() => setOpen(false)} title={t('keys.title')} wide>
      <div className="key-help">
        {[...sections].map(([title, list]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {list.map((b) => (
                <div key={b.keys}>
                  <dt>{b.label}</dt>
                  <dd>
                    <KeyHint keys={b.keys} />
                    <span className="sr">{b.keys}</span>
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
