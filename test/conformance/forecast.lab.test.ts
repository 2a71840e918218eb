import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { playgroundEnvironment as environment } from '../../shared/contract/playground.ts'
import type { Forecast, ForecastIdentity } from '../../shared/domain/diagnosis/forecast/model.ts'
import type { FaultId } from '../../shared/faults/fault.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import { type EveryhopOnPlayground, startEveryhopOnPlayground } from '../playground/everyhop-on-playground.ts'

/** What breaks next, both sides of a handshake and a live one, on one playground through the contract. */
let on: EveryhopOnPlayground
const longMs = 90_000

beforeAll(async () => {
  on = await startEveryhopOnPlayground({ windowSeconds: 6, requestsPerSecond: 6 }, true)
})
afterAll(async () => {
  await on?.stop()
})
beforeEach(async () => {
  await on.client.playground.heal({})
  // What was injected before has gone from everything that is read.
  await until(({ causes }) => expect(causes).toEqual([]))
})

test('of a pipeline in good order every SVID is on course, nothing fails, and nobody lacks the active authority', async () => {
  const forecast = await until((found) => {
    expect(found.identities.length).toBeGreaterThan(5)
    for (const { name, rotation } of found.identities) {
      expect([name, rotation.state], reasonSentence(rotation.reason)).toEqual([name, 'on-course'])
    }
    const active = found.authorities.find(({ state }) => state === 'active')
    expect(active?.signed.total).toBe(found.identities.length)
    expect(active?.trustedBy).toBe(active?.of)
    return found
  })
  const active = forecast.authorities.find(({ state }) => state === 'active')
  expect(active).toMatchObject({ missing: { total: 0 }, role: 'own' })
  expect(active?.trustedBy).toBeGreaterThan(5)
  expect(active?.signed.total).toBe(forecast.identities.length)
  expect([forecast.failures, forecast.causes]).toEqual([[], []])
})

test('a live handshake is refused in a read-only environment, and otherwise shows the chain and is written down', async () => {
  const ends = { environment, from: 'model-server', to: 'tool-runtime' }
  await until((found) => expect(named(found, 'tool-runtime').svid.known).toBe(true))
  await expect(on.client.diagnosis.probe(ends)).rejects.toMatchObject({ code: 'read-only' })
  await on.client.changes.enable({ environment, minutes: 5, typed: null })
  // Its listeners are read a little later than its certificate.
  const probe = await soon(() => on.client.diagnosis.probe(ends))
  await on.client.changes.disable({ environment })
  expect(probe).toMatchObject({ outcome: 'refused', presentedAs: null, reason: { code: 'probe-wants-certificate' } })
  expect(probe.chain[0]?.spiffeId).toMatch(/tool-runtime$/)
  const spoken = probe.versions.filter(({ isSpoken }) => isSpoken === true).map(({ version }) => version)
  expect(spoken).toEqual(['TLSv1.3'])
  const states = new Map(probe.findings.map(({ row, state }) => [row, state]))
  expect(states.get('own-certificate')).toBe('fine')
  expect(states.get('spiffe-id')).toBe('fine')
  expect(states.get('peer-issuer')).toBe('fine')
  const journal = await on.client.changes.journal({ environment, limit: 10 })
  const phases = journal.filter(({ action }) => action === 'diagnosis.probe').map(({ phase }) => phase)
  expect(phases).toEqual(['succeeded', 'begun'])
})

test('an agent that is down is the one cause of all that it no longer renews, with the hops and when they fail', async () => {
  await inject('agent-down')
  const forecast = await until((found) => {
    expect(found.causes.map(({ kind }) => kind)).toEqual(['agent'])
    expect(found.causes[0]?.workloads).toHaveLength(3)
    return found
  })
  const late = ['model-server', 'tool-runtime', 'vector-store'].map((name) => named(forecast, name))
  expect(late.map(({ rotation }) => rotation.state)).toEqual(['overdue', 'overdue', 'overdue'])
  expect(new Set(late.map(({ agent }) => agent?.name))).toEqual(new Set(['node-b']))
  expect(late[0]?.agent?.state).toBe('silent')
  const hops = forecast.failures.map(({ from, to }) => `${from.name} ${to.name}`)
  expect(hops).toContain('model-server tool-runtime')
  expect(hops).toContain('orchestrator vector-store')
  for (const { failsAt, isFailing } of forecast.failures)
    expect([failsAt > forecast.at, isFailing]).toEqual([true, false])
  expect(forecast.causes[0]?.hops.toSorted()).toEqual(forecast.failures.map(({ hop }) => hop).toSorted())
})

