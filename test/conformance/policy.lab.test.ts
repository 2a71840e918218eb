import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { policyFolder } from '../../electron/playground/pipeline/policy-data.ts'
import { spiffeIdOf, stageOf } from '../../electron/playground/pipeline/topology.ts'
import { waitFor } from '../lab/processes.ts'
import { bundle, environment, type PolicyOnLab, patient, startPolicyOnLab, stepsOf } from './policy-on-lab.ts'

/** A first run builds the servers. */
const startLimitMs = 20 * 60 * 1000
const caller = spiffeIdOf(stageOf('model-server'))
const callee = spiffeIdOf(stageOf('tool-runtime'))
const first = { revision: 'lab-001', digest: null }
const opas = ['opa-model-server', 'opa-shared', 'opa-tool-runtime']
let on: PolicyOnLab

beforeAll(async () => {
  on = await startPolicyOnLab()
}, startLimitMs)
afterAll(() => on?.stop(), 60_000)

test('without a store what is deployed is what OPAs have loaded, which is said, and nothing can be published', async () => {
  await on.configure(({ policy }) => delete policy?.bundles[0]?.store)
  await waitFor('the store is forgotten', async () => (await on.overview()).store === null, patient)
  const overview = await on.settled()
  expect(overview).toMatchObject({ live: { known: false, reason: { code: 'policy-no-store' } } })
  expect(await on.client.policy.revisions({ environment, bundle })).toMatchObject([
    { revision: 'lab-001', digest: null, held: 'seen' },
  ])
  const content = await on.client.policy.content({ environment, bundle, of: first })
  expect(content.from.kind).toBe('policy-api')
  expect(content.files.map(({ path }) => path)).toContain('pipeline/authz/authz.rego')
  expect(content.problems.join()).toContain('Data and tests are not among what OPA tells')
  await expect(on.plan(first)).rejects.toThrow('names no store that pipeline is published to')
  await on.reconfigure()
})

test('what is deployed is told by the store and by each OPA, with sources, signature and differences', async () => {
  const overview = await on.settled()
  expect(overview).toMatchObject({
    store: { kind: 'directory', place: on.lab.plan.files.bundleStore, pointer: 'bundles/pipeline.tar.gz' },
    live: { known: true, value: { revision: 'lab-001' } },
    decisionPath: 'pipeline/authz/result',
  })
  expect(overview.opas.map(({ opa }) => opa)).toEqual(opas)
  for (const opa of overview.opas) {
    expect(opa).toMatchObject({ activeRevision: { known: true, value: 'lab-001', stale: false }, code: null })
    expect(opa.lastActivationAt).toBeGreaterThan(0)
    expect(opa.lastRequestAt).toBeGreaterThanOrEqual(opa.lastDownloadAt ?? Number.POSITIVE_INFINITY)
  }
  const [revision, ...others] = await on.client.policy.revisions({ environment, bundle })
  expect(others).toEqual([])
  expect(revision).toMatchObject({ signature: { state: 'valid' } })
  expect(revision?.activeOn.toSorted()).toEqual(opas)
  const { text } = await on.client.policy.file({ environment, bundle, of: first, path: 'pipeline/authz/authz.rego' })
  expect(text).toContain('package pipeline.authz')
  const same = await on.client.policy.difference({ environment, bundle, from: first, to: first })
  expect(same).toEqual([])
})

