import type { Fact } from '../../shared/domain/model/fact.ts'
import type { Hop, Known, TrustGraph, Workload } from '../../shared/domain/model/graph.ts'
import type { AuthorityTruth } from '../lab/spire/server-tool.ts'
import type { HopTruth, LabTruth, StageTruth } from '../lab/truth.ts'

export interface CompareOptions {
  /** spire: entries as SPIRE has them; any: that there is one, wherever it was read. Sources are then named as the cluster does. */
  readonly registration: 'spire' | 'any'
}

/** The pipeline that a graph is looked at for; the truth of a lab is one. */
export interface Topology {
  readonly stages: readonly {
    readonly stage: string
    readonly spiffeId: string
    /** Source ids. */
    readonly envoy: string
    readonly opa: string | null
  }[]
  readonly hops: readonly { readonly from: string; readonly to: string }[]
}

/** Everything in which the graph differs from what the lab itself knows, one sentence each; empty when they agree. */
export function differences(
  graph: TrustGraph,
  truth: LabTruth,
  options: CompareOptions = { registration: 'spire' },
): string[] {
  return [
    ...truth.stages.flatMap((stage) => stageDifferences(graph, stage, truth, options)),
    ...truth.hops.flatMap((hop) => hopDifferences(graph, hop, truth, options)),
    ...(options.registration === 'spire' ? controlDifferences(graph, truth) : []),
    ...strangers(graph, truth),
  ]
}

export function workloadOf(graph: TrustGraph, spiffeId: string): Workload | undefined {
  return graph.workloads.find((workload) => valueOf(workload.spiffeId) === spiffeId)
}

export function hopOf(graph: TrustGraph, truth: Topology, ends: { from: string; to: string }): Hop | undefined {
  const from = workloadOf(graph, spiffeIdOf(truth, ends.from))
  const to = workloadOf(graph, spiffeIdOf(truth, ends.to))
  return graph.hops.find((hop) => hop.from === from?.id && hop.to === to?.id)
}

function stageDifferences(
  graph: TrustGraph,
  stage: StageTruth,
  truth: LabTruth,
  { registration }: CompareOptions,
): string[] {
  const workload = workloadOf(graph, stage.spiffeId)
  if (workload === undefined) return [`${stage.stage}: no workload has ${stage.spiffeId}`]
  const found: string[] = []
  const expect = (what: string, seen: unknown, real: unknown): void => {
    if (JSON.stringify(seen) !== JSON.stringify(real)) {
      found.push(`${stage.stage}: ${what} is shown as ${JSON.stringify(seen)} but is ${JSON.stringify(real)}`)
    }
  }
  const loaded = valueOf(workload.svid.loaded)
  expect('serial of the loaded SVID', bareSerial(loaded?.serial), bareSerial(stage.certificate?.serial))
  expect(
    'expiry of the loaded SVID',
    loaded?.notAfter,
    stage.certificate === null ? undefined : Date.parse(stage.certificate.notAfter),
  )
  expect('registration', valueOf(workload.registration) !== undefined, stage.registered)
  const entry = truth.entries.find((candidate) => candidate.spiffeId === stage.spiffeId)
  if (entry !== undefined && registration === 'spire') {
    expect('registration entry', valueOf(workload.registration)?.entryId, entry.entryId)
    expect('parent of the entry', valueOf(workload.registration)?.parentId, entry.parentId)
  }
  const envoys = workload.envoys.map((envoy) => envoy.envoy)
  if (registration === 'spire') expect('Envoys', envoys, [stage.envoy])
  else expect('number of Envoys', envoys.length, 1)
  const opa = truth.opas.find((candidate) => candidate.opa === stage.opa)
  if (opa?.running === true && opa.bundle !== null) {
    expect(
      'policy revision',
      workload.slots.opa.kind === 'value' ? workload.slots.opa.text : null,
      opa.bundle.active_revision,
    )
  }
  return found
}

