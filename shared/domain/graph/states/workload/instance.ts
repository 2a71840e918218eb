import type { MissingSource } from '../../../model/graph.ts'
import type { WorkloadState } from '../../../model/hop-state.ts'
import type { EpochMs } from '../../../model/time.ts'
import { clockOff } from '../../clocks.ts'
import { claimTrouble } from '../../evaluate/identity-claim.ts'
import { integrityTrouble } from '../../evaluate/integrity.ts'
import { bundleProblem, isStale, lastReadOf, silence, staleLimitSeconds } from '../../evaluate/opa-health.ts'
import type { WorkloadEvidence } from '../../evaluate/workload-evidence.ts'
import { type EnvoyRecord, isCurrent } from '../../instances/records.ts'
import { missing } from '../../known.ts'
import { hasCome, type Moment } from '../../moment.ts'
import type { ReasonParams } from '../../reasons.ts'
import type { Stages } from '../../stages.ts'
import { vaultTrouble } from '../../vault/trouble.ts'
import { hasNoDeclaration, hasNoEntry, troubleOfAgents } from './registration.ts'

/** Codes whose sentence can say how many instances it is about. */
export type InstanceCode = {
  [Code in keyof ReasonParams]: ReasonParams[Code] extends { affected: number; instances: number } ? Code : never
}[keyof ReasonParams]

/** How one Envoy of a workload stands; `params` without name and counts, which belong to the whole. */
export interface InstanceFinding {
  readonly state: WorkloadState
  readonly code: InstanceCode
  readonly params: Readonly<Record<string, string | number | null>>
  readonly restsOn: readonly (string | undefined)[]
  readonly since: EpochMs | null
  readonly missing: readonly MissingSource[]
}

/** SPIRE renews at half of an SVID's life, give or take a tenth of that half (spire pkg/common/rotationutil). */
const renewalShare = 0.5
const lateShare = 0.6
/** Short-lived SVIDs: one synchronisation of the agent (5 s) and some more must fit. */
const leastGraceMs = 15_000
/** A decision that came this long after OPA last answered us proves that it answers Envoy. */
const decisionProofMs = 30_000

/** null: nothing is wrong with it. */
export function troubleOfInstance(
  evidence: WorkloadEvidence,
  envoy: EnvoyRecord,
  stages: Stages,
  moment: Moment,
): InstanceFinding | null {
  return (
    silent(envoy) ??
    withoutIdentity(evidence, envoy) ??
    invalidLeaf(envoy, moment) ??
    notLive(envoy) ??
    opaSilent(evidence, envoy) ??
    registrationTrouble(evidence, envoy, moment) ??
    notRenewed(envoy, moment) ??
    bundleTrouble(evidence, envoy) ??
    wrongClock(envoy) ??
    misledAbout(evidence) ??
    refusedByStages(evidence) ??
    byVault(evidence, stages, moment)
  )
}

function silent(envoy: EnvoyRecord): InstanceFinding | null {
  const { proxy } = envoy.parts
  if (isCurrent(proxy) && envoy.proxy !== null) return null
  const isUnasked = proxy === undefined || (proxy.readAt === null && proxy.gaps.length === 0)
  return {
    ...unknown(envoy, 'proxy', proxy?.readAt ?? null),
    ...(isUnasked
      ? { code: 'envoy-not-read-yet', params: { envoy: envoy.id } }
      : { code: 'envoy-silent', params: { envoy: envoy.id, lastReadAt: proxy.readAt } }),
  }
}

