import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { spireConnector } from '../../electron/connectors/spire/index.ts'
import { observeLog, testLog } from '../../electron/logs/index.ts'
import { type Environment, environmentSchema } from '../../shared/domain/model/environment.ts'
import type { Fact, FactKind, FactOf, Report, ScopeId } from '../../shared/domain/model/fact.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { findSecrets } from '../builders/secrets.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import type { HopTruth, LabTruth, StageTruth } from '../lab/truth.ts'

/** SPIRE and the logs of the lab, as Everyhop reads them, against what the lab knows by itself. */

const settings = { baseDirectory: '/', windowSeconds: 10 }
const abort = new AbortController()
const latest = new Map<ScopeId, Report>()
let folder = ''
let lab: Lab
let environment: Environment
let wake: () => void = () => {}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eo-'))
  lab = await startLab({ runFolder: join(folder, 'run'), home: join(folder, 'home') })
  environment = environmentSchema.parse(parse(await readFile(lab.environmentFile, 'utf8')))
  for (const source of environment.sources.spire) {
    if (!('cluster' in source)) void collect(spireConnector.observe(source, settings, connectorPorts(), abort.signal))
  }
  for (const source of environment.sources.logs)
    void collect(observeLog(source, settings, connectorPorts(), abort.signal))
})