function hopDifferences(
  graph: TrustGraph,
  real: HopTruth,
  truth: LabTruth,
  { registration }: CompareOptions,
): string[] {
  const name = `${real.from} to ${real.to}`
  const hop = hopOf(graph, truth, real)
  if (hop === undefined) return [`${name}: the graph has no such hop`]
  const found: string[] = []
  const expect = (what: string, seen: unknown, is: unknown): void => {
    if (JSON.stringify(seen) !== JSON.stringify(is)) {
      found.push(`${name}: ${what} is shown as ${JSON.stringify(seen)} but is ${JSON.stringify(is)}`)
    }
  }
  const caller = truth.stages.find((stage) => stage.stage === real.from)
  const callee = truth.stages.find((stage) => stage.stage === real.to)
  const plain = [real.callerTls, real.calleeTls].filter((tls) => tls === 'plaintext').length
  if (plain === 2) expect('transport', hop.transport.state, 'plaintext')
  // On one side alone, nothing comes through.
  else if (plain === 1) expect('whether it is verified', hop.transport.state === 'verified', false)
  else {
    expect('what the caller requires', sorted(valueOf(hop.client.requiresPeer)), sorted(real.callerRequires))
    expect('what the callee requires', sorted(valueOf(hop.server.requiresPeer)), sorted(real.calleeRequires))
    const sides = [
      ['caller', hop.client, real.callerRequires, callee, real.callerVersions],
      ['callee', hop.server, real.calleeRequires, caller, real.calleeVersions],
    ] as const
    for (const [end, side, required, other, versions] of sides) {
      const isAccepted = other !== undefined && required.includes(other.spiffeId)
      expect(`whether the ${end} accepts the other`, valueOf(side.peerAsExpected), isAccepted)
      expect(`what the ${end} trusts`, valueOf(side.trusts), [truth.trustDomain])
      if (versions !== null) expect(`TLS versions of the ${end}`, asRange(valueOf(side.tlsVersions)), versions)
    }
    if (!real.allowedByPolicy) expect('authorisation', hop.authorisation.state, 'denying')
  }
  for (const [end, side, stage] of [
    ['caller', hop.client, caller],
    ['callee', hop.server, callee],
  ] as const) {
    // Without one of its own, what others saw of it may still be shown.
    if (stage === undefined || stage.certificate === null) continue
    expect(
      `serial that the ${end} presents`,
      bareSerial(valueOf(side.certificate)?.serial),
      bareSerial(stage.certificate.serial),
    )
  }
  expect('failure mode', valueOf(hop.guard)?.failureModeAllow, callee?.extAuthz?.failureModeAllow)
  if (registration === 'spire') expect('OPA that guards it', valueOf(hop.guard)?.opa, callee?.opa)
  expect('intended', hop.relations.includes('intended'), true)
  return found
}

/** Agents and OPAs of the control plane: those that are, in the state that they are in. */
function controlDifferences(graph: TrustGraph, truth: LabTruth): string[] {
  const found: string[] = []
  const now = Date.now()
  const shown = new Map(
    graph.control
      .filter(({ kind }) => kind === 'spire-agent')
      .map(({ id, state }) => [id.slice(id.indexOf('/agent/') + '/agent/'.length), state.state]),
  )
  for (const { spiffeId, banned, svidNotAfter } of truth.agents) {
    const is = banned || svidNotAfter <= now ? 'failing' : 'verified'
    if (shown.get(spiffeId) !== is) found.push(`agent ${spiffeId} is shown as ${shown.get(spiffeId)} but is ${is}`)
  }
  for (const spiffeId of shown.keys()) {
    if (!truth.agents.some((agent) => agent.spiffeId === spiffeId)) found.push(`SPIRE has no agent ${spiffeId}`)
  }
  for (const { opa, running, bundle } of truth.opas) {
    const state = graph.control.find(({ id }) => id === `control/opa/${opa}`)?.state.state
    if (!running && state !== 'failing') found.push(`OPA ${opa} is shown as ${state} but does not run`)
    if (running && bundle !== null && (state === undefined || state === 'failing')) {
      found.push(`OPA ${opa} is shown as ${state} but answers`)
    }
  }
  return found
}

