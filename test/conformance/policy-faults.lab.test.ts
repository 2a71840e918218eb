import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PublishProgress } from '../../shared/contract/policy.ts'
import type { Convergence } from '../../shared/domain/model/policy.ts'
import { waitFor } from '../lab/processes.ts'
import { bundle, environment, type PolicyOnLab, patient, startPolicyOnLab, stepsOf } from './policy-on-lab.ts'

/** A first run builds the servers. */
const startLimitMs = 20 * 60 * 1000
const first = { revision: 'lab-001', digest: null }
let on: PolicyOnLab
let pointer: string

beforeAll(async () => {
  on = await startPolicyOnLab()
  pointer = join(on.lab.plan.files.bundleStore, 'bundles', 'pipeline.tar.gz')
  await on.settled()
  await on.client.changes.enable({ environment, minutes: 20, typed: null })
}, startLimitMs)
afterAll(() => on?.stop(), 60_000)

function convergenceIn(steps: readonly PublishProgress[]): Convergence {
  const last = steps.findLast((each) => each.step === 'convergence')
  if (last?.step !== 'convergence') throw new Error(`no convergence: ${JSON.stringify(steps)}`)
  return last.convergence
}

/** A draft that changes nothing that matters, so that traffic goes on. */
const harmless = () => on.draftWith((data) => Object.assign(data.pipeline, { note: `${Math.random()}` }))

test('a wrong signing key is found before publishing; past that OPAs reject it, in their words, and what was rolled back converges', async () => {
  const keys = on.lab.plan.files.bundleKeys
  const draft = await harmless()
  await on.configure(({ policy }) => {
    const own = policy?.bundles[0]
    if (own?.signing !== undefined) own.signing.key = { file: keys.foreignSigning }
  })
  const signature = async () => (await on.plan({ draft })).gates.find(({ gate }) => gate === 'signature')
  await waitFor('the signature is refused', async () => (await signature())?.outcome === 'failed', patient)
  expect(await signature()).toMatchObject({ blocks: true, detail: expect.stringMatching(/verif|signature/) })
  await expect(on.publish({ draft })).rejects.toThrow(/pipeline cannot be published: signature failed/)

  await on.configure(({ policy }) => {
    const own = policy?.bundles[0]
    if (own?.signing !== undefined) own.signing.key = { file: keys.foreignSigning }
    delete own?.verification
  })
  await waitFor('nothing verifies any more', async () => (await signature())?.outcome === 'not-evaluated', patient)
  const steps = await on.publish({ draft })
  expect(stepsOf(steps)).toEqual(['built', 'signed', 'uploaded', 'pointed', 'verified', 'stuck'])
  for (const opa of convergenceIn(steps).opas) {
    expect(opa).toMatchObject({ state: 'rejected', activeRevision: 'lab-001', seconds: null })
    expect(opa.reason).toMatch(/signature|verif/)
  }
  expect(await on.active()).toEqual(['lab-001', 'lab-001', 'lab-001'])

  await on.reconfigure()
  await waitFor('the key is the right one', async () => (await signature())?.outcome === 'passed', patient)
  const back = await on.publish(first)
  expect(stepsOf(back).at(-1)).toBe('converged')
  const [last] = await on.client.changes.journal({ environment, limit: 1 })
  expect(last).toMatchObject({ action: 'policy.convergence', details: { state: 'converged' } })
})

test('an OPA that is down is named as silent, and the others converge', async () => {
  await on.lab.inject('opa-down')
  const { opas, state } = convergenceIn(await on.publish({ draft: await harmless() }))
  await on.lab.heal()
  expect(state).toBe('stuck')
  expect(Object.fromEntries(opas.map((each) => [each.opa, each.state]))).toEqual({
    'opa-model-server': 'silent',
    'opa-shared': 'converged',
    'opa-tool-runtime': 'converged',
  })
})

test('another publisher who overwrites what was just published is named, and it is written down', async () => {
  const { live } = await on.overview()
  const theirs = await readFile(pointer)
  const { token } = await on.plan({ draft: await harmless() })
  const of = first
  const steps: PublishProgress[] = []
  for await (const step of await on.client.policy.publish({ environment, bundle, of, token, typed: null })) {
    steps.push(step)
    if (step.step === 'pointed') await writeFile(pointer, theirs)
  }
  expect(live.known).toBe(true)
  expect(steps.find((each) => each.step === 'lost-update')).toEqual({
    step: 'lost-update',
    found: live.known ? live.value : null,
  })
  const entries = await on.client.changes.journal({ environment, limit: 2 })
  expect(entries.map(({ action, phase }) => `${action} ${phase}`)).toSatisfy(
    (found: string[]) => found.includes('policy.lost-update noted') || found.includes('policy.publish failed'),
  )
})

test('a plan on which another revision went live is not carried out, and the pointer stays where it is', async () => {
  const before = await readFile(pointer)
  const { token } = await on.plan({ draft: await harmless() })
  await writeFile(pointer, Buffer.concat([before, Buffer.alloc(1)]))
  const steps: PublishProgress[] = []
  for await (const step of await on.client.policy.publish({ environment, bundle, of: first, token, typed: null })) {
    steps.push(step)
  }
  expect(steps.at(-1)).toMatchObject({ step: 'failed', pointer: 'unmoved' })
  await writeFile(pointer, before)
})

test('a store that fails before the pointer moves leaves what is live, and says so in its own words', async () => {
  const objects = join(on.lab.plan.files.bundleStore, 'bundles', 'pipeline.revisions')
  const before = await readFile(pointer)
  const draft = await harmless()
  await rename(objects, `${objects}.aside`)
  await writeFile(objects, 'no folder')
  const steps = await on.publish({ draft })
  await rm(objects)
  await rename(`${objects}.aside`, objects)
  expect(steps.at(-1)).toMatchObject({
    step: 'failed',
    pointer: 'unmoved',
    message: expect.stringContaining('pipeline.revisions'),
  })
  expect((await readFile(pointer)).equals(before)).toBe(true)
  await mkdir(objects, { recursive: true })
  expect(stepsOf(await on.publish({ draft })).at(-1)).toBe('converged')
  expect(await on.client.changes.verify({})).toMatchObject({ intact: true, unfinished: [] })
})
