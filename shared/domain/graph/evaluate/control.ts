import type { ControlComponent, Reason } from '../../model/graph.ts'
import type { FederationRelationshipFact } from '../../model/spire-facts.ts'
import { podsOfAgent } from '../cluster/agent-pods.ts'
import type { ClusterRecord } from '../instances/cluster-record.ts'
import { isCurrent, type OpaRecord, type SpireRecord } from '../instances/records.ts'
import { judged, missing } from '../known.ts'
import { hasCome, type Moment } from '../moment.ts'
import { reason } from '../reasons.ts'
import { shortNames } from '../spiffe-id.ts'
import { opaInstance, policyBundles } from './control-opa.ts'
import type { NewestRevisions } from './opa-health.ts'

/** SPIRE servers with their agents, policy bundles with the OPAs that have them. */
export function controlComponents(
  spires: readonly SpireRecord[],
  opas: readonly OpaRecord[],
  newest: NewestRevisions,
  bundleStaleAfterSeconds: number | null,
  clusters: readonly ClusterRecord[],
  moment: Moment,
): readonly ControlComponent[] {
  return [
    ...spires.flatMap((spire) => [spireServer(spire, moment), ...agents(spire, clusters, moment)]),
    ...policyBundles(opas, newest, bundleStaleAfterSeconds),
    ...opas.map((opa) => opaInstance(opa, bundleStaleAfterSeconds)),
  ].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
}

function spireServer(spire: SpireRecord, moment: Moment): ControlComponent {
  const all = [...spire.agents.values()]
  const banned = all.filter((agent) => agent.banned)
  const expired = all.filter(
    (agent) => !agent.banned && agent.svidNotAfter !== null && hasCome(moment, agent.svidNotAfter),
  )
  const current = all.length - banned.length - expired.length
  const areAgentsRead = isCurrent(spire.parts['agents'])
  const summary = areAgentsRead
    ? reason('spire-agents', { current, total: all.length })
    : reason('spire-agents-unread', { instance: spire.id })
  const base = { id: `control/spire/${spire.id}`, kind: 'spire-server', name: spire.id, summary } as const
  const scopes = Object.values(spire.parts)
  const answering = scopes.some((scope) => isCurrent(scope))
  if (!answering) {
    const lastReadAt = latest(scopes.map((scope) => scope.readAt))
    const isUnasked = scopes.every((scope) => scope.readAt === null && scope.gaps.length === 0)
    const why = isUnasked
      ? reason('spire-not-read-yet', { instance: spire.id })
      : (whyNotAsked(spire) ?? reason('spire-silent', { instance: spire.id, lastReadAt }))
    const gone = { source: 'spire', instance: spire.id, what: 'server', lastReadAt } as const
    return { ...base, state: judged('unknown', why, [], { missing: [gone] }) }
  }
  if (spire.server?.serving === false && isCurrent(spire.parts['server'])) {
    const why = reason('spire-not-serving', { instance: spire.id })
    return { ...base, state: judged('failing', why, [spire.server.id], { basis: 'measured' }) }
  }
  if (areAgentsRead && banned.length + expired.length > 0) {
    const params = { instance: spire.id, banned: banned.length, expired: expired.length, total: all.length }
    return {
      ...base,
      state: judged('attention', reason('spire-agents-need-attention', params), [
        ...banned.map((agent) => agent.id),
        ...expired.map((agent) => agent.id),
      ]),
    }
  }
  if (!areAgentsRead) {
    const why = reason('spire-agents-unread', { instance: spire.id })
    const gone = missing('spire', spire.id, 'agents', spire.parts['agents'])
    return { ...base, state: judged('unknown', why, [], { missing: [gone] }) }
  }
  const unfetched = withoutBundle(spire)
  if (unfetched !== null) {
    const { trustDomain, bundleEndpointUrl: endpoint } = unfetched
    const why = reason('spire-federation-without-bundle', { instance: spire.id, trustDomain, endpoint })
    return { ...base, state: judged('attention', why, [unfetched.id]) }
  }
  const restsOn = [spire.server?.id, ...all.map((agent) => agent.id)]
  return { ...base, state: judged('verified', reason('spire-serving', { instance: spire.id }), restsOn) }
}

