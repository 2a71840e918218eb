import type { CryptoKey, JWK } from 'jose'
import { exportJWK, generateKeyPair, importJWK } from 'jose'
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
  readonly sign: CryptoKey
  readonly publicKeys: ReadonlyMap<string, CryptoKey>
  readonly users: CryptoKey
  /** Only the application, which stands for the users' sign-in, can issue user tokens. */
  readonly issueUsers: CryptoKey | null
}

const algorithm = 'ES256'

/** Plain JSON, so that it can be handed to other processes of the same run. */
export async function createPipelineKeys(): Promise<PipelineKeys> {
  const made = await Promise.all(stages.map(async (stage) => [stage.id, await createPair()] as const))
  return { users: await createPair(), stages: Object.fromEntries(made) }
}

/** Throws when the run's keys lack a stage of the topology. */
export async function stageKeys(keys: PipelineKeys, stageId: string): Promise<StageKeys> {
  const publicKeys = new Map<string, CryptoKey>()
  for (const stage of stages) publicKeys.set(stage.id, await importKey(pairOf(keys, stage.id).publicKey))
  return {
    sign: await importKey(pairOf(keys, stageId).privateKey),
    publicKeys,
    users: await importKey(keys.users.publicKey),
    issueUsers: stageOf(stageId).kind === 'client' ? await importKey(keys.users.privateKey) : null,
  }
}

function pairOf(keys: PipelineKeys, stageId: string): PipelineKeys['users'] {
  const pair = keys.stages[stageId]
  if (pair === undefined) throw new Error(`the keys of this run have none for the stage ${stageId}; make them anew`)
  return pair
}

async function createPair(): Promise<PipelineKeys['users']> {
  const pair = await generateKeyPair(algorithm, { extractable: true })
  return keyPair.parse({ publicKey: await exportJWK(pair.publicKey), privateKey: await exportJWK(pair.privateKey) })
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, algorithm)
  if (key instanceof Uint8Array) throw new Error('expected an EC key, got a symmetric one')
  return key
}
