import { CircleAlert, CircleCheck, CircleDashed, CircleHelp } from 'lucide-react'
import type { ResultState } from '../../../shared/domain/evidence/model.ts'
import { resultWords } from '../../../shared/words/evidence.ts'
import styles from './evidence.module.css'

const icons = {
  operated: CircleCheck,
  exception: CircleAlert,
  'not-evaluated': CircleDashed,
  insufficient: CircleHelp,
} as const

const tones = { operated: 'ok', exception: 'warn', 'not-evaluated': 'unknown', insufficient: 'unknown' } as const

/** One of the four states: shape and word; colour only repeats them. */
export function StateTag({ state }: { readonly state: ResultState }) {
  const Icon = icons[state]
  return (
    <span className={styles.state} data-tone={tones[state]} data-state={state}>
      <Icon size={14} aria-hidden="true" />
      {resultWords[state]}
    </span>
  )
}
