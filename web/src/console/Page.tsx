import type { ReactNode } from 'react'

/** A page of the console: what it is about, its finding as a sentence, the period at the right. */
export function Page({ about, finding, tools, children }: { about: ReactNode; finding: ReactNode; tools?: ReactNode; children: ReactNode }) {
  return (
    <div className="finding-page">
      <header className="finding-head">
        <div>
          <p className="finding-about">{about}</p>
          <h1>{finding}</h1>
        </div>
        {tools && <div className="finding-tools">{tools}</div>}
      </header>
      {children}
    </div>
  )
}
