import type { PackKey } from '../../../shared/contract/evidence.ts'
import type { EvidenceKey } from '../../../shared/domain/model/environment.ts'
import type { LendVault } from '../../actions/vault-transit.ts'
import { Failure } from '../../core/failure.ts'
import type { Files, Secrets } from '../../core/ports.ts'
import { commandSigner } from './command.ts'
import { keyFileSigner } from './key-file.ts'
import { type PackSigner, publicKeyOf, verifying } from './signer.ts'
import { transitSigner } from './transit.ts'

export type { PackSigner } from './signer.ts'

export interface SigningPorts {
  readonly files: Pick<Files, 'readText'>
  readonly secrets: Secrets
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Absolute form of a path of environment.yaml. */
  readonly resolve: (path: string) => string
  readonly lend: LendVault
}

const advice = 'Correct evidence.signing in environment.yaml, or name another key.'

/**
 * What signs a pack. Everything that can be wrong with a key is found now, before minutes of work; a program is asked to sign
 * something that means nothing. Rejects with a `Failure`.
 */
export async function openPackSigner(key: EvidenceKey, ports: SigningPorts, signal: AbortSignal): Promise<PackSigner> {
  if ('vault' in key) {
    const place = { vault: key.vault, mount: key.transitMount, name: key.keyName }
    return verifying(await transitSigner(ports.lend, place, signal))
  }
  if ('command' in key) {
    const [program = ''] = key.command
    const pem = await textOf(ports, key.publicKeyFile, 'public key')
    publicKeyOf(pem, program)
    const signer = verifying(commandSigner(key.command, pem))
    await signer.sign(new TextEncoder().encode('everyhop asks whether this key can sign'), signal)
    return signer
  }
  return verifying(keyFileSigner(await privateKeyText(key, ports), nameOf(key)))
}

/** For people, without asking anybody. */
export function describeKey(key: EvidenceKey): { readonly kind: PackKey['kind']; readonly name: string } {
  if ('vault' in key) return { kind: 'transit', name: `${key.keyName} of ${key.transitMount} in Vault ${key.vault}` }
  if ('command' in key) return { kind: 'command', name: key.command[0] ?? '' }
  return { kind: 'file', name: nameOf(key) }
}

/** A key that was named for one pack, as environment.yaml would name it. */
export function evidenceKeyOf(key: PackKey): EvidenceKey {
  switch (key.kind) {
    case 'file':
      return { file: key.file }
    case 'transit':
      return { vault: key.vault, transitMount: key.transitMount, keyName: key.keyName }
    case 'command':
      return { command: key.command, publicKeyFile: key.publicKeyFile }
  }
}

type LocalKey = Exclude<EvidenceKey, { vault: string } | { command: unknown }>

function nameOf(key: LocalKey): string {
  if ('variable' in key) return `variable ${key.variable}`
  return 'secret' in key ? `secret ${key.secret}` : key.file
}

async function privateKeyText(key: LocalKey, ports: SigningPorts): Promise<string> {
  if ('file' in key) return textOf(ports, key.file, 'key')
  const value = 'variable' in key ? (ports.variables[key.variable] ?? null) : await ports.secrets.read(key.secret)
  if (value !== null && value !== '') return value
  throw new Failure('not-found', nameOf(key), `The key that signs evidence is not there: ${nameOf(key)}.`, advice)
}

async function textOf(ports: SigningPorts, path: string, what: string): Promise<string> {
  const file = ports.resolve(path)
  try {
    return await ports.files.readText(file, 64 * 1024)
  } catch (reason) {
    const code = typeof reason === 'object' && reason !== null && 'code' in reason ? reason.code : null
    const words = reason instanceof Error ? reason.message : String(reason)
    const known = code === 'forbidden' || code === 'not-found' ? code : 'invalid'
    throw new Failure(known, file, `The ${what} that signs evidence cannot be read: ${words}`, advice)
  }
}
