import { createHash, createPublicKey } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { envelopeText, inTotoPayloadType, preAuthenticationEncoding } from '../../../shared/domain/evidence/dsse.ts'
import type { PackIndex } from '../../../shared/domain/evidence/model.ts'
import type { SealedHead } from '../../../shared/domain/evidence/seals.ts'
import { packStatementText } from '../../../shared/domain/evidence/statement.ts'
import { canonicalJson } from '../../../shared/lib/canonical-json.ts'
import type { PackFile } from './artefact-folder.ts'
import { writeFileWhole } from './output-file.ts'
import type { PackRequest } from './request.ts'

/** SHA-256 of the SPKI (DER) of a public key in PEM, hexadecimal. */
export function fingerprintOf(publicKey: string): string {
  const der = createPublicKey(publicKey).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der).digest('hex')
}

/** SHA-256 of the line of a head, hexadecimal. */
export function hashOfHead(head: SealedHead): string {
  return createHash('sha256').update(canonicalJson(head)).digest('hex')
}

/** Writes a text into the pack. */
export async function writeText(root: string, path: string, text: string): Promise<PackFile> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  return { path, ...(await writeFileWhole(join(root, path), Buffer.from(text))) }
}

/** `sha256sum -c` reads it. */
function manifestOf(files: readonly PackFile[]): string {
  const lines = files.map(({ path, sha256 }) => `${sha256}  ${path}\n`)
  const pathOf = (line: string): string => line.slice(66)
  return lines.toSorted((one, other) => (pathOf(one) < pathOf(other) ? -1 : 1)).join('')
}

/**
 * Makes the folder a bag, and has what covers all of it signed.
 * @param payload every file of `data/`.
 * @returns every file of the pack in the order of the ZIP, and the hash of the statement.
 */
export async function sealBag(
  root: string,
  payload: readonly PackFile[],
  index: PackIndex,
  request: PackRequest,
  signal: AbortSignal,
): Promise<{ readonly files: readonly string[]; readonly statementSha256: string }> {
  const bytes = payload.reduce((sum, file) => sum + file.bytes, 0)
  const payloadOxum = `${bytes}.${payload.length}`
  const info = [
    `Bagging-Date: ${index.createdAt.slice(0, 10)}`,
    `External-Identifier: ${index.packId}`,
    `Payload-Oxum: ${payloadOxum}`,
  ]
  const tags = [
    await writeText(root, 'bagit.txt', 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n'),
    await writeText(root, 'bag-info.txt', `${info.join('\n')}\n`),
    await writeText(root, 'manifest-sha256.txt', manifestOf(payload)),
    await writeText(root, 'README.txt', request.auditor.readme),
    await writeText(root, 'VERIFY/verify.py', request.auditor.verifier),
    await writeText(root, 'trust/organisation.pub.pem', request.signer.publicKey),
    await writeText(root, 'trust/device.pub.pem', request.deviceKey),
  ]
  const tagManifest = await writeText(root, 'tagmanifest-sha256.txt', manifestOf(tags))
  const statement = Buffer.from(
    packStatementText(tagManifest.sha256, {
      packId: index.packId,
      environment: index.environment,
      period: index.period,
      createdAt: index.createdAt,
      console: index.console,
      operator: index.operator,
      payloadOxum,
      artefacts: index.artefacts.map(({ id, records, merkleRoot, state }) => ({ id, records, merkleRoot, state })),
      gaps: index.gaps.length + index.artefacts.reduce((sum, { gaps }) => sum + gaps, 0),
      heads: index.heads,
      deviceKey: index.deviceKey,
      previousPack: request.previousPack,
    }),
  )
  signal.throwIfAborted()
  const signature = await request.signer.sign(preAuthenticationEncoding(inTotoPayloadType, statement), signal)
  const keyId = fingerprintOf(request.signer.publicKey)
  const envelope = await writeText(
    root,
    'signatures/pack.dsse.json',
    envelopeText(inTotoPayloadType, statement, signature, keyId),
  )
  const paths = payload.map(({ path }) => path).toSorted()
  return {
    files: [...tags.map(({ path }) => path), tagManifest.path, envelope.path, ...paths],
    statementSha256: createHash('sha256').update(statement).digest('hex'),
  }
}