test('a policy that denies a needed call is checked, tested, simulated, published, seen, and rolled back with proof', async () => {
  const { client } = on
  const draft = await on.draftWith((data) => delete data.pipeline.adjacency[callee]?.[caller])
  const tests = await readFile(join(policyFolder, 'authz_test.rego'), 'utf8')
  await client.policy.writeDraft({ draft, path: 'pipeline/authz/authz_test.rego', text: tests, version: null })
  expect(await client.policy.check({ draft })).toEqual([])
  const tested = await client.policy.test({ draft })
  expect(tested.results.length).toBeGreaterThan(5)
  expect(tested.results.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
  expect(tested.coverage.find(({ path }) => path.endsWith('authz/authz.rego'))?.percent).toBeGreaterThan(80)

  const hop = await on.hopWithDecision(caller, callee)
  const input = await client.policy.inputOf({ environment, from: { hop: hop.id } })
  expect(input).toMatchObject({ revision: 'lab-001', input: { attributes: { source: { principal: caller } } } })
  expect(await client.policy.inputOf({ environment, from: { decisionId: hop.decisionId } })).toMatchObject({
    revision: 'lab-001',
  })
  const simulated = await client.policy.simulate({ environment, bundle, deployed: first, draft, input: input.input })
  expect(simulated).toMatchObject({ problem: null, deployed: { decision: 'allow' }, draft: { decision: 'deny' } })
  expect(JSON.stringify(simulated.draft?.result)).toContain(`${caller} may not call ${callee}`)
  expect(simulated.draft?.trace.some(({ path, row }) => path === 'pipeline/authz/authz.rego' && row > 0)).toBe(true)
  // The window asks for this first.
  const asked = { environment, bundle, deployed: first, draft, explain: false, input: input.input }
  const decided = await client.policy.simulate(asked)
  for (const side of ['deployed', 'draft'] as const) {
    const { trace: _trace, traceCut: _cut, metrics: _metrics, ...same } = simulated[side] ?? {}
    expect(decided[side]).toMatchObject({ ...same, trace: [] })
  }
  expect([simulated.explained, decided.explained]).toEqual([true, false])

  const plan = await on.plan({ draft })
  expect(plan).toMatchObject({ from: { revision: 'lab-001' }, to: { revision: 'lab-002' }, opas })
  expect(plan.differences?.map(({ path }) => path)).toEqual(['data.json'])
  const gates = Object.fromEntries(plan.gates.map(({ gate, outcome }) => [gate, outcome]))
  expect(gates).toMatchObject({ check: 'passed', tests: 'passed', signature: 'passed', 'change-mode': 'failed' })
  await expect(on.publish({ draft })).rejects.toMatchObject({ code: 'read-only' })
  expect(await on.active()).toEqual(['lab-001', 'lab-001', 'lab-001'])

  await client.changes.enable({ environment, minutes: 10, typed: null })
  const published = await on.publish({ draft })
  expect(stepsOf(published)).toEqual(['built', 'signed', 'uploaded', 'pointed', 'verified', 'converged'])
  const last = published.at(-1)
  const converged = last?.step === 'convergence' ? last.convergence.opas : []
  expect(converged.map(({ opa, state, seconds }) => [opa, state, seconds === null])).toEqual(
    opas.map((opa) => [opa, 'converged', false]),
  )
  expect(await on.active()).toEqual(['lab-002', 'lab-002', 'lab-002'])

  const refused = await on.refusals(caller, callee)
  expect(refused.every(({ why }) => why === 'denied')).toBe(true)
  const rolledBack = await on.publish(first)
  expect(stepsOf(rolledBack).at(-1)).toBe('converged')
  const [now] = await client.policy.revisions({ environment, bundle })
  expect(now).toMatchObject({ revision: 'lab-003', rollsBackTo: 'lab-001' })
  expect(await client.policy.difference({ environment, bundle, from: first, to: { revision: 'lab-003' } })).toEqual([])
  const passed = Date.now()
  await waitFor(
    'requests pass again',
    async () => {
      const { activity } = await on.hop(caller, callee)
      return activity.known && activity.value.lastRequestAt !== null && activity.value.lastRequestAt > passed
    },
    patient,
  )
  const before = { revision: 'lab-002', digest: null }
  const { requests: rechecked, held } = await client.policy.recheck({
    environment,
    bundle,
    before,
    after: { revision: 'lab-003' },
    minutes: 5,
  })
  const ours = rechecked.filter((each) => each.callerSpiffeId === caller && each.calleeSpiffeId === callee)
  expect(ours.length).toBeGreaterThan(0)
  expect(held).toBeGreaterThanOrEqual(rechecked.length)
  expect(ours.map((each) => [each.before, each.after, each.problem])).toEqual(ours.map(() => ['deny', 'allow', null]))
})

test('the journal has every step of it in a chain that verifies, and a word that was changed in it is found', async () => {
  const entries = await on.client.changes.journal({ environment })
  expect(entries.toReversed().map(({ action, phase }) => `${action} ${phase}`)).toEqual([
    'change-mode.enable noted',
    'policy.publish begun',
    'policy.publish succeeded',
    'policy.convergence noted',
    'policy.rollback begun',
    'policy.rollback succeeded',
    'policy.convergence noted',
  ])
  expect(await on.client.changes.verify({})).toMatchObject({ intact: true, problem: null, unfinished: [] })
  const file = join(on.data, 'policy', 'journal.ndjson')
  const whole = await readFile(file, 'utf8')
  await writeFile(file, whole.replace('lab-002', 'lab-022'))
  expect(await on.client.changes.verify({})).toMatchObject({ intact: false, problem: { number: 2 } })
  await writeFile(file, whole)
  expect(await on.client.changes.verify({})).toMatchObject({ intact: true })
})
