import type { LineLook } from '../looks.ts'
import styles from './hop.module.css'

/** Band, halo, line and arrow of one hop. `angle` is the direction in which it arrives, degrees. */
export function HopLine({
  path,
  look,
  end,
  angle,
  selected,
}: {
  readonly path: string
  readonly look: LineLook
  readonly end: { readonly x: number; readonly y: number }
  readonly angle: number
  readonly selected: boolean
}) {
  return (
    <g className={styles.hop} data-line={look.line}>
      {selected ? <path className={styles.halo} d={path} /> : null}
      {look.band ? <path className={styles.band} data-alone={look.line === 'none'} d={path} /> : null}
      {look.line === 'none' ? null : <path className={styles.line} d={path} />}
      {look.line === 'one-sided' ? <path className={styles.core} d={path} /> : null}
      {look.line === 'none' ? null : <Arrow look={look} transform={`translate(${end.x} ${end.y}) rotate(${angle})`} />}
    </g>
  )
}

function Arrow({ look, transform }: { readonly look: LineLook; readonly transform: string }) {
  // A failing handshake arrives nowhere: a bar stands where the arrow would be.
  if (look.line === 'failing') return <path className={styles.bar} transform={transform} d="M-3 -6V6M-8 -4V4" />
  if (look.line === 'granted' || look.line === 'configured') {
    return <path className={styles.hollow} transform={transform} d="M-9 -4.5L-1 0L-9 4.5Z" />
  }
  return <path className={styles.arrow} transform={transform} d="M-9 -4.5L-1 0L-9 4.5Z" />
}
