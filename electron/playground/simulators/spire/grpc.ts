import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'

/** Codes of gRPC that are answered here: https://grpc.io/docs/guides/status-codes/ */
export const codes = { ok: 0, invalidArgument: 3, permissionDenied: 7, unimplemented: 12, internal: 13 } as const

/** Answers a call with a status instead of a message. */
export class GrpcStatus extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** A request is a few numbers; longer ones are nobody's. */
const longestRequest = 64 * 1024
const prefixBytes = 5

/** One call with one request and one answer. `answer` may throw a `GrpcStatus`. */
export function answerUnary(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  answer: (method: string, request: Uint8Array) => Uint8Array,
): void {
  const chunks: Buffer[] = []
  let length = 0
  stream.on('error', () => {})
  if (headers[':method'] !== 'POST' || !String(headers['content-type']).startsWith('application/grpc')) {
    stream.respond({ ':status': 415 }, { endStream: true })
    return
  }
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > longestRequest) stream.close()
    else chunks.push(chunk)
  })
  stream.on('end', () => {
    if (stream.destroyed) return
    try {
      const body = answer(String(headers[':path']), unframed(Buffer.concat(chunks)))
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': '' }))
      stream.end(framed(body))
    } catch (thrown) {
      const status = thrown instanceof GrpcStatus ? thrown : new GrpcStatus(codes.internal, 'internal error')
      // An error has no body: its status is in the headers.
      stream.respond(
        {
          ':status': 200,
          'content-type': 'application/grpc',
          'grpc-status': String(status.code),
          'grpc-message': encodeURI(status.message),
        },
        { endStream: true },
      )
    }
  })
}

function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(prefixBytes)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

function unframed(body: Buffer): Uint8Array {
  if (body.length < prefixBytes) return new Uint8Array()
  if (body[0] !== 0) throw new GrpcStatus(codes.unimplemented, 'compressed messages are not taken')
  return body.subarray(prefixBytes, prefixBytes + body.readUInt32BE(1))
}
