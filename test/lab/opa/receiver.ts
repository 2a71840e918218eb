import { appendFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'

/** Takes what the OPAs push: decision logs become NDJSON lines in one file an OPA; status pushes are taken and left. */
export interface Receiver {
  /** Decisions written so far, by OPA id. */
  counts(): Readonly<Record<string, number>>
  close(): Promise<void>
}

const events = z.array(z.record(z.string(), z.unknown()))
const largestUpload = 8 * 1024 * 1024

/** `files`: OPA id -> the file for its decisions. OPA posts to `/<opa id>/logs` and `/<opa id>/status`. */
export function startReceiver(address: string, port: number, files: ReadonlyMap<string, string>): Promise<Receiver> {
  const counts: Record<string, number> = Object.fromEntries([...files.keys()].map((id) => [id, 0]))
  const server = createServer((request, response) => {
    take(request, files, counts).then(
      (status) => response.writeHead(status).end(),
      () => response.writeHead(400).end(),
    )
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () =>
      resolve({
        counts: () => counts,
        close: async () => {
          server.closeAllConnections()
          await new Promise<void>((done) => server.close(() => done()))
        },
      }),
    )
  })
}

/** Gives the HTTP status to answer with. */
async function take(
  request: IncomingMessage,
  files: ReadonlyMap<string, string>,
  counts: Record<string, number>,
): Promise<number> {
  const body = await read(request)
  const [, id = '', kind = ''] = (request.url ?? '').split('/')
  const file = files.get(id)
  if (request.method !== 'POST' || file === undefined) return 404
  if (kind === 'logs') {
    const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    const batch = events.parse(JSON.parse(text.toString('utf8')))
    // Opened anew each time, so that the file may be moved away.
    await appendFile(file, batch.map((event) => `${JSON.stringify(event)}\n`).join(''))
    counts[id] = (counts[id] ?? 0) + batch.length
  }
  return 204
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const part: Buffer = chunk
    size += part.length
    if (size > largestUpload) throw new Error('upload too large')
    chunks.push(part)
  }
  return Buffer.concat(chunks)
}
