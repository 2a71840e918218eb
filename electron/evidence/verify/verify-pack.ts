import { open } from 'node:fs/promises'
import type { EvidenceGap, PackIndex, VerifyResult } from '../../../shared/domain/evidence/model.ts'
import type { PackPredicate } from '../../../shared/domain/evidence/statement.ts'
import { checkArtefacts } from './artefacts.ts'
import { type Container, openContainer } from './container.ts'
import { createFindings, type Findings } from './findings.ts'
import { readHeads } from './heads.ts'
import { readPublicKey, type TrustedKey } from './key.ts'
import { checkLists } from './lists.ts'
import type { Manifest } from './manifest.ts'
import { indexPath, payloadFolder } from './paths.ts'
import { checkPrevious, checkSameHeads } from './previous.ts'
import { createPackReader, type PackReader } from './reader.ts'
import { indexSchema, packIndex, type ReadIndex, readDocument } from './schemas.ts'
import { signedPayload, statementOf } from './signature.ts'
import { checkTagFiles } from './tag-files.ts'

export interface VerifyInput {
  /** Path of the ZIP. */
  readonly file: string
  /** The organisation's public key in PEM: its text, from outside the pack. */
  readonly key: string
  /** Path of the pack that was made before; null: the auditor has none. */
  readonly previous: string | null
}

/**
 * Verifies a pack by docs/formats/evidence-pack.md alone, and shares nothing with what makes them but the hashing of trees and the
 * reading of envelopes. Collects every failure behind which it is safe to go on. Throws only when `signal` ends it.
 */
export async function verifyPack(input: VerifyInput, signal: AbortSignal): Promise<VerifyResult> {
  const findings = createFindings()
  const trusted = readPublicKey(input.key)
  if (trusted.key === null) {
    const { code, found } = trusted.problem
    findings.failed('signature', code, { found })
  }
  const container = await openContainer(input.file, findings)
  if (container === null) return findings.result({ packId: null, gaps: [], artefacts: [] })
  try {
    if (trusted.key === null) return findings.result({ packId: null, gaps: [], artefacts: [] })
    return await verifyContainer(container, findings, { trusted: trusted.key, previous: input.previous }, signal)
  } finally {
    await container.close()
  }
}

/** Longest file that is read as a key, in bytes. */
const longestKey = 64 * 1024

/** The same with the path of the key: for the command line and the service. */
export async function verifyWithKeyFile(input: VerifyInput, signal: AbortSignal): Promise<VerifyResult> {
  try {
    const handle = await open(input.key, 'r')
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(longestKey), 0, longestKey, 0)
      return await verifyPack({ ...input, key: buffer.toString('latin1', 0, bytesRead) }, signal)
    } finally {
      await handle.close()
    }
  } catch (reason) {
    signal.throwIfAborted()
    if (!(reason instanceof Error && 'code' in reason)) throw reason
    const findings = createFindings()
    findings.failed('signature', 'key-unreadable', { file: input.key, message: reason.message })
    return findings.result({ packId: null, gaps: [], artefacts: [] })
  }
}

async function verifyContainer(
  container: Container,
  findings: Findings,
  { trusted, previous }: { readonly trusted: TrustedKey; readonly previous: string | null },
  signal: AbortSignal,
): Promise<VerifyResult> {
  const reader = createPackReader(container, findings, signal)
  const payload = await signedPayload(reader, findings, trusted)
  const nothing = { packId: null, gaps: [], artefacts: [] }
  if (payload === null) return findings.result(nothing)
  const statement = await statementOf(reader, findings, { payload, root: container.root })
  if (statement === null) return findings.result(nothing)
  const { predicate, tagManifest } = statement
  const known = { packId: predicate.packId, gaps: [], artefacts: [] }
  const { manifest, devicePem } = await checkTagFiles(reader, findings, {
    tagManifest,
    predicate,
    keyFingerprint: trusted.fingerprint,
  })
  const before = await checkPrevious(findings, predicate, previous, signal)
  if (manifest === null || !isAsLarge(container, findings, predicate)) return findings.result(known)

  const index = await readIndex(reader, findings)
  const heads = await readHeads(reader, findings, { named: predicate.heads, deviceKey: predicate.deviceKey, devicePem })
  if (before !== null) checkSameHeads(findings, heads, before)
  let gaps: readonly EvidenceGap[] = []
  let artefacts: PackIndex['artefacts'] = []
  if (index !== null) {
    const checked = await checkArtefacts(reader, findings, { index, predicate, heads }, signal)
    if (checked.artefacts.length === index.artefacts.length) await checkLists(reader, findings, checked.artefacts)
    gaps = distinct([...index.gaps, ...checked.gaps])
    artefacts = index.artefacts
    say(findings, checked, index)
  }
  await checkPayload(reader, findings, manifest)
  checkSecrets(reader, findings)
  return findings.result({ packId: predicate.packId, gaps, artefacts })
}

