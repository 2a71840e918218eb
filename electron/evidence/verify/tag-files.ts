import type { PackPredicate } from '../../../shared/domain/evidence/statement.ts'
import type { Findings } from './findings.ts'
import { readPublicKey } from './key.ts'
import { isManifest, type Manifest, readBagInfo, readManifest } from './manifest.ts'
import {
  envelopePath,
  fetchPath,
  manifestPath,
  payloadFiles,
  payloadFolder,
  tagFiles,
  tagManifestPath,
} from './paths.ts'
import type { PackReader } from './reader.ts'

export interface TagFiles {
  /** Of the payload; null: it is not the one whose hash is signed, or is none. */
  readonly manifest: Manifest | null
  readonly devicePem: string | null
}

/** Every file outside `data/` against the signed tag manifest, and what those files have to say. */
export async function checkTagFiles(
  reader: PackReader,
  findings: Findings,
  {
    tagManifest,
    predicate,
    keyFingerprint,
  }: { readonly tagManifest: Buffer; readonly predicate: PackPredicate; readonly keyFingerprint: string },
): Promise<TagFiles> {
  const tags = readManifest(tagManifest.toString('latin1'))
  if (!isManifest(tags)) {
    findings.failed('tag-manifest', 'manifest-malformed', { path: tagManifestPath, line: tags.line })
    return { manifest: null, devicePem: null }
  }
  const texts = new Map<string, Buffer>()
  for (const [path, hash] of tags) {
    const bytes = await reader.whole(path, 'tag-manifest')
    if (bytes === null) continue
    if (reader.digest(path) === hash) texts.set(path, bytes)
    else findings.failed('tag-manifest', 'hash-differs', { path })
  }
  checkBag(texts, findings, predicate)
  const devicePem = texts.get('trust/device.pub.pem')?.toString('utf8') ?? null
  for (const [path, fingerprint] of [
    ['trust/device.pub.pem', predicate.deviceKey],
    ['trust/organisation.pub.pem', keyFingerprint],
  ] as const) {
    const pem = texts.get(path)
    if (pem === undefined) continue
    const { key } = readPublicKey(pem.toString('utf8'))
    if (key?.fingerprint !== fingerprint) findings.failed('tag-manifest', 'trust-copy', { path })
  }
  findings.passed('tag-manifest', 'tag-manifest-ok', { files: tags.size })
  return { manifest: checkFileSet(reader, findings, tags, texts.get(manifestPath)), devicePem }
}

function checkBag(texts: ReadonlyMap<string, Buffer>, findings: Findings, predicate: PackPredicate): void {
  const declaration = texts.get('bagit.txt')?.toString('utf8')
  const expected = /^BagIt-Version: 1\.0\r?\nTag-File-Character-Encoding: UTF-8(\r?\n)?$/
  if (declaration !== undefined && !expected.test(declaration)) {
    findings.failed('tag-manifest', 'bag-declaration', { path: 'bagit.txt' })
  }
  const text = texts.get('bag-info.txt')
  if (text === undefined) return
  const info = readBagInfo(text.toString('utf8'))
  for (const [name, value] of [
    ['External-Identifier', predicate.packId],
    ['Payload-Oxum', predicate.payloadOxum],
  ] as const) {
    if (info?.get(name) !== value) findings.failed('tag-manifest', 'bag-info', { path: 'bag-info.txt', name })
  }
  if (info?.has('Bagging-Date') !== true) {
    findings.failed('tag-manifest', 'bag-info', { path: 'bag-info.txt', name: 'Bagging-Date' })
  }
}

/** Exactly the files that both manifests list, their own and the signature's; and those that every pack has. */
function checkFileSet(
  reader: PackReader,
  findings: Findings,
  tags: Manifest,
  manifestText: Buffer | undefined,
): Manifest | null {
  const manifest = manifestText === undefined ? null : readManifest(manifestText.toString('latin1'))
  if (manifest !== null && !isManifest(manifest)) {
    findings.failed('payload-manifest', 'manifest-malformed', { path: manifestPath, line: manifest.line })
  }
  for (const path of tags.keys()) {
    if (path.startsWith(payloadFolder) || path === tagManifestPath || path.startsWith('signatures/')) {
      findings.failed('tag-manifest', 'manifest-path', { path })
    }
  }
  if (reader.has(fetchPath) || tags.has(fetchPath)) findings.failed('file-set', 'fetch', { path: fetchPath })
  const listed = manifest !== null && isManifest(manifest) ? manifest : null
  const expected = new Set([...tagFiles, ...payloadFiles, ...tags.keys(), ...(listed?.keys() ?? [])])
  for (const path of expected) {
    const isListed = tags.has(path) || listed?.has(path) === true
    if (!reader.has(path) || (!isListed && (listed !== null || !path.startsWith(payloadFolder)))) {
      findings.failed('file-set', 'file-missing', { path })
    }
  }
  for (const path of listed?.keys() ?? []) {
    if (!path.startsWith(payloadFolder)) findings.failed('payload-manifest', 'manifest-path', { path })
  }
  for (const path of reader.paths) {
    if (path === envelopePath || path === tagManifestPath || path === fetchPath || expected.has(path)) continue
    if (listed === null && path.startsWith(payloadFolder)) continue
    findings.failed('file-set', 'file-extra', { path })
  }
  if (listed !== null) findings.passed('file-set', 'file-set-ok', { files: reader.paths.size })
  return listed
}
