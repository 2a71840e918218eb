import type { RecordKind, StoredRecord } from '../../electron/core/log-store.ts'
import { buildGraph } from '../../shared/domain/graph/build.ts'
import { type Fact, type FactKind, type SourceKind, sourceKinds } from '../../shared/domain/model/fact.ts'
import { type Capture, type CapturedRequest, liveOf } from './capture.ts'

/** One way to know less: what would not have been read had a source not been connected. */
export interface Removal {
  readonly id: string
  takes(capture: Capture): Taken
}

interface Taken {
  readonly source: SourceKind | null
  scope(scope: string): boolean
  fact(fact: Fact): boolean
  record(record: StoredRecord): boolean
  /** by-us: what the store has is still told. */
  readonly evaluation: 'none' | 'by-us' | 'all'
}

const nothing: Taken = {
  source: null,
  scope: () => false,
  fact: () => false,
  record: () => false,
  evaluation: 'none',
}

export const allSources: Removal = { id: 'all sources', takes: () => nothing }

/** A kind of source. All records are read from logs; the logs of OPA and Vault are those of theirs. */
function source(kind: SourceKind): Removal {
  const kinds: Partial<Record<SourceKind, readonly RecordKind[]>> = {
    opa: ['opa-decisions'],
    vault: ['vault-audit'],
    spire: ['spire-audit'],
    kubernetes: ['kubernetes-audit'],
  }
  return {
    id: `no ${kind}`,
    takes: () => ({
      ...nothing,
      source: kind,
      scope: (scope) => scope.startsWith(`${kind}/`),
      fact: ({ kind: of }) => kind === 'opa' && of === 'decision-activity',
      record: ({ record }) => kind === 'logs' || kinds[kind]?.includes(record) === true,
      evaluation: kind === 'logs' || kind === 'opa' ? 'all' : 'none',
    }),
  }
}

/** One kind of log. */
function records(id: string, kind: RecordKind, facts: readonly FactKind[]): Removal {
  return {
    id,
    takes: () => ({
      ...nothing,
      fact: ({ kind: of }) => facts.includes(of),
      record: ({ record }) => record === kind,
      evaluation: kind === 'opa-decisions' ? 'all' : 'none',
    }),
  }
}

/** Everything that the Envoy of one end tells: its admin answers and its logs. */
function envoyOf(end: 'from' | 'to', what: 'all' | 'admin' | 'log'): Removal {
  const name = end === 'from' ? 'caller' : 'callee'
  const rest = what === 'all' ? '' : what === 'admin' ? ' admin' : ' log'
  return {
    id: `no ${name} Envoy${rest}`,
    takes(capture) {
      const { settings, scopes, at } = capture
      const { workloads } = buildGraph(settings, scopes, at)
      const workload = workloads.find(({ id }) => id === capture.hop[end])
      const envoys = new Set(workload?.envoys.map(({ envoy }) => envoy))
      const isItsLine = (fact: Fact): boolean => fact.kind === 'hop-activity' && envoys.has(fact.envoy)
      const logs = new Set(scopes.flatMap(({ facts }) => facts.filter(isItsLine).map(({ from }) => from.instance)))
      return {
        ...nothing,
        scope: (scope) => what !== 'log' && [...envoys].some((envoy) => scope.startsWith(`envoy/${envoy}/`)),
        fact: (fact) => what !== 'admin' && isItsLine(fact),
        record: (record) => what !== 'admin' && record.record === 'envoy-access' && logs.has(record.source),
      }
    },
  }
}

export const removals: readonly Removal[] = [
  allSources,
  ...sourceKinds.filter((kind) => kind !== 'intent').map(source),
  records('no access logs', 'envoy-access', ['hop-activity', 'identity-claims']),
  records('no decision logs', 'opa-decisions', ['decision-activity']),
  records('no integrity events', 'integrity-events', ['integrity-activity']),
  envoyOf('from', 'all'),
  envoyOf('to', 'all'),
  envoyOf('from', 'log'),
  envoyOf('to', 'log'),
  envoyOf('from', 'admin'),
  envoyOf('to', 'admin'),
  { id: 'no OPA of ours', takes: () => ({ ...nothing, evaluation: 'by-us' }) },
  {
    id: 'no intent',
    takes: () => nothing,
  },
]

/** The capture as it would have been without what is taken. */
export function without(capture: Capture, removal: Removal): Capture {
  const taken = removal.takes(capture)
  const { request } = capture
  return {
    ...capture,
    settings: removal.id === 'no intent' ? { ...capture.settings, intent: null } : capture.settings,
    scopes: capture.scopes
      .filter(({ scope }) => !taken.scope(scope))
      .map((state) => ({ ...state, facts: state.facts.filter((fact) => !taken.fact(fact)) })),
    health: capture.health.filter((each) => each.source !== taken.source),
    request:
      request === null
        ? null
        : {
            ...request,
            records: request.records.filter(({ record }) => !taken.record(record)),
            evaluated: evaluatedWithout(taken, request.evaluated),
          },
  }
}

function evaluatedWithout(
  { evaluation }: Taken,
  evaluated: CapturedRequest['evaluated'],
): CapturedRequest['evaluated'] {
  if (evaluation === 'none') return evaluated
  if (evaluation === 'all') return []
  return evaluated.map(({ decisionId, of }) => ({
    decisionId,
    of: { evaluation: null, whyNot: 'no-opa', masked: [], live: liveOf(of) },
  }))
}
