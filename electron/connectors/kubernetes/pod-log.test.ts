import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connectorPorts } from '../../../test/builders/connector-ports.ts'
import { type KubernetesApi, type LogLine, startKubernetesApi } from '../../../test/builders/kubernetes-api.ts'
import { type ClusterAccess, openAccess } from './access.ts'
import { KubernetesFailure } from './failure.ts'
import { readKubeconfig } from './kubeconfig.ts'
import { createLogSeam, stampedLines } from './log-seam.ts'
import { followPodLog, type PodLogRequest } from './pod-log.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const files = { readText: (path: string) => readFile(path, 'utf8'), watch() {} }
const place = { namespace: 'edge', pod: 'gateway', container: 'envoy', sinceTime: null }
const { clock } = connectorPorts()

let api: KubernetesApi
let access: ClusterAccess

beforeEach(async () => {
  api = await startKubernetesApi()
  access = await openAccess(
    await readKubeconfig({ id: 'c', kubeconfig: api.kubeconfig }, { baseDirectory: '/' }, { files }, {}),
  )
})

afterEach(async () => {
  access.close()
  await api.close()
})

/** Line `number`, several in one second and, every fifth, with the stamp of the one before. */
function line(number: number): LogLine {
  const at = new Date(Date.UTC(2026, 10, 1) + Math.floor(number / 7) * 1000).toISOString().slice(0, 19)
  const nanoseconds = String(Math.floor(number / 5) * 1000 + 1).padStart(9, '0')
  return { stamp: `${at}.${nanoseconds}Z`, text: `{"number":${number}}` }
}

