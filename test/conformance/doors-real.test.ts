import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ORPCError } from '@orpc/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Composed, composeService } from '../../electron/service/compose.ts'
import { connectInProcess, type ServiceClient } from '../../electron/service/in-process.ts'

const canary = 'canary-5d1c-token'
let home: string
let service: Composed
let client: ServiceClient
let close: () => void

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'everyhop-real-'))
  service = composeService('web', home)
  const connection = connectInProcess(service.router, service.log)
  client = connection.client
  close = connection.close
})
afterEach(async () => {
  close()
  await service.stop()
  await rm(home, { recursive: true })
})

test('a fresh machine has no environment, and every question about one says how to begin', async () => {
  expect(await client.environments.list({})).toEqual([])
  expect(await client.system.info({})).toMatchObject({
    host: 'web',
    home,
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
  })
  const lab = { environment: 'lab' }
  for (const ask of [
    () => client.graph.view(lab),
    () => client.graph.document(lab),
    () => client.environments.health(lab),
    () => client.environments.test(lab),
    async () => (await client.live.topics(lab)).next(),
  ]) {
    const failure: unknown = await ask().catch((reason: unknown) => reason)
    expect(failure).toBeInstanceOf(ORPCError)
    expect(failure).toMatchObject({
      defined: true,
      code: 'not-found',
      data: { subject: 'lab', advice: expect.stringContaining('npm run lab') },
    })
  }
})

test('an environment whose servers are all gone is a graph of gaps, never an empty healthy one', async () => {
  await mkdir(join(home, 'environments'))
  await writeFile(join(home, 'token'), canary)
  await writeFile(
    join(home, 'environments', 'dead.yaml'),
    `apiVersion: everyhop.dev/v1
kind: Environment
name: dead
sources:
  spire:
    - { id: spire, socket: ${join(home, 'nothing.sock')}, trustDomain: pipeline.example }
  envoy:
    - { id: gateway, admin: "http://127.0.0.1:1" }
  opa:
    - { id: shared, api: "http://127.0.0.1:1", tokenFile: ../token }
  logs:
    - { id: access, record: envoy-access, file: nothing.ndjson }
`,
  )
  await expect.poll(async () => (await client.environments.list({})).length, { timeout: 5000 }).toBe(1)
  const pending = async () => (await client.environments.health({ environment: 'dead' })).map((each) => each.pending)
  await expect.poll(pending, { timeout: 10_000 }).toEqual([0, 0, 0, 0])
  const health = await client.environments.health({ environment: 'dead' })
  expect(health.map(({ source, answering }) => [source, answering])).toEqual([
    ['spire', 0],
    ['envoy', 0],
    ['opa', 0],
    ['logs', 0],
  ])
  const graph = await client.graph.document({ environment: 'dead' })
  expect(new Set(graph.gaps.map(({ source }) => source))).toEqual(new Set(['spire', 'envoy', 'opa', 'logs']))
  const states = graph.workloads.map(({ state }) => state.state)
  expect(states.filter((state) => state === 'verified')).toEqual([])
  const tests = await client.environments.test({ environment: 'dead' })
  expect(tests.map(({ outcome }) => outcome)).toEqual(['unusable', 'unusable', 'unusable', 'unusable'])
  expect(JSON.stringify([health, graph, tests])).not.toContain(canary)
})
