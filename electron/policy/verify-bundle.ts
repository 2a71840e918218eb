import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeProtectedHeader } from 'jose'
import type { SignatureState } from '../../shared/domain/model/policy.ts'
import { type OpaCommand, wordsOf } from '../tools/opa-command.ts'
import { readBundle } from './bundle-archive.ts'

export interface VerificationKey {
  /** PEM of a public key. */
  readonly pem: string
  readonly keyId: string | null
}

/** Whether a bundle is signed with a key, and all its files are as signed: OPA itself verifies. */
export async function verifyBundle(
  opa: OpaCommand,
  bytes: Uint8Array,
  key: VerificationKey | null,
  signal?: AbortSignal,
): Promise<SignatureState> {
  const archive = await readBundle(bytes)
  if (archive.signature === null) return { state: 'missing' }
  if (key === null) return { state: 'unknown', why: 'no key to verify with is configured' }
  const header = headerOf(archive.signature)
  if (header === null) return { state: 'invalid', problem: 'the signature is no JWT' }
  const place = await mkdtemp(join(tmpdir(), 'eh-verify-'))
  try {
    const bundle = join(place, 'bundle.tar.gz')
    const keyFile = join(place, 'key.pem')
    await Promise.all([writeFile(bundle, bytes, { mode: 0o600 }), writeFile(keyFile, key.pem, { mode: 0o600 })])
    const words = ['build', '--bundle', bundle, '--output', join(place, 'out.tar.gz'), '--verification-key', keyFile]
    const keyId = key.keyId ?? header.kid ?? 'default'
    const run = await opa.run([...words, '--verification-key-id', keyId, '--signing-alg', header.alg], {
      cwd: place,
      limits: { timeoutMs: 60_000 },
      ...(signal === undefined ? {} : { signal }),
    })
    if (run.ended !== 'exited') return { state: 'unknown', why: `OPA could not verify it: ${run.ended}` }
    if (run.code === 0) return { state: 'valid', keyId: header.kid ?? key.keyId }
    const problem = wordsOf(run).replaceAll(place, '').slice(0, 1000)
    // A module that does not compile says nothing about the signature.
    if (/rego_\w+_error/.test(problem)) return { state: 'unknown', why: problem }
    return { state: 'invalid', problem }
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

function headerOf(jwt: string): { readonly alg: string; readonly kid: string | null } | null {
  try {
    const { alg, kid } = decodeProtectedHeader(jwt)
    return alg === undefined || !/^[A-Z]{2}\d{3}$/.test(alg) ? null : { alg, kid: typeof kid === 'string' ? kid : null }
  } catch {
    return null
  }
}
