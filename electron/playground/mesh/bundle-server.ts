import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import path from 'node:path'
import { bundleResource } from '../pipeline/policy-bundle.ts'

/**
 * Gives the policy bundle of a folder to the OPAs with an ETag, as any web server before a store would. The folder is read anew
 * for each request, so that whoever publishes into it, the pipeline or Everyhop, is served at once.
 */
export interface BundleServer {
  readonly port: number
  /** Replaces the bundle in the folder, whole. */
  publish(bundle: Buffer): Promise<void>
  /** Requests are taken and never answered, until `answer()`. */
  fallSilent(): void
  answer(): void
  isSilent(): boolean
  /** Whether what is asked for is there; else 404. */
  setReachable(isReachable: boolean): void
  /** Goes on giving this OPA what is in the folder now, whatever is published; null: nobody is held back. */
  withholdFrom(opa: string | null): Promise<void>
  /** Requests seen since the start: tells whether the OPAs are polling. */
  requests(): number
  close(): Promise<void>
}

/** The header by which an OPA says which one it is. */
export const opaHeader = 'x-everyhop-opa'

/** `folder`: what `/` is; it is made when it is not there. `port` 0: a free one. */
export async function startBundleServer(address: string, port: number, folder: string): Promise<BundleServer> {
  const file = path.join(folder, bundleResource)
  await mkdir(path.dirname(file), { recursive: true })
  let silent = false
  let reachable = true
  let withheld: { readonly opa: string; readonly bundle: Buffer | undefined } | null = null
  let requests = 0
  const waiting = new Set<ServerResponse>()
  const bundleFor = (request: IncomingMessage): Promise<Buffer | undefined> | Buffer | undefined => {
    if (!reachable) return undefined
    return withheld !== null && request.headers[opaHeader] === withheld.opa
      ? withheld.bundle
      : readFile(file).catch(absent)
  }
  const server = createServer((request, response) => {
    requests += 1
    if (silent) {
      waiting.add(response)
      response.on('close', () => waiting.delete(response))
      return
    }
    answerFrom(bundleFor, request, response).catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => resolve())
  })
  const bound = server.address()
  return {
    port: bound !== null && typeof bound === 'object' ? bound.port : port,
    publish: async (body) => {
      const fresh = path.join(path.dirname(file), `.${randomUUID()}.new`)
      await writeFile(fresh, body)
      await rename(fresh, file)
    },
    fallSilent: () => {
      silent = true
    },
    answer: () => {
      silent = false
      for (const response of waiting) response.destroy()
    },
    isSilent: () => silent,
    setReachable: (isReachable) => {
      reachable = isReachable
    },
    withholdFrom: async (opa) => {
      withheld = opa === null ? null : { opa, bundle: await readFile(file).catch(absent) }
    },
    requests: () => requests,
    close: () => {
      server.closeAllConnections()
      return new Promise((done) => server.close(() => done()))
    },
  }
}

async function answerFrom(
  bundleFor: (request: IncomingMessage) => Promise<Buffer | undefined> | Buffer | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = request.method === 'GET' && request.url === bundleResource ? await bundleFor(request) : undefined
  if (body === undefined) {
    response.writeHead(404).end()
    return
  }
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`
  if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
  else response.writeHead(200, { etag, 'content-type': 'application/gzip' }).end(body)
}

function absent(reason: unknown): undefined {
  if (reason instanceof Error && 'code' in reason && reason.code === 'ENOENT') return undefined
  throw reason
}
