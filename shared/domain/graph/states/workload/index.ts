import type { Judgement, Reason } from '../../../model/graph.ts'
import { type WorkloadState, workloadSeverity } from '../../../model/hop-state.ts'
import { supportOf } from '../../cluster/support.ts'
import type { WorkloadEvidence } from '../../evaluate/workload-evidence.ts'
import { isCurrent } from '../../instances/records.ts'
import { judged, missing } from '../../known.ts'
import type { Moment } from '../../moment.ts'
import { reason } from '../../reasons.ts'
import type { Stages } from '../../stages.ts'
import { type InstanceFinding, troubleOfInstance } from './instance.ts'

/** A workload with Envoys has the worst state of its instances, and says of how many; without any, what others know of it. */
export function judgeWorkload(evidence: WorkloadEvidence, stages: Stages, moment: Moment): Judgement<WorkloadState> {
  return evidence.envoys.length === 0 ? withoutEnvoy(evidence) : worstInstance(evidence, stages, moment)
}

function worstInstance(evidence: WorkloadEvidence, stages: Stages, moment: Moment): Judgement<WorkloadState> {
  const { envoys, naming } = evidence
  const findings = envoys.flatMap((envoy) => troubleOfInstance(evidence, envoy, stages, moment) ?? [])
  const worst = findings.reduce<InstanceFinding | null>(
    (found, one) => (found === null || severityOf(one.state) < severityOf(found.state) ? one : found),
    null,
  )
  if (worst === null) return allFine(evidence)
  const same = findings.filter((one) => one.code === worst.code)
  const counts = { name: naming.name, affected: same.length, instances: envoys.length }
  const why: Reason = { code: worst.code, params: { ...worst.params, ...counts } }
  return judged(
    worst.state,
    why,
    same.flatMap((one) => one.restsOn),
    {
      basis: worst.state === 'failing' || worst.state === 'no-identity' ? 'measured' : 'derived',
      since: earliest(same.map((one) => one.since)),
      missing: findings.flatMap((one) => one.missing),
    },
  )
}

/** Verified needs each Envoy live and its leaf loaded and valid now; that was seen by finding no trouble. */
function allFine(evidence: WorkloadEvidence): Judgement<WorkloadState> {
  const { envoys, naming, entries, guards } = evidence
  const notAfter = Math.min(
    ...envoys.map(({ identity }) => identity.leaf?.certificate.notAfter ?? Number.POSITIVE_INFINITY),
  )
  return judged('verified', reason('workload-verified', { name: naming.name, notAfter, instances: envoys.length }), [
    ...envoys.flatMap(({ proxy, identity }) => [proxy?.id, identity.leaf?.fact.id]),
    ...entries.map(({ entry }) => entry.id),
    ...(entries.length > 0 ? [] : evidence.declared.map(({ declaration }) => declaration.object.id)),
    ...entries.map(({ spire, entry }) => spire.agents.get(entry.parentId)?.id),
    ...guards.flatMap(({ opa }) => opa?.bundles.map(({ fact }) => fact.id) ?? []),
  ])
}

function withoutEnvoy(evidence: WorkloadEvidence): Judgement<WorkloadState> {
  const { naming, node, world, asCaller, isCalled } = evidence
  const { name } = naming
  if (naming.address !== null) return ofAddress(evidence, naming.address)
  const isForeign =
    naming.trustDomain !== null && world.trustDomains.length > 0 && !world.trustDomains.includes(naming.trustDomain)
  if (isForeign) {
    return judged('external', reason('other-trust-domain', { name, trustDomain: naming.trustDomain ?? '' }), [])
  }
  const support = supportOf(evidence.pods)
  if (support !== null) {
    const pod = support.pods[0]
    const params = { name, program: support.program, pod: `${pod?.namespace ?? ''}/${pod?.name ?? ''}` }
    const ids = [
      ...support.pods.map(({ id }) => id),
      ...evidence.declared.map(({ declaration }) => declaration.object.id),
    ]
    return judged('unknown', reason('serves-pipeline', params), ids, { missing: [missing('envoy', null, 'proxy')] })
  }
  const isLogged = asCaller.length > 0 || evidence.asCallee.length > 0
  const code = isLogged
    ? 'seen-by-peers-only'
    : node.because.entry > 0
      ? 'registered-only'
      : node.because.declared > 0
        ? 'declared-only'
        : node.because.peer > 0 || (isCalled && node.because.intent === 0)
          ? 'named-by-peers-only'
          : node.because.intent > 0
            ? 'intended-only'
            : 'named-by-peers-only'
  const restsOn = [
    ...evidence.entries.map(({ entry }) => entry.id),
    ...evidence.declared.map(({ declaration }) => declaration.object.id),
    ...asCaller.map(({ fact }) => fact.id),
    ...evidence.asCallee.map(({ fact }) => fact.id),
  ]
  return judged('unknown', reason(code, { name }), restsOn, { missing: [missing('envoy', null, 'proxy')] })
}

/** An address calls without proving who it is, or is called and managed by nobody here. */
function ofAddress({ naming, asCaller }: WorkloadEvidence, address: string): Judgement<WorkloadState> {
  const current = asCaller.filter(({ scope }) => isCurrent(scope))
  const restsOn = current.map(({ fact }) => fact.id)
  const params = { name: naming.name, address }
  if (current.some(({ fact }) => fact.oneSidedTls + fact.plaintext > 0)) {
    return judged('no-identity', reason('no-certificate-presented', params), restsOn, { basis: 'measured' })
  }
  if (current.length > 0) {
    return judged('no-identity', reason('no-certificate-accepted', params), restsOn, { basis: 'measured' })
  }
  if (asCaller.length > 0) {
    return judged('unknown', reason('address-only', params), [], { missing: [missing('logs', null, 'activity')] })
  }
  return judged('external', reason('address-only', params), [])
}

function severityOf(state: WorkloadState): number {
  return workloadSeverity.indexOf(state)
}

function earliest(times: readonly (number | null)[]): number | null {
  const known = times.flatMap((time) => time ?? [])
  return known.length === 0 ? null : Math.min(...known)
}
