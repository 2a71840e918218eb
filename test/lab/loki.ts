import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findFreePorts } from './ports.ts'
import { startServer, waitFor } from './processes.ts'
import { ensureBinaries, lokiBinaries } from './provision/binaries.ts'

export interface LokiUnderTest {
  /** `http://127.0.0.1:3100` */
  readonly url: string
  /** Lines of one stream, each with its time in milliseconds. Rejects unless Loki took them all. */
  push(
    labels: Readonly<Record<string, string>>,
    lines: readonly (readonly [number, string])[],
    tenant?: string,
  ): Promise<void>
  stop(): Promise<void>
}

const readyWithinMs = 120_000

/**
 * A real Loki: one process, everything in `folder`. It takes lines of any time and asks its ingester for all of them, which it
 * does as far back as a chunk may be old, so that tests may have times of their own. With `tenants` every question and push must name one.
 */
export async function startLoki(folder: string, { tenants = false } = {}): Promise<LokiUnderTest> {
  const { loki } = await ensureBinaries(lokiBinaries, { log: (line) => console.log(line) })
  const [http = 0, grpc = 0] = await findFreePorts(['127.0.0.1'], 2)
  await mkdir(folder, { recursive: true })
  const config = join(folder, 'loki.yaml')
  await writeFile(config, configOf(folder, http, grpc, tenants))
  const server = startServer({
    name: 'loki',
    command: loki.path,
    arguments: [`-config.file=${config}`, '-target=all'],
    logFile: join(folder, 'loki.log'),
    mark: randomUUID(),
  })
  const url = `http://127.0.0.1:${http}`
  try {
    await waitFor('loki is ready', async () => (await fetch(`${url}/ready`)).ok, {
      timeoutMs: readyWithinMs,
      everyMs: 100,
      server,
    })
  } catch (error) {
    await server.stop()
    throw error
  }
  return {
    url,
    async push(labels, lines, tenant) {
      const values = lines.map(([at, line]) => [`${at}000000`, line])
      const answer = await fetch(`${url}/loki/api/v1/push`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(tenant === undefined ? {} : { 'x-scope-orgid': tenant }) },
        body: JSON.stringify({ streams: [{ stream: labels, values }] }),
      })
      if (answer.status !== 204) throw new Error(`Loki did not take the lines: ${answer.status} ${await answer.text()}`)
    },
    stop: () => server.stop(),
  }
}

function configOf(folder: string, http: number, grpc: number, tenants: boolean): string {
  return `auth_enabled: ${tenants}
server: {http_listen_address: 127.0.0.1, http_listen_port: ${http}, grpc_listen_address: 127.0.0.1, grpc_listen_port: ${grpc}, log_level: warn}
common:
  instance_addr: 127.0.0.1
  path_prefix: ${folder}
  storage: {filesystem: {chunks_directory: ${folder}/chunks, rules_directory: ${folder}/rules}}
  replication_factor: 1
  ring: {instance_addr: 127.0.0.1, kvstore: {store: inmemory}}
ingester: {lifecycler: {min_ready_duration: 0s}, max_chunk_age: 876000h}
schema_config:
  configs: [{from: 2020-01-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: index_, period: 24h}}]
limits_config: {reject_old_samples: false, allow_structured_metadata: true, discover_service_name: []}
querier: {query_ingesters_within: 0}
analytics: {reporting_enabled: false}
`
}
