import type { TransportState } from '../../../../shared/domain/model/hop-state.ts'
import { assertNever } from '../../../../shared/lib/assert-never.ts'
import styles from './hop.module.css'

const lock = 'M4 7h8v6H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2'
const openLock = 'M4 7.5h8v5.500H4zM5.5 7.500V4.600a2.5 2.5 0 0 1 4.7-1.2'
const cross = 'M4.5 4.500l7 7M11.5 4.500l-7 7'
const question = 'M5.8 6.100a2.2 2.2 0 1 1 3.1 2c-.6.3-.9.7-.9 1.400M8 12.200v.01'

/** The shape of a transport state around the origin. Radius 10; no two states share a shape. */
export function HopGlyph({ state, radius = 10 }: { readonly state: TransportState; readonly radius?: number }) {
  return (
    <g className={styles.glyph} data-line={state}>
      <Outline state={state} radius={radius} />
      <g className={styles.sign} transform={`translate(${-radius * 0.6} ${-radius * 0.6}) scale(${radius * 0.075})`}>
        <path d={signOf(state)} />
      </g>
    </g>
  )
}

function Outline({ state, radius: r }: { readonly state: TransportState; readonly radius: number }) {
  switch (state) {
    case 'verified':
    case 'configured':
      return <circle className={styles.outline} r={r} />
    case 'one-sided':
      return (
        <>
          <circle className={styles.outline} r={r} />
          <path className={styles.half} d={`M0 ${-r}A${r} ${r} 0 0 1 0 ${r}Z`} />
        </>
      )
    case 'plaintext': {
      const side = r * 0.86
      return (
        <rect
          className={styles.outline}
          x={-side}
          y={-side}
          width={side * 2}
          height={side * 2}
          rx={2}
          transform="rotate(45)"
        />
      )
    }
    case 'failing': {
      const edge = r * 0.42
      return (
        <path
          className={styles.outline}
          d={`M${-edge} ${-r}H${edge}L${r} ${-edge}V${edge}L${edge} ${r}H${-edge}L${-r} ${edge}V${-edge}Z`}
        />
      )
    }
    case 'unknown': {
      const side = r * 0.95
      return (
        <>
          <rect className={styles.outline} x={-side} y={-side} width={side * 2} height={side * 2} rx={3} />
          <rect className={styles.hatched} x={-side} y={-side} width={side * 2} height={side * 2} rx={3} />
        </>
      )
    }
    default:
      return assertNever(state)
  }
}

function signOf(state: TransportState): string {
  switch (state) {
    case 'verified':
    case 'one-sided':
    case 'configured':
      return lock
    case 'plaintext':
      return openLock
    case 'failing':
      return cross
    case 'unknown':
      return question
    default:
      return assertNever(state)
  }
}
