import type { PackPredicate } from '../../../shared/domain/evidence/statement.ts'
import { readPackStatement } from '../../../shared/domain/evidence/statement.ts'
import { openContainer } from './container.ts'
import { createFindings, type Findings } from './findings.ts'
import type { Heads } from './heads.ts'
import { sha256 } from './lines.ts'
import { createPackReader } from './reader.ts'
import { readEnvelope } from './signature.ts'

/** The statement before is bound by its hash, which this one signed: its own signature is its own verification's matter. */
export async function checkPrevious(
  findings: Findings,
  { previousPack }: PackPredicate,
  file: string | null,
  signal: AbortSignal,
): Promise<PackPredicate | null> {
  if (previousPack === null) {
    if (file === null) findings.passed('previous-pack', 'previous-first')
    else findings.failed('previous-pack', 'previous-none-named')
    return null
  }
  const { packId, statementSha256 } = previousPack
  const failed = (code: string, found = ''): null => {
    findings.failed('previous-pack', code, { packId, found })
    return null
  }
  if (file === null) {
    findings.notChecked('previous-pack', 'previous-not-given', { packId })
    return null
  }
  // What is wrong with the other pack is not said of this one.
  const own = createFindings()
  const container = await openContainer(file, own)
  if (container === null) return failed('previous-unreadable')
  try {
    const envelope = await readEnvelope(createPackReader(container, own, signal), own)
    if (envelope === null) return failed('previous-unreadable')
    const { predicate } = readPackStatement(Buffer.from(envelope.payload).toString('utf8'))
    if (predicate?.packId !== packId || sha256(envelope.payload).toString('hex') !== statementSha256) {
      return failed('previous-other', predicate?.packId)
    }
    findings.passed('previous-pack', 'previous-ok', { packId })
    return predicate
  } finally {
    await container.close()
  }
}

/**
 * Where this pack goes on with the heads of the one before, or has the last of them too, it has to be the same chain: whoever seals a
 * past anew, with whatever key, is found out once a pack of it was handed over.
 */
export function checkSameHeads(findings: Findings, heads: Heads, before: PackPredicate): void {
  if (before.heads === null) return
  const { last, lastHash } = before.heads
  const same = heads.get(last)?.hash ?? lastHash
  const next = heads.get(last + 1)?.previous ?? lastHash
  if (same !== lastHash || next !== lastHash) findings.failed('previous-pack', 'previous-heads', { number: last })
}
