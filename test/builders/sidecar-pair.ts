import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../../electron/platform/clock.ts'
import type { Authoriser, LineLog, Sidecar, World } from '../../electron/playground/parts.ts'
import { stageOf } from '../../electron/playground/pipeline/topology.ts'
import { startSidecar } from '../../electron/playground/sidecar/index.ts'
import { podIpOf } from '../../electron/playground/world/addresses.ts'
import { createWorld } from '../../electron/playground/world/world.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }

/** Two sidecars of a hop on real sockets, and a stage behind the callee's that tells what it was sent. */
export interface SidecarPair {
  readonly world: World
  readonly caller: Sidecar
  readonly callee: Sidecar
  /** What went wrong inside; a test fails by it. */
  readonly problems: readonly unknown[]
  /** POSTs by the caller's egress. */
  ask(headers?: Readonly<Record<string, string>>, path?: string): Promise<PairAnswer>
  stageIs(isUp: boolean): Promise<void>
  stop(): Promise<void>
}

export interface PairAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface PairOptions {
  readonly from?: string
  readonly to?: string
  readonly authoriser?: Authoriser | null
}

export async function startPair(options: PairOptions = {}): Promise<SidecarPair> {
  const { from = 'gateway', to = 'prompt-firewall', authoriser = null } = options
  const problems: unknown[] = []
  const log = { ...silent, error: (message: string, fields?: object) => problems.push([message, fields]) }
  const world = await createWorld({ clock: systemClock, log, folder: '/nowhere', svidSeconds: 120 })
  const stage = createServer((asked, answer) => {
    asked.resume()
    asked.once('end', () =>
      answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(asked.headers)),
    )
  })
  const port = await new Promise<number>((resolve) => {
    stage.listen(0, '127.0.0.1', () => resolve((stage.address() as AddressInfo).port))
  })
  const sidecars = new Map<string, Sidecar & { stop(): Promise<void> }>()
  for (const id of [to, from]) {
    const sidecar = await startSidecar({
      world,
      stage: stageOf(id),
      podIp: podIpOf(stageOf(id)),
      appPort: () => port,
      calleeAddress: (callee) => ({
        podIp: podIpOf(stageOf(callee)),
        port: sidecars.get(callee)?.ports.ingress ?? null,
      }),
      authoriser: id === to ? authoriser : null,
      log,
    })
    sidecars.set(id, sidecar)
  }
  const [callee, caller] = [...sidecars.values()]
  if (callee === undefined || caller === undefined) throw new Error('a pair has two sidecars')
  return {
    world,
    caller,
    callee,
    problems,
    ask: (headers = {}, path = '/v1/inspections') => post(caller.ports.egress, `/to/${to}${path}`, headers),
    async stageIs(isUp) {
      stage.closeAllConnections()
      await new Promise<void>((resolve) => {
        if (isUp) stage.listen(port, '127.0.0.1', resolve)
        else stage.close(() => resolve())
      })
    },
    async stop() {
      await Promise.all([...sidecars.values()].map((sidecar) => sidecar.stop()))
      await world.stop()
      stage.closeAllConnections()
      await new Promise<void>((resolve) => {
        stage.close(() => resolve())
      })
    },
  }
}

function post(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<PairAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<PairAnswer>()
  const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent: false, headers }, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.once('end', () => {
      const body = Buffer.concat(chunks).toString()
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
    })
  })
  sent.on('error', reject)
  sent.end('{}')
  return promise
}

export type Line = Readonly<Record<string, unknown>>

export function linesOf(log: LineLog): readonly Line[] {
  return log.lines().map((line) => JSON.parse(line.text) as Line)
}

/** The first line that there is, from now on or already, for which `holds`. */
export async function lineOf(log: LineLog, holds: (line: Line) => boolean): Promise<Line> {
  for (let turn = 0; turn < 3000; turn += 1) {
    const found = linesOf(log).find(holds)
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`no such line among ${log.lines().length}: ${log.lines().at(-1)?.text}`)
}