/** What passed unless something of it failed. */
function say(findings: Findings, checked: Awaited<ReturnType<typeof checkArtefacts>>, index: ReadIndex): void {
  const records = index.artefacts.reduce((sum, artefact) => sum + artefact.records, 0)
  findings.passed('schema', 'schema-ok', { files: index.artefacts.length + 1 })
  findings.passed('artefacts', 'artefacts-ok', { artefacts: index.artefacts.length, records })
  if (checked.sealedFiles === 0) findings.notChecked('seals', 'seals-none')
  else findings.passed('seals', 'seals-ok', { files: checked.sealedFiles })
  if (checked.sampled === 0) findings.notChecked('sample', 'sample-none')
  else findings.passed('sample', 'sample-ok', { lines: checked.sampled })
}

/** Bytes by which a payload may be larger than what was signed, and still be read: so that what was added can be named. */
const mostAdded = 16 * 1024 * 1024

/** Before anything of the payload is unpacked: one that would be much larger than what was signed is not. */
function isAsLarge(container: Container, findings: Findings, predicate: PackPredicate): boolean {
  let bytes = 0
  let files = 0
  for (const entry of container.entries.values()) {
    if (!entry.path.startsWith(payloadFolder)) continue
    bytes += entry.bytes
    files += 1
  }
  const [signedBytes = 0, signedFiles = 0] = predicate.payloadOxum.split('.').map(Number)
  if (bytes !== signedBytes || files !== signedFiles) {
    findings.failed('payload-manifest', 'payload-oxum', { signed: predicate.payloadOxum, found: `${bytes}.${files}` })
  }
  return bytes <= signedBytes + mostAdded
}

async function readIndex(reader: PackReader, findings: Findings): Promise<ReadIndex | null> {
  const bytes = await reader.whole(indexPath, 'payload-manifest')
  if (bytes === null) return null
  const document = readDocument(bytes, indexSchema, packIndex)
  if (document.read !== null) return document.read
  if (document.newer !== null) findings.failed('schema', 'schema-newer', { path: indexPath, schema: document.newer })
  else findings.failed('schema', 'schema-invalid', { path: indexPath, where: document.where })
  return null
}

/** Reads what nobody has read yet, and compares the hashes of everything. */
async function checkPayload(reader: PackReader, findings: Findings, manifest: Manifest): Promise<void> {
  for (const [path, hash] of manifest) {
    if (!reader.has(path)) continue
    if (reader.digest(path) === null && !reader.wasRead(path)) {
      for await (const _ of reader.pieces(path, 'payload-manifest')) continue
    }
    const digest = reader.digest(path)
    if (digest !== null && digest !== hash) findings.failed('payload-manifest', 'hash-differs', { path })
  }
  findings.passed('payload-manifest', 'payload-manifest-ok', { files: manifest.size })
}

function checkSecrets(reader: PackReader, findings: Findings): void {
  for (const [path, kinds] of reader.secrets) {
    for (const kind of kinds) findings.failed('secrets', 'secret-found', { path, kind })
  }
  findings.passed('secrets', 'secrets-ok', { files: reader.searched })
}

function distinct(gaps: readonly EvidenceGap[]): readonly EvidenceGap[] {
  return [
    ...new Map(gaps.map((gap) => [JSON.stringify([gap.source, gap.from, gap.to, gap.why, gap.detail]), gap])).values(),
  ]
}
