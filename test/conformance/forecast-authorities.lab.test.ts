import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { hops } from '../../electron/playground/pipeline/topology.ts'
import type { Forecast, ForecastAuthority, Holders } from '../../shared/domain/diagnosis/forecast/model.ts'
import { type RealSpireServer, startSpireServer } from '../builders/spire-server.ts'
import { agentPlanOf, type StagePlan, stagePlanOf } from '../lab/plan.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { runTool } from '../lab/provision/run-tool.ts'
import { readerSpiffeId } from '../lab/spire/config.ts'
import { entryIdOf } from '../lab/spire/server-tool.ts'
import { type EveryhopOnLab, startEveryhopOnLab } from '../truth/everyhop-on-lab.ts'

/**
 * The X.509 authority of a real SPIRE is rotated and its predecessor given up, step by step as its command line does it, while the
 * agent of one machine sleeps at times: who does not trust the next one yet, who holds leaves of the one before, who trusts it still.
 * Beside it a second trust domain, which one entry federates with.
 */
let on: EveryhopOnLab
let partner: RealSpireServer
let program: string
/** By the steps that SPIRE was led through. */
let first: string
let second: string

const environment = 'lab'
const node = 'node-b'
const longMs = 60_000

beforeAll(async () => {
  ;[on, partner] = await Promise.all([startEveryhopOnLab(), startSpireServer('partner.example')])
  program = (await ensureBinaries(['spire-server'], { log: (line) => console.log(line) }))['spire-server'].path
  first = (await states()).active.authority_id
})
afterAll(async () => {
  if (on !== undefined) wake(true)
  await Promise.all([partner?.stop(), on?.stop()])
})

test('every authority of a federated trust domain is told, and that the Envoy of who federates with it does not verify it', async () => {
  await partner.command('localauthority', 'x509', 'prepare')
  const bundle = join(partner.folder, 'bundle.json')
  await writeFile(bundle, await partner.command('bundle', 'show', '-format', 'spiffe'))
  await spire('bundle', 'set', '-id', `spiffe://${partner.trustDomain}`, '-format', 'spiffe', '-path', bundle)
  await federate(stagePlanOf(on.lab.plan, 'orchestrator'))
  const theirs = stateWire.parse(JSON.parse(await partner.command('localauthority', 'x509', 'show', '-output', 'json')))
  await until((forecast) => {
    const federated = forecast.authorities.filter(({ trustDomain }) => trustDomain === partner.trustDomain)
    expect(federated.map(({ key }) => key).toSorted()).toEqual(
      [theirs.active.authority_id, theirs.prepared?.authority_id ?? 'none'].toSorted(),
    )
    for (const authority of federated) {
      // Its sidecar asks for the bundle of its own trust domain and for no other.
      expect(authority).toMatchObject({ role: 'federated', state: 'unlisted', trustedBy: 0, of: 1 })
      expect(heldBy(forecast, authority.missing)).toEqual(idsOf(({ stage }) => stage.id === 'orchestrator'))
    }
  })
})

