/** So many changes at once are kept for good. */
const most = 16
/** And one more each. Milliseconds. */
const everyMs = 15 * 60_000

/** How often something may change to and fro and be kept for good: a hop that flickers all day must not fill the disk. */
export interface Flips {
  /** This one may. `at`: milliseconds, never less than before. */
  take(at: number): boolean
}

export function createFlips(): Flips {
  let left = most
  let since = Number.NEGATIVE_INFINITY
  return {
    take(at) {
      if (since === Number.NEGATIVE_INFINITY) since = at
      const earned = Math.floor((at - since) / everyMs)
      left = Math.min(most, left + earned)
      since += earned * everyMs
      if (left === 0) return false
      left -= 1
      return true
    },
  }
}
