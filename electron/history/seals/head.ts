import { createHash, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import type { SealedHead } from '../../../shared/domain/evidence/seals.ts'
import { canonicalJson } from '../../../shared/lib/canonical-json.ts'
import { verifiesWith } from './device-key.ts'

/** Heads as lines: docs/formats/evidence-pack.md, "Heads". */

/** What the first head has as `previous`. */
export const noHead = '0'.repeat(64)

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const count = z.number().int().min(0)

const headSchema = z.strictObject({
  number: z.number().int().min(1),
  from: count,
  to: count,
  sealedAt: count,
  streams: z.array(z.strictObject({ stream: z.string().min(1).max(100), size: count, root: hash })).max(100),
  masking: z.string().max(100),
  previous: hash,
  key: hash,
  signature: z.string().min(1).max(200),
})

/** A head by what others hold of it. */
export interface HeadMark {
  readonly number: number
  readonly hash: string
}

export function signedBytes(head: Omit<SealedHead, 'signature'>): Buffer {
  return Buffer.from(`everyhop-head-v1\n${canonicalJson(head)}`)
}

export function headLine(head: SealedHead): string {
  return canonicalJson(head)
}

export function hashOfLine(line: string): string {
  return createHash('sha256').update(line).digest('hex')
}

/** null: it is no head, or not written as heads are: of one head there is one line. */
export function readHead(line: string): SealedHead | null {
  try {
    const head = headSchema.parse(JSON.parse(line))
    return headLine(head) === line ? head : null
  } catch {
    return null
  }
}

export interface HeadsCheck {
  /** Those that can be read, whatever is wrong with them. */
  readonly heads: readonly SealedHead[]
  readonly problem: { readonly number: number; readonly message: string } | null
}

/**
 * Follows the chain. `elsewhere` is what other files say of heads that were written: a chain that lacks one of these was cut.
 * Later heads than these are no contradiction: a crash between two writes leaves the other file behind.
 */
export function checkHeads(
  lines: readonly string[],
  keys: ReadonlyMap<string, KeyObject>,
  elsewhere: readonly HeadMark[],
): HeadsCheck {
  const heads: SealedHead[] = []
  const hashes = new Map<number, string>()
  let problem: HeadsCheck['problem'] = null
  let before: SealedHead | null = null
  let previous = noHead
  for (const line of lines) {
    const head = readHead(line)
    const number: number = head?.number ?? (before?.number ?? 0) + 1
    const wrong: string | null = problem !== null ? null : wrongWith(head, before, previous, keys)
    if (wrong !== null) problem = { number, message: wrong }
    previous = hashOfLine(line)
    if (head === null) continue
    heads.push(head)
    hashes.set(number, previous)
    before = head
  }
  for (const { number, hash: expected } of elsewhere) {
    if (hashes.get(number) === expected || (problem !== null && problem.number <= number)) continue
    const last = heads.at(-1)?.number ?? 0
    const missing = number > last ? `the chain ends with ${last === 0 ? 'nothing' : last}` : 'it is not there'
    const is = hashes.has(number) ? 'it is another one now' : missing
    problem = { number, message: `head ${number} was written, and ${is}` }
  }
  return { heads, problem }
}

function wrongWith(
  head: SealedHead | null,
  before: SealedHead | null,
  previous: string,
  keys: ReadonlyMap<string, KeyObject>,
): string | null {
  const expected = (before?.number ?? 0) + 1
  if (head === null) return `line ${expected} is no head`
  const { signature, ...signed } = head
  if (head.number !== expected) return `head ${head.number} stands where ${expected} should`
  if (head.previous !== previous) return `head ${head.number} does not follow the one before it`
  if (head.to < head.from || (before !== null && head.from < before.to))
    return `the times of head ${head.number} go back`
  const key = keys.get(head.key)
  if (key === undefined) return `the public key that head ${head.number} was signed with is not here`
  if (!verifiesWith(key, signedBytes(signed), Buffer.from(signature, 'base64'))) {
    return `head ${head.number} was changed after it was signed`
  }
  return null
}
