import { createPrivateKey, createSecretKey, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { CompactSign, decodeJwt } from 'jose'
import { packTar, type TarEntry, unpackTar } from 'modern-tar'
import type { PolicyBundle } from '../../shared/domain/model/environment.ts'
import { type OpaCommand, OpaProblem, printed } from '../tools/opa-command.ts'
import { type BundleArchive, readBundle } from './bundle-archive.ts'

export type SigningAlgorithm = NonNullable<PolicyBundle['signing']>['algorithm']

/** Signs the payload of a bundle's signature and gives the JWT; it keeps its key to itself. */
export type BundleSigner = (
  payload: Uint8Array,
  header: { readonly alg: SigningAlgorithm; readonly kid?: string },
) => Promise<string>

export interface BuildRequest {
  /** Laid out as the bundle. Tests are left out: OPAs do not need them. */
  readonly folder: string
  readonly roots: readonly string[]
  readonly revision: string
  /** Whether it is to be signed: OPA then says what is signed. */
  readonly isSigned: boolean
}

export interface Signing {
  readonly algorithm: SigningAlgorithm
  readonly keyId: string | null
  /** What it is signed with, for people: a key's id, or its place. */
  readonly keyName: string
  /** The key is elsewhere, and somebody there is asked to sign: not before a publication is confirmed. */
  readonly asksElsewhere: boolean
  readonly sign: BundleSigner
}

export interface BuiltBundle {
  readonly bytes: Uint8Array
  readonly archive: BundleArchive
}

/**
 * Builds a bundle with `opa build`. Where it is to be signed OPA itself says what is signed (names and hashes of the files, by its
 * own rules for structured ones), with a key that exists for this one run: `signBundle` exchanges that signature for one of the
 * real key. Rejects with `OpaProblem` in OPA's words.
 */
export async function buildBundle(
  opa: OpaCommand,
  { folder, roots, revision, isSigned }: BuildRequest,
  signal?: AbortSignal,
): Promise<BuiltBundle> {
  const place = await mkdtemp(join(tmpdir(), 'eh-build-'))
  try {
    const output = join(place, 'bundle.tar.gz')
    const words = [
      'build',
      '--bundle',
      '.',
      '--ignore',
      '*_test.rego',
      '--ignore',
      '.*.new',
      '--revision',
      revision,
      '--output',
      output,
    ]
    if (isSigned) words.push('--signing-alg', 'ES256', '--signing-key', await throwawayKey(place))
    printed(
      await opa.run(words, {
        cwd: folder,
        limits: { timeoutMs: 120_000 },
        ...(signal === undefined ? {} : { signal }),
      }),
      [0],
    )
    const bytes = await readFile(output)
    const built = await readBundle(bytes)
    if (built.problems.length > 0) throw new OpaProblem(built.problems.join('; '))
    if (roots.length > 0 && built.roots.toSorted().join() !== roots.toSorted().join()) {
      throw new OpaProblem(`the bundle has the roots ${built.roots.join(', ')}, and should have ${roots.join(', ')}`)
    }
    return { bytes, archive: built }
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

/**
 * The same files with the signature exchanged for one of the real key, which is never on a command line or in a file. Rejects with
 * what the signer says.
 */
export async function signBundle(
  { bytes, archive: built }: BuiltBundle,
  { algorithm, keyId, sign }: Signing,
): Promise<BuiltBundle> {
  if (built.signature === null) throw new OpaProblem('opa build left no signature to take the hashes from')
  const { files } = decodeJwt(built.signature)
  const payload = new TextEncoder().encode(JSON.stringify({ files, ...(keyId === null ? {} : { keyid: keyId }) }))
  const jwt = await sign(payload, { alg: algorithm, ...(keyId === null ? {} : { kid: keyId }) })
  const manifest = await manifestOf(bytes)
  const entries: TarEntry[] = [
    entry('/.manifest', manifest),
    entry('/.signatures.json', new TextEncoder().encode(JSON.stringify({ signatures: [jwt] }))),
    ...[...built.files].map(([path, content]) => entry(`/${path}`, content)),
  ]
  const signed = gzipSync(await packTar(entries))
  return { bytes: signed, archive: await readBundle(signed) }
}

function entry(name: string, body: Uint8Array): TarEntry {
  // No time: the same content gives the same bytes, and so the same digest.
  return { header: { name, size: body.length, mode: 0o600, mtime: new Date(0), uid: 0, gid: 0 }, body }
}

async function manifestOf(bytes: Uint8Array): Promise<Uint8Array> {
  const found = (await unpackTar(gunzipSync(bytes))).find(({ header }) => /^\/?\.manifest$/.test(header.name))
  if (found?.data === undefined) throw new OpaProblem('opa build left no manifest')
  return found.data
}

async function throwawayKey(place: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const file = join(place, 'throwaway.pem')
  await writeFile(file, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 })
  return file
}

/** A signer with a key as text: PEM of a private key, or for HS algorithms the shared secret. Throws when it is no such key. */
export function localSigner(key: string, algorithm: SigningAlgorithm): BundleSigner {
  const isShared = algorithm.startsWith('HS')
  const object = isShared ? createSecretKey(key, 'utf8') : privateKeyOf(key)
  return (payload, header) => new CompactSign(payload).setProtectedHeader({ typ: 'JWT', ...header }).sign(object)
}

function privateKeyOf(key: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(key)
  } catch {
    // The words of the library may quote the key.
    throw new Error('the signing key is no private key in PEM')
  }
}
