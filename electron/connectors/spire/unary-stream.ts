import { type ClientHttp2Stream, constants } from 'node:http2'
import { SpireFailure } from './failure.ts'

/** More than any page of 500 items, and little enough to hold. */
export const longestAnswer = 32 * 1024 * 1024

/**
 * Fits an HTTP/2 stream to calls with one request and one answer. Two things that Connect and Node do go wrong with a
 * server that answers quickly, as SPIRE's does (seen with Node 24.21 and Connect 2.2):
 *
 * - Connect sends the body, waits, and then ends the stream. A server in Go may have answered and reset it by then.
 *   Here body and end are sent together.
 * - Node's iterator over a stream throws ERR_STREAM_PREMATURE_CLOSE when the whole answer came before it was first asked,
 *   although every byte is there. Here the bytes are taken as they come.
 */
export function asUnary(stream: ClientHttp2Stream): ClientHttp2Stream {
  sendTogether(stream)
  const answer = collect(stream)
  // Nobody may be waiting yet, or any more; the error is given to whoever asks.
  answer.catch(() => {})
  Object.defineProperty(stream, Symbol.asyncIterator, {
    value: async function* () {
      const bytes = await answer
      if (bytes.length > 0) yield bytes
    },
  })
  return stream
}

/**
 * Fits an HTTP/2 stream to calls with one request and many answers, for the same two reasons; the answers come as they are sent,
 * and may come for as long as the connection stands.
 */
export function asStreaming(stream: ClientHttp2Stream): ClientHttp2Stream {
  sendTogether(stream)
  const chunks: Buffer[] = []
  let waiting = 0
  let outcome: { readonly error: Error | null } | null = null
  let wake = (): void => {}
  const finish = (error: Error | null): void => {
    outcome ??= { error }
    wake()
  }
  stream.on('data', (chunk: Buffer) => {
    waiting += chunk.length
    if (waiting > longestAnswer) {
      finish(new SpireFailure('invalid', `more than ${longestAnswer / 1024 / 1024} MB came that nobody took`))
      stream.close(constants.NGHTTP2_CANCEL)
      return
    }
    chunks.push(chunk)
    wake()
  })
  stream.once('end', () => finish(null))
  stream.once('error', finish)
  stream.once('close', () => finish(new SpireFailure('unreachable', 'the connection ended before the answer did')))
  Object.defineProperty(stream, Symbol.asyncIterator, {
    value: async function* () {
      for (;;) {
        const chunk = chunks.shift()
        if (chunk !== undefined) {
          waiting -= chunk.length
          yield chunk
        } else if (outcome !== null) {
          if (outcome.error !== null) throw outcome.error
          return
        } else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  })
  return stream
}

function sendTogether(stream: ClientHttp2Stream): void {
  const held: Uint8Array[] = []
  const end = stream.end.bind(stream)
  Object.defineProperty(stream, 'write', {
    value: (chunk: Uint8Array, _encoding: string, written: () => void) => {
      held.push(chunk)
      queueMicrotask(written)
      return true
    },
  })
  Object.defineProperty(stream, 'end', {
    value: (ended?: () => void) => (held.length === 0 ? end(ended) : end(Buffer.concat(held), ended)),
  })
}

function collect(stream: ClientHttp2Stream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > longestAnswer) {
        reject(
          new SpireFailure('invalid', `the answer is longer than ${longestAnswer / 1024 / 1024} MB and was not read`),
        )
        chunks.length = 0
        stream.close(constants.NGHTTP2_CANCEL)
      } else chunks.push(chunk)
    })
    stream.once('end', () => resolve(Buffer.concat(chunks)))
    stream.once('error', reject)
    stream.once('close', () => reject(new SpireFailure('unreachable', 'the connection ended before the answer did')))
  })
}
