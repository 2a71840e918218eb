import { verify } from 'node:crypto'
import {
  type Envelope,
  inTotoPayloadType,
  parseEnvelope,
  preAuthenticationEncoding,
} from '../../../shared/domain/evidence/dsse.ts'
import { type PackPredicate, packPredicateType, readPackStatement } from '../../../shared/domain/evidence/statement.ts'
import type { Findings } from './findings.ts'
import type { TrustedKey } from './key.ts'
import { envelopePath, tagManifestPath } from './paths.ts'
import type { PackReader } from './reader.ts'

/** The payload of the envelope, once the signature of the given key over it is good. */
export async function signedPayload(
  reader: PackReader,
  findings: Findings,
  trusted: TrustedKey,
): Promise<Uint8Array | null> {
  const envelope = await readEnvelope(reader, findings)
  if (envelope === null) return null
  const { payloadType, payload, signatures } = envelope
  const [signature] = signatures
  if (payloadType !== inTotoPayloadType) {
    findings.failed('signature', 'envelope-type', { found: payloadType })
    return null
  }
  if (signature === undefined || signatures.length > 1) {
    findings.failed('signature', 'signature-count', { count: signatures.length })
    return null
  }
  const signed = preAuthenticationEncoding(payloadType, payload)
  if (!verify('sha256', signed, trusted.key, signature.signature)) {
    findings.failed('signature', 'signature-wrong', { key: trusted.fingerprint })
    return null
  }
  // It decides nothing. But whoever looks for the key by it should not be led astray.
  if (signature.keyId !== trusted.fingerprint) {
    findings.failed('signature', 'envelope-key-id', { key: trusted.fingerprint })
    return null
  }
  findings.passed('signature', 'signature-ok', { key: trusted.fingerprint })
  return payload
}

export async function readEnvelope(reader: PackReader, findings: Findings): Promise<Envelope | null> {
  if (!reader.has(envelopePath)) {
    findings.failed('signature', 'envelope-missing', { path: envelopePath })
    return null
  }
  const bytes = await reader.whole(envelopePath, 'signature')
  if (bytes === null) return null
  const text = bytes.toString('utf8')
  const parsed = parseEnvelope(text)
  if (parsed.envelope === null) findings.failed('signature', 'envelope-malformed', { problem: parsed.problem })
  else if (!hasNothingElse(text, parsed.envelope)) {
    findings.failed('signature', 'envelope-malformed', { problem: 'other-members' })
    return null
  }
  return parsed.envelope
}

/**
 * No signature covers the envelope itself: what stands in it besides, or twice, would be read by one program and not by another. Names
 * and values are the strings that there are, as none of them needs an escape.
 */
function hasNothingElse(text: string, { signatures }: Envelope): boolean {
  return !text.includes('\\') && text.split('"').length - 1 === 10 + 8 * signatures.length
}

/** What the signed payload says, when it is about the tag manifest of this pack. */
export async function statementOf(
  reader: PackReader,
  findings: Findings,
  { payload, root }: { readonly payload: Uint8Array; readonly root: string },
): Promise<{ readonly predicate: PackPredicate; readonly tagManifest: Buffer } | null> {
  const statement = readPackStatement(Buffer.from(payload).toString('utf8'))
  if (statement.predicate === null) {
    const { problem, detail } = statement
    const [ours] = packPredicateType.split(/\/v\d+$/)
    const isNewer = problem === 'other-predicate' && new RegExp(`^${ours}/v\\d+$`).test(detail)
    if (isNewer) findings.failed('statement', 'statement-newer', { found: detail })
    else findings.failed('statement', 'statement-malformed', { problem, where: detail })
    return null
  }
  const { predicate, tagManifestSha256 } = statement
  if (!reader.has(tagManifestPath)) {
    findings.failed('statement', 'statement-subject', { path: tagManifestPath })
    return null
  }
  const tagManifest = await reader.whole(tagManifestPath, 'statement')
  if (tagManifest === null) return null
  if (reader.digest(tagManifestPath) !== tagManifestSha256) {
    findings.failed('statement', 'statement-subject', { path: tagManifestPath })
    return null
  }
  if (predicate.packId !== root)
    findings.failed('statement', 'statement-root', { folder: root, packId: predicate.packId })
  findings.passed('statement', 'statement-ok', { packId: predicate.packId, createdAt: predicate.createdAt })
  return { predicate, tagManifest }
}
