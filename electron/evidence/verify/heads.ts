import { type KeyObject, verify } from 'node:crypto'
import { z } from 'zod'
import { fromBase64 } from '../../../shared/lib/base64.ts'
import { canonicalJson } from '../../../shared/lib/canonical-json.ts'
import type { Findings } from './findings.ts'
import { readPublicKey } from './key.ts'
import { createLineCutter, sha256 } from './lines.ts'
import { headsPath, longestLine } from './paths.ts'
import type { PackReader } from './reader.ts'
import { type ReadHead, sealedHead } from './schemas.ts'

/** A head of the pack; `hash` is that of its line, `previous` that of the one before. */
export interface KnownHead extends Pick<ReadHead, 'streams' | 'previous'> {
  readonly hash: string
}
/** By their numbers. */
export type Heads = ReadonlyMap<number, KnownHead>

export interface NamedHeads {
  readonly count: number
  readonly first: number
  readonly last: number
  readonly lastHash: string
}

const noPrevious = '0'.repeat(64)
const prefix = 'everyhop-head-v1\n'

/**
 * Follows the chain of heads: each is canonical JSON, signed by the device key, names the line before by its hash, and the last is the
 * one that the statement names. A device key that is lost is replaced by another one: the heads before that are held by the hashes that
 * lead to them from the first that the named key signed, and that is said; after it no other key may sign. `devicePem` is the copy in
 * the pack, which counts only when the statement has its hash.
 */
export async function readHeads(
  reader: PackReader,
  findings: Findings,
  { named, deviceKey, devicePem }: { named: NamedHeads | null; deviceKey: string; devicePem: string | null },
): Promise<Heads> {
  const heads = new Map<number, KnownHead>()
  const device = devicePem === null ? null : readPublicKey(devicePem).key
  const key = device?.fingerprint === deviceKey ? device.key : null
  const chain: Chain = { count: 0, first: null, before: null, ownFrom: null, otherLast: null }
  const cutter = createLineCutter(longestLine)
  for await (const piece of reader.pieces(headsPath, 'payload-manifest')) {
    cutter.add(piece, (line) => {
      chain.count += 1
      const read = headOf(line)
      if (read === null) {
        findings.failed('chain', 'head-malformed', { line: chain.count })
        chain.before = null
        return
      }
      const { head, signed } = read
      const { number } = head
      if (chain.before !== null && number !== chain.before.number + 1)
        findings.failed('chain', 'head-number', { number })
      if (!isNext(head, chain)) findings.failed('chain', 'head-previous', { number })
      if (head.key !== deviceKey) {
        if (chain.ownFrom !== null) findings.failed('chain', 'head-key', { number })
        chain.otherLast = number
      } else if (key === null || !isSigned(signed, head.signature, key)) {
        findings.failed('chain', 'head-signature', { number })
      }
      if (head.key === deviceKey) chain.ownFrom ??= number
      const hash = sha256(line).toString('hex')
      heads.set(number, { streams: head.streams, previous: head.previous, hash })
      chain.first ??= number
      chain.before = { number, hash }
    })
  }
  if (cutter.problem !== null || !cutter.isWhole) findings.failed('chain', 'head-malformed', { line: chain.count + 1 })
  const { count, first, before, ownFrom, otherLast } = chain
  if (ownFrom === null && otherLast !== null) findings.failed('chain', 'head-key', { number: otherLast })
  if (named === null) {
    if (count > 0) findings.failed('chain', 'chain-ends', { found: count, count: 0 })
    findings.notChecked('chain', 'chain-none')
    return heads
  }
  if (
    count !== named.count ||
    first !== named.first ||
    before?.number !== named.last ||
    before.hash !== named.lastHash
  ) {
    findings.failed('chain', 'chain-ends', { found: count, count: named.count })
  }
  const range = { count, first: named.first, last: named.last }
  if (otherLast === null) findings.passed('chain', 'chain-ok', range)
  else findings.passed('chain', 'chain-ok-another-key', { ...range, other: otherLast })
  return heads
}

interface Chain {
  count: number
  first: number | null
  before: { readonly number: number; readonly hash: string } | null
  /** The first head of the named key, and the last of another one. */
  ownFrom: number | null
  otherLast: number | null
}

/** What came before the first head of the pack is not in it, unless it is the first of all. */
function isNext(head: ReadHead, { count, before }: Chain): boolean {
  if (before !== null) return head.previous === before.hash
  return count > 1 || head.number !== 1 || head.previous === noPrevious
}

/** Only of a line that is the canonical one: another text of the same head would have another hash. */
function headOf(line: Buffer): { readonly head: ReadHead; readonly signed: Buffer } | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line)
    const value: unknown = JSON.parse(text)
    const { data } = sealedHead.safeParse(value)
    if (data === undefined || canonicalJson(value) !== text) return null
    // Of two of the same name one program would take the first, another the last.
    if (new Set(data.streams.map(({ stream }) => stream)).size !== data.streams.length) return null
    // With the members that are not known here: they were signed too.
    const { signature: _, ...unsigned } = z.record(z.string(), z.unknown()).parse(value)
    return { head: data, signed: Buffer.from(prefix + canonicalJson(unsigned)) }
  } catch {
    return null
  }
}

function isSigned(signed: Buffer, signature: string, key: KeyObject): boolean {
  const bytes = fromBase64(signature)
  return bytes !== null && verify('sha256', signed, key, bytes)
}
