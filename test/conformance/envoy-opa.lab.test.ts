import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { envoyConnector } from '../../electron/connectors/envoy/index.ts'
import { envoyParts } from '../../electron/connectors/envoy/reading.ts'
import { opaConnector } from '../../electron/connectors/opa/index.ts'
import { opaParts } from '../../electron/connectors/opa/reading.ts'
import { dial } from '../../electron/platform/dial.ts'
import { createFiles } from '../../electron/platform/files.ts'
import { createHttpGet } from '../../electron/platform/http-get.ts'
import { calleeClusterName } from '../../electron/playground/sidecar/bootstrap.ts'
import type { EnvoyFact, PeerMatcher, TlsContext } from '../../shared/domain/model/envoy-facts.ts'
import type { Fact, Report } from '../../shared/domain/model/fact.ts'
import type { FaultId } from '../../shared/faults/fault.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import type { LabTruth, StageTruth } from '../lab/truth.ts'

/** The Envoy and OPA connectors against what the lab knows by itself: healthy, under faults, and healed. */

const settings = { baseDirectory: '/', windowSeconds: 60 }
const ports = () => connectorPorts({ dial, get: createHttpGet(dial), files: createFiles() })

let folder = ''
let lab: Lab
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eo-'))
  lab = await startLab({ runFolder: join(folder, 'run'), home: join(folder, 'home') })
})
afterAll(async () => {
  await lab?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function first(reports: AsyncIterable<Report>, count: number): Promise<readonly Report[]> {
  const seen = new Map<string, Report>()
  for await (const report of reports) {
    seen.set(report.scope, report)
    if (seen.size === count) break
  }
  return [...seen.values()]
}

const readEnvoy = (stage: StageTruth) => {
  const source = { id: stage.envoy, admin: stage.admin }
  return first(envoyConnector.observe(source, settings, ports(), new AbortController().signal), envoyParts.length)
}
const readOpa = (id: string) => {
  const plan = lab.plan.opas.find((opa) => opa.id === id)
  const source = { id, api: `http://${plan?.address}:${plan?.apiPort}` }
  return first(opaConnector.observe(source, settings, ports(), new AbortController().signal), opaParts.length)
}
const factsOf = (reports: readonly Report[]): readonly Fact[] => reports.flatMap((report) => report.facts ?? [])
const gapsOf = (reports: readonly Report[]) => reports.flatMap((report) => report.gaps.map((gap) => gap.detail))

const exact = (matchers: readonly PeerMatcher[] | null | undefined) =>
  (matchers ?? [])
    .map((matcher) => (matcher.sanType === 'URI' && matcher.match === 'exact' ? matcher.value : '?'))
    .toSorted()
const kindOfTls = (tls: TlsContext | null | undefined) => (tls === null || tls === undefined ? 'plaintext' : 'mtls')

/** One stage as the connector sees it, in the words of the lab's truth. */
async function seenOf(stage: StageTruth, truth: LabTruth) {
  const reports = await readEnvoy(stage)
  const facts = factsOf(reports) as readonly EnvoyFact[]
  const ingress = facts.find((fact) => fact.kind === 'envoy-listener' && fact.direction === 'inbound')
  const chain = ingress?.kind === 'envoy-listener' ? ingress.filterChains[0] : undefined
  const guard = chain?.http[0]?.extAuthz ?? null
  const loaded = facts.flatMap((fact) => (fact.kind === 'envoy-certificate' ? [fact.certificate] : []))[0]
  const stored = facts.flatMap((fact) =>
    fact.kind === 'envoy-secret' && fact.state === 'active' ? (fact.certificate ?? []) : [],
  )[0]
  return {
    stage: stage.stage,
    gaps: gapsOf(reports),
    ingress: ingress?.kind === 'envoy-listener' ? ingress.address : null,
    ingressTls: ingress === undefined ? null : kindOfTls(chain?.tls),
    acceptedCallers: exact(chain?.tls?.peerMatchers),
    failureModeAllow: guard?.failureModeAllow ?? null,
    byCerts:
      loaded === undefined ? null : { spiffeId: loaded.spiffeId, serial: loaded.serial, notAfter: loaded.notAfter },
    bySecret:
      stored === undefined ? null : { spiffeId: stored.spiffeId, serial: stored.serial, notAfter: stored.notAfter },
    calls: truth.hops
      .filter((hop) => hop.from === stage.stage)
      .map((hop) => {
        const cluster = facts.find((fact) => fact.kind === 'envoy-cluster' && fact.name === calleeClusterName(hop.to))
        const tls = cluster?.kind === 'envoy-cluster' ? cluster.tls : undefined
        return { to: hop.to, tls: tls === undefined ? 'not read' : kindOfTls(tls), requires: exact(tls?.peerMatchers) }
      }),
  }
}

function knownOf(stage: StageTruth, truth: LabTruth): Awaited<ReturnType<typeof seenOf>> {
  const held = stage.certificate
  const certificate =
    held === null ? null : { spiffeId: held.spiffeId, serial: held.serial, notAfter: Date.parse(held.notAfter) }
  return {
    stage: stage.stage,
    gaps: [],
    ingress: stage.ingress,
    ingressTls: stage.ingressTls,
    acceptedCallers: stage.ingressTls === 'mtls' ? stage.acceptedCallers.toSorted() : [],
    failureModeAllow: stage.extAuthz?.failureModeAllow ?? null,
    byCerts: certificate,
    bySecret: certificate,
    calls: truth.hops
      .filter((hop) => hop.from === stage.stage)
      .map((hop) => ({ to: hop.to, tls: hop.callerTls, requires: hop.callerRequires.toSorted() })),
  }
}

async function expectTruth(): Promise<LabTruth> {
  const truth = await lab.truth()
  const seen = await Promise.all(truth.stages.map((stage) => seenOf(stage, truth)))
  expect(seen).toEqual(truth.stages.map((stage) => knownOf(stage, truth)))
  return truth
}

async function whileBroken(fault: FaultId, look: () => Promise<void>): Promise<void> {
  await lab.inject(fault)
  try {
    await look()
  } finally {
    await lab.heal()
  }
}

const stageOf = (truth: LabTruth, id: string): StageTruth => {
  const found = truth.stages.find((stage) => stage.stage === id)
  if (found === undefined) throw new Error(`the lab has no stage ${id}`)
  return found
}
const bundleOf = async (opa: string) => factsOf(await readOpa(opa)).find((fact) => fact.kind === 'opa-bundle')

test('every Envoy is read as the lab configured it, with the certificate that it really holds', async () => {
  await expectTruth()
})

test('every OPA is read with its bundle and its plugin’s address', async () => {
  const { opas } = await lab.truth()
  for (const { opa, bundle } of opas) {
    const reports = await readOpa(opa)
    const plan = lab.plan.opas.find((one) => one.id === opa)
    expect(gapsOf(reports)).toEqual([])
    expect(factsOf(reports)).toMatchObject([
      { kind: 'opa-instance', opa, extAuthz: { address: expect.stringContaining(String(plan?.address)) } },
      { kind: 'opa-bundle', code: null, signed: true, activeRevision: bundle?.active_revision },
      { kind: 'opa-decision-log', configured: true },
      ...factsOf(reports).filter((fact) => fact.kind === 'opa-policy'),
    ])
  }
})

test.each(['wrong-spiffe-id-required', 'fail-open', 'plaintext-hop'] as const)(
  'configuration under the fault %s is read as it is, and as it was after healing',
  async (fault) => {
    await whileBroken(fault, async () => void (await expectTruth()))
    await expectTruth()
  },
)

test('a workload without identity has a warming secret and no certificate', async () => {
  await whileBroken('hop-without-identity', async () => {
    const stage = stageOf(await lab.truth(), 'input-sanitiser')
    const facts = factsOf(await readEnvoy(stage))
    const secrets = facts.flatMap((fact) => (fact.kind === 'envoy-secret' ? [fact] : []))
    expect(secrets.find((secret) => secret.name === stage.spiffeId)).toMatchObject({
      state: 'warming',
      certificate: null,
    })
    expect(facts.filter((fact) => fact.kind === 'envoy-certificate')).toEqual([])
  })
  await expectTruth()
})

test('a bundle with a bad signature is told by its code on every OPA, and gone after healing', async () => {
  const { opas } = await lab.truth()
  await whileBroken('bundle-bad-signature', async () => {
    for (const { opa } of opas) expect(await bundleOf(opa)).toMatchObject({ code: 'bundle_error' })
  })
  for (const { opa } of opas) expect(await bundleOf(opa)).toMatchObject({ code: null })
})

test('an OPA that is down is a gap in each of its parts, and its Envoys are read all the same', async () => {
  await whileBroken('opa-down', async () => {
    const down = (await lab.truth()).opas.filter((opa) => !opa.running)
    expect(down.length).toBeGreaterThan(0)
    for (const { opa } of down) {
      const reports = await readOpa(opa)
      expect(reports.map((report) => [report.facts, report.gaps[0]?.reason])).toEqual(
        opaParts.map(() => [null, 'unreachable']),
      )
    }
    await expectTruth()
  })
})
