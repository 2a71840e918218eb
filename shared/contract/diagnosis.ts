import { type } from '@orpc/contract'
import { z } from 'zod'
import type { SmallestChange } from '../domain/diagnosis/change/model.ts'
import type { Forecast } from '../domain/diagnosis/forecast/model.ts'
import type { HandshakeProbe } from '../domain/diagnosis/handshake/probe.ts'
import type { HandshakeDiagnosis, RequestDiagnosis } from '../domain/diagnosis/model.ts'
import type { NoIdentityDiagnosis } from '../domain/diagnosis/no-identity/model.ts'
import type { RefusalGroups } from '../domain/diagnosis/refusals/model.ts'
import type { Reason } from '../domain/model/graph.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { environmentInput, pastMoment, scopeInput } from './environments.ts'
import { procedure } from './procedure.ts'

/** A pasted line is at most so long. Characters, of which each is at most three bytes in UTF-8. */
export const mostLineCharacters = 65_536

/** How a refused request is named. A line is one of an Envoy's access log, as docs/formats/envoy-access-log.md has it. */
export const requestAsked = z.discriminatedUnion('by', [
  z.object({ by: z.enum(['request', 'trace', 'decision']), id: z.string().min(1).max(200) }),
  z.object({ by: z.literal('line'), line: z.string().min(2).max(mostLineCharacters) }),
])
export type RequestAsked = z.infer<typeof requestAsked>

/** A pasted line needs no environment: it then says what the line alone allows. */
export const diagnoseRequestInput = z
  .object({ environment: environmentInput.shape.environment.nullable(), at: pastMoment, asked: requestAsked })
  .refine(({ environment, asked }) => environment !== null || asked.by === 'line', {
    message: 'an id is looked up in an environment: name one',
    path: ['environment'],
  })
export type DiagnoseRequestInput = z.infer<typeof diagnoseRequestInput>

export const diagnoseHandshakeInput = scopeInput.extend({
  /** Workloads by graph id, SPIFFE ID, stage or name. */
  from: z.string().min(1).max(2048),
  to: z.string().min(1).max(2048),
})
export type DiagnoseHandshakeInput = z.infer<typeof diagnoseHandshakeInput>

/** Of now: a probe makes a handshake. */
export const probeInput = diagnoseHandshakeInput.omit({ at: true })
export type ProbeInput = z.infer<typeof probeInput>

export const refusalsInput = scopeInput.extend({
  /** How far back, minutes. */
  minutes: z.number().min(0.1).max(525_600).default(15),
  /** Groups. */
  limit: z.number().int().min(1).max(1000).default(100),
})
export type RefusalsInput = z.infer<typeof refusalsInput>

export const noIdentityInput = scopeInput.extend({
  /** Graph id, SPIFFE ID, stage or name of a workload, or `<namespace>/<pod>`. */
  workload: z.string().min(1).max(2048),
})
export type NoIdentityInput = z.infer<typeof noIdentityInput>

/** Which decision is to be turned; it must be held with its input. */
export const smallestChangeInput = environmentInput.extend({ decisionId: z.string().min(1).max(200) })
export type SmallestChangeInput = z.infer<typeof smallestChangeInput>

/** A hop whose handshakes fail now. */
export interface FailingHandshake {
  readonly hop: string
  readonly from: { readonly workload: string; readonly name: string }
  readonly to: { readonly workload: string; readonly name: string }
  /** Failures in the window; null: not known. */
  readonly attempts: number | null
  readonly since: EpochMs | null
  readonly summary: Reason
}

export const diagnosis = {
  /** A live handshake with the server of a hop: needs change mode, is journalled, sends no application data. */
  probe: procedure.input(probeInput).output(type<HandshakeProbe>()),
  /** What breaks next if nothing changes, of what is held. Asks no server anything. */
  forecast: procedure.input(scopeInput).output(type<Forecast>()),
  /** Why a request was refused, of everything that is held of it. Asks no server of the pipeline anything. */
  request: procedure.input(diagnoseRequestInput).output(type<RequestDiagnosis>()),
  /** The least that would let a denied request pass, found by evaluating with an OPA of our own; changes nothing. */
  change: procedure.input(smallestChangeInput).output(type<SmallestChange>()),
  /** Which side of a hop's handshake is wrong. Makes no connection. */
  handshake: procedure.input(diagnoseHandshakeInput).output(type<HandshakeDiagnosis>()),
  /** Those first that fail the longest. */
  failingHandshakes: procedure.input(scopeInput).output(type<readonly FailingHandshake[]>()),
  /** What was refused lately, in groups: one for all requests that were refused alike. */
  refusals: procedure.input(refusalsInput).output(type<RefusalGroups>()),
  /** Why a workload is given no identity: what comes near it and what it lacks. Asks no server anything. */
  noIdentity: procedure.input(noIdentityInput).output(type<NoIdentityDiagnosis>()),
}
