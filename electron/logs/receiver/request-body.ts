import type { IncomingMessage } from 'node:http'

/** The body of a request; null when it is longer than `most` bytes. Rejects when the sender hangs up in the middle. */
export async function bodyOf(request: IncomingMessage, most: number): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > most) return null
  const chunks: Buffer[] = []
  let length = 0
  // Not destroyed when it is too long: the sender is still to be told.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const piece: unknown = chunk
    if (!Buffer.isBuffer(piece)) continue
    length += piece.length
    if (length > most) return null
    chunks.push(piece)
  }
  return Buffer.concat(chunks)
}
