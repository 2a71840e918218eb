import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { openEmbeddedStore } from '../../electron/logs/stores/embedded/embedded-store.ts'
import { takeDataFolder } from '../../electron/service/data-folder.ts'
import { findFreePorts } from '../lab/ports.ts'
import { type Server, startServer, waitFor } from '../lab/processes.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { decisionsIn, environment, startService, startServing, startWitness } from './log-store-receiving.ts'

/** A first run builds OPA. */
const buildMs = 10 * 60_000
const patient = { timeoutMs: 60_000, everyMs: 50 }
const answer = z.object({ decision_id: z.string(), result: z.boolean() })

let folder: string
let program: string
const ending: (() => unknown)[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'receiving-'))
  program = (await ensureBinaries(['opa-envoy'], { log: () => {} }))['opa-envoy'].path
}, buildMs)
afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

async function startOpa(port: number, logsTo: number): Promise<Server> {
  const policy = join(folder, 'policy.rego')
  await writeFile(policy, 'package pipeline\n\nallow if input.number % 2 == 0\n\ndefault allow := false\n')
  const config = join(folder, 'opa.json')
  const reporting = { min_delay_seconds: 0, max_delay_seconds: 1, upload_size_limit_bytes: 4096 }
  const services = { everyhop: { url: `http://127.0.0.1:${logsTo}` } }
  await writeFile(config, JSON.stringify({ services, decision_logs: { service: 'everyhop', reporting } }))
  const opa = startServer({
    name: 'opa',
    command: program,
    arguments: ['run', '--server', '--addr', `127.0.0.1:${port}`, '--config-file', config, policy],
    logFile: join(folder, 'opa.log'),
    mark: folder,
  })
  ending.push(() => opa.stop())
  await waitFor('OPA answers', async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok, {
    ...patient,
    server: opa,
  })
  return opa
}

/** Asks OPA so many times; the ids of its decisions. */
async function decide(port: number, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  for (let number = 0; number < count; number += 1) {
    const body = JSON.stringify({ input: { number, padding: 'x'.repeat(number % 50) } })
    const asked = await fetch(`http://127.0.0.1:${port}/v1/data/pipeline/allow`, { method: 'POST', body })
    ids.push(answer.parse(await asked.json()).decision_id)
  }
  return ids
}

async function storedAmong(ids: readonly string[]): Promise<readonly string[]> {
  const data = takeDataFolder(join(folder, 'data'))
  const store = await openEmbeddedStore({
    folder: data.logsOf(environment),
    retention: { maxAgeMs: 86_400_000, maxBytes: 1024 ** 3 },
  })
  try {
    const stored: string[] = []
    for (const id of ids) {
      const { records } = await store.find({ by: 'decision', id }, null, 2)
      // Once, also when OPA did not hear the answer and sent it again.
      expect(records.length).toBeLessThanOrEqual(1)
      if (records.length === 1) stored.push(id)
    }
    return stored
  } finally {
    await store.close()
    data.release()
  }
}

test('a real OPA’s decisions are kept and sent on as they came: nothing is lost by a service that was down, nor by kill -9', {
  timeout: 240_000,
}, async () => {
  const [opaPort = 0, seenPort = 0, receiverPort = 0, servicePort = 0] = await findFreePorts(['127.0.0.1'], 4)
  const forward = ['--forward', `http://127.0.0.1:${servicePort}`] as const
  const witness = await startWitness(seenPort, receiverPort)
  ending.push(() => witness.close())
  let serving = await startServing(folder, receiverPort, ...forward)
  ending.push(() => serving.stop())
  await startOpa(opaPort, seenPort)
  const acknowledged = (): readonly string[] => witness.acknowledged.flatMap(decisionsIn)
  const allAcknowledged = (ids: readonly string[]) =>
    waitFor(
      'OPA’s uploads are acknowledged',
      async () => {
        const seen = new Set(acknowledged())
        return ids.every((id) => seen.has(id))
      },
      patient,
    )

  // The service is down: what comes is acknowledged all the same.
  const first = await decide(opaPort, 300)
  await allAcknowledged(first)
  const before = witness.acknowledged.length
  const deciding = decide(opaPort, 1500)
  await waitFor('some more were acknowledged', async () => witness.acknowledged.length >= before + 3, patient)
  await serving.kill()
  const second = await deciding
  serving = await startServing(folder, receiverPort, ...forward)
  await allAcknowledged(second)

  const service = await startService(servicePort)
  ending.push(() => service.close())
  const asText = ({ path, headers, body }: (typeof service.got)[number]): string =>
    `${path} ${headers['content-encoding']} ${body.toString('base64')}`
  await waitFor(
    'everything was sent on',
    async () => {
      const got = new Set(service.got.map(asText))
      return witness.acknowledged.every((posted) => got.has(asText(posted)))
    },
    patient,
  )
  expect(witness.acknowledged.every(({ headers }) => headers['content-encoding'] === 'gzip')).toBe(true)
  const third = await decide(opaPort, 50)
  await allAcknowledged(third)
  await waitFor(
    'what comes now is sent on too',
    async () => {
      const got = new Set(service.got.flatMap(decisionsIn))
      return third.every((id) => got.has(id))
    },
    patient,
  )

  await serving.stop()
  const all = [...first, ...second, ...third]
  expect(await storedAmong(all)).toEqual(all)
})
