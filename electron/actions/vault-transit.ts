import { Failure } from '../core/failure.ts'
import { type HttpAnswer, HttpFailure, type VaultLoan } from '../core/ports.ts'
import {
  isTransitCall,
  refused,
  type SigningAlgorithm,
  signCall,
  signed,
  type TransitCall,
  type TransitKey,
} from './vault-transit-calls.ts'

/** Signs with a key that Vault keeps; gives the signature as a JWS has it, base64url. Rejects with a `Failure`. */
export type TransitSign = (key: TransitKey, algorithm: SigningAlgorithm, bytes: Uint8Array) => Promise<string>

/** Signs in at a Vault of the environment by its id, lends that to `use`, and signs out. */
export type LendVault = <Result>(
  vault: string,
  use: (loan: VaultLoan) => Promise<Result>,
  signal: AbortSignal,
) => Promise<Result>

/** Signing in, which may wait for a cluster to be looked through, and signing. Milliseconds. */
const wholeMs = 30_000
const answerMs = 10_000
const longestAnswer = 64 * 1024
const rights = 'docs/rights/vault-transit.hcl'
const where = 'policy.bundles.signing.key in environment.yaml'

export function createTransitSign(lend: LendVault, timeoutMs = wholeMs): TransitSign {
  return async function sign(key, algorithm, bytes) {
    const call = callOf(key, algorithm, bytes)
    const late = AbortSignal.timeout(timeoutMs)
    try {
      return await lend(key.vault, (loan) => ask(call, key, algorithm, loan, late), late)
    } catch (reason) {
      if (reason instanceof Failure) throw reason
      if (late.aborted) {
        const seconds = Math.round(timeoutMs / 1000)
        throw new Failure('timed-out', key.vault, `Vault ${key.vault} did not sign within ${seconds} s.`, advice.reach)
      }
      throw notLent(key, reason)
    }
  }
}

const advice = {
  reach: 'Test the connection of this Vault, then plan again.',
  rights: `Give its policy the right that ${rights} shows.`,
  key: `Correct ${where}.`,
} as const

function callOf(key: TransitKey, algorithm: SigningAlgorithm, bytes: Uint8Array): TransitCall {
  let call: TransitCall | null
  try {
    call = signCall(key, algorithm, bytes)
  } catch (reason) {
    throw new Failure('invalid', key.vault, `${wordsOf(reason)}.`, advice.key)
  }
  if (call !== null) return call
  throw new Failure(
    'invalid',
    key.vault,
    `${algorithm} signs with a shared secret, and Transit gives none to OPA to verify it with.`,
    'Choose an algorithm of the families RS, PS or ES, and a key of that type.',
  )
}

async function ask(
  call: TransitCall,
  { vault }: TransitKey,
  algorithm: SigningAlgorithm,
  { address, place, token, namespace, ca, exchange }: VaultLoan,
  signal: AbortSignal,
): Promise<string> {
  if (!isTransitCall(call)) throw new Error('this is not on the list of what may be asked of Transit')
  let answer: HttpAnswer
  try {
    answer = await exchange(call.method, new URL(`${address}/v1/${call.path}`), {
      signal,
      deadlineMs: answerMs,
      maxBytes: longestAnswer,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'everyhop',
        'X-Vault-Request': 'true',
        'X-Vault-Token': token,
        ...(namespace === null ? {} : { 'X-Vault-Namespace': namespace }),
      },
      body: JSON.stringify(call.body),
      ...(ca === null ? {} : { ca }),
    })
  } catch (reason) {
    if (!(reason instanceof HttpFailure) || signal.aborted) throw reason
    const words = `Vault ${vault} was not asked to sign, or its answer did not come: ${reason.message}.`
    const code = reason.kind === 'forbidden' || reason.kind === 'timed-out' ? reason.kind : 'unreachable'
    throw new Failure(code, vault, words, advice.reach)
  }
  const value = jsonIn(answer)
  if (answer.status !== 200) throw refusal(answer.status, saidIn(value, token), call, vault, place)
  const { data } = signed.safeParse(value)
  // What came may be anything: it is not quoted.
  if (data === undefined) {
    const words = `${place} answered ${call.locator} with something that is no signature of Vault.`
    throw new Failure('invalid', vault, words, 'Look at the address of this Vault in environment.yaml.')
  }
  const signature = Buffer.from(data.data.signature.split(':')[2] ?? '', 'base64url')
  if (call.fits(signature.length)) return signature.toString('base64url')
  throw new Failure(
    'invalid',
    vault,
    `The key that ${call.locator} signs with is of another type: a signature of ${signature.length} bytes is none of ${algorithm}.`,
    'Choose the algorithm that belongs to the type of the key, or another key.',
  )
}

function refusal(status: number, said: string, call: TransitCall, vault: string, place: string): Failure {
  const words = `${place} did not sign: ${call.locator} answered HTTP ${status}${said === '' ? '' : `, “${said}”`}.`
  if (status === 401 || status === 403) return new Failure('forbidden', vault, words, advice.rights)
  if (status === 404) return new Failure('not-found', vault, words, `Enable Transit there, or correct ${where}.`)
  if (status === 429) return new Failure('exhausted', vault, words, 'Plan again in a while.')
  if (status >= 300 && status < 400) {
    return new Failure('invalid', vault, words, 'This is a standby: name the address of the active Vault.')
  }
  if (status >= 400 && status < 500) return new Failure('invalid', vault, words, advice.key)
  return new Failure('unreachable', vault, words, status === 503 ? 'Unseal it, then plan again.' : advice.reach)
}

/** By the words of whoever signs in: the connector's failures and a cluster's have a `reason`. */
function notLent({ vault }: TransitKey, reason: unknown): unknown {
  const found = typeof reason === 'object' && reason !== null && 'reason' in reason ? reason.reason : null
  if (typeof found !== 'string') return reason
  const words = `Everyhop could not sign in at Vault ${vault} to sign with it: ${wordsOf(reason)}.`
  if (found === 'forbidden' || found === 'timed-out') return new Failure(found, vault, words, advice.reach)
  return new Failure(found === 'unreachable' ? 'unreachable' : 'invalid', vault, words, advice.reach)
}

function jsonIn({ body }: HttpAnswer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return null
  }
}

/** Vault's own words, on one line, without the token, should whatever stands between repeat it. */
function saidIn(value: unknown, token: string): string {
  const { data } = refused.safeParse(value)
  const text = (data?.errors ?? []).join('; ').replaceAll(token, '***')
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, 300)
}

function wordsOf(reason: unknown): string {
  return (reason instanceof Error ? reason.message : String(reason)).replace(/\.$/, '')
}