test('a prepared authority is not trusted yet by what the one agent delivers that has not heard of it, and its hops will fail', async () => {
  await until((forecast) => {
    expect(own(forecast).map(({ state }) => state)).toEqual(['active'])
    const active = one(forecast, first)
    expect(active).toMatchObject({ role: 'own', trustedBy: stages().length, of: stages().length })
    expect(heldBy(forecast, active.signed)).toEqual(idsOf(() => true))
    expect([forecast.failures, forecast.causes]).toEqual([[], []])
  })
  wake(false)
  second = answerWire.parse(JSON.parse(await spire('localauthority', 'x509', 'prepare', '-output', 'json')))
    .prepared_authority.authority_id
  await remintReader()
  const asleep = idsOf((stage) => stage.stage.node === node)
  await until((forecast) => {
    const prepared = one(forecast, second)
    expect(prepared).toMatchObject({ state: 'prepared', of: stages().length, unknown: { total: 0 } })
    expect(heldBy(forecast, prepared.missing)).toEqual(asleep)
    expect(prepared.trustedBy).toBe(stages().length - asleep.length)
    expect(prepared.signed.total).toBe(0)
    expect(prepared.activatesAt).toBeGreaterThan(forecast.at)
    expect(prepared.activatesAt).toBeLessThan(one(forecast, first).notAfter ?? 0)
    const touched = hops.filter(({ from, to }) => [from, to].some((id) => isAsleep(id)))
    expect(forecast.failures.map(({ from, to }) => `${from.name} ${to.name}`).toSorted()).toEqual(
      touched.map(({ from, to }) => `${from} ${to}`).toSorted(),
    )
    for (const { reason, failsAt, isFailing } of forecast.failures)
      expect([reason.code, failsAt, isFailing]).toEqual(['hop-will-refuse-authority', prepared.activatesAt, false])
    expect(forecast.causes).toMatchObject([{ kind: 'authority', name: second, reason: { params: { missing: 3 } } }])
  })
  wake(true)
  await until((forecast) => {
    expect(one(forecast, second)).toMatchObject({
      state: 'prepared',
      trustedBy: stages().length,
      missing: { total: 0 },
    })
    expect([forecast.failures, forecast.causes]).toEqual([[], []])
  })
})

test('once it is activated the one before is old, and every leaf in use is of that still', async () => {
  await spire('localauthority', 'x509', 'activate', '-authorityID', second)
  await remintReader()
  await until((forecast) => {
    expect(one(forecast, second)).toMatchObject({ state: 'active', trustedBy: stages().length, signed: { total: 0 } })
    const old = one(forecast, first)
    expect(old.state).toBe('old')
    expect(heldBy(forecast, old.signed)).toEqual(idsOf(() => true))
    expect([forecast.failures, forecast.causes]).toEqual([[], []])
  })
})

test('a tainted authority is trusted by all still, and only what a sleeping agent did not renew holds leaves of it', async () => {
  wake(false)
  await spire('localauthority', 'x509', 'taint', '-authorityID', first)
  await remintReader()
  await until((forecast) => {
    const tainted = one(forecast, first)
    expect(tainted).toMatchObject({ state: 'tainted', reason: { code: 'authority-still-trusted' } })
    expect(heldBy(forecast, tainted.stillTrusting)).toEqual(idsOf(() => true))
    expect(heldBy(forecast, tainted.signed)).toEqual(idsOf((stage) => stage.stage.node === node))
    expect(heldBy(forecast, one(forecast, second).signed)).toEqual(idsOf((stage) => stage.stage.node !== node))
    expect([forecast.failures, forecast.causes]).toEqual([[], []])
  })
  wake(true)
  await until((forecast) => {
    expect(one(forecast, first)).toMatchObject({ state: 'tainted', signed: { total: 0 } })
    expect(heldBy(forecast, one(forecast, second).signed)).toEqual(idsOf(() => true))
  })
})

test('a revoked authority is told for as long as a sleeping agent has it trusted, although SPIRE lists it as old', async () => {
  wake(false)
  await spire('localauthority', 'x509', 'revoke', '-authorityID', first)
  await remintReader()
  expect((await states()).old?.authority_id).toBe(first)
  await until((forecast) => {
    const revoked = one(forecast, first)
    expect(revoked).toMatchObject({ state: 'revoked', signed: { total: 0 } })
    expect(heldBy(forecast, revoked.stillTrusting)).toEqual(idsOf((stage) => stage.stage.node === node))
  })
  wake(true)
  await until((forecast) => {
    expect(own(forecast).map(({ key, state }) => [key, state])).toEqual([[second, 'active']])
    expect([forecast.failures, forecast.causes]).toEqual([[], []])
  })
})

