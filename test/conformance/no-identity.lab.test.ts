import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { bundleServerPod } from '../../electron/playground/mesh/pods.ts'
import { playgroundEnvironment as environment } from '../../shared/contract/playground.ts'
import type { IdentityCause, NoIdentityDiagnosis } from '../../shared/domain/diagnosis/no-identity/model.ts'
import { type FaultId, faultOf } from '../../shared/faults/index.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import { type EveryhopOnPlayground, startEveryhopOnPlayground } from '../playground/everyhop-on-playground.ts'

/** Faults that take an identity away lead to what took it, through the contract. */
let on: EveryhopOnPlayground
const longMs = 60_000

beforeAll(async () => {
  on = await startEveryhopOnPlayground({ windowSeconds: 6, requestsPerSecond: 6 })
  // Until everything was read once, workloads are not told apart from their Envoys.
  await on.settle(({ hops }) => hops.filter(({ transport }) => transport.state !== 'verified').map(({ id }) => id), 60)
})
afterAll(() => on?.stop())
beforeEach(async () => {
  await on.client.playground.heal({})
})

const ask = (workload: string): Promise<NoIdentityDiagnosis> =>
  on.client.diagnosis.noIdentity({ environment, workload })

test('a workload in order has its identity', async () => {
  const { verdict, agent, candidates } = await soon(() => ask('output-filter'), 'has-identity')
  expect(verdict.confidence).toBe('high')
  expect(agent).toMatchObject({ attested: 'yes' })
  expect(candidates.some(({ kind, isExpected }) => kind === 'entry' && isExpected === true)).toBe(true)
})

/** Its cluster is read, so the first of what the catalogue expects. */
function expectedOf(fault: FaultId): IdentityCause {
  const [first] = faultOf(fault).expects.identity ?? []
  if (first === undefined) throw new Error(`the catalogue expects nothing of the identity that ${fault} takes`)
  return first
}

test.each<[FaultId, string, NoIdentityDiagnosis['verdict']['confidence']]>([
  ['entry-deleted', 'output-filter', 'high'],
  ['hop-without-identity', 'input-sanitiser', 'high'],
  ['unregistered-workload', 'tool-runtime', 'high'],
  ['agent-down', 'vector-store', 'medium'],
])('of fault %s the identity of %s is diagnosed', async (fault, workload, confidence) => {
  await on.client.playground.inject({ fault })
  const { verdict } = await soon(() => ask(workload), expectedOf(fault))
  expect(verdict.confidence).toBe(confidence)
  expect(verdict.restsOn).not.toEqual([])
})

test('a misspelt selector is found from a pod that it should select, with the object that would', async () => {
  const { namespace, name } = bundleServerPod(() => null)
  await on.client.playground.inject({ fault: 'cluster-spiffe-id-selects-nothing' })
  const { candidates, correction } = await soon(
    () => ask(`${namespace}/${name}`),
    expectedOf('cluster-spiffe-id-selects-nothing'),
  )
  expect(candidates[0]).toMatchObject({ kind: 'ClusterSPIFFEID', name: 'policy-services', fits: false })
  expect(candidates[0]?.criteria[0]).toMatchObject({ want: 'app.kubernetes.io/part-of = polcy', have: 'policy' })
  expect(parse(correction?.text ?? '')).toMatchObject({
    metadata: { name: 'policy-services' },
    spec: { podSelector: { matchLabels: { 'app.kubernetes.io/part-of': 'policy' } } },
  })
})

/** Sources are read a little later than things happen. Rejects with the last of what was wrong. */
async function soon(
  look: () => Promise<NoIdentityDiagnosis>,
  ...causes: readonly IdentityCause[]
): Promise<NoIdentityDiagnosis> {
  const until = Date.now() + longMs
  for (;;) {
    const found = await look()
    const isThere = causes.includes(found.verdict.cause) && found.verdict.confidence !== 'low'
    if (isThere) return found
    if (Date.now() >= until) {
      expect(causes, reasonSentence(found.verdict.reason)).toContain(found.verdict.cause)
      return found
    }
    await pause(300)
  }
}
