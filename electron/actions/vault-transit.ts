import { Failure } from '../core/failure.ts'
import { type HttpAnswer, HttpFailure, type VaultLoan } from '../core/ports.ts'
import {
  isTransitCall,
  keyCall,
  keyRead,
  keyVersion,
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

/** What people are told to look at, by what is signed. */
interface Advice {
  /** In environment.yaml. */
  readonly where: string
  readonly reach: string
  readonly rights: string
  readonly key: string
  readonly busy: string
  readonly sealed: string
}

function adviceOf(where: string, rights: string, again: string): Advice {
  return {
    where,
    reach: `Test the connection of this Vault, then ${again}.`,
    rights: `Give its policy the right that ${rights} shows.`,
    key: `Correct ${where}.`,
    busy: `${again.charAt(0).toUpperCase()}${again.slice(1)} in a while.`,
    sealed: `Unseal it, then ${again}.`,
  }
}

const bundleAdvice = adviceOf(
  'policy.bundles.signing.key in environment.yaml',
  'docs/rights/vault-transit.hcl',
  'plan again',
)
const evidenceAdvice = adviceOf(
  'evidence.signing in environment.yaml, or the key that was given',
  'docs/rights/vault-transit-evidence.hcl',
  'make the pack again',
)

export function createTransitSign(lend: LendVault, timeoutMs = wholeMs): TransitSign {
  return async function sign(key, algorithm, bytes) {
    const advice = bundleAdvice
    const call = callOf(key, algorithm, bytes, null, advice)
    const late = AbortSignal.timeout(timeoutMs)
    const signature = await within(lend, key, late, timeoutMs, advice, (loan) =>
      askSignature(call, key, algorithm, loan, late, advice),
    )
    return signature.toString('base64url')
  }
}

/** A key of Vault's that signs evidence: the version that is newest when it is opened, whatever is rotated later. */
export interface TransitEvidenceKey {
  readonly version: number
  /** SPKI in PEM, as Vault gives it. */
  readonly publicKey: string
  /** r ‖ s of ECDSA P-256 with SHA-256, 64 bytes. */
  sign(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
}

/** Reads the public half of a key of type ecdsa-p256. Rejects with a `Failure`. */
export async function openTransitEvidenceKey(
  lend: LendVault,
  key: TransitKey,
  signal: AbortSignal,
  timeoutMs = wholeMs,
): Promise<TransitEvidenceKey> {
  const advice = evidenceAdvice
  const call = made(key, advice, () => keyCall(key))
  const late = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const answer = await within(lend, key, late, timeoutMs, advice, (loan) => ask(call, key, loan, late, advice))
  const { data } = keyRead.safeParse(jsonIn(answer))
  if (data === undefined) throw notOfVault(call, key)
  const { type, latest_version: version, keys } = data.data
  const found = keyVersion.safeParse(keys[String(version)])
  if (type !== 'ecdsa-p256' || !found.success) {
    const words = `The key ${key.name} of Vault ${key.vault} is of type ${JSON.stringify(type)}, and packs are signed with ecdsa-p256.`
    throw new Failure('invalid', key.vault, words, 'Make one with: vault write transit/keys/<name> type=ecdsa-p256')
  }
  return {
    version,
    publicKey: found.data.public_key,
    async sign(bytes, signing) {
      const wanted = callOf(key, 'ES256', bytes, version, advice)
      const ends = AbortSignal.any([signing, AbortSignal.timeout(timeoutMs)])
      return within(lend, key, ends, timeoutMs, advice, (loan) =>
        askSignature(wanted, key, 'ES256', loan, ends, advice),
      )
    },
  }
}

/** Lent for one question; every way in which it can end without an answer is a `Failure`. */
async function within<Result>(
  lend: LendVault,
  key: TransitKey,
  late: AbortSignal,
  timeoutMs: number,
  advice: Advice,
  use: (loan: VaultLoan) => Promise<Result>,
): Promise<Result> {
  try {
    return await lend(key.vault, use, late)
  } catch (reason) {
    if (reason instanceof Failure) throw reason
    if (!late.aborted) throw notLent(key, reason, advice)
    // Whoever asks stopped, which is no failure of Vault's.
    if (!(late.reason instanceof DOMException && late.reason.name === 'TimeoutError')) throw late.reason
    const seconds = Math.round(timeoutMs / 1000)
    throw new Failure('timed-out', key.vault, `Vault ${key.vault} did not sign within ${seconds} s.`, advice.reach)
  }
}

function made(key: TransitKey, advice: Advice, make: () => TransitCall): TransitCall {
  try {
    return make()
  } catch (reason) {
    throw new Failure('invalid', key.vault, `${wordsOf(reason)}.`, advice.key)
  }
}

function notOfVault(call: TransitCall, { vault }: TransitKey, place = `Vault ${vault}`): Failure {
  const words = `${place} answered ${call.locator} with something that is no ${call.method === 'GET' ? 'key' : 'signature'} of Vault.`
  return new Failure('invalid', vault, words, 'Look at the address of this Vault in environment.yaml.')
}

function callOf(
  key: TransitKey,
  algorithm: SigningAlgorithm,
  bytes: Uint8Array,
  version: number | null,
  advice: Advice,
): TransitCall {
  let call: TransitCall | null
  try {
    call = signCall(key, algorithm, bytes, version)
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
  { address, place, token, namespace, ca, exchange }: VaultLoan,
  signal: AbortSignal,
  advice: Advice,
): Promise<HttpAnswer> {
  if (!isTransitCall(call)) throw new Error('this is not on the list of what may be asked of Transit')
  let answer: HttpAnswer
  try {
    answer = await exchange(call.method, new URL(`${address}/v1/${call.path}`), {
      signal,
      deadlineMs: answerMs,
      maxBytes: longestAnswer,
      headers: {
        ...(call.body === null ? {} : { 'content-type': 'application/json' }),
        'user-agent': 'everyhop',
        'X-Vault-Request': 'true',
        'X-Vault-Token': token,
        ...(namespace === null ? {} : { 'X-Vault-Namespace': namespace }),
      },
      ...(call.body === null ? {} : { body: JSON.stringify(call.body) }),
      ...(ca === null ? {} : { ca }),
    })
  } catch (reason) {
    if (!(reason instanceof HttpFailure) || signal.aborted) throw reason
    const words = `Vault ${vault} was not asked to sign, or its answer did not come: ${reason.message}.`
    const code = reason.kind === 'forbidden' || reason.kind === 'timed-out' ? reason.kind : 'unreachable'
    throw new Failure(code, vault, words, advice.reach)
  }
  if (answer.status === 200) return answer
  throw refusal(answer.status, saidIn(jsonIn(answer), token), call, vault, place, advice)
}

async function askSignature(
  call: TransitCall,
  key: TransitKey,
  algorithm: SigningAlgorithm,
  loan: VaultLoan,
  signal: AbortSignal,
  advice: Advice,
): Promise<Buffer> {
  const { data } = signed.safeParse(jsonIn(await ask(call, key, loan, signal, advice)))
  // What came may be anything: it is not quoted.
  if (data === undefined) throw notOfVault(call, key, loan.place)
  const signature = Buffer.from(data.data.signature.split(':')[2] ?? '', 'base64url')
  if (call.fits(signature.length)) return signature
  throw new Failure(
    'invalid',
    key.vault,
    `The key that ${call.locator} signs with is of another type: a signature of ${signature.length} bytes is none of ${algorithm}.`,
    'Choose the algorithm that belongs to the type of the key, or another key.',
  )
}

function refusal(
  status: number,
  said: string,
  call: TransitCall,
  vault: string,
  place: string,
  advice: Advice,
): Failure {
  const words = `${place} ${call.method === 'GET' ? 'did not give the public key' : 'did not sign'}: ${call.locator} answered HTTP ${status}${said === '' ? '' : `, “${said}”`}.`
  if (status === 401 || status === 403) return new Failure('forbidden', vault, words, advice.rights)
  if (status === 404) return new Failure('not-found', vault, words, `Enable Transit there, or correct ${advice.where}.`)
  if (status === 429) return new Failure('exhausted', vault, words, advice.busy)
  if (status >= 300 && status < 400) {
    return new Failure('invalid', vault, words, 'This is a standby: name the address of the active Vault.')
  }
  if (status >= 400 && status < 500) return new Failure('invalid', vault, words, advice.key)
  return new Failure('unreachable', vault, words, status === 503 ? advice.sealed : advice.reach)
}

/** By the words of whoever signs in: the connector's failures and a cluster's have a `reason`. */
function notLent({ vault }: TransitKey, reason: unknown, advice: Advice): unknown {
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
