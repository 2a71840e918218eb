import { Failure } from '../../electron/core/failure.ts'
import type { Handlers } from '../../electron/service/router.ts'
import type { SourceHealth } from '../../shared/contract/environments.ts'
import type { GraphView } from '../../shared/contract/graph.ts'
import { refusingPolicy } from '../builders/refusing-policy.ts'

/** Must never come out of a door, whatever fails. */
export const canary = 'canary-8f3a-token'

/** Handlers that behave as the suite wants; what they saw is told by `environments.health`. */
export function suiteHandlers(): Handlers {
  let cancelled = 0
  let streamsOpen = 0
  const seen = (): SourceHealth => ({
    source: 'envoy',
    answering: cancelled,
    configured: streamsOpen,
    pending: 0,
    oldestReadAt: null,
    newestReadAt: null,
    problems: [],
  })
  const unused = async (): Promise<never> => {
    throw new Error(`not used: ${canary}`)
  }
  const unusedStream = async function* (): AsyncGenerator<never, void> {
    yield await unused()
  }
  const refusing = refusingPolicy()
  return {
    system: { info: async () => ({ version: '1.2.3', host: 'web', home: 'somewhere', notKept: null }) },
    environments: {
      list: () => Promise.reject(new TypeError(`cannot read ${canary}`)),
      async test(_input, signal) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        cancelled += 1
        throw signal.reason
      },
      testing: unusedStream,
      health: async () => [seen()],
      contexts: unused,
      propose: unused,
      programs: unused,
      allowProgram: unused,
      preview: unused,
      forget: unused,
      role: unused,
      read: unused,
      save: unused,
      remove: unused,
    },
    history: { range: unused, timeline: unused, difference: unused, saveSnapshot: unused, openSnapshot: unused },
    evidence: { plan: unused, build: unusedStream, packs: unused, verify: unused, report: unused, save: unused },
    graph: {
      view: async (input) => viewOf(input.environment),
      changes: unused,
      async workload({ id }) {
        throw new Failure('not-found', id, 'The graph has no workload with this id now.', 'Look again.')
      },
      hop: () => Promise.reject(canary),
      document: unused,
      control: unused,
      search: unused,
      attend: async (_input, viewer) => ({ attending: viewer !== '' }),
    },
    logs: { refused: unused, find: unused, records: unused, importFile: unused },
    diagnosis: {
      request: unused,
      change: unused,
      handshake: unused,
      failingHandshakes: unused,
      forecast: unused,
      probe: unused,
      refusals: unused,
      noIdentity: unused,
    },
    secrets: {
      state: unused,
      unlock: unused,
      lock: unused,
      setPassphrase: unused,
      list: unused,
      put: unused,
      remove: unused,
    },
    settings: { get: unused, put: unused },
    policy: refusing.policy,
    changes: refusing.changes,
    playground: { state: unused, start: unused, stop: unused, faults: unused, inject: unused, heal: unused },
    live: {
      async *topics({ environment }, signal) {
        streamsOpen += 1
        try {
          for (let revision = 1; !signal.aborted; revision += 1) {
            yield { topic: 'graph', revision }
            if (environment === 'breaks') throw new Error(`stream broke: ${canary}`)
            if (environment === 'ends' && revision === 3) return
            await new Promise((resolve) => setTimeout(resolve, 5))
          }
        } finally {
          streamsOpen -= 1
        }
      },
    },
  }
}

function viewOf(environment: string): GraphView {
  return {
    revision: 7,
    environment,
    asOf: 1_700_000_000_000,
    trustDomains: ['pipeline.example'],
    zones: [],
    nodes: [],
    edges: [],
    control: [],
    controlLinks: { shown: [], total: 0 },
    counts: {
      workloads: { verified: 0, attention: 0, failing: 0, unknown: 0, 'no-identity': 0, external: 0 },
      transport: { verified: 0, 'one-sided': 0, plaintext: 0, failing: 0, configured: 0, unknown: 0 },
      authorisation: { allowing: 0, denying: 0, erroring: 0, 'failing-open': 0, unguarded: 0, unknown: 0 },
      relations: { observed: 0, granted: 0, intended: 0 },
      totalWorkloads: 0,
      totalHops: 0,
      totalGaps: 0,
      observedNotGranted: 0,
      grantedNotObserved: 0,
      matchingWorkloads: 0,
      matchingHops: 0,
    },
    gaps: [],
    defects: [],
    simplified: { groups: 0, bundles: 0, droppedEdges: 0 },
    filterProblem: null,
    intentProblem: null,
    lastKnown: null,
    past: null,
  }
}