function follow(request: Partial<PodLogRequest> = {}) {
  const abort = new AbortController()
  let got = ''
  const done = (async () => {
    const log = followPodLog(access, { ...place, ...request }, clock, abort.signal)
    for await (const bytes of log) got += new TextDecoder().decode(bytes)
  })()
  done.catch(() => {})
  return {
    numbers: () => [...got.matchAll(/"number":(\d+)/g)].map(([, number]) => Number(number)),
    text: () => got,
    done,
    async end() {
      abort.abort(new Error('enough'))
      await expect(done).rejects.toThrow('enough')
    },
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)

test('a log that is cut again and again is given once, line by line, in its order', async () => {
  api.setLog('gateway', 'envoy', upTo(50).map(line))
  const log = follow()
  await until(() => log.numbers().length === 50)
  for (let round = 0; round < 3; round += 1) {
    api.cut('logs')
    const start = 50 + round * 20
    api.addLog(
      'gateway',
      'envoy',
      upTo(20).map((index) => line(start + index)),
    )
    await until(() => log.numbers().length >= start + 20)
  }
  expect(log.numbers()).toEqual(upTo(110))
  expect(log.text().startsWith('{"number":0}\n{"number":1}\n')).toBe(true)
  expect(api.requests.filter((one) => one.startsWith('log')).length).toBeGreaterThanOrEqual(4)
  await log.end()
})

test('the time from which a log is wanted is asked for, and without one the newest lines', async () => {
  api.setLog('gateway', 'envoy', upTo(100).map(line))
  const since = follow({ sinceTime: Date.parse(line(70).stamp) })
  await until(() => since.numbers().length === 30)
  const newest = follow({ tailLines: 3 })
  await until(() => newest.numbers().length === 3)
  expect([since.numbers()[0], newest.numbers()]).toEqual([70, [97, 98, 99]])
  await since.end()
  await newest.end()
})

test('an API server that goes away and comes back is told and survived', async () => {
  const told: (string | null)[] = []
  api.setLog('gateway', 'envoy', upTo(5).map(line))
  const log = follow({ interrupted: (failure) => told.push(failure?.reason ?? null) })
  await until(() => log.numbers().length === 5)
  await api.stop()
  await until(() => told.length > 0)
  await api.start()
  api.addLog('gateway', 'envoy', [line(5)])
  await until(() => log.numbers().length === 6)
  expect([told[0], told.at(-1), log.numbers()]).toEqual(['unreachable', null, upTo(6)])
  await log.end()
})

test.each([403, 404])(
  'a log that may not be read or is not there (%i) ends with the server’s words',
  async (status) => {
    api.refuse('log', { status, message: 'pods "gateway" cannot be read' })
    const error: unknown = await follow().done.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(KubernetesFailure)
    expect(error).toMatchObject({ status, message: expect.stringContaining('pods "gateway" cannot be read') })
  },
)

test('a container that is still starting is asked again', async () => {
  api.setLog('gateway', 'envoy', [line(0)])
  api.refuse('log', { status: 400, message: 'container "envoy" is waiting to start: ContainerCreating', times: 2 })
  const log = follow()
  await until(() => log.numbers().length === 1)
  await log.end()
})

test('the log of a container that wrote nothing is followed: its first line may come late, and it is no failure', async () => {
  api.setLog('gateway', 'envoy', [])
  const told: (string | null)[] = []
  let followed = 0
  const log = follow({
    followed: () => void (followed += 1),
    interrupted: (failure) => void told.push(failure?.reason ?? null),
  })
  await until(() => followed === 1)
  // Longer than an answer may take otherwise.
  await new Promise((resolve) => setTimeout(resolve, 6000))
  api.addLog('gateway', 'envoy', [line(0)])
  await until(() => log.numbers().length === 1)
  api.addLog('gateway', 'envoy', [line(1)])
  await until(() => log.numbers().length === 2)
  expect([followed, told, api.requests.filter((one) => one.startsWith('log'))]).toEqual([1, [], ['log gateway']])
  await log.end()
})

test('a server that takes connections and no requests is not taken for a quiet log', async () => {
  const sockets: Socket[] = []
  const silent = createServer((socket) => void sockets.push(socket))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const kubeconfig = await api.kubeconfigWith({ server: `https://127.0.0.1:${port}` })
  const source = { id: 'c', kubeconfig }
  const other = await openAccess(await readKubeconfig(source, { baseDirectory: '/' }, { files }, {}))
  const told: (string | null)[] = []
  let followed = 0
  const abort = new AbortController()
  const request = {
    ...place,
    followed: () => void (followed += 1),
    interrupted: (failure: KubernetesFailure | null) => void told.push(failure?.reason ?? null),
  }
  const reading = followPodLog(other, request, clock, abort.signal).next()
  reading.catch(() => {})
  await until(() => told.length > 0)
  expect([followed, told]).toEqual([0, ['timed-out']])
  abort.abort(new Error('enough'))
  await expect(reading).rejects.toThrow('enough')
  other.close()
  for (const socket of sockets) socket.destroy()
  silent.close()
})

test('lines with the same stamp at the seam are neither lost nor given twice', () => {
  const seam = createLogSeam(null)
  const stamp = '2026-11-01T00:00:05.000000001Z'
  expect([seam.since(), seam.isNew(stamp), seam.isNew(stamp)]).toEqual([null, true, true])
  seam.resume()
  expect(seam.since()).toBe('2026-11-01T00:00:04Z')
  expect([seam.isNew(stamp), seam.isNew(stamp), seam.isNew(stamp)]).toEqual([false, false, true])
})

test('a line that was written a little out of order at the seam is not lost', () => {
  const seam = createLogSeam(null)
  expect([seam.isNew('2026-11-01T00:00:03Z'), seam.isNew('2026-11-01T00:00:02.9Z')]).toEqual([true, true])
  seam.isNew('2026-11-01T00:00:05.9Z')
  seam.resume()
  expect(seam.isNew('2026-11-01T00:00:04.95Z')).toBe(true)
  expect(seam.isNew('2026-11-01T00:00:05.9Z')).toBe(false)
})

test('what is older than what was wanted stays out, also when it comes with the overlap', () => {
  const since = createLogSeam(Date.parse('2026-11-01T00:00:05.500Z'))
  expect([since.isNew('2026-11-01T00:00:05.499999999Z'), since.isNew('2026-11-01T00:00:05.5Z')]).toEqual([false, true])
  since.resume()
  expect([since.since(), since.isNew('2026-11-01T00:00:04.9Z')]).toEqual(['2026-11-01T00:00:04Z', false])
  const newest = createLogSeam(null)
  expect(newest.isNew('2026-11-01T00:00:05.000000007Z')).toBe(true)
  newest.resume()
  expect([newest.isNew('2026-11-01T00:00:05.000000006Z'), newest.isNew('2026-11-01T00:00:05.00000001Z')]).toEqual([
    false,
    true,
  ])
})

test('lines are the same however the bytes are cut; a cut-off last line waits, a very long one is cut', async () => {
  const long = 'x'.repeat(1_200_000)
  const bytes = Buffer.from(
    `2026-11-01T00:00:00.5Z one ü\nno stamp\n2026-11-01T00:00:00.6Z \n2026-11-01T00:00:01Z ${long}\n2026-11-01T00:00:02Z cut o`,
  )
  for (const size of [7, 4096, bytes.length]) {
    const chunks = (async function* () {
      for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
    })()
    let got = ''
    for await (const lines of stampedLines(chunks, () => true)) got += new TextDecoder().decode(lines)
    const [one, two, three, four, rest] = got.split('\n')
    expect([one, two, three, rest]).toEqual(['one ü', 'no stamp', '', ''])
    expect(four?.length).toBe(1024 * 1024 - '2026-11-01T00:00:01Z '.length)
  }
})
