import { promisify } from 'node:util'
import { createGunzip, gunzip } from 'node:zlib'
import { z } from 'zod'
import { findSecret, lineNumberAt } from '../../../shared/domain/evidence/secret-shapes.ts'
import { Failure } from '../../core/failure.ts'
import { tarFiles } from '../tar-entries.ts'

/** Where something stands in a pack, for people. */
export interface Place {
  /** Relative to the folder of the pack, such as `data/artefacts/08-decisions/opa-decisions-000003.ndjson`. */
  readonly file: string
  /** Number of its first line there. */
  readonly firstLine: number
}

const words: Readonly<Record<string, string>> = {
  'json-web-token': 'a JSON Web Token',
  'private-key': 'a private key',
  'vault-token': 'a Vault token',
  'aws-key': 'an access key of AWS',
  'authorization-header': 'an Authorization header with a value',
  'kubeconfig-key': 'a client key of a kubeconfig',
  'access-token': 'an access token',
}

/** Ends the making of a pack at the first secret: says what it is and where it stands, never its value. */
export function refuseSecrets(text: string, { file, firstLine }: Place): void {
  const found = findSecret(text)
  if (found === null) return
  const line = firstLine + lineNumberAt(text, found.at) - 1
  throw new Failure(
    'forbidden',
    `${file}:${line}`,
    `No pack was made: ${words[found.shape] ?? 'a secret'} is in ${file}, line ${line}.`,
    'Find out how it got into that source and renew it: it was seen. Mask it there (of OPA: /system/log/mask), or leave that artefact out.',
  )
}

/** Characters that are looked through again with the next piece, so that nothing hides on the border of two. */
const overlap = 1024
/** A bundle that unpacks to more is no policy. Bytes. */
const mostUnpacked = 512 * 1024 ** 2

/** The same of a bundle of OPA: what it holds unpacked. What is not packed with gzip is looked through as it is. */
export async function refuseSecretsIn(bytes: Uint8Array, file: string): Promise<void> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b)
    return refuseSecrets(Buffer.from(bytes).toString('latin1'), { file, firstLine: 1 })
  const archive = await withoutSignatures(bytes)
  if (archive !== null) return refuseSecrets(archive, { file, firstLine: 1 })
  const unpack = createGunzip()
  unpack.end(bytes)
  let before = ''
  let firstLine = 1
  let unpacked = 0
  try {
    for await (const piece of unpack) {
      const text: string = before + Buffer.from(piece).toString('latin1')
      refuseSecrets(text, { file, firstLine })
      unpacked += text.length - before.length
      if (unpacked > mostUnpacked) throw new Error('it unpacks to more than 512 MiB')
      before = text.slice(-overlap)
      firstLine += lineNumberAt(text, text.length - before.length) - 1
    }
  } catch (reason) {
    if (reason instanceof Failure) throw reason
    const why = reason instanceof Error ? reason.message : String(reason)
    throw new Failure(
      'invalid',
      file,
      `No pack was made: ${file} cannot be looked through for secrets: ${why}.`,
      'Leave that artefact out.',
    )
  }
}

const signatureFile = '.signatures.json'
const signatures = z.object({ signatures: z.array(z.string()) })
/** What the signature of a bundle signs: the hashes of its files. A token that lets somebody in says nothing of files. */
const signed = z.object({ files: z.array(z.object({ name: z.string(), hash: z.string() })).min(1) })
/** A larger bundle is looked through piece by piece, signatures too. Bytes. */
const mostInMemory = 64 * 1024 ** 2

/**
 * What a bundle holds, as text, with the signatures of OPA blanked out: they have the shape of a token, open nothing, and are what an
 * auditor checks a bundle with. null: it cannot be taken apart so.
 */
async function withoutSignatures(bytes: Uint8Array): Promise<string | null> {
  try {
    const tar = await promisify(gunzip)(bytes, { maxOutputLength: mostInMemory })
    const [file, ...others] = await tarFiles(tar, [signatureFile])
    // Nobody says which of two holds.
    if (others.length > 0) return null
    if (file !== undefined && areSignatures(Buffer.from(file.data).toString('utf8'))) blank(tar, file.data)
    return tar.toString('latin1')
  } catch {
    return null
  }
}

/** Everywhere: what opens nothing in its own file opens nothing where it was copied to. */
function blank(tar: Buffer, text: Uint8Array): void {
  for (let at = tar.indexOf(text); at >= 0; at = tar.indexOf(text, at + text.length))
    tar.fill(0x20, at, at + text.length)
}

function areSignatures(text: string): boolean {
  try {
    return signatures
      .parse(JSON.parse(text))
      .signatures.every(
        (token) =>
          signed.safeParse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))).success,
      )
  } catch {
    return false
  }
}
