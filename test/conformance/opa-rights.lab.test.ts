import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { opaReads } from '../../electron/connectors/opa/client.ts'
import { opaConnector } from '../../electron/connectors/opa/index.ts'
import { type OpaPart, opaParts } from '../../electron/connectors/opa/reading.ts'
import { dial } from '../../electron/platform/dial.ts'
import { createFiles } from '../../electron/platform/files.ts'
import { createHttpGet } from '../../electron/platform/http-get.ts'
import type { Report } from '../../shared/domain/model/fact.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { type RealOpa, startOpa } from '../builders/opa-server.ts'

/** What is unknown without each path of docs/rights/opa.md: the gap, its part, and whether the rest of the part is still read. */
const unreadWithout: Readonly<Record<keyof typeof opaReads, readonly Unread[]>> = {
  config: [
    { part: 'instance', what: 'config', inPart: false },
    { part: 'decision-log', what: 'decision-log', inPart: false },
  ],
  status: [
    { part: 'status', what: 'bundle-status', inPart: false },
    { part: 'decision-log', what: 'decision-log-status', inPart: true },
  ],
  policies: [{ part: 'policies', what: 'policies', inPart: false }],
  // Only of an OPA whose status does not count what it dropped.
  metrics: [],
}
interface Unread {
  readonly part: OpaPart
  readonly what: string
  readonly inPart: boolean
}
const reads = Object.entries(opaReads)

let folder: string
let opa: RealOpa
let whole: ReadonlyMap<string, Report>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opa-rights-'))
  const page = await readFile(new URL('../../docs/rights/opa.md', import.meta.url), 'utf8')
  const shipped = /```rego\n(?<rights>.*?)```/s.exec(page)?.groups?.['rights'] ?? ''
  const rule = shipped.slice(shipped.indexOf('allow if {'))
  const rules = reads.map(([name, { path }]) => {
    const less = rule.replace('EVERYHOP-TOKEN', `without-${name}`).replace(regoOf(path), '["none"]')
    expect(less).toContain('["none"]')
    return less
  })
  const policy = [shipped.replace('EVERYHOP-TOKEN', 'whole'), ...rules].join('\n')
  opa = await startOpa({ rights: { policy, token: 'whole' } })
  whole = await readOnce('whole')
}, 20 * 60_000)
afterAll(async () => {
  await opa?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** As `input.path` has it. */
function regoOf(path: string): string {
  return `[${path
    .split('/')
    .filter((part) => part !== '')
    .map((part) => JSON.stringify(part))
    .join(', ')}]`
}

async function readOnce(token: string): Promise<ReadonlyMap<string, Report>> {
  await writeFile(join(folder, token), token)
  const reports = new Map<string, Report>()
  const source = { id: 'shared', api: `http://${opa.api.host}:${opa.api.port}`, tokenFile: token }
  const ports = connectorPorts({ dial, get: createHttpGet(dial), files: createFiles() })
  const settings = { baseDirectory: folder, windowSeconds: 60 }
  for await (const report of opaConnector.observe(source, settings, ports, new AbortController().signal)) {
    reports.set(report.scope.replace('opa/shared/', ''), report)
    if (reports.size === opaParts.length) break
  }
  return reports
}

test('with exactly the policy of the documentation everything is read', () => {
  expect([...whole.values()].flatMap(({ gaps }) => gaps)).toEqual([])
  expect([...whole].filter(([, { facts }]) => facts === null)).toEqual([])
})

test.each(Object.entries(unreadWithout))('without %s exactly what it is for is unknown', async (name, unread) => {
  const reports = await readOnce(`without-${name}`)
  const gaps = [...reports].flatMap(([part, { gaps: own }]) => own.map(({ what, reason }) => [part, what, reason]))
  expect(gaps).toEqual(unread.map(({ part, what }) => [part, what, 'forbidden']))
  for (const part of opaParts) {
    const isWholly = unread.some((each) => each.part === part && !each.inPart)
    expect([part, reports.get(part)?.facts === null]).toEqual([part, isWholly])
  }
  // What is left of the decision log says of what it was not told that it is not known.
  if (name === 'status') {
    expect(reports.get('decision-log')?.facts).toMatchObject([{ configured: true, code: null, dropped: null }])
  }
  for (const { detail } of [...reports.values()].flatMap(({ gaps: own }) => own)) {
    expect(detail).toMatch(/answered HTTP 401/)
    expect(detail).not.toContain(`without-${name}`)
  }
})
