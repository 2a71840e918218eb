import { type EnvoyRecord, wasRead } from '../instances/records.ts'
import { type Stages, workloadIdOf, workloadIdOfEnvoy } from '../stages.ts'
import type { LinkingRelation, PublishingRelation } from './relation.ts'

/**
 * Envoy ↔ SVID: an Envoy is an instance of the workload whose SPIFFE ID it has. Without any certificate it is a workload of
 * its own, unless intent declares a stage of the same name (source id or node id) with exactly one SPIFFE ID: then it is
 * that stage without an identity, which is what an engineer would call it.
 */
export const envoyIdentity: PublishingRelation = {
  name: 'envoy-identity',
  of: 'envoy',
  publish(instance, stages) {
    if (instance.kind !== 'envoy') return []
    const workload = workloadOfEnvoy(instance, stages)
    const own = { instance: instance.id, part: '', workload }
    const published = [
      { key: `envoy:${instance.id}`, ...own },
      { key: `workload:${workload}`, ...own },
    ]
    if (wasRead(instance.parts.clusters)) published.push({ key: `calls-known:${workload}`, ...own })
    return published
  },
}

/** An Envoy that was ever tried is drawn, read or not. */
export const envoyIsWorkload: LinkingRelation = {
  name: 'envoy-is-workload',
  of: 'envoy',
  link(instance, _look, stages) {
    if (instance.kind !== 'envoy') return []
    return [{ kind: 'mention', workload: workloadOfEnvoy(instance, stages), because: 'envoy' }]
  },
}

export function workloadOfEnvoy(envoy: EnvoyRecord, stages: Stages): string {
  const { spiffeId } = envoy.identity
  if (spiffeId !== null) return workloadIdOf(spiffeId)
  const declared = declaredId(envoy.id, stages) ?? declaredId(envoy.proxy?.nodeId ?? null, stages)
  return declared === null ? workloadIdOfEnvoy(envoy.id) : workloadIdOf(declared)
}

function declaredId(name: string | null, stages: Stages): string | null {
  if (name === null) return null
  const stage = stages.byId.get(name)
  if (stage === undefined) return null
  const [only, ...others] = stages.intent?.stages[stage]?.spiffeIds ?? []
  return only !== undefined && others.length === 0 && !only.endsWith('*') ? only : null
}
