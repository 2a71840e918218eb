import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { envoyConnector } from '../../electron/connectors/envoy/index.ts'
import { opaConnector } from '../../electron/connectors/opa/index.ts'
import { opaParts } from '../../electron/connectors/opa/reading.ts'
import { dial } from '../../electron/platform/dial.ts'
import { createFiles } from '../../electron/platform/files.ts'
import { createHttpGet } from '../../electron/platform/http-get.ts'
import type { Report } from '../../shared/domain/model/fact.ts'
import type { OpaBundleFact, OpaFact } from '../../shared/domain/model/opa-facts.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { startEnvoy } from '../builders/envoy-server.ts'
import { publicPolicy, type RealOpa, startOpa } from '../builders/opa-server.ts'
import { findSecrets } from '../builders/secrets.ts'
import { connectorSuite } from './connector-suite.ts'

const settings = { baseDirectory: '/', windowSeconds: 60 }
const ports = () => connectorPorts({ dial, get: createHttpGet(dial), files: createFiles() })
const never = new AbortController().signal
const url = (address: { readonly host: string; readonly port: number }) => `http://${address.host}:${address.port}`

connectorSuite({
  name: 'OPA',
  connector: opaConnector,
  ports,
  gapWithinMs: 4500,
  async startReal() {
    const opa = await startOpa()
    return {
      address: opa.api,
      sourceAt: (address) => ({ id: 'shared', api: url(address) }),
      settings,
      scopes: opaParts.map((part) => `opa/shared/${part}`),
      canaries: opa.canaries,
      stop: () => opa.stop(),
    }
  },
})

/** Reads until `enough` holds for what was read in one round. */
async function reportsOf(opa: RealOpa, enough: (facts: readonly OpaFact[]) => boolean = () => true) {
  const reports = new Map<string, Report>()
  const source = { id: 'shared', api: url(opa.api) }
  for await (const report of opaConnector.observe(source, settings, ports(), never)) {
    reports.set(report.scope, report)
    if (reports.size < opaParts.length) continue
    if (enough([...reports.values()].flatMap((known) => (known.facts ?? []) as OpaFact[]))) return reports
    reports.clear()
  }
  throw new Error('the observation ended by itself')
}

async function bundleOf(opa: RealOpa, enough: (bundle: OpaBundleFact) => boolean = () => true): Promise<OpaBundleFact> {
  const find = (facts: readonly OpaFact[]) => facts.find((fact): fact is OpaBundleFact => fact.kind === 'opa-bundle')
  const reports = await reportsOf(opa, (facts) => {
    const bundle = find(facts)
    return bundle !== undefined && enough(bundle)
  })
  const bundle = find((reports.get('opa/shared/status')?.facts ?? []) as OpaFact[])
  if (bundle === undefined) throw new Error('no bundle was read')
  return bundle
}

