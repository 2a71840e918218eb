import type { HistoryRange, Timeline } from '../../shared/contract/history.ts'
import type { ElementChange, GraphDifference, WatchGap } from '../../shared/domain/history/model.ts'
import type { EdgeItem, GraphView, NodeItem } from '../../shared/domain/model/view.ts'
import { minute } from './fixture-parts.ts'
import type { Fixture } from './fixture-view.ts'

const hour = 60 * minute
const recordedFor = 70 * hour
/** The tool's certificate expired this long ago; a batch job came some hours before. */
const expiredAgo = 3 * minute + 24_000
const jobAgo = 19 * hour + 24 * minute

/** Invented memory of the situation with troubles: what was true before them. */
export function historyFixture(fixture: () => Fixture, moment: { readonly now: number }) {
  const gaps = gapsOf(moment.now)
  const from = moment.now - recordedFor
  return {
    range: async (): Promise<HistoryRange> => ({
      began: from,
      from,
      to: moment.now,
      recording: true,
      why: null,
      gaps,
      retention: { maxAgeMs: 30 * 24 * hour, maxBytes: 2 ** 30 },
      bytes: 41_000_000,
    }),
    timeline: async (input: { from: number; to: number; buckets: number }): Promise<Timeline> => {
      const bucketMs = (input.to - input.from) / input.buckets
      const events = eventsOf(fixture(), moment.now)
      return {
        from: input.from,
        to: input.to,
        bucketMs,
        denials: Array.from({ length: input.buckets }, (_, index) =>
          denialsOf(input.from + index * bucketMs, from, moment.now),
        ),
        events: events.filter(({ seen }) => seen >= input.from && seen < input.to).map(({ entry }) => entry),
        leftOut: 0,
        gaps: gaps.filter((gap) => (gap.to ?? moment.now) > input.from && gap.from < input.to),
      }
    },
    difference: async (input: { from: number | null; to: number | null }): Promise<GraphDifference> => {
      const [one, other] = [input.from ?? moment.now, input.to ?? moment.now]
      return {
        from: one,
        to: other,
        changes: changesOf(fixture()).flatMap(({ ago, change }) =>
          moment.now - ago > one && moment.now - ago <= other ? [{ ...change, at: moment.now - ago }] : [],
        ),
        notComparable: one < moment.now - 28 * hour ? [{ source: 'vault/vault', missingAt: 'from', facts: 8 }] : [],
        gaps: gaps.filter((gap) => gap.from > one && gap.from < other),
      }
    },
    saveSnapshot: async ({ file }: { file: string }) => ({ file, bytes: 48_213, at: moment.now }),
    openSnapshot: async () => Promise.reject(new Error('connection refused')),
  }
}

/** The same graph before its troubles, or the gap that holds the time. */
export function pastViewOf(view: GraphView, at: number, now: number): GraphView {
  const isBeforeJob = at < now - jobAgo
  const isBroken = at >= now - expiredAgo
  const nodes = isBeforeJob ? view.nodes.filter((item) => nameOf(item) !== 'batch-eval') : view.nodes
  const kept = new Set(nodes.map(({ id }) => id))
  const edges = view.edges
    .filter(({ from, to }) => kept.has(from) && kept.has(to))
    .map((edge) => (isBroken ? edge : healed(edge)))
  const gap = gapsOf(now).find(({ from, to }) => at >= from && at < (to ?? now)) ?? null
  const missing = at < now - 28 * hour ? 8 : 0
  return {
    ...view,
    asOf: at,
    revision: 1,
    nodes: isBroken ? nodes : nodes.map((item) => verified(item, now, at)),
    edges,
    past: {
      at,
      gap,
      recorded: { facts: 104 - missing, missing },
      sources: (['kubernetes', 'spire', 'vault', 'opa', 'envoy'] as const).map((source) => ({
        source,
        state: source === 'vault' && missing > 0 ? 'not-recorded' : 'recorded',
      })),
    },
  }
}

function healed(edge: EdgeItem): EdgeItem {
  if (edge.type === 'bundle' || edge.hop.transport.state !== 'failing') return edge
  return { ...edge, hop: { ...edge.hop, transport: { ...edge.hop.transport, state: 'verified', since: null } } }
}

function verified(item: NodeItem, now: number, at: number): NodeItem {
  if (item.type === 'group' || item.workload.state.state !== 'failing') return item
  const { svid } = item.workload
  const loaded = svid.loaded.known
    ? { ...svid.loaded, value: { ...svid.loaded.value, notAfter: Math.max(now, at) + 31 * minute } }
    : svid.loaded
  const state = { ...item.workload.state, state: 'verified' as const }
  return { ...item, workload: { ...item.workload, svid: { ...svid, loaded }, state } }
}

