import type { Readable } from 'node:stream'

/** The base protocol of LSP 3.17: a header with `Content-Length` in bytes, an empty line, the JSON. */
export function frame(message: string): Uint8Array {
  const body = Buffer.from(message, 'utf8')
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`, 'ascii'), body])
}

const mostMessageBytes = 32 * 1024 ** 2
const mostHeaderBytes = 4096
const gap = Buffer.from('\r\n\r\n')

/** Messages of a stream, until it ends. Throws when it is no such stream, or a message is longer than 32 MB. */
export async function* readFrames(stream: Readable): AsyncGenerator<string, void> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const part of stream) {
    rest = Buffer.concat([rest, part as Buffer])
    for (;;) {
      const headerEnd = rest.indexOf(gap)
      if (headerEnd < 0) {
        if (rest.length > mostHeaderBytes) throw new Error('the language server sent no header')
        break
      }
      const length = Number(/content-length: *(\d+)/i.exec(rest.toString('ascii', 0, headerEnd))?.[1] ?? Number.NaN)
      if (!(length <= mostMessageBytes)) throw new Error('the language server sent a message that cannot be read')
      const start = headerEnd + gap.length
      if (rest.length < start + length) break
      yield rest.toString('utf8', start, start + length)
      rest = rest.subarray(start + length)
    }
  }
}