function withoutIdentity(evidence: WorkloadEvidence, envoy: EnvoyRecord): InstanceFinding | null {
  const { identity, parts } = envoy
  const restsOn = [envoy.proxy?.id, identity.undelivered?.fact?.id, identity.knownBy?.id]
  if (identity.undelivered !== null && isCurrent(parts.secrets)) {
    const absent = hasNoEntry(evidence)
    if (absent !== null && evidence.naming.spiffeId !== null) {
      const params = { spiffeId: evidence.naming.spiffeId }
      return finding('no-identity', 'no-svid-no-entry', params, [...restsOn, ...absent.restsOn])
    }
    const undeclared = hasNoDeclaration(evidence)
    if (undeclared !== null && evidence.naming.spiffeId !== null) {
      const params = { spiffeId: evidence.naming.spiffeId, cluster: undeclared.cluster }
      const found = finding('no-identity', 'no-svid-not-declared', params, [...restsOn, ...undeclared.restsOn])
      return { ...found, missing: undeclared.missing }
    }
    return finding('failing', 'secret-warming', { secret: identity.undelivered.secret }, restsOn)
  }
  const isRead = isCurrent(parts.listeners) && isCurrent(parts.clusters)
  if (identity.leaf === null && identity.isConfigured === false && isRead) {
    return finding('no-identity', 'no-svid-configured', { envoy: envoy.id }, [
      envoy.proxy?.id,
      ...envoy.listeners.map((listener) => listener.id),
    ])
  }
  if (identity.leaf !== null && isCurrent(identity.leaf.scope)) return null
  return {
    ...unknown(envoy, 'secrets', parts.secrets?.readAt ?? null),
    code: 'leaf-not-read',
    params: { envoy: envoy.id },
  }
}

function invalidLeaf({ identity }: EnvoyRecord, moment: Moment): InstanceFinding | null {
  if (identity.leaf === null) return null
  const { notBefore, notAfter } = identity.leaf.certificate
  const restsOn = [identity.leaf.fact.id]
  if (hasCome(moment, notAfter)) return finding('failing', 'svid-expired', { notAfter }, restsOn, notAfter)
  if (!hasCome(moment, notBefore)) return finding('failing', 'svid-not-yet-valid', { notBefore }, restsOn)
  return null
}

function notLive({ id, proxy }: EnvoyRecord): InstanceFinding | null {
  if (proxy === null || proxy.state === 'LIVE') return null
  const waitingFor = proxy.waitingFor.length === 0 ? null : proxy.waitingFor.join(', ')
  return finding('failing', 'envoy-not-live', { envoy: id, state: proxy.state, waitingFor }, [proxy.id])
}

function opaSilent(evidence: WorkloadEvidence, envoy: EnvoyRecord): InstanceFinding | null {
  for (const { envoy: asker, opa } of evidence.guards) {
    if (asker !== envoy.id || opa === null) continue
    const gap = silence(opa)
    if (gap === null || hasDecidedSince(evidence, envoy.id, lastReadOf(opa))) continue
    const params = { opa: opa.id, detail: gap.detail === '' ? gap.reason : gap.detail }
    return finding('failing', 'opa-not-answering', params, [envoy.proxy?.id, opa.instance?.fact.id])
  }
  return null
}

function registrationTrouble(evidence: WorkloadEvidence, envoy: EnvoyRecord, moment: Moment): InstanceFinding | null {
  const { leaf } = envoy.identity
  const { spiffeId } = evidence.naming
  if (leaf === null || spiffeId === null) return null
  const absent = hasNoEntry(evidence)
  if (absent !== null) {
    const params = { spiffeId, notAfter: leaf.certificate.notAfter }
    return finding('attention', 'entry-gone', params, [leaf.fact.id, ...absent.restsOn])
  }
  const undeclared = hasNoDeclaration(evidence)
  if (undeclared !== null) {
    const params = { spiffeId, cluster: undeclared.cluster, notAfter: leaf.certificate.notAfter }
    const found = finding('attention', 'declaration-gone', params, [leaf.fact.id, ...undeclared.restsOn])
    return { ...found, missing: undeclared.missing }
  }
  const trouble = troubleOfAgents(evidence, moment)
  return trouble === null
    ? null
    : finding('attention', trouble.code, trouble.params, [leaf.fact.id, ...trouble.restsOn], trouble.since)
}

