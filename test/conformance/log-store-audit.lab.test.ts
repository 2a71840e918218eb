import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { schemaVersion } from '../../electron/logs/stores/embedded/columns.ts'
import { openEmbeddedStore } from '../../electron/logs/stores/embedded/embedded-store.ts'
import { findFreePorts } from '../lab/ports.ts'
import { waitFor } from '../lab/processes.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { type OwnApiServer, startOwnApiServer } from './api-server.ts'
import { environment, startServing, startWitness } from './log-store-receiving.ts'

/** A first run builds the servers. */
const buildMs = 20 * 60_000
const patient = { timeoutMs: 90_000, everyMs: 100 }

let folder: string
const ending: (() => unknown)[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'auditing-'))
  await ensureBinaries(['etcd', 'kube-apiserver'], { log: () => {} })
}, buildMs)
afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

/** An API server of its own that posts its audit events to `webhook`; gives how it is asked as an administrator. */
async function startApiServer(webhook: string): Promise<OwnApiServer['ask']> {
  const config = join(folder, 'webhook.json')
  await writeFile(
    config,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'everyhop',
      contexts: [{ name: 'everyhop', context: { cluster: 'everyhop', user: '' } }],
      clusters: [{ name: 'everyhop', cluster: { server: webhook } }],
    }),
  )
  const server = await startOwnApiServer({
    folder,
    auditPolicy: { rules: [{ level: 'RequestResponse' }] },
    options: {
      'audit-webhook-config-file': config,
      'audit-webhook-mode': 'batch',
      'audit-webhook-batch-max-wait': '500ms',
      'audit-webhook-initial-backoff': '1s',
    },
  })
  ending.push(() => server.stop())
  return server.ask
}

/** Creates a Secret each; the ids under which the API server audits these calls. */
async function createSecrets(ask: OwnApiServer['ask'], from: number, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  for (let number = from; number < from + count; number += 1) {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: `audited-${number}` }, stringData: { canary } }
    const answer = await ask('/api/v1/namespaces/default/secrets', secret)
    expect(answer.status).toBe(201)
    ids.push(String(answer.headers['audit-id']))
  }
  return ids
}

const canary = 'canary-value-that-nobody-keeps'

test('a real API server’s audit events, posted by its webhook, are kept; kill -9 loses none that was acknowledged', {
  timeout: 300_000,
}, async () => {
  const [seenPort = 0, receiverPort = 0] = await findFreePorts(['127.0.0.1'], 2)
  const witness = await startWitness(seenPort, receiverPort)
  ending.push(() => witness.close())
  let serving = await startServing(folder, receiverPort)
  ending.push(() => serving.stop())
  const ask = await startApiServer(`http://127.0.0.1:${seenPort}/kubernetes-audit/own`)
  const acknowledged = (ids: readonly string[]) =>
    waitFor(
      'the audit events are acknowledged',
      async () => {
        const text = witness.acknowledged.map(({ body }) => body.toString('utf8')).join('\n')
        return ids.every((id) => text.includes(id))
      },
      patient,
    )
  const first = await createSecrets(ask, 0, 20)
  await acknowledged(first)
  await serving.kill()
  serving = await startServing(folder, receiverPort)
  const second = await createSecrets(ask, 20, 20)
  await acknowledged(second)
  await serving.stop()

  const logs = join(folder, 'data', 'logs', environment)
  const store = await openEmbeddedStore({ folder: logs, retention: { maxAgeMs: 86_400_000, maxBytes: 1024 ** 3 } })
  expect(await store.counts()).toMatchObject([{ record: 'kubernetes-audit', source: 'receiver.own', refused: 0 }])
  await store.close()
  const rows = await rowsOf(join(logs, `records-${schemaVersion}.duckdb`))
  for (const id of [...first, ...second]) {
    // An event of each stage, each once.
    expect(rows.filter(({ auditId }) => auditId === id).map(({ stage }) => stage)).toEqual([
      'RequestReceived',
      'ResponseComplete',
    ])
  }
  const kept = rows.findLast(({ auditId }) => auditId === second.at(-1))
  expect(kept).toMatchObject({
    verb: 'create',
    user: 'auditor',
    resource: 'secrets',
    status: '201',
    authorisation: 'allow',
  })
  expect(rows.some((row) => Object.values(row).some((value) => value?.includes(canary)))).toBe(false)
})

async function rowsOf(database: string): Promise<readonly Readonly<Record<string, string | null>>[]> {
  const instance = await DuckDBInstance.create(database)
  const connection = await instance.connect()
  try {
    const reader = await connection.runAndReadAll(
      'SELECT auditId, stage, verb, "user", resource, status, authorisation FROM "kubernetes-audit" ORDER BY moment, stage',
    )
    return reader
      .getRowObjects()
      .map((row) =>
        Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value === null ? null : String(value)])),
      )
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
