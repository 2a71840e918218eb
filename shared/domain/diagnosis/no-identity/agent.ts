import { isAgentPod, tokenUid } from '../../graph/cluster/agent-pods.ts'
import { isCurrent, type SpireRecord } from '../../graph/instances/records.ts'
import { referenceTo } from '../../graph/known.ts'
import type { ScopeState } from '../../model/fact.ts'
import type { KubernetesNodeFact, PodFact } from '../../model/kubernetes-facts.ts'
import type { SpireAgentFact } from '../../model/spire-facts.ts'
import type { IdentityCase } from './case.ts'
import type { IdentityAgent } from './model.ts'
import { tellOfIdentity as tell } from './reasons.ts'

/** The agent of the pod's machine with all that the rules ask of it. */
export interface AgentSight extends IdentityAgent {
  /** Of the newest pod. */
  readonly node: KubernetesNodeFact | null
  readonly record: SpireAgentFact | null
  readonly spire: SpireRecord | null
  /** The agent's own pod on that machine, where one is seen to be it. */
  readonly agentPod: PodFact | null
  /** Whether a parent id is that of the agent of this machine; null: that cannot be told. */
  isParent(parentId: string): boolean | null
}

/**
 * The agent of the machine that the newest pod runs on. Agents attested by a token of their pod (k8s_psat) have the uid of the
 * machine, or of the agent's pod (`use_pod_uid_for_agent_id`), at the end of their id; other agents name no machine, and are
 * found only where all entries of the workload have one of them as parent.
 */
export function agentOf(of: IdentityCase, parents: readonly string[]): AgentSight {
  const [newest] = of.pods
  const machine = newest?.pod.nodeName ?? null
  const nodes = of.machines.filter(({ fact }) => fact.cluster === newest?.cluster.id)
  const nodeRead = nodes.find(({ fact }) => fact.name === machine) ?? null
  const node = nodeRead !== null && isCurrent(nodeRead.scope) ? nodeRead.fact : null
  const agentPods = machine === null || newest === undefined ? [] : agentPodsOn(newest.cluster.pods.values(), machine)
  const [agentPod = null] = agentPods
  const own = new Set([node?.uid, ...agentPods.map(({ uid }) => uid)].filter((uid) => uid !== undefined))
  const everywhere = uidsOf(of)
  const isParent = (parentId: string): boolean | null => {
    const uid = tokenUid(parentId)
    if (uid === null || node === null) return null
    if (own.has(uid)) return true
    // A uid that no machine and no pod of these clusters has may be of a cluster that is not read.
    return everywhere.has(uid) ? false : null
  }
  const onMachine = agentsIn(of.spires).filter(({ agent }) => isParent(agent.spiffeId) === true)
  const [place] = onMachine.length > 0 ? onMachine : byParents(of, parents)
  const common = { machine, node, agentPod, isParent }
  if (place === undefined) {
    const missing = absence(of, node, everywhere)
    const [parentId = null] = parents
    return {
      ...common,
      spiffeId: parentId,
      attested: missing === null ? 'unknown' : 'no',
      inSync: missing === null ? runs(agentPod, newest?.cluster.parts.pods) : 'no',
      svidNotAfter: null,
      reason:
        missing === null
          ? tell('agent-not-told', { machine })
          : tell('agents-lack-machine', { machine: missing.machine, agents: missing.agents }),
      fact: node === null ? null : referenceTo(node),
      record: null,
      spire: missing?.spire ?? null,
    }
  }
  const { agent, spire } = place
  const isNow = isCurrent(spire.parts['agents'])
  const hasRunOut = agent.svidNotAfter !== null && agent.svidNotAfter <= of.now
  const attested = !isNow ? 'unknown' : agent.banned ? 'banned' : hasRunOut ? 'expired' : 'yes'
  return {
    ...common,
    spiffeId: agent.spiffeId,
    attested,
    inSync: attested === 'yes' || attested === 'unknown' ? runs(agentPod, newest?.cluster.parts.pods) : 'no',
    svidNotAfter: agent.svidNotAfter,
    reason: tell('agent-is-attested', { agent: agent.spiffeId, machine, notAfter: agent.svidNotAfter }),
    fact: referenceTo(agent),
    record: agent,
    spire,
  }
}

/** By which an agent of any cluster that is read may be named. */
function uidsOf({ clusters, machines }: IdentityCase): ReadonlySet<string> {
  const pods = clusters.flatMap((cluster) => [...cluster.pods.values()].filter(isAgentPod))
  return new Set([...machines.map(({ fact }) => fact.uid), ...pods.map(({ uid }) => uid)])
}

function agentsIn(
  spires: readonly SpireRecord[],
): readonly { readonly agent: SpireAgentFact; readonly spire: SpireRecord }[] {
  return spires.flatMap((spire) => [...spire.agents.values()].map((agent) => ({ agent, spire })))
}

function byParents(of: IdentityCase, parents: readonly string[]): ReturnType<typeof agentsIn> {
  const [parent, ...others] = new Set(parents)
  if (parent === undefined || others.length > 0 || tokenUid(parent) !== null) return []
  return agentsIn(of.spires).filter(({ agent }) => agent.spiffeId === parent)
}

/**
 * The machine has certainly no agent: all agents are listed, and others are found by the uids of their machines. Of several
 * SPIRE servers of a trust domain each knows all agents.
 */
function absence(
  { spires }: IdentityCase,
  node: KubernetesNodeFact | null,
  everywhere: ReadonlySet<string>,
): { readonly machine: string; readonly agents: number; readonly spire: SpireRecord } | null {
  const [spire] = spires
  if (node === null || spire === undefined) return null
  if (!spires.every(({ parts }) => isCurrent(parts['agents']) && parts['agents']?.gaps.length === 0)) return null
  const agents = agentsIn(spires)
  const isBySameRule = agents.some(({ agent }) => everywhere.has(tokenUid(agent.spiffeId) ?? ''))
  return isBySameRule ? { machine: node.name, agents: agents.length, spire } : null
}

function agentPodsOn(pods: Iterable<PodFact>, machine: string): readonly PodFact[] {
  return [...pods].filter((pod) => pod.nodeName === machine && isAgentPod(pod))
}

function runs(agentPod: PodFact | null, pods: ScopeState | undefined): IdentityAgent['inSync'] {
  if (agentPod === null || !isCurrent(pods)) return 'unknown'
  // That it is ready says that it lives, and not when it last heard from the server.
  return agentPod.ready ? 'unknown' : 'no'
}
