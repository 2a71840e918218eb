import type { NoIdentityInput } from '../../shared/contract/diagnosis.ts'
import { identityCaseOf } from '../../shared/domain/diagnosis/no-identity/case.ts'
import { diagnoseNoIdentity } from '../../shared/domain/diagnosis/no-identity/diagnose-no-identity.ts'
import type { NoIdentityDiagnosis } from '../../shared/domain/diagnosis/no-identity/model.ts'
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { Failure } from '../core/failure.ts'

/** Scopes and not only facts: a list that could not be read lacks nothing. */
export interface IdentityReading {
  readonly graph: TrustGraph
  readonly scopes: readonly ScopeState[]
}

/** Rejects with a `Failure`: `not-found`, or `invalid` where several workloads have the name. */
export function noIdentityIn(
  { graph, scopes }: IdentityReading,
  { workload }: Pick<NoIdentityInput, 'workload'>,
  now: number,
): NoIdentityDiagnosis {
  const found = identityCaseOf(graph, scopes, workload, now)
  if (!('unplaced' in found)) return diagnoseNoIdentity(found)
  if (found.unplaced === 'several') {
    throw new Failure(
      'invalid',
      workload,
      `${found.names.length} workloads are called ${workload}.`,
      'Say which by its SPIFFE ID, or by one of its pods as <namespace>/<pod>.',
    )
  }
  throw new Failure(
    'not-found',
    workload,
    `Neither the graph nor a cluster has ${workload}.`,
    'Name a workload by its SPIFFE ID, its stage or as it is drawn, or a pod as <namespace>/<pod>.',
  )
}
