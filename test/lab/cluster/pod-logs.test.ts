import { appendFile, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { planLab } from '../plan.ts'
import { waitFor } from '../processes.ts'
import { type ClusterPlan, containerLog, planCluster, podPlanOf } from './plan.ts'
import { nanosecondClock, type PodLogs, startPodLogs } from './pod-logs.ts'

let folder = ''
let cluster: ClusterPlan
let logs: PodLogs
let accessLog = ''
let integrityLog = ''
const errors: Error[] = []

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'logs-'))
  const plan = await planLab(path.join(folder, 'run'), 'mark')
  cluster = await planCluster(plan, false)
  accessLog = plan.stages.find((stage) => stage.stage.id === 'gateway')?.accessLog ?? ''
  integrityLog = plan.files.integrityLog
  logs = await startPodLogs(cluster, (error) => errors.push(error))
})

afterEach(async () => {
  await logs.close()
  await rm(folder, { recursive: true, force: true })
  expect(errors).toEqual([])
})

const linesOf = async (workload: string, container: string): Promise<readonly string[]> => {
  const text = await readFile(containerLog(cluster, podPlanOf(cluster, workload), container), 'utf8')
  return text.trimEnd().split('\n')
}

const contentsOf = async (workload: string, container: string): Promise<readonly string[]> =>
  (await linesOf(workload, container)).map((line) => line.split(' ').slice(3).join(' '))

const shows = (workload: string, container: string, expected: readonly string[]): Promise<unknown> =>
  waitFor(
    `the log of ${workload} shows ${expected.join(', ')}`,
    async () => JSON.stringify(await contentsOf(workload, container)) === JSON.stringify(expected),
    { timeoutMs: 10_000 },
  )

test('passes lines on in the format of a container runtime, a half written line only when it is whole', async () => {
  await writeFile(accessLog, '{"a":1}\n{"b"')
  await shows('gateway', 'envoy', ['{"a":1}'])
  await appendFile(accessLog, ':"ü"}\n')
  await shows('gateway', 'envoy', ['{"a":1}', '{"b":"ü"}'])
  for (const line of await linesOf('gateway', 'envoy')) {
    expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z stdout F \{/)
  }
})

test('loses nothing when a file is put aside, and goes on when one is cut', async () => {
  await writeFile(accessLog, 'one\n')
  await shows('gateway', 'envoy', ['one'])
  await appendFile(accessLog, 'two\n')
  await rename(accessLog, `${accessLog}.1`)
  await writeFile(accessLog, 'three\n')
  await shows('gateway', 'envoy', ['one', 'two', 'three'])
  await truncate(accessLog, 0)
  await appendFile(accessLog, 'x\n')
  await shows('gateway', 'envoy', ['one', 'two', 'three', 'x'])
})

test('gives each stage its own integrity events', async () => {
  const event = (stage: string, number: number): string => JSON.stringify({ stage, number })
  await writeFile(integrityLog, `${event('gateway', 1)}\nnot json\n${event('tool-runtime', 2)}\n`)
  await shows('gateway', 'app', [event('gateway', 1)])
  await shows('tool-runtime', 'app', [event('tool-runtime', 2)])
})

test('gives every line a later time than the one before, also within a millisecond and when the clock goes back', () => {
  const clock = [5, 5, 4, 6]
  const time = nanosecondClock(() => clock.shift() ?? 0)
  expect([time(), time(), time(), time()]).toEqual([
    '1970-01-01T00:00:00.005000000Z',
    '1970-01-01T00:00:00.005000001Z',
    '1970-01-01T00:00:00.005000002Z',
    '1970-01-01T00:00:00.006000000Z',
  ])
})
