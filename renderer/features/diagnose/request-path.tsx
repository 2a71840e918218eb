import { ArrowRight, CircleSlash, Lock, OctagonX, SquareDashed } from 'lucide-react'
import type { ReactNode } from 'react'
import type { HopOnPath } from '../../../shared/domain/diagnosis/model.ts'
import { addressOf } from '../../ui/address-of.ts'
import { stripOf } from './path-strip.ts'
import styles from './request-path.module.css'
import { workloadName } from './workload-name.ts'

const looks: Readonly<Record<HopOnPath['state'], { readonly words: string; readonly Glyph: typeof Lock }>> = {
  passed: { words: 'passed', Glyph: Lock },
  denied: { words: 'denied', Glyph: CircleSlash },
  broken: { words: 'broken', Glyph: OctagonX },
  'not-reached': { words: 'not reached', Glyph: ArrowRight },
  unknown: { words: 'unknown', Glyph: SquareDashed },
}

/** The calls of the request from workload to workload, and which of them ended it. Each leads to the graph. */
export function RequestPath({
  path,
  names,
  environment,
}: {
  readonly path: readonly HopOnPath[]
  readonly names: ReadonlyMap<string, string>
  readonly environment: string | null
}) {
  const nameOf = (id: string | null) => (id === null ? 'not known' : workloadName(id, names))
  const link = (selected: string | null) =>
    environment === null || selected === null ? undefined : addressOf('graph', { env: environment, selected })
  if (path.length === 0) return null
  return (
    <ol className={styles.strip} aria-label="Path of the request" data-testid="request-path">
      {stripOf(path).map((part, index) => {
        if (part.kind === 'gap') {
          return (
            <li key={`gap ${index + 1}`} className={styles.gap}>
              <span title="The next call begins elsewhere">…</span>
            </li>
          )
        }
        if (part.kind === 'workload') {
          const name = nameOf(part.id)
          return (
            <li key={`${part.id ?? 'unknown'} ${index + 1}`} className={styles.workload} data-reached={part.reached}>
              <Place href={link(part.id)} title={part.reached ? name : `${name}: not reached`}>
                {name}
              </Place>
            </li>
          )
        }
        const { from, to, state, hop } = part.of
        const { words, Glyph } = looks[state]
        const sentence = `${nameOf(from)} to ${nameOf(to)}: ${words}`
        return (
          <li key={`hop ${index + 1}`} className={styles.hop} data-state={state}>
            <Place href={link(hop)} title={sentence}>
              <Glyph size={12} aria-hidden="true" />
              <span className="visually-hidden">{sentence}</span>
            </Place>
          </li>
        )
      })}
    </ol>
  )
}

/** A link where there is a place to go to. */
function Place({
  href,
  title,
  children,
}: {
  readonly href: string | undefined
  readonly title: string
  readonly children: ReactNode
}) {
  return href === undefined ? (
    <span className={styles.place} title={title}>
      {children}
    </span>
  ) : (
    <a className={styles.place} href={href} title={title}>
      {children}
    </a>
  )
}
