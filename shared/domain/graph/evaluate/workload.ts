import type { EnvoyView, Judgement, Known, Slot, Workload } from '../../model/graph.ts'
import type { WorkloadState } from '../../model/hop-state.ts'
import type { EnvoyRecord } from '../instances/records.ts'
import { isCurrent } from '../instances/records.ts'
import { judged, known, notKnown, referenceTo, whyUnread } from '../known.ts'
import type { Moment } from '../moment.ts'
import { reason } from '../reasons.ts'
import { type Stages, zoneOf } from '../stages.ts'
import { judgeWorkload } from '../states/workload/index.ts'
import { leasesOf } from '../vault/workload-leases.ts'
import { type Defect, messageOf, type Weave, type WorkloadNode } from '../weave/weave.ts'
import { kubernetesOf, stageLabelOf } from './kubernetes.ts'
import { bundleProblem, isStale, silence, staleLimitSeconds } from './opa-health.ts'
import { declaredBy, partOf, registrationOf } from './registration.ts'
import { currentFirst, earliestLeaf, presentedOf } from './sides.ts'
import { gatherWorkload, type WorkloadEvidence, type World } from './workload-evidence.ts'

export function evaluateWorkload(
  weave: Weave,
  id: string,
  node: WorkloadNode,
  world: World,
  moment: Moment,
  defects: Defect[],
): Workload {
  const evidence = gatherWorkload(weave, id, node, world)
  const { naming } = node
  const state = judgedState(evidence, weave.stages, moment, defects)
  const vault = leasesOf(evidence, weave.stages, moment)
  return {
    id,
    name: naming.name,
    identityLabel: naming.label,
    stage: stageOf(evidence, weave.stages),
    zone: zoneOf(naming, state.state === 'external', weave.stages, state.reason.code === 'serves-pipeline'),
    spiffeId: spiffeIdOf(evidence),
    state,
    svid: {
      loaded: earliestLeaf(evidence.envoys) ?? whyNoLeaf(evidence),
      presented:
        presentedOf(currentFirst(evidence.asCaller)) ??
        notKnown(reason('not-seen-in-window', { what: 'presented-certificate' })),
    },
    registration: registrationOf(evidence),
    kubernetes: kubernetesOf(evidence),
    leases: vault.leases,
    envoys: evidence.envoys.map(envoyView),
    slots: { opa: opaSlot(evidence), vault: vault.slot, image: { kind: 'none' } },
  }
}

function judgedState(
  evidence: WorkloadEvidence,
  stages: Stages,
  moment: Moment,
  defects: Defect[],
): Judgement<WorkloadState> {
  try {
    return judgeWorkload(evidence, stages, moment)
  } catch (thrown) {
    defects.push({ rule: 'workload', subject: evidence.naming.id, message: messageOf(thrown) })
    return judged('unknown', reason('judgement-failed', { rule: 'workload' }), [])
  }
}

/** A declared stage, or one derived from labels of its pods, or from nothing but its name; derived ones come after the declared. */
function stageOf({ naming, pods }: WorkloadEvidence, stages: Stages): Workload['stage'] {
  const declared = naming.stage === null ? undefined : stages.intent?.stages[naming.stage]
  if (declared !== undefined && naming.stage !== null) {
    return { id: declared.id, kind: declared.kind, basis: 'declared', order: naming.stage }
  }
  const kind = naming.address !== null ? 'external' : 'workload'
  return { id: stageLabelOf(pods), kind, basis: 'derived', order: stages.intent?.stages.length ?? 0 }
}

function spiffeIdOf({ naming, envoys, entries, declared, asCaller, asCallee }: WorkloadEvidence): Known<string> {
  if (naming.spiffeId === null) return notKnown(reason('no-spiffe-id', { name: naming.name }))
  for (const { identity, parts } of envoys) {
    if (identity.knownBy === null || identity.spiffeId !== naming.spiffeId) continue
    const { kind } = identity.knownBy
    const scope =
      kind === 'envoy-secret'
        ? parts.secrets
        : kind === 'envoy-certificate'
          ? parts.certificates
          : kind === 'envoy-listener'
            ? parts.listeners
            : parts.clusters
    return known(naming.spiffeId, identity.knownBy, scope)
  }
  const [entry] = entries
  if (entry !== undefined) return known(naming.spiffeId, entry.entry, entry.spire.parts['entries'])
  const [byObject] = declared
  const object = byObject?.declaration.object
  if (byObject !== undefined && object !== undefined) {
    return declaredBy(naming.spiffeId, object, byObject.cluster.parts[partOf(object)])
  }
  const seen =
    asCaller.find(({ fact }) => fact.callerSpiffeId === naming.spiffeId) ??
    asCallee.find(({ fact }) => fact.calleeSpiffeId === naming.spiffeId)
  if (seen !== undefined) return known(naming.spiffeId, seen.fact, seen.scope)
  return notKnown(reason('no-spiffe-id', { name: naming.name }))
}

