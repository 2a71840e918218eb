import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { bundleResource } from './config.ts'

/** Serves the policy bundle to the OPAs with an ETag, as any HTTP store would. */
export interface BundleServer {
  publish(bundle: Buffer): void
  /** Requests are taken and never answered, until `answer()`. */
  fallSilent(): void
  answer(): void
  isSilent(): boolean
  /** Requests seen since the start: tells whether the OPAs are polling. */
  requests(): number
  close(): Promise<void>
}

export function startBundleServer(address: string, port: number): Promise<BundleServer> {
  let bundle: { readonly body: Buffer; readonly etag: string } | undefined
  let silent = false
  let requests = 0
  const waiting = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    requests += 1
    if (silent) {
      waiting.add(response)
      response.on('close', () => waiting.delete(response))
      return
    }
    if (request.method !== 'GET' || request.url !== bundleResource || bundle === undefined) {
      response.writeHead(404).end()
      return
    }
    if (request.headers['if-none-match'] === bundle.etag) {
      response.writeHead(304, { etag: bundle.etag }).end()
      return
    }
    response.writeHead(200, { etag: bundle.etag, 'content-type': 'application/gzip' }).end(bundle.body)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () =>
      resolve({
        publish: (body) => {
          bundle = { body, etag: `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"` }
        },
        fallSilent: () => {
          silent = true
        },
        answer: () => {
          silent = false
          for (const response of waiting) response.destroy()
        },
        isSilent: () => silent,
        requests: () => requests,
        close: () => {
          server.closeAllConnections()
          return new Promise((done) => server.close(() => done()))
        },
      }),
    )
  })
}
