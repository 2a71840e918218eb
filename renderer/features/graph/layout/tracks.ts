import type { Point } from './grid.ts'
import type { Plan, Rail } from './plan.ts'

/** Pixels between parallel lines, where the channel has room for it. */
const widestStep = 10

interface Stretch {
  readonly key: string
  readonly low: number
  readonly high: number
  /** The two ends: where they are, and to which side of the channel the line goes on from there. */
  readonly ends: readonly { readonly at: number; readonly goes: -1 | 1 }[]
}

/**
 * Lines that share a channel get tracks of their own, ordered so that they cross as little as possible.
 * Keys are `<plan id>|<index of the rail>`, values the coordinate across the channel.
 */
export function assignTracks(
  plans: readonly Plan[],
  rough: ReadonlyMap<string, readonly Point[]>,
  channel: { readonly middle: (rail: Rail) => number; readonly room: (rail: Rail) => number },
): ReadonlyMap<string, number> {
  const channels = new Map<string, { rail: Rail; stretches: Stretch[] }>()
  for (const plan of plans) {
    const points = rough.get(plan.id) ?? []
    plan.rails.forEach((rail, index) => {
      const stretch = stretchOf(`${plan.id}|${index}`, rail, points, index)
      if (stretch === null) return
      const name = `${rail.axis}${rail.channel}`
      const entry = channels.get(name) ?? { rail, stretches: [] }
      entry.stretches.push(stretch)
      channels.set(name, entry)
    })
  }
  const result = new Map<string, number>()
  for (const { rail, stretches } of channels.values()) {
    for (const cluster of clusters(stretches)) place(cluster, channel.middle(rail), channel.room(rail), result)
  }
  return result
}

function stretchOf(key: string, rail: Rail, points: readonly Point[], index: number): Stretch | null {
  const before = points[index]
  const a = points[index + 1]
  const b = points[index + 2]
  const after = points[index + 3]
  if (before === undefined || a === undefined || b === undefined) return null
  const along = (point: Point) => (rail.axis === 'h' ? point.x : point.y)
  const across = (point: Point) => (rail.axis === 'h' ? point.y : point.x)
  const goes = (from: Point, to: Point): -1 | 1 => (across(to) < across(from) ? -1 : 1)
  return {
    key,
    low: Math.min(along(a), along(b)),
    high: Math.max(along(a), along(b)),
    ends: [
      { at: along(a), goes: goes(a, before) },
      { at: along(b), goes: after === undefined ? 1 : goes(b, after) },
    ],
  }
}

function touch(a: Stretch, b: Stretch): boolean {
  return a.low <= b.high + 4 && b.low <= a.high + 4
}

/** Stretches that overlap, directly or through others; each cluster is centred in the channel by itself. */
function clusters(stretches: readonly Stretch[]): readonly Stretch[][] {
  const sorted = [...stretches].sort((a, b) => a.low - b.low || (a.key < b.key ? -1 : 1))
  const groups: Stretch[][] = []
  let end = Number.NEGATIVE_INFINITY
  for (const stretch of sorted) {
    const group = groups.at(-1)
    if (group === undefined || stretch.low > end + 4) groups.push([stretch])
    else group.push(stretch)
    end = Math.max(end, stretch.high)
  }
  return groups
}

/** Crossings between two overlapping stretches when `a` lies before (above, left of) `b`. */
function crossingsWhenFirst(a: Stretch, b: Stretch): number {
  const inside = (at: number, other: Stretch) => at >= other.low && at <= other.high
  return (
    a.ends.filter((end) => end.goes === 1 && inside(end.at, b)).length +
    b.ends.filter((end) => end.goes === -1 && inside(end.at, a)).length
  )
}

/** Above this number the order of arrival is kept: settling is cubic, and nobody can follow that many lines anyway. */
const settledUpTo = 24

/** Moves each stretch to its cheapest place among the others until nothing improves. */
function settle(cluster: readonly Stretch[]): readonly Stretch[] {
  let order = [...cluster]
  if (order.length > settledUpTo) return order
  const pairCost = (first: Stretch, second: Stretch) => (touch(first, second) ? crossingsWhenFirst(first, second) : 0)
  for (let pass = 0; pass < 4; pass += 1) {
    let improved = false
    for (const stretch of cluster) {
      const others = order.filter((other) => other !== stretch)
      // Cost of standing at place 0, then the change with each step further down.
      let cost = others.reduce((sum, other) => sum + pairCost(stretch, other), 0)
      let best = { at: 0, cost }
      let current = cost
      others.forEach((other, index) => {
        if (order[index] === stretch) current = cost
        cost += pairCost(other, stretch) - pairCost(stretch, other)
        if (cost < best.cost) best = { at: index + 1, cost }
      })
      if (order.at(-1) === stretch) current = cost
      if (best.cost >= current) continue
      order = [...others.slice(0, best.at), stretch, ...others.slice(best.at)]
      improved = true
    }
    if (!improved) break
  }
  return order
}

function place(cluster: readonly Stretch[], middle: number, room: number, result: Map<string, number>): void {
  const order = settle(cluster)
  const tracks: number[] = []
  order.forEach((stretch, index) => {
    let track = 0
    for (let earlier = 0; earlier < index; earlier += 1) {
      const other = order[earlier]
      if (other !== undefined && touch(other, stretch)) track = Math.max(track, (tracks[earlier] ?? 0) + 1)
    }
    tracks.push(track)
  })
  const last = Math.max(0, ...tracks)
  const step = last === 0 ? 0 : Math.min(widestStep, (room - 16) / last)
  order.forEach((stretch, index) => {
    result.set(stretch.key, middle + ((tracks[index] ?? 0) - last / 2) * step)
  })
}