function notRenewed({ identity }: EnvoyRecord, moment: Moment): InstanceFinding | null {
  if (identity.leaf === null) return null
  const { notBefore, notAfter } = identity.leaf.certificate
  const life = notAfter - notBefore
  const renewalAt = notBefore + life * renewalShare
  const lateAt = Math.max(notBefore + life * lateShare, renewalAt + leastGraceMs)
  if (!hasCome(moment, lateAt)) return null
  return finding('attention', 'svid-not-renewed', { notAfter, renewalAt }, [identity.leaf.fact.id], lateAt)
}

function bundleTrouble(evidence: WorkloadEvidence, envoy: EnvoyRecord): InstanceFinding | null {
  const { bundleStaleAfterSeconds } = evidence.world
  for (const { envoy: asker, opa } of evidence.guards) {
    if (asker !== envoy.id || opa === null) continue
    for (const { fact, scope } of opa.bundles) {
      if (!isCurrent(scope)) continue
      const problem = bundleProblem(fact)
      const named = { opa: opa.id, bundle: fact.name }
      if (problem !== null) return finding('attention', 'bundle-error', { ...named, ...problem }, [fact.id])
      if (!isStale(fact, bundleStaleAfterSeconds)) continue
      const limitSeconds = staleLimitSeconds(fact, bundleStaleAfterSeconds)
      const params = { ...named, fetchedAt: fact.lastSuccessfulRequestAt, limitSeconds }
      return finding('attention', 'bundle-stale', params, [fact.id])
    }
  }
  return null
}

/** Whatever a clock decides, this Envoy decides differently from the others: from when and until when an SVID or a token is valid. */
function wrongClock({ id, proxy }: EnvoyRecord): InstanceFinding | null {
  const off = proxy === null ? null : clockOff(proxy.clockSkewMs)
  return off === null ? null : finding('attention', 'envoy-clock-off', { envoy: id, ...off }, [proxy?.id])
}

/** Certificates and policy are in order, and yet who reads the header of a request takes its sender for another. */
function misledAbout(evidence: WorkloadEvidence): InstanceFinding | null {
  const trouble = claimTrouble(evidence.claims)
  return trouble === null ? null : finding('attention', 'identity-claimed-falsely', trouble.params, trouble.restsOn)
}

/** Both certificates are in order, and yet a stage refused what another sent: the called one needs attention. */
function refusedByStages(evidence: WorkloadEvidence): InstanceFinding | null {
  const trouble = integrityTrouble(evidence.integrity)
  return trouble === null ? null : finding('attention', trouble.code, trouble.params, trouble.restsOn)
}

/** Its identity is in order; what it holds by it, or asks for, is not. */
function byVault(evidence: WorkloadEvidence, stages: Stages, moment: Moment): InstanceFinding | null {
  const trouble = vaultTrouble(evidence, stages, moment)
  if (trouble === null) return null
  return { ...finding('attention', trouble.code, trouble.params, trouble.restsOn), missing: trouble.missing }
}

function hasDecidedSince(evidence: WorkloadEvidence, envoy: string, readAt: EpochMs | null): boolean {
  return evidence.asCallee.some(({ fact, scope }) => {
    const last = fact.lastRequest
    if (fact.envoy !== envoy || last === null || last.decisionId === null || !isCurrent(scope)) return false
    return last.at > (readAt ?? 0) + decisionProofMs
  })
}

function finding(
  state: WorkloadState,
  code: InstanceCode,
  params: InstanceFinding['params'],
  restsOn: InstanceFinding['restsOn'],
  since: EpochMs | null = null,
): InstanceFinding {
  return { state, code, params, restsOn, since, missing: [] }
}

function unknown(envoy: EnvoyRecord, what: 'proxy' | 'secrets', lastReadAt: EpochMs | null) {
  const scope = envoy.parts[what]
  return {
    state: 'unknown',
    restsOn: [],
    since: lastReadAt,
    missing: [missing('envoy', envoy.id, what, scope)],
  } as const
}