function nameOf(item: NodeItem): string {
  return item.type === 'group' ? item.name : item.workload.name
}

function gapsOf(now: number): readonly WatchGap[] {
  return [
    { from: now - 2 * hour - 5 * minute, to: now - 1 * hour - 20 * minute, why: 'asleep' },
    { from: now - 41 * hour, to: now - 38 * hour, why: 'not-running' },
  ]
}

/** Some at all times, many at one; none is held of what was before. */
function denialsOf(at: number, from: number, now: number): number | null {
  if (at < from || at > now) return null
  const minuteOf = Math.floor(at / minute)
  const usual = (minuteOf * 2_654_435_761) % 7
  const isBurst = (now - at > 3.2 * hour && now - at < 3.5 * hour) || now - at < 8 * minute
  return isBurst ? 60 + usual * 9 : usual
}

interface Seen {
  readonly ago: number
  readonly change: ElementChange
}

function changesOf(fixture: Fixture): readonly Seen[] {
  const name = (id: string) => fixture.workloads.find((one) => one.id === id)?.name ?? id
  const ofHops = fixture.hops.flatMap((hop): Seen[] => {
    const base = { element: { kind: 'hop', id: hop.id } as const, name: `${name(hop.from)} → ${name(hop.to)}` }
    if (hop.transport.state === 'failing')
      return [
        {
          ago: expiredAgo,
          change: { ...base, aspect: 'transport', from: 'verified', to: 'failing', direction: 'worse' },
        },
      ]
    if (name(hop.from) === 'batch-eval')
      return [{ ago: jobAgo, change: { ...base, aspect: 'presence', from: null, to: 'plaintext', direction: 'worse' } }]
    if (name(hop.to) === 'vector-store')
      return [
        {
          ago: 27 * hour,
          change: { ...base, aspect: 'transport', from: 'plaintext', to: 'verified', direction: 'better' },
        },
      ]
    if (hop.authorisation.state === 'denying')
      return [{ ago: 8 * minute, change: { ...base, aspect: 'denials', from: '0', to: '0.061', direction: 'changed' } }]
    return []
  })
  const job = fixture.workloads.find((one) => one.name === 'batch-eval')
  const ofJob: Seen[] =
    job === undefined
      ? []
      : [
          {
            ago: jobAgo,
            change: {
              element: { kind: 'workload', id: job.id },
              name: job.name,
              aspect: 'presence',
              from: null,
              to: 'no-identity',
              direction: 'worse',
            },
          },
        ]
  const bundle = fixture.view.control.find(({ kind }) => kind === 'opa-bundle')
  const ofBundle: Seen[] =
    bundle === undefined
      ? []
      : [
          {
            ago: 8 * minute + 40_000,
            change: {
              element: { kind: 'control', id: bundle.id },
              name: bundle.name,
              aspect: 'bundle',
              from: 'r41',
              to: 'r42',
              direction: 'changed',
            },
          },
        ]
  return [...ofHops, ...ofJob, ...ofBundle].toSorted((one, other) => one.ago - other.ago)
}

type Entry = Timeline['events'][number]

function eventsOf(fixture: Fixture, now: number): readonly { readonly seen: number; readonly entry: Entry }[] {
  const changes = changesOf(fixture).map(({ ago, change }, index) => ({
    seen: now - ago,
    entry: { kind: 'change', event: { number: 100 - index, at: now - ago, learntAt: now - ago, change } } as const,
  }))
  const quiet = [0.7, 1.3, 2.6, 3.6, 4.1, 5.2].map((hours, index) => ({
    seen: now - hours * hour,
    entry: {
      kind: 'change',
      event: {
        number: index,
        at: now - hours * hour,
        learntAt: now - hours * hour,
        change: {
          element: { kind: 'workload', id: fixture.workloads[index]?.id ?? '' },
          name: fixture.workloads[index]?.name ?? '',
          aspect: 'svid',
          from: 'CN=old',
          to: 'CN=new',
          direction: 'changed',
        },
      },
    } as const,
  }))
  const release: Entry = {
    kind: 'action',
    number: 7,
    at: now - 3.4 * hour,
    action: 'policy.publish',
    phase: 'succeeded',
    actor: 'mira',
  }
  return [...changes, ...quiet, { seen: release.at, entry: release }].toSorted((one, other) => one.seen - other.seen)
}
