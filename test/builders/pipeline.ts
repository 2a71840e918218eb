import type { Fact, FactOf, ScopeState } from '../../shared/domain/model/fact.ts'
import type { Intent } from '../../shared/domain/model/intent.ts'
import {
  authorisationCounters,
  builtAt,
  envoyCertificate,
  envoyCluster,
  envoyListener,
  envoyProxy,
  envoySecret,
  extAuthz,
  filterChain,
  hopActivity,
  opaBundle,
  opaInstance,
  registrationEntry,
  scope,
  spiffe,
  spireAgent,
  spireServer,
  tlsContext,
  tlsCounters,
  trafficCounters,
  unreadScope,
  validationSecret,
} from './facts.ts'

export interface BuiltWorkload {
  readonly name: string
  readonly namespace: string
  readonly address: string
  readonly opa: string
}

export interface BuiltCall {
  readonly from: string
  readonly to: string
}

/** A pipeline in good order: every workload with SVID, Envoy, entry and OPA, every call verified and allowed. */
export interface BuiltPipeline {
  readonly workloads: readonly BuiltWorkload[]
  readonly calls: readonly BuiltCall[]
  readonly scopes: readonly ScopeState[]
  readonly intent: Intent
  readonly now: number
}

/** The scopes of a healthy pipeline of these workloads and calls, all read at `builtAt`. */
export function builtPipeline(workloads: readonly BuiltWorkload[], calls: readonly BuiltCall[]): BuiltPipeline {
  const byName = new Map(workloads.map((workload) => [workload.name, workload]))
  const callsFrom = grouped(calls, (call) => call.from)
  const callsTo = grouped(calls, (call) => call.to)
  const find = (name: string): BuiltWorkload => {
    const found = byName.get(name)
    if (found === undefined) throw new Error(`no workload ${name} in the built pipeline`)
    return found
  }
  const opas = [...new Set(workloads.map((workload) => workload.opa))]
  const opaAddress = (opa: string) => `127.0.0.1:${20_000 + opas.indexOf(opa)}`
  const scopes: ScopeState[] = [
    scope('spire/spire/server', [spireServer()]),
    scope('spire/spire/agents', [spireAgent('node-a'), spireAgent('node-b')]),
    scope(
      'spire/spire/entries',
      workloads.map(({ name, namespace }) => registrationEntry(spiffe(name, namespace))),
    ),
    ...opas.flatMap((opa) => [
      scope(`opa/${opa}/instance`, [
        opaInstance(opa, { extAuthz: { address: opaAddress(opa), path: 'pipeline/authz/result', dryRun: false } }),
      ]),
      scope(`opa/${opa}/status`, [opaBundle(opa)]),
    ]),
  ]
  for (const workload of workloads) {
    const callees = (callsFrom.get(workload.name) ?? []).map((call) => find(call.to))
    const callers = (callsTo.get(workload.name) ?? []).map((call) => find(call.from))
    scopes.push(...workloadScopes(workload, callees, callers, opaAddress(workload.opa)))
  }
  return { workloads, calls, scopes, intent: builtIntent(workloads, calls), now: builtAt }
}

/** The three stages `gateway` → `model-server` → `tool-runtime`, the first with the shared OPA. */
export function smallPipeline(): BuiltPipeline {
  return builtPipeline(
    [
      { name: 'gateway', namespace: 'edge', address: '127.1.0.1', opa: 'opa-shared' },
      { name: 'model-server', namespace: 'ai', address: '127.1.0.2', opa: 'opa-model' },
      { name: 'tool-runtime', namespace: 'tools', address: '127.1.0.3', opa: 'opa-shared' },
    ],
    [
      { from: 'gateway', to: 'model-server' },
      { from: 'model-server', to: 'tool-runtime' },
    ],
  )
}

/** `workloads` workloads in twenty namespaces with `hops` calls spread evenly; one OPA for each hundred workloads. */
export function largePipeline(workloads: number, hops: number): BuiltPipeline {
  const built = Array.from(
    { length: workloads },
    (_, place): BuiltWorkload => ({
      name: `w-${String(place).padStart(5, '0')}`,
      namespace: `team-${place % 20}`,
      address: `10.${Math.floor(place / 62_500)}.${Math.floor(place / 250) % 250}.${(place % 250) + 1}`,
      opa: `opa-${Math.floor(place / 100)}`,
    }),
  )
  const calls: BuiltCall[] = []
  for (let place = 0; place < hops; place += 1) {
    const from = place % workloads
    const step = 1 + Math.floor(place / workloads) * 37
    const to = (from + step) % workloads
    const caller = built[from]
    const callee = built[to]
    if (caller !== undefined && callee !== undefined && from !== to) calls.push({ from: caller.name, to: callee.name })
  }
  return builtPipeline(built, calls)
}

