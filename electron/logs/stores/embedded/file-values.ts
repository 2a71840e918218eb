import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { endOfText } from '../held-text.ts'

/** Read at once of a file. Bytes. */
export const blockLength = 256 * 1024
/** No record is that long; a file of which a value does not end is not read into memory. Bytes. */
const longestValue = 4 * 1024 * 1024

/** The bytes of a file, unpacked where its name says that it is packed. */
export async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  const bytes = createReadStream(file, { highWaterMark: blockLength })
  const stream = file.endsWith('.gz') ? bytes.pipe(createGunzip({ chunkSize: blockLength })) : bytes
  if (stream !== bytes) bytes.once('error', (thrown) => stream.destroy(thrown))
  for await (const chunk of stream) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
}

const quote = 0x22
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
const comma = 0x2c

/**
 * The values of a file of JSON, many at once: the elements of its one array, or one value after the other. Nothing is parsed; that
 * a value is JSON is for whoever reads it. Throws when a value does not end, or is longer than 4 MiB.
 */
export async function* valuesOf(file: string): AsyncGenerator<readonly Buffer[]> {
  let rest = Buffer.alloc(0)
  let isArray: boolean | null = null
  let isClosed = false
  for await (const chunk of bytesOf(file)) {
    const block = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const values: Buffer[] = []
    let at = 0
    for (;;) {
      at = afterBlanks(block, at, isArray === true && !isClosed)
      if (at >= block.length) break
      if (isArray === null) {
        isArray = block[at] === openBracket
        if (isArray) {
          at += 1
          continue
        }
      }
      if (isClosed) throw new Error('there is more after the end of the array')
      if (isArray && block[at] === closeBracket) {
        isClosed = true
        at += 1
        continue
      }
      const end = endOfValue(block, at)
      if (end === -1) break
      values.push(block.subarray(at, end))
      at = end
    }
    rest = Buffer.from(block.subarray(at))
    if (rest.length > longestValue) throw new Error('a value of it does not end')
    if (values.length > 0) yield values
  }
  if (isArray === true ? !isClosed || rest.length > 0 : false) throw new Error('the array does not end')
  if (rest.length > 0) yield [rest]
}

function afterBlanks(block: Buffer, start: number, withCommas: boolean): number {
  let index = start
  for (let byte = block[index]; byte !== undefined; byte = block[index]) {
    const isBlank = byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
    if (!isBlank && !(withCommas && byte === comma)) break
    index += 1
  }
  return index
}

/** -1: it does not end in these bytes, as far as can be told. */
function endOfValue(block: Buffer, start: number): number {
  const first = block[start]
  if (first === quote) return endOfText(block, start) + 1 || -1
  if (first !== openBrace && first !== openBracket) return endOfWord(block, start)
  let depth = 0
  for (let index = start; index < block.length; index += 1) {
    const byte = block[index]
    if (byte === quote) {
      index = endOfText(block, index)
      if (index === -1) return -1
    } else if (byte === openBrace || byte === openBracket) depth += 1
    else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1
      if (depth === 0) return index + 1
    }
  }
  return -1
}

/** Of a number, `true`, or what is no JSON. */
function endOfWord(block: Buffer, start: number): number {
  for (let index = start; index < block.length; index += 1) {
    const byte = block[index] ?? 0
    if (byte <= 0x20 || byte === comma || byte === closeBracket) return Math.max(index, start + 1)
  }
  return -1
}
