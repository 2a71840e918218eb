import { type } from '@orpc/contract'
import { z } from 'zod'
import type { HandshakeDiagnosis, RequestDiagnosis } from '../domain/diagnosis/model.ts'
import type { Reason } from '../domain/model/graph.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { scopeInput } from './environments.ts'
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
  .object({ environment: scopeInput.shape.environment.nullable(), asked: requestAsked })
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
  /** Why a request was refused, of everything that is held of it. Asks no server of the pipeline anything. */
  request: procedure.input(diagnoseRequestInput).output(type<RequestDiagnosis>()),
  /** Which side of a hop's handshake is wrong. Makes no connection. */
  handshake: procedure.input(diagnoseHandshakeInput).output(type<HandshakeDiagnosis>()),
  /** Those first that fail the longest. */
  failingHandshakes: procedure.input(scopeInput).output(type<readonly FailingHandshake[]>()),
}
