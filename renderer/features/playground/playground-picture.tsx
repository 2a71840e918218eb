import styles from './playground.module.css'

/** Six cards and their hops, one of them broken: what one is about to see, in small. Decoration. */
export function PlaygroundPicture() {
  const columns = [0, 92, 184]
  return (
    <svg className={styles.picture} width="228" height="124" viewBox="0 0 228 124" fill="none" aria-hidden="true">
      {columns.map((x) => (
        <g key={x}>
          <Card x={x} y={0} tone="ok" />
          <Card x={x} y={80} tone={x === 184 ? 'fail' : 'ok'} />
        </g>
      ))}
      <Hop x={44} y={22} tone="ok" />
      <Hop x={136} y={22} tone="ok" />
      <Hop x={44} y={102} tone="ok" />
      <Hop x={136} y={102} tone="fail" />
      <path d="M206 44v36" className={styles.pictureWay} />
    </svg>
  )
}

type PictureTone = 'ok' | 'fail'

function Card({ x, y, tone }: { readonly x: number; readonly y: number; readonly tone: PictureTone }) {
  return (
    <g data-tone={tone}>
      <rect x={x + 0.5} y={y + 0.5} width="43" height="43" rx="6" className={styles.pictureCard} />
      <circle cx={x + 22} cy={y + 22} r="13" className={styles.pictureRing} />
      <path d={`M${x + 22} ${y + 9}a13 13 0 1 1-13 13`} className={styles.pictureArc} />
    </g>
  )
}

function Hop({ x, y, tone }: { readonly x: number; readonly y: number; readonly tone: PictureTone }) {
  return (
    <g data-tone={tone}>
      <path d={`M${x} ${y}h14m20 0h14`} className={styles.pictureHop} />
      {tone === 'ok' ? (
        <circle cx={x + 24} cy={y} r="8" className={styles.pictureMark} />
      ) : (
        <path d={`M${x + 18} ${y - 6}l12 12m0-12l-12 12`} className={styles.pictureMark} />
      )}
    </g>
  )
}