function workloadScopes(
  own: BuiltWorkload,
  callees: readonly BuiltWorkload[],
  callers: readonly BuiltWorkload[],
  opaAddress: string,
): readonly ScopeState[] {
  const { name } = own
  const id = spiffe(name, own.namespace)
  const callerIds = callers.map((caller) => spiffe(caller.name, caller.namespace))
  const clusterOf = (callee: BuiltWorkload) => `to_${callee.name}`
  return [
    scope(`envoy/${name}/proxy`, [envoyProxy(name)]),
    scope(`envoy/${name}/listeners`, [
      envoyListener(name, 'ingress', {
        address: `${own.address}:8443`,
        filterChains: [filterChain(tlsContext('downstream', id, callerIds), extAuthz())],
      }),
      envoyListener(name, 'egress', {
        address: `${own.address}:9001`,
        direction: 'outbound',
        filterChains: [
          filterChain(null, null, {
            http: [{ statPrefix: 'egress', extAuthz: null, forwardClientCertDetails: null }],
            clusters: callees.map(clusterOf),
          }),
        ],
      }),
    ]),
    scope(`envoy/${name}/clusters`, [
      envoyCluster(name, 'local_app', { endpoints: [`${own.address}:8080`] }),
      envoyCluster(name, 'spire_agent', { endpoints: ['/run/spire/agent.sock'], http2: true }),
      envoyCluster(name, 'opa', { endpoints: [opaAddress], http2: true }),
      ...callees.map((callee) =>
        envoyCluster(name, clusterOf(callee), {
          endpoints: [`${callee.address}:8443`],
          sourceAddress: own.address,
          tls: tlsContext('upstream', id, [spiffe(callee.name, callee.namespace)]),
        }),
      ),
    ]),
    scope(`envoy/${name}/secrets`, [envoySecret(name, id), validationSecret(name)]),
    scope(`envoy/${name}/certificates`, [envoyCertificate(name, id)]),
    scope(`envoy/${name}/counters`, [
      authorisationCounters(name),
      ...callees.flatMap((callee) => [tlsCounters(name, clusterOf(callee)), trafficCounters(name, clusterOf(callee))]),
    ]),
    scope(`logs/${name}-access/activity`, [
      ...callers.map((caller) =>
        hopActivity(name, 'callee', {
          callerSpiffeId: spiffe(caller.name, caller.namespace),
          calleeSpiffeId: id,
          callerAddress: caller.address,
        }),
      ),
      ...callees.map((callee) =>
        hopActivity(name, 'caller', {
          callerSpiffeId: id,
          calleeSpiffeId: spiffe(callee.name, callee.namespace),
          calleeAddress: `${callee.address}:8443`,
          upstreamCluster: clusterOf(callee),
          decided: 0,
        }),
      ),
    ]),
  ]
}

function builtIntent(workloads: readonly BuiltWorkload[], calls: readonly BuiltCall[]): Intent {
  return {
    apiVersion: 'everyhop.dev/v1',
    kind: 'Intent',
    name: 'built pipeline',
    zones: [
      { id: 'edge', title: 'Untrusted edge', kind: 'untrusted' },
      { id: 'pipeline', title: 'Pipeline', kind: 'pipeline' },
    ],
    stages: workloads.map(({ name, namespace }) => ({
      id: name,
      title: name,
      zone: 'pipeline',
      kind: 'model',
      spiffeIds: [spiffe(name, namespace)],
    })),
    adjacency: calls.map(({ from, to }) => ({ from, to })),
  }
}

function grouped<Value>(
  values: readonly Value[],
  key: (value: Value) => string,
): ReadonlyMap<string, readonly Value[]> {
  const groups = new Map<string, Value[]>()
  for (const value of values) {
    const known = groups.get(key(value))
    if (known === undefined) groups.set(key(value), [value])
    else known.push(value)
  }
  return groups
}

/** The scopes with one of them replaced by what `change` makes of it. Throws when there is none of that id. */
export function withScope(
  scopes: readonly ScopeState[],
  id: string,
  change: (state: ScopeState) => ScopeState,
): readonly ScopeState[] {
  if (!scopes.some((state) => state.scope === id)) throw new Error(`no scope ${id}`)
  return scopes.map((state) => (state.scope === id ? change(state) : state))
}

/** The scopes with the facts of one kind in one of them changed. */
export function withFacts<Kind extends Fact['kind']>(
  scopes: readonly ScopeState[],
  id: string,
  kind: Kind,
  change: (fact: FactOf<Kind>) => Fact | null,
): readonly ScopeState[] {
  const isKind = (fact: Fact): fact is FactOf<Kind> => fact.kind === kind
  return withScope(scopes, id, (state) => ({
    ...state,
    facts: state.facts.flatMap((fact) => (isKind(fact) ? (change(fact) ?? []) : [fact])),
  }))
}

/** The scopes with one that cannot be read any more: its facts are the last known ones. */
export function withSilent(scopes: readonly ScopeState[], ...ids: readonly string[]): readonly ScopeState[] {
  return ids.reduce((changed, id) => withScope(changed, id, (state) => unreadScope(id, state.facts)), scopes)
}
