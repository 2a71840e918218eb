import type { PolicyBundle } from '../../shared/domain/model/environment.ts'
import type { TransitSign } from '../actions/vault-transit.ts'
import { Failure } from '../core/failure.ts'
import type { Files, Secrets } from '../core/ports.ts'
import { localSigner, type Signing } from './build-bundle.ts'

export interface SigningPorts {
  readonly files: Files
  readonly secrets: Secrets
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Absolute form of a path that environment.yaml gives. */
  readonly resolve: (path: string) => string
  /** Signs with a key that Vault keeps. Rejects with a `Failure`. */
  readonly transit: TransitSign
}

/**
 * The signer that environment.yaml names for a bundle; null: none. A key that is here is read now, and forgotten with the signer;
 * Vault is asked when something is signed.
 */
export async function signerOf(bundle: PolicyBundle, ports: SigningPorts): Promise<Signing | null> {
  const { signing } = bundle
  if (signing === undefined) return null
  const { algorithm, key } = signing
  const keyId = signing.keyId ?? null
  if ('vault' in key) {
    const place = { vault: key.vault, mount: key.transitMount, name: key.keyName }
    return {
      algorithm,
      keyId,
      keyName: keyId ?? `${key.keyName} of ${key.vault}`,
      asksElsewhere: true,
      async sign(payload, header) {
        const parts = [JSON.stringify({ typ: 'JWT', ...header }), payload].map((part) =>
          Buffer.from(part).toString('base64url'),
        )
        const text = parts.join('.')
        return `${text}.${await ports.transit(place, algorithm, Buffer.from(text, 'ascii'))}`
      },
    }
  }
  const text = await keyText(bundle.name, key, ports)
  try {
    const sign = localSigner(text, algorithm)
    return { algorithm, keyId, keyName: keyId ?? placeOf(key), asksElsewhere: false, sign }
  } catch (reason) {
    throw new Failure(
      'invalid',
      bundle.name,
      `${reason instanceof Error ? reason.message : 'the signing key cannot be used'} (${placeOf(key)}).`,
      'Correct policy.bundles.signing.key in environment.yaml.',
    )
  }
}

type LocalKey = Exclude<NonNullable<PolicyBundle['signing']>['key'], { vault: string }>

async function keyText(
  bundle: string,
  key: LocalKey,
  { files, secrets, variables, resolve }: SigningPorts,
): Promise<string> {
  const missing = (): Failure =>
    new Failure(
      'not-found',
      bundle,
      `The signing key of ${bundle} is not there: ${placeOf(key)}.`,
      'Correct policy.bundles.signing.key in environment.yaml.',
    )
  if ('variable' in key) {
    const value = variables[key.variable]
    if (value === undefined || value === '') throw missing()
    return value
  }
  if ('secret' in key) {
    const value = await secrets.read(key.secret)
    if (value === null) throw missing()
    return value
  }
  try {
    return await files.readText(resolve(key.file))
  } catch {
    throw missing()
  }
}

function placeOf(key: LocalKey): string {
  if ('variable' in key) return `variable ${key.variable}`
  return 'secret' in key ? `secret ${key.secret}` : `file ${key.file}`
}
