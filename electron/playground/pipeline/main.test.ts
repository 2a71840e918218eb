import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { post, toJson } from './http-exchange.ts'
import { integrityEventSchema } from './integrity-event.ts'
import { startPipelineUnderTest } from './testing/pipeline-under-test.ts'
import { stages } from './topology.ts'
import { startTraffic } from './traffic.ts'

const program = new URL('./main.ts', import.meta.url).pathname
let folder: string
const children: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-pipeline-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true })
})

async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address)
  await once(server, 'listening')
  const bound = server.address()
  server.close()
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  return bound.port
}

async function configuration(): Promise<{ path: string; entry: { address: string; port: number } }> {
  const listed = await Promise.all(
    stages.map(async ({ id, address }) => ({
      id,
      address,
      port: await freePort(address),
      // Nothing listens there: every call onwards fails, which is all this test needs.
      egress: { address, port: await freePort(address) },
    })),
  )
  const path = join(folder, 'config.json')
  await writeFile(path, JSON.stringify({ integrityLog: 'events.ndjson', stages: listed }))
  return { path, entry: { address: '127.1.0.1', port: listed[0]?.port ?? 0 } }
}

function start(path: string): ChildProcess {
  const child = spawn(process.execPath, [program, path], { stdio: ['pipe', 'pipe', 'pipe'] })
  children.push(child)
  return child
}

async function ready(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('no output')
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) if (String(chunk) === 'ready\n') return
  throw new Error('ended before it was ready')
}

describe('the process that runs stages', () => {
  it('serves once it says ready, and ends when its parent lets go of standard input', async () => {
    const { path, entry } = await configuration()
    const child = start(path)
    await ready(child)
    const ask = toJson({ user: 'ann', rights: ['ask'], classification: 'internal', prompt: 'Hello' })
    const answer = await post({ ...entry, path: '/v1/asks', headers: {}, body: ask, timeoutMs: 10_000 })
    expect([answer.status, new TextDecoder().decode(answer.body)]).toEqual([
      502,
      '{"error":"no-answer","at":"gateway"}',
    ])
    child.stdin?.end()
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('ends on SIGTERM', async () => {
    const child = start((await configuration()).path)
    await ready(child)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('appends integrity events one JSON object a line', async () => {
    const { path } = await configuration()
    await writeFile(join(folder, 'events.ndjson'), '{"already":"there"}\n')
    const child = start(path)
    await ready(child)
    const config = JSON.parse(await readFile(path, 'utf8'))
    const firewall = config.stages[2]
    const call = {
      address: firewall.address,
      port: firewall.port,
      path: '/v1/inspections',
      headers: {},
      timeoutMs: 10_000,
    }
    expect((await post({ ...call, body: toJson({ prompt: 'Hello' }) })).status).toBe(403)
    child.stdin?.end()
    await once(child, 'exit')
    const [first, ...events] = (await readFile(join(folder, 'events.ndjson'), 'utf8')).trimEnd().split('\n')
    expect(first).toBe('{"already":"there"}')
    expect(events.map((line) => integrityEventSchema.parse(JSON.parse(line)).outcome)).toEqual(['missing', 'lost'])
  })

  it('says in one sentence why it cannot start', async () => {
    const { path, entry } = await configuration()
    const taken = createServer().listen(entry.port, entry.address)
    await once(taken, 'listening')
    const child = start(path)
    if (child.stderr === null) throw new Error('no output')
    const said = await text(child.stderr)
    expect(said).toBe(
      `stage application cannot listen on ${entry.address}:${entry.port}: listen EADDRINUSE: address already in use ${entry.address}:${entry.port}\n`,
    )
    expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(1)
    taken.close()
  })
})

describe('the traffic', () => {
  it('asks steadily and counts what came back', async () => {
    const pipeline = await startPipelineUnderTest()
    pipeline.meddle = (call) =>
      call.to === 'orchestrator' && call.headers['x-data-classification'] === 'restricted' ? 403 : undefined
    const traffic = startTraffic({ entry: pipeline.entry, seed: 11, perSecond: 10 })
    try {
      const seen = (status: number): number => traffic.counts().byStatus[status] ?? 0
      await expect.poll(() => seen(403) > 0 && seen(200) > 20, { timeout: 55_000 }).toBe(true)
      await traffic.stop()
      const { sent, byStatus, unanswered } = traffic.counts()
      expect(Object.keys(byStatus)).toEqual(['200', '403'])
      expect((byStatus[200] ?? 0) + (byStatus[403] ?? 0) + unanswered).toBe(sent)
    } finally {
      await traffic.stop()
      await pipeline.close()
    }
  }, 90_000)

  it('piles up no requests without end when the pipeline has fallen silent', async () => {
    const pipeline = await startPipelineUnderTest()
    pipeline.meddle = () => 'silence'
    const traffic = startTraffic({ entry: pipeline.entry, seed: 1, perSecond: 500 })
    try {
      await expect.poll(() => traffic.counts().heldBack, { timeout: 30_000 }).toBeGreaterThan(5)
      const { sent, byStatus, unanswered, heldBackLately } = traffic.counts()
      expect(heldBackLately).toBeGreaterThan(5)
      const answered = Object.values(byStatus).reduce((sum, count) => sum + count, 0)
      expect(sent - answered - unanswered).toBeLessThanOrEqual(50)
    } finally {
      await traffic.stop()
      await pipeline.close()
    }
  }, 60_000)

  it('goes on when nobody answers, and counts that', async () => {
    const traffic = startTraffic({
      entry: { address: '127.0.0.1', port: await freePort('127.0.0.1') },
      seed: 1,
      perSecond: 100,
    })
    await expect.poll(() => traffic.counts().unanswered, { timeout: 30_000 }).toBeGreaterThan(2)
    await traffic.stop()
    expect(traffic.counts().byStatus).toEqual({})
  })
})
