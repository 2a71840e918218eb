import { type } from '@orpc/contract'
import { z } from 'zod'
import type { HandshakeDiagnosis, RequestDiagnosis } from '../domain/diagnosis/model.ts'
import type { Reason } from '../domain/model/graph.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { scopeInput } from './environments.ts'
import { procedure } from './procedure.ts'

/** How a refused request is named. A line is one of Envoy's access log, as JSON or in its default text format. */
export const requestAsked = z.discriminatedUnion('by', [
  z.object({ by: z.enum(['request', 'trace', 'decision']), id: z.string().min(1).max(200) }),
  z.object({ by: z.literal('line'), line: z.string().min(2).max(65_536) }),
])
export type RequestAsked = z.infer<typeof requestAsked>

/** A pasted line needs no environment: it then says what the line alone allows. */
export const diagnoseRequestInput = z.object({
  environment: z.string().min(1).max(63).nullable(),
  asked: requestAsked,
})

export const diagnoseHandshakeInput = scopeInput.extend({
  /** Workloads by graph id, SPIFFE ID or stage. */
  from: z.string().min(1).max(2048),
  to: z.string().min(1).max(2048),
})

/** Refused requests that share a hop and a cause, the newest first. */
export interface RefusalGroup {
  readonly from: { readonly workload: string | null; readonly name: string }
  readonly to: { readonly workload: string | null; readonly name: string }
  readonly why: 'denied' | 'error'
  /** First reason of the policy, or what the details say. */
  readonly summary: Reason
  readonly count: number
  readonly lastAt: EpochMs
  /** The newest of them. */
  readonly last: {
    readonly requestId: string | null
    readonly decisionId: string | null
    readonly traceId: string | null
  }
}

export interface RefusalGroups {
  readonly groups: readonly RefusalGroup[]
  readonly requests: number
  /** Requests that were not read because there are more than could be; 0: all were. */
  readonly notCounted: number
  readonly heldSince: EpochMs | null
}

/** A hop whose handshakes fail now. */
export interface FailingHandshake {
  readonly hop: string
  readonly from: { readonly workload: string; readonly name: string }
  readonly to: { readonly workload: string; readonly name: string }
  readonly attempts: number
  readonly since: EpochMs | null
  readonly summary: Reason
}

/** What breaks next if nothing changes. */
export interface Forecast {
  readonly asOf: EpochMs
  readonly expiries: readonly ExpiryForecast[]
  /** One of each root that workloads ought to trust before it is used; empty where SPIRE cannot be read. */
  readonly readiness: readonly RotationReadiness[]
}

export interface ExpiryForecast {
  readonly workload: string
  readonly name: string
  readonly notAfter: EpochMs
  /** overdue: half of its life is over by more than it should, and nothing newer came. unknown: who renews it cannot be read. */
  readonly rotation: 'on-course' | 'overdue' | 'stopped' | 'unknown'
  readonly reason: Reason
  /** Hops that fail then. */
  readonly hops: readonly string[]
}

export interface RotationReadiness {
  readonly trustDomain: string
  readonly authority: string
  readonly state: 'prepared' | 'active' | 'old' | 'tainted'
  readonly trusted: readonly string[]
  readonly notTrusted: readonly string[]
  readonly unknown: readonly string[]
}

/** A change that would let the request pass, found by evaluation. */
export interface SmallestChange {
  readonly kind: 'input' | 'data' | 'rule'
  readonly reason: Reason
  /** Of the bundle: file with its text before and after; null: the request has to change. */
  readonly file: { readonly path: string; readonly before: string; readonly after: string } | null
  /** Evaluated with the change: it is allowed. */
  readonly proven: true
}

export interface SmallestChanges {
  readonly changes: readonly SmallestChange[]
  readonly whyNone: Reason | null
}

export const diagnosis = {
  request: procedure.input(diagnoseRequestInput).output(type<RequestDiagnosis>()),
  handshake: procedure.input(diagnoseHandshakeInput).output(type<HandshakeDiagnosis>()),
  refusals: procedure
    .input(scopeInput.extend({ minutes: z.number().min(0.1).max(525_600).default(15) }))
    .output(type<RefusalGroups>()),
  failingHandshakes: procedure.input(scopeInput).output(type<readonly FailingHandshake[]>()),
  forecast: procedure.input(scopeInput).output(type<Forecast>()),
  /** By evaluation only, each with a deadline; the draft is made by `policy.startDraft` and `writeDraft`. */
  smallestChange: procedure
    .input(scopeInput.extend({ decisionId: z.string().min(1).max(200) }))
    .output(type<SmallestChanges>()),
}