const authorityWire = z.object({ authority_id: z.string() })
const stateWire = z.object({
  active: authorityWire,
  prepared: authorityWire.optional(),
  old: authorityWire.optional(),
})
const answerWire = z.object({ prepared_authority: authorityWire })

/** The server's command line over its local socket: verbs first. */
function spire(...parts: readonly string[]): Promise<string> {
  const flag = parts.findIndex((part) => part.startsWith('-'))
  const verbs = flag === -1 ? parts : parts.slice(0, flag)
  const flags = flag === -1 ? [] : parts.slice(flag)
  return runTool({
    purpose: `SPIRE: ${verbs.join(' ')}`,
    command: program,
    arguments: [...verbs, '-socketPath', on.lab.plan.spire.socket, ...flags],
  })
}

async function states(): Promise<z.infer<typeof stateWire>> {
  return stateWire.parse(JSON.parse(await spire('localauthority', 'x509', 'show', '-output', 'json')))
}

/** The entry of a stage as it is, and federated with the partner. */
async function federate(plan: StagePlan): Promise<void> {
  const same = ['-entryID', entryIdOf(plan), '-spiffeID', plan.spiffeId, '-hint', plan.stage.id]
  const parent = ['-parentID', agentPlanOf(on.lab.plan, plan.stage.node).spiffeId]
  const selector = ['-selector', `unix:path:${plan.program}`]
  await spire('entry', 'update', ...same, ...parent, ...selector, '-federatesWith', `spiffe://${partner.trustDomain}`)
}

/** A stopped process keeps its connections and hears nothing: so its agent has not synchronised yet. */
function wake(isAwake: boolean): void {
  const agent = on.lab.status().servers.find(({ name }) => name === `SPIRE agent on ${node}`)
  if (agent === undefined) throw new Error(`the lab has no agent on ${node}`)
  process.kill(agent.pid, isAwake ? 'SIGCONT' : 'SIGSTOP')
}

/** What a job of the operators does: who reads needs what the server proves itself by, and a leaf that it takes. */
async function remintReader(): Promise<void> {
  const { certificate, key, bundle } = await on.lab.mintSvid(readerSpiffeId)
  const folder = on.lab.plan.files.readerFolder
  for (const [file, text] of [
    ['key.pem', key],
    ['svid.pem', certificate],
    ['bundle.pem', bundle],
  ] as const) {
    await writeFile(join(folder, `.${file}`), text, { mode: 0o600 })
    await rename(join(folder, `.${file}`), join(folder, file))
  }
}

function stages(): readonly StagePlan[] {
  return on.lab.plan.stages
}

function isAsleep(stage: string): boolean {
  return stagePlanOf(on.lab.plan, stage).stage.node === node
}

function idsOf(isMeant: (stage: StagePlan) => boolean): readonly string[] {
  return stages()
    .filter(isMeant)
    .map(({ spiffeId }) => spiffeId)
    .toSorted()
}

/** SPIFFE IDs of all holders. */
function heldBy(forecast: Forecast, { total, first: shown }: Holders): readonly string[] {
  expect(shown).toHaveLength(total)
  return shown
    .map(({ workload }) => forecast.identities.find((each) => each.workload === workload)?.spiffeId ?? 'none')
    .toSorted()
}

function own(forecast: Forecast): readonly ForecastAuthority[] {
  return forecast.authorities.filter(({ role }) => role === 'own')
}

function one(forecast: Forecast, key: string): ForecastAuthority {
  const found = own(forecast).find((each) => each.key === key)
  if (found === undefined) throw new Error(`no authority ${key}; there are ${own(forecast).map((each) => each.key)}`)
  return found
}

/** Sources are read a little later than things happen. Rejects with the last of what was wrong. */
async function until(look: (forecast: Forecast) => void): Promise<void> {
  const end = Date.now() + longMs
  for (;;) {
    try {
      look(await on.client.diagnosis.forecast({ environment }))
      return
    } catch (reason) {
      if (Date.now() >= end) throw reason
    }
    await pause(250)
  }
}
