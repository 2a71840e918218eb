/**
 * Times that grow with every line, by which a reader can resume without losing or repeating one: RFC 3339 with nanoseconds; within
 * a millisecond they count.
 */
export function growingStamps(): (at: number) => string {
  let last = 0
  let count = 0
  return (at) => {
    const ms = Math.max(at, last)
    count = ms === last ? count + 1 : 0
    last = ms
    return `${new Date(ms).toISOString().slice(0, -1)}${String(count).padStart(6, '0')}Z`
  }
}
