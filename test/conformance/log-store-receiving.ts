import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'

const program = join(import.meta.dirname, '..', '..', 'bin', 'everyhop.js')
export const environment = 'received'

export interface Serving {
  /** As a crash ends it: nothing is written any more. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** `everyhop serve` as a person starts it, once it takes decision logs on `port`. */
export async function startServing(folder: string, port: number, ...words: readonly string[]): Promise<Serving> {
  const home = join(folder, 'home')
  await mkdir(join(home, 'environments'), { recursive: true })
  const yaml = JSON.stringify({ apiVersion: 'everyhop.dev/v1', kind: 'Environment', name: environment, sources: {} })
  await writeFile(join(home, 'environments', `${environment}.yaml`), yaml)
  const options = ['--data', join(folder, 'data'), '--decision-logs', String(port), ...words]
  const child = spawn(process.execPath, [program, 'serve', ...options], {
    env: { ...process.env, EVERYHOP_HOME: home },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  while (!said.includes('Decision logs are taken at')) {
    if (child.exitCode !== null) throw new Error(`everyhop serve ended with ${child.exitCode}: ${said}`)
    await pause(20)
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await ended
  }
  return { kill: () => end('SIGKILL'), stop: () => end('SIGTERM') }
}

export interface Posted {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Between a sender and its receiver: passes on, and writes down what the receiver answered with 200. */
export interface Witness {
  readonly acknowledged: readonly Posted[]
  close(): void
}

export async function startWitness(port: number, to: number): Promise<Witness> {
  const acknowledged: Posted[] = []
  const server = createServer((request, response) => {
    void bytesOf(request).then((body) => {
      const { method, url: path = '', headers } = request
      const onward = httpRequest({ host: '127.0.0.1', port: to, method, path, headers, agent: false }, (answer) => {
        void bytesOf(answer).then(
          (words) => {
            if (answer.statusCode === 200) acknowledged.push({ path, headers, body })
            response.writeHead(answer.statusCode ?? 502).end(words)
          },
          () => response.destroy(),
        )
      })
      onward.on('error', () => response.destroy())
      onward.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    acknowledged,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The organisation's own service of decision logs. */
export async function startService(port: number): Promise<{ readonly got: readonly Posted[]; close(): void }> {
  const got: Posted[] = []
  const server = createServer((request, response) => {
    void bytesOf(request).then((body) => {
      got.push({ path: request.url ?? '', headers: request.headers, body })
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    got,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The `decision_id` of each event of an upload. */
export function decisionsIn({ body, headers }: Posted): readonly string[] {
  const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('utf8')
  return [...text.matchAll(/"decision_id":"([^"]+)"/g)].flatMap(([, id]) => id ?? [])
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}
