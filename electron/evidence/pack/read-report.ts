import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Failure } from '../../core/failure.ts'
import { openContainer } from '../verify/container.ts'
import { createFindings } from '../verify/findings.ts'

/** Reports are some hundred kilobytes. Bytes. */
const mostBytes = 8 * 1024 ** 2

/**
 * `data/report.html` of a pack that was made here. The pack's hash is compared first: what is shown is what was sealed.
 * @throws `Failure`: `not-found` when the file is gone, `conflict` when it is not the one that was made.
 */
export async function readReport(packId: string, file: string, sha256: string): Promise<string> {
  await demandSame(packId, file, sha256)
  const container = await openContainer(file, createFindings())
  try {
    const entry = container?.entries.get('data/report.html')
    if (container === null || entry === undefined || entry.bytes > mostBytes) {
      throw new Failure('invalid', packId, `${packId} has no report that could be shown.`)
    }
    const pieces: Buffer[] = []
    for await (const piece of container.pieces(entry)) pieces.push(Buffer.from(piece))
    return Buffer.concat(pieces).toString('utf8')
  } finally {
    await container?.close()
  }
}

/** Rejects with a `Failure` when a file is not the pack that was made: `not-found` when it is gone, `conflict` when it is another. */
export async function demandSame(packId: string, file: string, sha256: string): Promise<void> {
  const found = await hashOf(file).catch(() => null)
  if (found === null) throw new Failure('not-found', file, `${packId} is no longer where it was put.`)
  if (found === sha256) return
  const sentence = `${file} is not the pack that was made: it was changed or replaced.`
  throw new Failure('conflict', packId, sentence, 'Verify it, and do not rely on it.')
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}
