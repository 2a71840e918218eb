import { Check, CircleHelp, Clock3, OctagonX, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { BundleOverview, Convergence } from '../../../../shared/domain/model/policy.ts'
import { formatAge, formatClock } from '../../../../shared/words/durations.ts'
import {
  convergedCount,
  opaSentence,
  opaSentences,
  opaStateLabel,
  stuckSentence,
} from '../../../../shared/words/policy-release.ts'
import { useNow } from '../../../api/clock.tsx'
import styles from './release.module.css'

type OpaLine = Convergence['opas'][number]

/** "11 of 12 on r42. payments-opa still on r41, 38 s.", a chip an OPA, and in words who is stuck and why. */
export function ConvergenceView({
  convergence,
  bundle,
  areRefusalsTold = false,
}: {
  readonly convergence: Convergence | null
  /** null: no ages are shown. */
  readonly bundle: BundleOverview | null
  /** A banner above says who refused it, and why. */
  readonly areRefusalsTold?: boolean
}) {
  const now = useNow(1000)
  const [chosen, setChosen] = useState<string | null>(null)
  if (convergence === null) return null
  const late = convergence.opas.filter(
    ({ state }) => state !== 'converged' && !(areRefusalsTold && state === 'rejected'),
  )
  const shown = convergence.opas.find(({ opa }) => opa === chosen) ?? null
  const told = shown === null ? late : [shown]
  const heard = bundle?.opas.find(({ opa }) => opa === shown?.opa) ?? null
  return (
    <section className={styles.convergence} data-testid="convergence" data-state={convergence.state}>
      <p className={styles.headline} role="status">
        <b>{convergedCount(convergence)}</b>{' '}
        <b className={convergence.state === 'stuck' ? styles.bad : styles.late}>{stuckSentence(convergence, now)}</b>
        <span className={styles.grow} />
        <span className={styles.quiet}>{oldest(bundle, now)}</span>
      </p>
      <ul className={styles.chips}>
        {convergence.opas.map((line) => (
          <li key={line.opa}>
            <button
              type="button"
              className={styles.chip}
              data-state={line.state}
              data-testid={`opa-${line.opa}`}
              aria-pressed={chosen === line.opa}
              aria-label={opaSentence(line, convergence.revision)}
              title={opaSentence(line, convergence.revision)}
              onClick={() => setChosen(chosen === line.opa ? null : line.opa)}
            >
              <StateIcon state={line.state} />
              <span>{line.opa}</span>
              {line.state === 'converged' ? null : <small>{opaStateLabel(line.state)}</small>}
            </button>
          </li>
        ))}
      </ul>
      {opaSentences(told, convergence.revision).map((text) => (
        <p key={text} className={styles.why} data-testid="convergence-why">
          {text}
        </p>
      ))}
      {heard === null ? null : (
        <p className={styles.why}>
          Last asked for the bundle {moment(heard.lastRequestAt, now)}, downloaded {moment(heard.lastDownloadAt, now)},
          activated {moment(heard.lastActivationAt, now)}.
        </p>
      )}
    </section>
  )
}

function StateIcon({ state }: { readonly state: OpaLine['state'] }) {
  const size = { size: 12, 'aria-hidden': true }
  switch (state) {
    case 'converged':
      return <Check {...size} />
    case 'waiting':
      return <Clock3 {...size} />
    case 'rejected':
      return <OctagonX {...size} />
    case 'silent':
      return <CircleHelp {...size} />
    case 'other-revision':
      return <TriangleAlert {...size} />
  }
}

/** Age of the oldest word of an OPA that the picture rests on. */
function oldest(bundle: BundleOverview | null, now: number): string {
  const ages = (bundle?.opas ?? []).flatMap(({ fact }) => (fact === null ? [] : [fact.observedAt]))
  return ages.length === 0 ? '' : `● OPA status ${formatAge(now - Math.min(...ages))}`
}

function moment(at: number | null, now: number): string {
  return at === null ? 'at no known time' : `at ${formatClock(at, now)}`
}
