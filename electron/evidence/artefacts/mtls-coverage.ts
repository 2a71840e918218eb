import {
  type CoveredHop,
  coverageBucketMs,
  coveredHops,
  knownHops,
  logWriters,
} from '../../../shared/domain/evidence/hop-coverage.ts'
import type { EvidenceGap } from '../../../shared/domain/evidence/model.ts'
import { artefactOf, limitation, type Made, type Making, timeText } from './artefact-of.ts'
import { logEmitters } from './log-population.ts'

const mostEvents = 100_000
/** States of transport in which a request goes unprotected, or nobody knows who sends it. */
const unprotected: ReadonlySet<string> = new Set(['plaintext', 'one-sided'])

/** How the requests of each hop were protected, over time, by the access logs; hops that nobody saw are not evaluated. */
export const mtlsCoverage = artefactOf('mtls-coverage', false, async (making): Promise<Made> => {
  const { sources, period, to } = making
  const emitters = logEmitters(sources, period, 'envoy-access')
  const bucketMs = coverageBucketMs(period)
  const rows = await sources.logs.hopCoverage({ from: period.from, to: period.to - 1 }, bucketMs)
  for (const { at, requests, connections, ...row } of rows) {
    const isException = [requests, connections].some((counts) => counts.oneSided + counts.plaintext > 0)
    await to.line(
      'over-time',
      { from: timeText(at), to: timeText(at + bucketMs), ...row, requests, connections },
      isException,
    )
  }
  const graphs = making.isPlan ? [] : [await sources.graphAt(period.from), await sources.graphAt(endOf(making))]
  const known = graphs.filter((graph) => graph !== null)
  const hops = knownHops(known)
  const writers = logWriters(known)
  const writtenBy = new Map((sources.configured?.sources.logs ?? []).map((log) => [log.id, log.writtenBy]))
  const covered = coveredHops(rows, hops, (source) => writers.get(writtenBy.get(source) ?? source) ?? null)
  for (const hop of covered) await writeHop(making, hop)
  const complete = await writeChanges(making)

  const observed = new Set(hops.filter(({ isObserved }) => isObserved).map(({ hop }) => hop))
  const expected = covered.filter(({ hop, state }) => state !== 'never-seen' || (hop !== null && observed.has(hop)))
  const reporting = expected.filter(({ state }) => state === 'mutual' || state === 'no-mutual-tls')
  const neverSeen = covered.length - expected.length
  const unknown = covered.filter(({ state }) => state === 'unknown').length
  const reported = new Set(rows.map(({ source }) => source))
  const gaps: EvidenceGap[] = [
    ...emitters.gaps,
    ...emitters.expected
      .filter((id) => !reported.has(id) && !emitters.gaps.some(({ source }) => source === `logs/${id}`))
      .map((id) => ({ source: `logs/${id}`, from: period.from, to: period.to, why: 'silent' as const, detail: '' })),
  ]
  const isNothing = emitters.expected.length === 0 && rows.length === 0
  return {
    asked: emitters.asked,
    population: {
      count: isNothing ? null : covered.length,
      method: 'method.hops',
      control: null,
      dropped: emitters.refused === null ? {} : { 'everyhop.refused': emitters.refused },
      expected: isNothing ? null : expected.length,
      reporting: isNothing ? null : reporting.length,
      gaps: isNothing
        ? [
            ...gaps,
            { source: 'logs/envoy-access', from: period.from, to: period.to, why: 'not-configured', detail: '' },
          ]
        : gaps,
    },
    limitations: [
      limitation('access-log-as-configured'),
      ...(neverSeen > 0 ? [limitation('hops-never-seen', { hops: neverSeen })] : []),
      ...(unknown > 0 ? [limitation('coverage-unknown', { hops: unknown })] : []),
      ...(graphs.every((graph) => graph === null) && !making.isPlan ? [limitation('hops-not-known')] : []),
      ...(complete ? [] : [limitation('events-cut', { events: mostEvents })]),
    ],
    notEvaluated: isNothing ? limitation('result.not-configured', { what: 'envoy-access' }) : null,
  }
})

function endOf({ sources, period }: Making): number {
  return Math.min(period.to, sources.history.state().to ?? period.to)
}

async function writeHop({ to }: Making, covered: CoveredHop): Promise<void> {
  const { hop, caller, callee, requests, connections, failed, state } = covered
  const result = {
    mutual: 'operated',
    'no-mutual-tls': 'exception',
    unknown: 'insufficient',
    'never-seen': 'not-evaluated',
  }
  await to.line(
    'hops',
    { hop, caller, callee, state: result[state], seen: state, requests, connections, failed },
    state === 'no-mutual-tls',
  )
  await to.row(
    'hops',
    ['caller', 'callee', 'state', 'mutual TLS', 'one-sided', 'plaintext', 'unknown', 'failed handshakes'],
    [
      caller,
      callee,
      result[state],
      requests.mutual + connections.mutual,
      requests.oneSided + connections.oneSided,
      requests.plaintext + connections.plaintext,
      requests.unknown + connections.unknown,
      failed,
    ],
  )
}

/** Changes of how hops were protected, as the history saw them. Gives whether all could be told. */
async function writeChanges({ sources, period, to }: Making): Promise<boolean> {
  const { events, complete } = sources.history.events(period, mostEvents)
  for (const { number, at, learntAt, change } of events) {
    if (change.element.kind !== 'hop' || change.aspect !== 'transport') continue
    await to.line(
      'changes',
      {
        historyEvent: number,
        at: timeText(at),
        learntAt: timeText(learntAt),
        hop: change.element.id,
        name: change.name,
        from: change.from,
        to: change.to,
        direction: change.direction,
      },
      change.to !== null && unprotected.has(change.to),
    )
  }
  return complete
}
