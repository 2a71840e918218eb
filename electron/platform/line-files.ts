import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { access, link, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { LineFileFailure, type LineFiles } from '../core/ports.ts'
import { errorCode, errorWords } from './system-error.ts'

export interface LineLimits {
  /** Of the file. Bytes. */
  readonly packed: number
  /** Of all of its lines: a small file may hold endless zeros. Bytes. */
  readonly unpacked: number
  /** Bytes. */
  readonly line: number
}

const usual: LineLimits = { packed: 128 * 1024 ** 2, unpacked: 512 * 1024 ** 2, line: 128 * 1024 ** 2 }
/** Lines are packed in pieces of about so many characters. */
const pieceLength = 256 * 1024
const newline = 0x0a

/**
 * Lines packed by gzip. The last one is `{"lines":n,"sha256":"…"}` over all bytes of those before, newlines included, so that what
 * was cut or changed is noticed.
 */
export function createLineFiles(limits: LineLimits = usual): LineFiles {
  return {
    async write(path, lines) {
      const partial = join(dirname(path), `.${basename(path)}.partial-${randomUUID()}`)
      try {
        // Before all the work; the link at its end is what decides.
        if (
          await access(path).then(
            () => true,
            () => false,
          )
        )
          throw taken(path)
        await pipeline(
          Readable.from(pieces(path, lines, limits.unpacked), { objectMode: false }),
          createGzip({ level: 6 }),
          createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true }),
        )
        const { size } = await stat(partial)
        // Unlike a rename a link never replaces.
        await link(partial, path)
        return { bytes: size }
      } catch (reason) {
        throw failureOf(reason, path, 'written')
      } finally {
        await rm(partial, { force: true })
      }
    },
    async *read(path) {
      try {
        const found = await stat(path)
        if (!found.isFile()) throw new LineFileFailure('damaged', `${path} is not a file.`)
        if (found.size > limits.packed) throw tooLarge(path, 'it is', limits.packed)
        yield* checked(path, unpacked(path, limits))
      } catch (reason) {
        throw failureOf(reason, path, 'read')
      }
    },
  }
}

/** Never more than would be read again. */
function* pieces(path: string, lines: Iterable<string>, most: number): Generator<Buffer> {
  const hash = createHash('sha256')
  let count = 0
  let all = 0
  let piece = ''
  for (const line of lines) {
    count += 1
    piece += `${line}\n`
    if (piece.length < pieceLength) continue
    const bytes = Buffer.from(piece)
    piece = ''
    all += bytes.length
    if (all > most) throw tooLarge(path, 'its lines are', most)
    hash.update(bytes)
    yield bytes
  }
  const bytes = Buffer.from(piece)
  hash.update(bytes)
  yield bytes
  yield Buffer.from(`${JSON.stringify({ lines: count, sha256: hash.digest('hex') })}\n`)
}

/** Lines without their newline. What follows the last newline is no line. */
async function* unpacked(path: string, limits: LineLimits): AsyncGenerator<Buffer> {
  const file = createReadStream(path)
  const unzip: Transform = createGunzip()
  file.on('error', (reason) => unzip.destroy(reason))
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let all = 0
  try {
    for await (const chunk of file.pipe(unzip)) {
      const bytes: Buffer = Buffer.from(chunk)
      all += bytes.length
      if (all > limits.unpacked) throw tooLarge(path, 'its lines are', limits.unpacked)
      let start = 0
      for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
        yield Buffer.concat([...waiting, bytes.subarray(start, end)])
        waiting = []
        waitingBytes = 0
        start = end + 1
      }
      if (start === bytes.length) continue
      waiting.push(bytes.subarray(start))
      waitingBytes += bytes.length - start
      if (waitingBytes > limits.line) throw tooLarge(path, 'one of its lines is', limits.line)
    }
  } finally {
    file.destroy()
    unzip.destroy()
  }
  if (waitingBytes > 0) throw damaged(path, 'it ends in the middle of a line')
}

async function* checked(path: string, lines: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  const hash = createHash('sha256')
  let count = 0
  let last: Buffer | null = null
  for await (const line of lines) {
    if (last !== null) {
      count += 1
      hash.update(last).update('\n')
      yield last.toString('utf8')
    }
    last = line
  }
  const expected = JSON.stringify({ lines: count, sha256: hash.digest('hex') })
  if (last === null || last.toString('utf8') !== expected) {
    throw damaged(path, 'its content is not what was written: the checksum at its end does not fit')
  }
}

function damaged(path: string, why: string): LineFileFailure {
  return new LineFileFailure('damaged', `${path} is damaged: ${why}.`)
}

function tooLarge(path: string, what: string, limit: number): LineFileFailure {
  const most = `${Math.round(limit / 1024 ** 2)} MB`
  return new LineFileFailure('too-large', `${path} is too large: ${what} longer than ${most}.`)
}

function taken(path: string): LineFileFailure {
  return new LineFileFailure('exists', `${path} is there already.`)
}

function failureOf(reason: unknown, path: string, what: 'written' | 'read'): unknown {
  if (reason instanceof LineFileFailure) return reason
  const code = errorCode(reason)
  if (code === null) return reason
  if (code === 'EEXIST') return taken(path)
  if (code.startsWith('Z_')) return damaged(path, 'it cannot be unpacked')
  const words = `${path} cannot be ${what}: ${errorWords(reason)}.`
  if (code === 'ENOENT' || code === 'ENOTDIR') return new LineFileFailure('not-found', words)
  if (code === 'ENOSPC' || code === 'EDQUOT') return new LineFileFailure('full', words)
  return new LineFileFailure('forbidden', words)
}
