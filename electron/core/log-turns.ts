/** A log that is followed through a cluster: how it stands now. */
export interface TurnTaker {
  readonly id: string
  /** Somebody looks at what writes it. */
  readonly attended: boolean
  /** What it says, or what writes it, is failing. */
  readonly failing: boolean
}

/** Followed at once, in one environment: each is a request to the API server and to a kubelet that stays open. */
export const mostStreams = 60
/** How long a log that is followed in turns is followed. Milliseconds; longer than most windows are counted in. */
export const turnMs = 20_000
/** So many places at least go round, however much is failing. */
const leastRound = 10

/**
 * Which logs are followed in this turn: all, when there is room; else those that are looked at, those that fail, and of the
 * others as many as fit, a different part each turn, so that each comes to its turn.
 */
export function chooseStreams(
  streams: readonly TurnTaker[],
  turn: number,
  most: number = mostStreams,
): ReadonlySet<string> {
  if (streams.length <= most) return new Set(streams.map(({ id }) => id))
  const attended = streams.filter((one) => one.attended)
  const failing = streams.filter((one) => one.failing && !one.attended)
  const others = streams.filter((one) => !one.failing && !one.attended)
  const kept = Math.max(0, most - Math.min(leastRound, others.length))
  const chosen = [...part(attended, turn, kept)]
  chosen.push(...part(failing, turn, kept - chosen.length))
  chosen.push(...part(others, turn, most - chosen.length))
  return new Set(chosen.map(({ id }) => id))
}

/** `size` of the list, beginning where the turn before ended. */
function part(streams: readonly TurnTaker[], turn: number, size: number): readonly TurnTaker[] {
  if (size <= 0) return []
  if (streams.length <= size) return streams
  const sorted = streams.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  const start = (turn * size) % sorted.length
  return [...sorted.slice(start), ...sorted.slice(0, start)].slice(0, size)
}