function whyNoLeaf({ envoys }: WorkloadEvidence) {
  const [first] = envoys
  if (first === undefined) return notKnown(reason('source-not-configured', { source: 'Envoy' }))
  return whyUnread('envoy', first.id, 'leaf', first.parts.secrets)
}

function envoyView({ id, proxy, parts, listeners }: EnvoyRecord): EnvoyView {
  const unread = proxy === null ? whyUnread('envoy', id, 'proxy', parts.proxy) : null
  return {
    envoy: id,
    version:
      proxy === null ? (unread ?? notKnown(reason('not-applicable', {}))) : known(proxy.version, proxy, parts.proxy),
    state: proxy === null ? (unread ?? notKnown(reason('not-applicable', {}))) : known(proxy.state, proxy, parts.proxy),
    listeners: listeners.map((listener) => `${listener.name} ${listener.address}`),
  }
}

/** Revision of the OPA that decides for the workload. Worst first where its Envoys ask several. */
function opaSlot(evidence: WorkloadEvidence): Slot {
  const { guards, envoys } = evidence
  if (guards.length === 0) {
    const unread = envoys.find(({ parts }) => !isCurrent(parts.listeners))
    if (unread === undefined) return { kind: 'none' }
    const { reason: why } = whyUnread('envoy', unread.id, 'listeners', unread.parts.listeners)
    return { kind: 'unknown', reason: why, last: null }
  }
  const slots = guards.map((guard) => slotOf(evidence, guard))
  return slots.find((slot) => rank(slot) === Math.min(...slots.map(rank))) ?? { kind: 'none' }
}

function shownRevision(revision: string): string {
  return revision === '' ? 'unnamed' : revision
}

function slotOf(evidence: WorkloadEvidence, { guard, opa }: WorkloadEvidence['guards'][number]): Slot {
  if (opa === null) {
    const code = guard.opas.length > 1 ? 'opa-ambiguous' : 'opa-not-found'
    return { kind: 'unknown', reason: reason(code, { address: guard.address ?? guard.cluster ?? '' }), last: null }
  }
  const [bundle] = opa.bundles
  const last = bundle?.fact.activeRevision ?? null
  const gap = silence(opa)
  if (gap !== null) {
    const fact = bundle?.fact ?? opa.instance?.fact
    const why = reason('slot-no-answer', { opa: opa.id })
    return fact === undefined
      ? { kind: 'unknown', reason: why, last }
      : { kind: 'value', text: '✕', tone: 'failing', fact: referenceTo(fact), reason: why }
  }
  if (bundle === undefined || !isCurrent(bundle.scope)) {
    const scope = bundle?.scope ?? opa.scopes.find((one) => one.gaps.length > 0) ?? opa.scopes[0]
    return { kind: 'unknown', reason: whyUnread('opa', opa.id, 'bundle-revision', scope).reason, last }
  }
  const { fact } = bundle
  const at = referenceTo(fact)
  if (fact.activeRevision === null) {
    return { kind: 'value', text: 'no', tone: 'attention', fact: at, reason: reason('slot-no-bundle', { opa: opa.id }) }
  }
  const revision = shownRevision(fact.activeRevision)
  const problem = bundleProblem(fact)
  const { bundleStaleAfterSeconds, newest } = evidence.world
  const newestRevision = shownRevision(newest.get(fact.name) ?? fact.activeRevision)
  if (problem !== null) {
    const why = reason('slot-error', { revision, code: problem.code })
    return { kind: 'value', text: revision, tone: 'attention', fact: at, reason: why }
  }
  if (newestRevision !== revision) {
    const why = reason('slot-behind', { revision, newest: newestRevision })
    return { kind: 'value', text: revision, tone: 'attention', fact: at, reason: why }
  }
  if (isStale(fact, bundleStaleAfterSeconds)) {
    const why = reason('slot-stale', { revision, limitSeconds: staleLimitSeconds(fact, bundleStaleAfterSeconds) })
    return { kind: 'value', text: revision, tone: 'attention', fact: at, reason: why }
  }
  return { kind: 'value', text: revision, tone: 'quiet', fact: at, reason: reason('slot-newest', { revision }) }
}

function rank(slot: Slot): number {
  if (slot.kind === 'none') return 4
  if (slot.kind === 'unknown') return 2
  return slot.tone === 'failing' ? 0 : slot.tone === 'attention' ? 1 : 3
}
