import { CircleCheck, CircleDashed, Clock } from 'lucide-react'
import type { BuildStep } from '../../../shared/contract/evidence.ts'
import { formatDuration } from '../../../shared/words/durations.ts'
import type { Building } from '../../api/evidence.tsx'
import { Button } from '../../ui/atoms.tsx'
import { bytesWords } from './bytes.ts'
import styles from './evidence.module.css'

const steps: readonly (readonly [BuildStep, string])[] = [
  ['collect', 'Collect'],
  ['redact', 'Redact'],
  ['hash', 'Hash'],
  ['reconcile', 'Reconcile'],
  ['seal', 'Seal and sign'],
]

/** Where a pack that is being made stands, and the button that stops it. */
export function ProgressHead({
  building,
  onStop,
}: {
  readonly building: Extract<Building, { readonly state: 'running' }>
  readonly onStop: () => void
}) {
  const { progress } = building
  const at = steps.findIndex(([step]) => step === progress?.step)
  const bytes = progress?.artefacts.reduce((sum, one) => sum + one.bytes, 0) ?? 0
  const records = progress?.artefacts.reduce((sum, one) => sum + one.records, 0) ?? 0
  return (
    <>
      <header className={styles.cardHead}>
        <h2>Collecting {progress?.packId ?? ''}</h2>
        <span className={styles.meta} role="status">
          {progress === null
            ? 'beginning'
            : `step ${at + 1} of ${steps.length}: ${steps[at]?.[1].toLowerCase() ?? ''} · ${records.toLocaleString('en-GB')} records, ${bytesWords(bytes)} · ${formatDuration(progress.elapsedMs)}`}
        </span>
        <span className={styles.grow} />
        <Button onClick={onStop} title="Nothing of this pack is kept">
          Stop
        </Button>
      </header>
      <ol className={styles.steps}>
        {steps.map(([step, words], index) => (
          <li key={step} data-state={index < at ? 'done' : index === at ? 'now' : 'later'}>
            {index < at ? (
              <CircleCheck size={14} aria-hidden="true" />
            ) : index === at ? (
              <Clock size={14} aria-hidden="true" />
            ) : (
              <CircleDashed size={14} aria-hidden="true" />
            )}
            {words}
            <span className="visually-hidden">{index < at ? ', done' : index === at ? ', now' : ', later'}</span>
          </li>
        ))}
      </ol>
    </>
  )
}
