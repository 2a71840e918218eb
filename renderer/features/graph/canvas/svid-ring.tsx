import type { WorkloadState } from '../../../../shared/domain/model/hop-state.ts'
import styles from './card.module.css'

const radius = 15
const round = 2 * Math.PI * radius

/** Share of the SVID's life that is left, clockwise from the top. Dashed where there is none or it is not known. */
export function SvidRing({ left, state }: { readonly left: number | null; readonly state: WorkloadState }) {
  const expired = left !== null && left <= 0
  if (left === null || state === 'unknown' || state === 'no-identity') {
    return (
      <svg width="32" height="32" viewBox="0 0 32 32" aria-hidden="true">
        <circle className={styles.ringDashed} data-state={state} cx="16" cy="16" r={radius - 0.5} />
      </svg>
    )
  }
  return (
    <svg width="32" height="32" viewBox="-1 -1 34 34" aria-hidden="true">
      <circle className={styles.ringTrack} data-expired={expired} cx="16" cy="16" r={radius} />
      {expired ? (
        <path className={styles.ringCross} d="M23.5 0.500l7 7M30.5 0.500l-7 7" />
      ) : (
        <circle
          className={styles.ringArc}
          data-tone={arcTone(left)}
          cx="16"
          cy="16"
          r={radius}
          strokeDasharray={`${(round * left).toFixed(1)} ${round.toFixed(1)}`}
          transform="rotate(-90 16 16)"
        />
      )}
    </svg>
  )
}

/** SPIRE renews at half of a life: what is below that, with a margin, was not rotated in time. */
function arcTone(left: number): 'ok' | 'warn' {
  return left > 0.4 ? 'ok' : 'warn'
}
