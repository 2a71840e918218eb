import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { z } from 'zod'
import { stageOf, stages } from './topology.ts'

/**
 * Keys made for one run of the pipeline: one ES256 pair for each stage, one for the issuer of user tokens.
 * Private parts never leave the processes of the pipeline: no event, log or error holds one.
 */
const publicJwk = z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() })
const keyPair = z.strictObject({ publicKey: publicJwk, privateKey: publicJwk.extend({ d: z.string() }) })

export const pipelineKeysSchema = z.strictObject({ users: keyPair, stages: z.record(z.string(), keyPair) })
export type PipelineKeys = z.infer<typeof pipelineKeysSchema>

/** What one stage holds: its own private key and everyone's public keys. */
export interface StageKeys {
  readonly sign: KeyObject
  readonly publicKeys: ReadonlyMap<string, KeyObject>
  readonly users: KeyObject
  /** Only the application, which stands for the users' sign-in, can issue user tokens. */
  readonly issueUsers: KeyObject | null
}

/** Plain JSON, so that it can be handed to other processes of the same run. */
export async function createPipelineKeys(): Promise<PipelineKeys> {
  const made = await Promise.all(stages.map(async (stage) => [stage.id, await createPair()] as const))
  return { users: await createPair(), stages: Object.fromEntries(made) }
}

/** Throws when the run's keys lack a stage of the topology. */
export function stageKeys(keys: PipelineKeys, stageId: string): StageKeys {
  const publicKeys = new Map<string, KeyObject>()
  for (const stage of stages) publicKeys.set(stage.id, publicKey(pairOf(keys, stage.id)))
  return {
    sign: privateKey(pairOf(keys, stageId)),
    publicKeys,
    users: publicKey(keys.users),
    issueUsers: stageOf(stageId).kind === 'client' ? privateKey(keys.users) : null,
  }
}

function pairOf(keys: PipelineKeys, stageId: string): PipelineKeys['users'] {
  const pair = keys.stages[stageId]
  if (pair === undefined) throw new Error(`the keys of this run have none for the stage ${stageId}; make them anew`)
  return pair
}

async function createPair(): Promise<PipelineKeys['users']> {
  const pair = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  return keyPair.parse({
    publicKey: pair.publicKey.export({ format: 'jwk' }),
    privateKey: pair.privateKey.export({ format: 'jwk' }),
  })
}

function publicKey(pair: PipelineKeys['users']): KeyObject {
  return createPublicKey({ key: pair.publicKey, format: 'jwk' })
}

function privateKey(pair: PipelineKeys['users']): KeyObject {
  return createPrivateKey({ key: pair.privateKey, format: 'jwk' })
}