afterAll(async () => {
  abort.abort()
  await lab?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('every scope of SPIRE is read with the reader identity, without a gap', async () => {
  await until(() => spireScopes().length === 7 && spireScopes().every((report) => report.facts !== null))
  expect(spireScopes().flatMap((report) => report.gaps)).toEqual([])
})

test('the registration entries are those of the server, and each has a parent that is an agent', async () => {
  const truth = await lab.truth()
  await until(() => facts('registration-entry').length === truth.entries.length)
  const seen = facts('registration-entry').map((fact) => ({
    entryId: fact.entryId,
    spiffeId: fact.spiffeId,
    parentId: fact.parentId,
    svidLifetimeSeconds: fact.x509SvidTtlSeconds,
  }))
  expect(byEntry(seen)).toEqual(byEntry(truth.entries))
  const agents = new Set(facts('spire-agent').map((fact) => fact.spiffeId))
  expect(seen.filter((entry) => !agents.has(entry.parentId))).toEqual([])
})

test('the authority that signs is in the trust bundle', async () => {
  await until(() => facts('trust-bundle').length === 1 && facts('spire-authority').length > 0)
  const active = facts('spire-authority').filter((fact) => fact.authority === 'x509' && fact.state === 'active')
  const bundle = facts('trust-bundle')[0]?.x509Authorities.map((authority) => authority.subjectKeyId)
  expect(active.map((fact) => bundle?.includes(fact.authorityId))).toEqual([true])
})

test('each hop is logged by both of its ends, by mTLS, with the identities of the lab', async () => {
  const truth = await lab.truth()
  await until(() => truth.hops.every((hop) => sides(hop, truth).every((fact) => (fact?.mutualTls ?? 0) > 0)))
  for (const hop of truth.hops) {
    const [caller, callee] = [stage(truth, hop.from), stage(truth, hop.to)]
    for (const fact of sides(hop, truth)) {
      expect(fact, `${hop.from} to ${hop.to}`).toMatchObject({
        callerSpiffeId: caller.spiffeId,
        calleeSpiffeId: callee.spiffeId,
        calleeAddress: callee.ingress,
        plaintext: 0,
        oneSidedTls: 0,
        tlsVersion: 'TLSv1.3',
        failingSince: null,
      })
    }
  }
})

test('each hop has decisions of its OPA with a revision, and some requests are denied', async () => {
  const truth = await lab.truth()
  const hopsOf = () =>
    new Set(facts('decision-activity').map((fact) => `${fact.callerSpiffeId} ${fact.calleeSpiffeId}`))
  const wanted = truth.hops.map((hop) => `${stage(truth, hop.from).spiffeId} ${stage(truth, hop.to).spiffeId}`)
  await until(() => wanted.every((hop) => hopsOf().has(hop)))
  await until(() => facts('decision-activity').some((fact) => fact.denied > 0))
  expect(facts('decision-activity').filter((fact) => fact.last.revision === null)).toEqual([])
})

test('no line of the lab is refused, and no secret is in any fact', async () => {
  await until(() => facts('log-intake').length === environment.sources.logs.length)
  expect(facts('log-intake').filter((fact) => fact.refused > 0)).toEqual([])
  const key = await readFile(
    environment.sources.spire.flatMap((source) =>
      'identity' in source && 'key' in source.identity ? [source.identity.key] : [],
    )[0] ?? '',
    'utf8',
  )
  expect(findSecrets([...latest.values()], [key.split('\n')[1] ?? ''])).toEqual([])
})

test('every log of the lab passes its test', async () => {
  for (const source of environment.sources.logs) {
    const answer = await testLog(source, settings, connectorPorts(), abort.signal)
    expect(answer.outcome, source.id).toBe('usable')
  }
})

test('a wrong SPIFFE ID is a run of failed handshakes on both sides, which ends when it is healed', async () => {
  const truth = await lab.truth()
  const hop = { from: 'prompt-firewall', to: 'input-sanitiser' }
  await lab.inject('wrong-spiffe-id-required')
  await until(() => failing(hop, truth).length === 2)
  const [caller, callee] = failing(hop, truth)
  expect(caller).toMatchObject({ side: 'caller', lastHandshakeFailure: { text: expect.stringContaining('SAN_match') } })
  expect(callee).toMatchObject({ side: 'callee', callerAddress: stage(truth, hop.from).address })
  await lab.heal()
  await until(() => failing(hop, truth).length === 0)
})

test('an OPA that is down under fail-open shows as requests that passed without a decision', async () => {
  await lab.inject('fail-open')
  await until(() =>
    facts('hop-activity').some(
      (fact) => fact.envoy === 'tool-runtime' && fact.side === 'callee' && fact.failedOpen > 0,
    ),
  )
  await lab.heal()
  await until(() => facts('hop-activity').every((fact) => fact.failedOpen === 0))
})

test('an entry that is deleted is gone from the facts, and back when it is healed', async () => {
  const of = (truth: LabTruth) => stage(truth, 'output-filter').spiffeId
  const truth = await lab.truth()
  const listed = () => facts('registration-entry').some((fact) => fact.spiffeId === of(truth))
  await until(listed)
  await lab.inject('entry-deleted')
  await until(() => !listed())
  await lab.heal()
  await until(listed)
})

async function collect(reports: AsyncIterable<Report>): Promise<void> {
  try {
    for await (const report of reports) {
      latest.set(report.scope, report)
      wake()
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
}

function spireScopes(): readonly Report[] {
  return [...latest.values()].filter((report) => report.scope.startsWith('spire/'))
}

function facts<Kind extends FactKind>(kind: Kind): readonly FactOf<Kind>[] {
  const all: readonly Fact[] = [...latest.values()].flatMap((report) => report.facts ?? [])
  return all.filter((fact): fact is FactOf<Kind> => fact.kind === kind)
}

function stage(truth: LabTruth, id: string): StageTruth {
  const found = truth.stages.find((candidate) => candidate.stage === id)
  if (found === undefined) throw new Error(`the lab has no stage ${id}`)
  return found
}

/** What the two ends of a hop logged of its requests: the caller's, then the callee's. */
function sides(hop: Pick<HopTruth, 'from' | 'to'>, truth: LabTruth) {
  const [caller, callee] = [stage(truth, hop.from), stage(truth, hop.to)]
  const logged = facts('hop-activity').filter((fact) => fact.requests > 0)
  return [
    logged.find(
      (fact) => fact.side === 'caller' && fact.envoy === caller.envoy && fact.calleeAddress === callee.ingress,
    ),
    logged.find(
      (fact) => fact.side === 'callee' && fact.envoy === callee.envoy && fact.callerAddress === caller.address,
    ),
  ]
}

function failing(hop: { readonly from: string; readonly to: string }, truth: LabTruth) {
  const [caller, callee] = [stage(truth, hop.from), stage(truth, hop.to)]
  return facts('hop-activity')
    .filter((fact) => fact.failingSince !== null)
    .filter((fact) => (fact.side === 'caller' ? fact.envoy === caller.envoy : fact.envoy === callee.envoy))
    .toSorted((left, right) => right.side.localeCompare(left.side))
}

function byEntry<Entry extends { readonly entryId: string }>(entries: readonly Entry[]): readonly Entry[] {
  return entries.toSorted((left, right) => left.entryId.localeCompare(right.entryId))
}
