import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Report } from '../../shared/domain/model/fact.ts'
import { connectorPorts } from '../../test/builders/connector-ports.ts'
import { ingressLine } from '../../test/builders/log-lines.ts'
import { findSecrets } from '../../test/builders/secrets.ts'
import { observeLog, testLog } from './index.ts'

const source = { id: 'gateway', record: 'envoy-access', file: 'access.ndjson', writtenBy: 'gateway' } as const
let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-log-'))
  file = join(folder, source.file)
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

test('a line that is written becomes a fact, through rotation, absence and return', async () => {
  const log = follow()
  await log.until((activity) => activity?.facts === null && activity.gaps[0]?.what === 'log-file')
  await writeFile(file, line())
  await log.until((activity) => requests(activity) === 1)
  await appendFile(file, line())
  await log.until((activity) => requests(activity) === 2)
  await rename(file, `${file}.1`)
  await log.until((activity) => activity?.facts === null)
  await writeFile(file, line())
  await log.until((activity) => requests(activity) === 3)
  expect(log.scopes()).toEqual(['logs/gateway/activity', 'logs/gateway/intake'])
})

test('an empty file is a read log without activity', async () => {
  await writeFile(file, '')
  const log = follow()
  await log.until((activity) => activity?.facts?.length === 0 && activity.gaps.length === 0)
})

test('ids stay the same from one reading to the next', async () => {
  await writeFile(file, line())
  const ids: string[] = []
  for (let reading = 0; reading < 2; reading += 1) {
    const log = follow()
    await log.until((activity) => requests(activity) === 1)
    ids.push(log.activity()?.facts?.[0]?.id ?? '')
    await log.end()
  }
  expect(ids[0]).toBe(ids[1])
})

test('a bad line does not stop the next one', async () => {
  await writeFile(file, `not json\n${'x'.repeat(1_000_000)}\n\u0000\u0001\n${line()}`)
  const log = follow()
  await log.until((activity) => requests(activity) === 1 && log.intake() !== undefined)
  expect(log.intake()?.facts).toMatchObject([{ accepted: 1, refused: 3 }])
})

test('no secret of a line reaches a fact', async () => {
  const canary = 'canary-5f0c6a1be2d94c37'
  const hidden = ingressLine({
    ts: new Date().toISOString(),
    path: `/v1/chat?key=${canary}`,
    authorization: `Bearer ${canary}`,
  })
  await writeFile(file, `${hidden}\nBearer ${canary}\n`)
  const log = follow()
  await log.until((activity) => requests(activity) === 1 && log.intake() !== undefined)
  expect(findSecrets([log.activity(), log.intake()], [canary])).toEqual([])
})

test('it ends when it is stopped, also while the file is missing', async () => {
  const log = follow()
  await log.until((activity) => activity !== undefined)
  await log.end()
})

test('a test says whether the file can be read and its lines are understood', async () => {
  const ports = connectorPorts()
  const ask = () => testLog(source, settings(), ports, new AbortController().signal)
  expect(await ask()).toMatchObject({ outcome: 'unusable', steps: [{ what: 'log-file', outcome: 'unreachable' }] })
  await writeFile(file, 'text\n')
  expect(await ask()).toMatchObject({ outcome: 'unusable', steps: [{ outcome: 'read' }, { outcome: 'invalid' }] })
  await appendFile(file, line())
  expect(await ask()).toMatchObject({ outcome: 'partly' })
  await writeFile(file, line())
  expect(await ask()).toMatchObject({
    outcome: 'usable',
    steps: [{ outcome: 'read' }, { detail: '1 lines understood' }],
  })
})

function line(): string {
  return `${ingressLine({ ts: new Date().toISOString() })}\n`
}

function settings() {
  return { baseDirectory: folder, windowSeconds: 60 }
}

function requests(report: Report | undefined): number | null {
  const facts = report?.facts ?? []
  const first = facts[0]
  return first?.kind === 'hop-activity' ? first.requests : null
}

function follow() {
  const abort = new AbortController()
  const latest = new Map<string, Report>()
  let wake = (): void => {}
  const done = (async () => {
    for await (const report of observeLog(source, settings(), connectorPorts(), abort.signal)) {
      latest.set(report.scope, report)
      wake()
    }
  })()
  const end = async (): Promise<void> => {
    abort.abort()
    await done
  }
  onTestFinished(end)
  return {
    end,
    activity: () => latest.get('logs/gateway/activity'),
    intake: () => latest.get('logs/gateway/intake'),
    scopes: () => [...latest.keys()].sort(),
    async until(holds: (activity: Report | undefined) => boolean): Promise<void> {
      while (!holds(latest.get('logs/gateway/activity'))) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}
