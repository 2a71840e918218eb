import type { PillSign } from '../../../../shared/words/hop-sentences.ts'
import { authorisationTone, claimTone } from '../looks.ts'
import styles from './hop.module.css'

/** Nobody is asked, so there is no ring: a shield with a stroke through it. */
const unguarded = 'M8 2.2l4.8 1.8v4c0 3-2 5-4.8 6-2.8-1-4.8-3-4.8-6V4zM3 13.2L13 2.8'

/** Two heads: the one that is proved, and the one that is claimed. */
const claimed =
  'M5.2 2.6a2.300 2.300 0 1 0 .01 0M1.400 13c0-2.600 1.600-4.200 3.800-4.200s3.800 1.600 3.800 4.200M11 2.600a2.300 2.300 0 0 1 0 4.600M12 9c1.700.5 2.700 1.900 2.700 4'

const signs: Readonly<Partial<Record<PillSign, string>>> = {
  claimed,
  unguarded,
  denying: 'M8 2.500a5.5 5.5 0 1 0 .01 0M4.2 11.800l7.6-7.6',
  erroring: 'M5.4 2.200h5.200l3.2 3.200v5.200l-3.2 3.200H5.400l-3.2-3.200V5.400zM6 6l4 4M10 6l-4 4',
  // An open ring: the gate stands open when nobody answers.
  'failing-open': 'M11.9 4.100a5.5 5.5 0 1 0 1.6 3.9',
}

/** What authorisation does on a hop: share and sign in a pill. Origin at its left edge, top. */
export function HopPill({
  state,
  text,
  width,
}: {
  readonly state: PillSign
  readonly text: string
  readonly width: number
}) {
  const sign = signs[state]
  return (
    <g className={styles.pill} data-tone={state === 'claimed' ? claimTone('contradicted') : authorisationTone(state)}>
      <rect width={width} height={18} rx={9} />
      {sign === undefined ? null : (
        <g className={styles.sign} transform="translate(5 4) scale(0.625)">
          <path d={sign} />
        </g>
      )}
      {text === '' ? null : (
        <text x={17} y={13}>
          {text}
        </text>
      )}
    </g>
  )
}