describe('a real OPA', () => {
  let opa: RealOpa
  beforeAll(async () => {
    opa = await startOpa()
  })
  afterAll(() => opa?.stop())

  test('is read with version, plugin, bundle, decision log and policies', async () => {
    const reports = await reportsOf(opa)
    const facts = [...reports.values()].flatMap((report) => report.facts ?? [])
    expect(facts).toMatchObject([
      {
        kind: 'opa-instance',
        version: '1.15.2',
        instanceId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        labels: { lab: 'test' },
        extAuthz: {
          address: `${opa.authorisation.host}:${opa.authorisation.port}`,
          path: 'pipeline/authz/allow',
          dryRun: false,
        },
        statusConfigured: true,
      },
      { kind: 'opa-bundle', name: 'authz', activeRevision: 'rev-1', code: null, signed: true, maxPollSeconds: 1 },
      { kind: 'opa-decision-log', configured: true, service: 'lab', dropped: 0 },
      {
        kind: 'opa-policy',
        package: 'pipeline.authz',
        sha256: createHash('sha256').update(publicPolicy).digest('hex'),
      },
    ])
    expect(findSecrets([...reports.values()], opa.canaries)).toEqual([])
  })

  test('tells a bundle with a bad signature by code and words, while the old revision stays active', async () => {
    await opa.publish('rev-bad', publicPolicy, 'other')
    const failed = await bundleOf(opa, (bundle) => bundle.code !== null)
    expect(failed).toMatchObject({ activeRevision: 'rev-1', code: 'bundle_error' })
    expect(failed.message).toContain('verification error')
    expect(failed.lastRequestAt ?? 0).toBeGreaterThan(failed.lastSuccessfulRequestAt ?? Number.POSITIVE_INFINITY)
    await opa.publish('rev-2', publicPolicy)
    expect(await bundleOf(opa, (bundle) => bundle.code === null && bundle.activeRevision === 'rev-2')).toMatchObject({
      message: null,
      errors: [],
    })
  })

  test('tells a bundle that has no name for its revision as one that is active', async () => {
    await opa.publish('', publicPolicy)
    const unnamed = await bundleOf(opa, (bundle) => bundle.activeRevision !== 'rev-2')
    expect(unnamed).toMatchObject({ activeRevision: '', code: null })
    expect(unnamed.lastSuccessfulActivationAt).not.toBeNull()
    await opa.publish('rev-2', publicPolicy)
    await bundleOf(opa, (bundle) => bundle.activeRevision === 'rev-2')
  })

  test('tells a bundle server that fails by its HTTP code, and its freshness stops', async () => {
    const before = await bundleOf(opa)
    opa.failWith(404)
    const failed = await bundleOf(opa, (bundle) => bundle.code !== null)
    expect(failed).toMatchObject({ code: 'bundle_error', httpCode: 404, activeRevision: before.activeRevision })
    opa.failWith(null)
    await bundleOf(opa, (bundle) => bundle.code === null)
  })

  test('moves its freshness though nothing new is there to download', async () => {
    const before = await bundleOf(opa)
    const after = await bundleOf(
      opa,
      (bundle) => (bundle.lastSuccessfulRequestAt ?? 0) > (before.lastSuccessfulRequestAt ?? 0),
    )
    expect(after.lastSuccessfulActivationAt).toBe(before.lastSuccessfulActivationAt)
  })

  test('decides for an Envoy, whose counters tell allowed from refused', async () => {
    const envoy = await startEnvoy({ authorisation: opa.authorisation })
    try {
      expect([await envoy.request('/public/a'), await envoy.request('/private')]).toEqual([200, 403])
      const source = { id: 'gateway', admin: url(envoy.admin) }
      for await (const report of envoyConnector.observe(source, settings, ports(), never)) {
        if (report.scope !== 'envoy/gateway/counters') continue
        const counters = report.facts?.find((fact) => fact.kind === 'envoy-authorisation-counters')
        expect(counters).toMatchObject({ ok: { total: 1 }, denied: { total: 1 }, error: { total: 0 } })
        break
      }
    } finally {
      await envoy.stop()
    }
  })
})

test('a real OPA without a status section is unknown as to its bundles, not failing', async () => {
  const opa = await startOpa({ withStatus: false })
  try {
    const reports = await reportsOf(opa)
    expect(reports.get('opa/shared/status')).toMatchObject({ facts: null, gaps: [{ reason: 'not-configured' }] })
    expect(reports.get('opa/shared/instance')?.facts).toMatchObject([{ statusConfigured: false }])
    expect(reports.get('opa/shared/decision-log')?.facts).toMatchObject([
      { configured: true, code: null, dropped: null },
    ])
  } finally {
    await opa.stop()
  }
})

test('a real OPA that asks for a token is read whole with the rights of docs/rights/opa.md, and with nothing more', async () => {
  const page = await readFile(new URL('../../docs/rights/opa.md', import.meta.url), 'utf8')
  const rights = /```rego\n(?<rights>.*?)```/s.exec(page)?.groups?.['rights'] ?? ''
  const folder = await mkdtemp(join(tmpdir(), 'opa-token-'))
  const opa = await startOpa({
    rights: { policy: rights.replace('EVERYHOP-TOKEN', 'canary-token'), token: 'canary-token' },
  })
  try {
    await writeFile(join(folder, 'token'), 'canary-token\n')
    await writeFile(join(folder, 'wrong'), 'canary-wrong\n')
    const test = (tokenFile: string) =>
      opaConnector.test(
        { id: 'shared', api: url(opa.api), tokenFile },
        { ...settings, baseDirectory: folder },
        ports(),
        never,
      )
    expect(await test('token')).toMatchObject({ outcome: 'usable', version: '1.15.2' })
    const refused = await test('wrong')
    expect([refused.outcome, ...new Set(refused.steps.map((step) => step.outcome))]).toEqual(['unusable', 'forbidden'])
    expect(findSecrets(refused, ['canary-token', 'canary-wrong'])).toEqual([])
    const headers = { authorization: 'Bearer canary-token' }
    for (const path of ['/v1/data', '/v1/policies/x', '/v1/query']) {
      expect([path, (await fetch(`${url(opa.api)}${path}`, { headers })).status]).toEqual([path, 401])
    }
    const put = await fetch(`${url(opa.api)}/v1/policies`, { method: 'PUT', headers, body: 'package x' })
    expect(put.status).toBe(401)
  } finally {
    await opa.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
