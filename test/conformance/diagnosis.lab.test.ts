import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { playgroundEnvironment as environment } from '../../shared/contract/playground.ts'
import type { HandshakeCause, RequestCause, RequestDiagnosis } from '../../shared/domain/diagnosis/model.ts'
import type { FaultId } from '../../shared/faults/fault.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { type EveryhopOnPlayground, startEveryhopOnPlayground } from '../playground/everyhop-on-playground.ts'

/** Faults of a playground with a real OPA lead to their causes, through the contract, by what its logs and sources say. */
let on: EveryhopOnPlayground
const opaBefore = process.env['EVERYHOP_OPA']
const longMs = 60_000

beforeAll(async () => {
  // Decisions are evaluated again with the same program that the playground decides with.
  const binaries = await ensureBinaries(['opa-envoy'], { log: (line) => console.log(line) })
  process.env['EVERYHOP_OPA'] = binaries['opa-envoy'].path
  on = await startEveryhopOnPlayground({ windowSeconds: 6, requestsPerSecond: 6 })
})
afterAll(async () => {
  await on?.stop()
  if (opaBefore === undefined) delete process.env['EVERYHOP_OPA']
  else process.env['EVERYHOP_OPA'] = opaBefore
})
beforeEach(async () => {
  await on.client.playground.heal({})
})

test.each<[FaultId, readonly RequestCause[], RequestDiagnosis['chain'][number]['kind']]>([
  ['policy-denies', ['policy-denied', 'caller-not-allowed'], 'rule'],
  ['opa-down', ['opa-unreachable'], 'ext-authz'],
])('of fault %s the newest refused request is diagnosed', async (fault, causes, broken) => {
  await on.client.playground.inject({ fault })
  const injectedAt = Date.now()
  const diagnosis = await expectSoon(async () => {
    const { requests } = await on.client.logs.refused({ environment, minutes: 1 })
    const newest = requests.find(({ at, requestId }) => at >= injectedAt && requestId !== null)
    if (newest === undefined || newest.requestId === null) throw new Error('no refused request is held yet')
    const found = await on.client.diagnosis.request({ environment, asked: { by: 'request', id: newest.requestId } })
    expect(causes, reasonSentence(found.verdict.reason)).toContain(found.verdict.cause)
    const kinds = found.verdict.restsOn.map(({ from }) => from.kind)
    if (fault === 'policy-denies') expect(kinds).toContain('evaluation')
    return found
  })
  expect(diagnosis.chain[diagnosis.firstBroken ?? -1]?.kind).toBe(broken)
  expect(diagnosis.verdict.restsOn.some(({ from }) => from.kind === 'record')).toBe(true)
  expect(diagnosis.subject.from.workload).not.toBeNull()
  expect(diagnosis.subject.to.workload).not.toBeNull()
  if (fault !== 'policy-denies') return
  expect(diagnosis.verdict.confidence).toBe('high')
  // The user's token is in the input, and the policy's mask takes it out of the log.
  expect([diagnosis.subject.user, diagnosis.subject.actor]).toEqual([{ state: 'masked' }, { state: 'masked' }])
  await expectSoon(async () => {
    const asked = { by: 'decision', id: diagnosis.subject.decisionId ?? '' } as const
    const { trace } = await on.client.diagnosis.request({ environment, asked })
    // Every Envoy of the playground is read: on the way from the application every hop has its lines.
    expect(trace.seen).toBe(trace.expected)
    expect(trace.expected).toBeGreaterThan(1)
    expect(trace.missing.filter(({ reason }) => reason !== 'not-reached')).toEqual([])
  })
})

test('an expired SVID is told of the server that presents it', async () => {
  await on.client.playground.inject({ fault: 'expired-svid' })
  const cause: HandshakeCause = 'server-certificate-expired'
  const diagnosis = await expectSoon(async () => {
    const [failing] = await on.client.diagnosis.failingHandshakes({ environment })
    if (failing === undefined) throw new Error('no handshake fails yet')
    const { from, to } = failing
    const found = await on.client.diagnosis.handshake({ environment, from: from.workload, to: to.workload })
    expect(found.verdict.cause, reasonSentence(found.verdict.reason)).toBe(cause)
    return found
  })
  expect(diagnosis.wrongSide).toBe('server')
  expect(diagnosis.verdict.restsOn).not.toEqual([])
})

/** Logs and sources are read a little later than things happen. Rejects with the last of what was wrong. */
async function expectSoon<Found>(look: () => Promise<Found>): Promise<Found> {
  const until = Date.now() + longMs
  for (;;) {
    try {
      return await look()
    } catch (reason) {
      if (Date.now() >= until) throw reason
    }
    await pause(300)
  }
}