/** Federated on paper: until the other's bundle is here, nothing of that trust domain can be verified. null: none, or not known. */
function withoutBundle({ federations, bundles, parts }: SpireRecord): FederationRelationshipFact | null {
  if (!isCurrent(parts['federation']) || !isCurrent(parts['federated'])) return null
  const held = new Set(
    bundles.filter(({ x509Authorities }) => x509Authorities.length > 0).map(({ trustDomain }) => trustDomain),
  )
  return federations.find(({ trustDomain }) => !held.has(trustDomain)) ?? null
}

/**
 * A server that was found and is not asked, because it would not answer without an SVID, or that refused: neither is silent.
 * null: it was asked and did not answer.
 */
function whyNotAsked({ id, parts }: SpireRecord): Reason | null {
  const gaps = Object.values(parts).flatMap((scope) => scope.gaps)
  const [first] = gaps
  if (first === undefined) return null
  if (gaps.every((gap) => gap.reason === 'not-configured')) {
    return reason('spire-not-asked', { instance: id, detail: first.detail })
  }
  return gaps.every((gap) => gap.reason === 'forbidden')
    ? reason('spire-refuses', { instance: id, detail: first.detail })
    : null
}

function agents(spire: SpireRecord, clusters: readonly ClusterRecord[], moment: Moment): readonly ControlComponent[] {
  const scope = spire.parts['agents']
  const lastReadAt = scope?.readAt ?? null
  return [...spire.agents.values()].map((agent) => {
    const { spiffeId, svidNotAfter, banned } = agent
    const id = `control/spire/${spire.id}/agent/${spiffeId}`
    const base = { id, kind: 'spire-agent', name: shortNames(spiffeId).name } as const
    if (!isCurrent(scope)) {
      const why = reason('agent-unread', { agent: spiffeId, lastReadAt })
      const gone = { source: 'spire', instance: spire.id, what: 'agents', lastReadAt } as const
      return { ...base, state: judged('unknown', why, [], { missing: [gone] }), summary: why }
    }
    if (banned) {
      const why = reason('agent-is-banned', { agent: spiffeId })
      return { ...base, state: judged('failing', why, [agent.id], { basis: 'measured' }), summary: why }
    }
    if (svidNotAfter !== null && hasCome(moment, svidNotAfter)) {
      const why = reason('agent-is-expired', { agent: spiffeId, notAfter: svidNotAfter })
      return { ...base, state: judged('failing', why, [agent.id], { since: svidNotAfter }), summary: why }
    }
    const down = notRunning(spiffeId, clusters)
    if (down !== null)
      return { ...base, state: judged('attention', down.why, [agent.id, ...down.ids]), summary: down.why }
    const why = reason('agent-current', { agent: spiffeId, notAfter: svidNotAfter })
    return { ...base, state: judged('verified', why, [agent.id]), summary: why }
  })
}

/** Its SVID outlives it: SPIRE knows an agent that crashed an hour ago for a good one. null: a pod of it runs, or none is known. */
function notRunning(
  agent: string,
  clusters: readonly ClusterRecord[],
): { readonly why: Reason; readonly ids: readonly string[] } | null {
  const places = podsOfAgent(agent, clusters)
  const [first] = places
  if (first === undefined || places.some(({ cluster, pod }) => pod.ready || !isCurrent(cluster.parts.pods))) return null
  const { namespace, name, containers } = first.pod
  const waiting = containers.find(({ waitingReason }) => waitingReason !== null)?.waitingReason ?? null
  const why = reason('agent-not-running', { agent, pod: `${namespace}/${name}`, waiting })
  return { why, ids: places.map(({ pod }) => pod.id) }
}

function latest(times: readonly (number | null)[]): number | null {
  const known = times.flatMap((time) => time ?? [])
  return known.length === 0 ? null : Math.max(...known)
}