/** In which X.509 authorities of the trust domain what was read differs from what SPIRE's own command line says. */
export function authorityDifferences(facts: readonly Fact[], trustDomain: string, truth: AuthorityTruth): string[] {
  const states = facts.flatMap((fact) =>
    fact.kind === 'spire-authority' && fact.authority === 'x509'
      ? [`${fact.state} ${fact.authorityId} until ${fact.expiresAt}`]
      : [],
  )
  const trusted = facts.flatMap((fact) =>
    fact.kind === 'trust-bundle' && fact.role === 'own' && fact.trustDomain === trustDomain ? fact.x509Authorities : [],
  )
  const keyOf = (sha256: string) => trusted.find((one) => one.sha256 === sha256)?.subjectKeyId
  return [
    ...unlike(
      'authorities',
      states,
      truth.own.map(({ state, authorityId, expiresAt }) => `${state} ${authorityId} until ${expiresAt}`),
    ),
    ...unlike(
      'authorities in the bundle',
      trusted.map(({ sha256, notAfter }) => `${sha256} until ${notAfter}`),
      truth.bundle.map(({ sha256, notAfter }) => `${sha256} until ${notAfter}`),
    ),
    // An authority of the server is one of the bundle by its key.
    ...truth.own
      .filter(({ authorityId }) => !truth.bundle.some(({ sha256 }) => keyOf(sha256) === authorityId))
      .map(({ state, authorityId }) => `the ${state} authority ${authorityId} is shown as none of the bundle`),
  ]
}

function unlike(what: string, shown: readonly string[], real: readonly string[]): string[] {
  const [seen, is] = [shown.toSorted().join(', '), real.toSorted().join(', ')]
  return seen === is && is !== '' ? [] : [`${what}: shown are [${seen}], there are [${is}]`]
}

/** Workloads and hops that the lab does not have. */
function strangers(graph: TrustGraph, truth: LabTruth): string[] {
  // Registered workloads that are no stage (the shared OPA, the bundle server of tier 2) may be drawn as well.
  const known = new Set([...truth.stages, ...truth.entries].map((each) => each.spiffeId))
  const pairs = new Set(truth.hops.map((hop) => `${spiffeIdOf(truth, hop.from)} ${spiffeIdOf(truth, hop.to)}`))
  const idOf = new Map(graph.workloads.map((workload) => [workload.id, valueOf(workload.spiffeId) ?? workload.id]))
  return [
    ...graph.workloads
      .filter((workload) => !known.has(valueOf(workload.spiffeId) ?? ''))
      .map((workload) => `the lab has no workload ${workload.id} (${workload.name})`),
    ...graph.hops
      .filter((hop) => !pairs.has(`${idOf.get(hop.from)} ${idOf.get(hop.to)}`))
      .map((hop) => `the lab has no hop ${hop.id}`),
  ]
}

export function spiffeIdOf(truth: Topology, stage: string): string {
  const found = truth.stages.find((candidate) => candidate.stage === stage)
  if (found === undefined) throw new Error(`the pipeline has no stage ${stage}`)
  return found.spiffeId
}

export function valueOf<Value>(known: Known<Value>): Value | undefined {
  return known.known ? known.value : undefined
}

function sorted(list: readonly string[] | null | undefined): readonly string[] | null {
  return list === null || list === undefined ? null : list.toSorted()
}

/** `1.3` is `1.3 to 1.3`. */
function asRange(versions: string | undefined): string | undefined {
  return versions === undefined || versions.includes(' to ') ? versions : `${versions} to ${versions}`
}

/** Serial numbers are written with and without leading zeros. */
function bareSerial(serial: string | null | undefined): string | undefined {
  return serial?.replace(/^0+/, '')
}
