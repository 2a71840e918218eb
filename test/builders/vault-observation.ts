import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVaultConnector } from '../../electron/connectors/vault/index.ts'
import { type VaultPart, vaultParts } from '../../electron/connectors/vault/reading.ts'
import type { ConnectorPorts } from '../../electron/core/ports.ts'
import { createHttpExchange } from '../../electron/platform/http-exchange.ts'
import type { VaultSource } from '../../shared/domain/model/environment.ts'
import type { Report } from '../../shared/domain/model/fact.ts'
import type { VaultFact } from '../../shared/domain/model/vault-facts.ts'
import { connectorPorts } from './connector-ports.ts'

export const vaultConnector = createVaultConnector(createHttpExchange)

export function vaultSource(
  address: { readonly host: string; readonly port: number },
  over: Partial<VaultSource> = {},
): VaultSource {
  return {
    id: 'vault',
    address: `http://${address.host}:${address.port}`,
    signIn: { tokenFile: 'token' },
    listLeasesOf: [],
    lookupsPerMinute: 30,
    ...over,
  }
}

/** The latest report of each part of one Vault that is being read. */
export interface VaultObservation {
  readonly latest: ReadonlyMap<VaultPart, Report>
  facts<Kind extends VaultFact['kind']>(kind: Kind): readonly Extract<VaultFact, { readonly kind: Kind }>[]
  /** Waits until it holds, after each report; fails when the observation ends. */
  until(holds: () => boolean): Promise<void>
  /** Waits for one whole reading that begins after now. */
  nextRound(): Promise<void>
  end(): Promise<void>
}

export function observeVault(
  source: VaultSource,
  baseDirectory: string,
  changes: Partial<ConnectorPorts> = {},
): VaultObservation {
  const latest = new Map<VaultPart, Report>()
  const stop = new AbortController()
  let wake = Promise.withResolvers<void>()
  let rounds = 0
  const ended = run()
  ended.catch(() => wake.resolve())

  async function run(): Promise<void> {
    const settings = { baseDirectory, windowSeconds: 60 }
    for await (const report of vaultConnector.observe(source, settings, connectorPorts(changes), stop.signal)) {
      const part = vaultParts.find((one) => report.scope === `vault/${source.id}/${one}`)
      if (part === undefined) throw new Error(`nobody knows ${report.scope}`)
      latest.set(part, report)
      if (part === 'leases') rounds += 1
      wake.resolve()
      wake = Promise.withResolvers<void>()
    }
  }

  const until: VaultObservation['until'] = async (holds) => {
    while (!holds()) {
      await Promise.race([wake.promise, ended.then(() => Promise.reject(new Error('the observation ended by itself')))])
    }
  }
  return {
    latest,
    facts(kind) {
      type Wanted = Extract<VaultFact, { readonly kind: typeof kind }>
      return [...latest.values()].flatMap(({ facts }) =>
        (facts ?? []).filter((fact): fact is Wanted => fact.kind === kind),
      )
    },
    until,
    async nextRound() {
      const from = rounds
      // The one that runs now may have begun before.
      await until(() => rounds >= from + 2)
    },
    async end() {
      stop.abort()
      await ended.catch(() => {})
    },
  }
}

export interface RecordedRequest {
  readonly method: string
  /** Path below `/v1/`, without the query. */
  readonly path: string
  readonly isList: boolean
  readonly token: string | null
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly answer: string
}

export interface RecordingProxy {
  readonly address: { readonly host: string; readonly port: number }
  readonly requests: readonly RecordedRequest[]
  close(): Promise<void>
}

/** Passes everything on, remembers it, and may change answers: `plant` is given the JSON of each. */
export async function startRecordingProxy(
  target: { readonly host: string; readonly port: number },
  plant: (path: string, answer: unknown) => unknown = (_path, answer) => answer,
): Promise<RecordingProxy> {
  const requests: RecordedRequest[] = []
  const server = createServer((asked, answer) => {
    void textOf(asked).then((body) => {
      const { method = '', url = '', headers } = asked
      const passed = request({ ...target, method, path: url, headers, agent: false })
      passed.on('error', () => answer.destroy())
      passed.on('response', (real) => {
        void textOf(real).then((said) => {
          const { pathname, searchParams } = new URL(url, 'http://vault')
          const path = pathname.replace(/^\/v1\//, '')
          const token = headers['x-vault-token']
          requests.push({
            method,
            path,
            isList: searchParams.get('list') === 'true',
            token: typeof token === 'string' ? token : null,
            headers,
            body,
            answer: said,
          })
          const changed = said === '' ? '' : JSON.stringify(plant(path, JSON.parse(said)))
          const { 'content-length': _length, 'transfer-encoding': _encoding, ...kept } = real.headers
          answer.writeHead(real.statusCode ?? 502, kept).end(changed)
        })
      })
      passed.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    address: { host: '127.0.0.1', port },
    requests,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}

async function textOf(message: IncomingMessage): Promise<string> {
  let text = ''
  message.setEncoding('utf8')
  for await (const more of message) text += String(more)
  return text
}