test('a rotation that was stopped by taking the entry away ends the hops of that workload alone', async () => {
  await inject('entry-deleted')
  const forecast = await until((found) => {
    expect(named(found, 'output-filter').rotation.state).toBe('stopped')
    return found
  })
  expect(forecast.causes).toMatchObject([{ kind: 'entry', name: 'output-filter' }])
  for (const { from, to } of forecast.failures) expect([from.name, to.name]).toContain('output-filter')
})

test('an SVID that has ended is told as what already fails, of the side that has it', async () => {
  await inject('expired-svid')
  const forecast = await until((found) => {
    expect(named(found, 'tool-runtime').rotation.state).toBe('expired')
    expect(found.failures.map(({ isFailing }) => isFailing)).toContain(true)
    return found
  })
  expect(forecast.failures).toMatchObject([
    {
      from: { name: 'model-server' },
      to: { name: 'tool-runtime' },
      end: 'server',
      reason: { code: 'hop-ended-with-svid' },
    },
  ])
  const told = await handshake('model-server', 'tool-runtime', 'server-certificate-expired')
  expect(told.wrongSide).toBe('server')
  expect(told.server.leaf.state).toBe('wrong')
  expect(told.client.leaf.state).toBe('fine')
})

test('a rotation that one side was not told of is an authority that it does not trust', async () => {
  await inject('untrusted-bundle-after-rotation')
  const forecast = await until((found) => {
    expect(found.causes.map(({ kind }) => kind)).toEqual(['authority'])
    expect(found.authorities.find(({ state }) => state === 'active')).toMatchObject({
      missing: { total: 1, first: [{ name: 'vector-store' }] },
    })
    return found
  })
  expect(forecast.failures).toMatchObject([{ isFailing: true, end: 'server', to: { name: 'vector-store' } }])
  await handshake('orchestrator', 'vector-store', 'client-issuer-not-trusted')
})

test.each<[FaultId, string, string, string]>([
  ['wrong-spiffe-id-required', 'prompt-firewall', 'input-sanitiser', 'server-identity-unexpected'],
  ['clock-skew', 'model-server', 'tool-runtime', 'certificate-not-yet-valid'],
])('a handshake failing by %s is no matter of rotation, and has its own cause', async (fault, from, to, cause) => {
  await inject(fault)
  await handshake(from, to, cause)
  const { failures, causes } = await on.client.diagnosis.forecast({ environment })
  expect([failures, causes]).toEqual([[], []])
})

async function inject(fault: FaultId): Promise<void> {
  await on.client.playground.inject({ fault })
}

async function handshake(from: string, to: string, cause: string) {
  return soon(async () => {
    const found = await on.client.diagnosis.handshake({ environment, from, to })
    expect(found.verdict.cause, reasonSentence(found.verdict.reason)).toBe(cause)
    return found
  })
}

async function until<Found>(look: (forecast: Forecast) => Found): Promise<Found> {
  return soon(async () => look(await on.client.diagnosis.forecast({ environment })))
}

/** Sources are read a little later than things happen. Rejects with the last of what was wrong. */
async function soon<Found>(look: () => Promise<Found>): Promise<Found> {
  const end = Date.now() + longMs
  for (;;) {
    try {
      return await look()
    } catch (reason) {
      if (Date.now() >= end) throw reason
    }
    await pause(300)
  }
}

function named(forecast: Forecast, name: string): ForecastIdentity {
  const found = forecast.identities.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no identity of ${name}`)
  return found
}
