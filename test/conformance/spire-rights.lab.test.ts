import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { methods } from '../../electron/connectors/spire/client.ts'
import { spireConnector } from '../../electron/connectors/spire/index.ts'
import { parts } from '../../electron/connectors/spire/read.ts'
import { roleText } from '../../electron/core/environment-role.ts'
import type { SpireSource } from '../../shared/domain/model/environment.ts'
import type { Fact, Report } from '../../shared/domain/model/fact.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { type RealSpireServer, startSpireServer } from '../builders/spire-server.ts'

const trustDomain = 'pipeline.example'
const settings = { baseDirectory: '/', windowSeconds: 60 }

/**
 * What is unknown without each method that is asked over TCP. The bundle is for everybody by SPIRE's own rules, and the
 * health service is not there: neither can be taken away by the rule.
 */
const unreadWithout: Readonly<Record<string, Unread | null>> = {
  [methods.entries]: { part: 'entries', what: 'registration-entries', left: null },
  [methods.agents]: { part: 'agents', what: 'agents', left: null },
  [methods.bundle]: null,
  [methods.federated]: { part: 'federated', what: 'federated-bundles', left: null },
  [methods.federation]: { part: 'federation', what: 'federation-relationships', left: null },
  [methods.x509Authorities]: { part: 'authorities', what: 'authorities', left: null },
  [methods.jwtAuthorities]: {
    part: 'authorities',
    what: 'jwt-authorities',
    left: (fact) => fact.kind === 'spire-authority' && fact.authority === 'x509',
  },
}

interface Unread {
  readonly part: string
  readonly what: string
  /** The facts of the part that are still read; null: the part as a whole is last known. */
  readonly left: ((fact: Fact) => boolean) | null
}

let server: RealSpireServer

beforeAll(async () => {
  const read = (file: string) => readFile(join(import.meta.dirname, '..', '..', 'docs', 'rights', file), 'utf8')
  const { text } = await roleText({ kind: 'spire', trustDomain, rights: null, user: null }, read)
  const rules = Object.keys(unreadWithout).map((method) => ruleWithout(text, method))
  server = await startSpireServer(trustDomain, rules.join(''))
  const entry = ['-spiffeID', `spiffe://${trustDomain}/gateway`, '-parentID', `spiffe://${trustDomain}/agent`]
  await server.command('entry', 'create', ...entry, '-selector', 'unix:uid:1000')
}, 20 * 60_000)
afterAll(() => server?.stop())

/** The printed rule for a caller of its own, who may not call one method. */
function ruleWithout(rule: string, method: string): string {
  const without = rule
    .replace('/console/reader"', `/console/${callerWithout(method)}"`)
    .replace(/\}\s*$/, `    input.full_method != "/${method}"\n}\n`)
  expect(without).toContain(callerWithout(method))
  expect(without).toContain(method)
  return `\n${without}`
}

function callerWithout(method: string): string {
  return `without-${method.split('/')[1]}`
}

async function readOnce(source: SpireSource): Promise<ReadonlyMap<string, Report>> {
  const reports = new Map<string, Report>()
  const abort = new AbortController()
  for await (const report of spireConnector.observe(source, settings, connectorPorts(), abort.signal)) {
    reports.set(report.scope.replace('spire/spire/', ''), report)
    if (reports.size === parts.length) break
  }
  abort.abort()
  return reports
}

/** What the facts say, without when and as whom it was read. */
function said(report: Report | undefined, only: (fact: Fact) => boolean = () => true): readonly unknown[] | null {
  if (report === undefined || report.facts === null) return null
  return report.facts.filter(only).map((fact: Fact) => ({ ...fact, from: null, ownSvidNotAfter: null }))
}

function gapsOf(reports: ReadonlyMap<string, Report>) {
  return [...reports].flatMap(([part, { gaps }]) =>
    gaps.map(({ what, reason, detail }) => ({ part, what, reason, detail })),
  )
}

test('every method that is asked over TCP is held', () => {
  const asked = parts.flatMap(({ asks }) => asks).filter((method) => method !== methods.health)
  expect(Object.keys(unreadWithout).toSorted()).toEqual(asked.toSorted())
})

test('with exactly the printed rule everything is read, and nothing is missing', async () => {
  const reports = await readOnce(server.sourceOverTcp(await server.mint('reader')))
  expect(gapsOf(reports)).toEqual([])
  expect(reports.get('entries')?.facts).toMatchObject([{ spiffeId: `spiffe://${trustDomain}/gateway` }])
  expect(reports.get('authorities')?.facts?.length).toBeGreaterThan(0)
})

test.each(Object.entries(unreadWithout))('without %s exactly what it is for is unknown', async (method, expected) => {
  const whole = await readOnce(server.sourceOverTcp(await server.mint('reader')))
  const reports = await readOnce(server.sourceOverTcp(await server.mint(callerWithout(method))))
  expect(gapsOf(reports)).toEqual(
    expected === null
      ? []
      : [
          {
            part: expected.part,
            what: expected.what,
            reason: 'forbidden',
            detail: expect.stringContaining(`denied for method /${method}`),
          },
        ],
  )
  // Not read is neither empty nor anything else; what was read is the same as with every right.
  for (const { name } of parts) {
    const left = name === expected?.part ? expected.left : () => true
    expect([name, said(reports.get(name))]).toEqual([name, left === null ? null : said(whole.get(name), left)])
  }
})
