import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ServiceClient } from '../../electron/service/in-process.ts'
import type { Service } from '../../electron/service/service.ts'
import { type Fault, faults } from '../../shared/faults/index.ts'
import { hopOf, type Topology } from '../truth/compare.ts'
import { type Capture, type CapturedRequest, captureRequest, type Place, requestsOf, snapshot } from './capture.ts'
import { unmetVerdicts, verdictOf } from './judge.ts'
import { diagnoseAgain } from './replay.ts'

/** Where captures are kept, and found by `npm run bench diagnosis`. Not under version control. */
export const capturesFolder = join(import.meta.dirname, '..', 'results', 'diagnosis')

/** Those that stop a request or a handshake, and what lets pass or refuses although it is called otherwise. */
export const diagnosedFaults = faults.filter(({ expects }) => expects.verdict !== undefined)

export interface Diagnosed {
  readonly service: Pick<Service, 'diagnosis' | 'sessions' | 'registry'>
  readonly client: ServiceClient
  readonly environment: string
  readonly place: Place
  readonly topology: Topology
}

const pauseMs = 400
/** Evaluating again has a deadline, which a busy machine misses: whoever looks asks again. */
const sameWithinMs = 20_000
/** Requests of a hop that are tried one after the other: the lines of the newest may not all be read yet. */
const mostTried = 3

/**
 * While a fault is shown: who looks at its hop, and picks the refused request there, is told the cause, the first broken link and
 * the evidence. Keeps what the verdicts rested on. Rejects with what is still wrong after `seconds`.
 */
export async function captureFault(on: Diagnosed, fault: Fault, since: number, seconds: number): Promise<Capture> {
  const until = Date.now() + seconds * 1000
  for (;;) {
    const capture = await captureNow(on, fault, since)
    const left = typeof capture === 'string' ? [capture] : await unmetVerdicts(capture)
    if (typeof capture !== 'string' && left.length === 0) {
      await expectSameByContract(on, capture)
      await keepCapture(capture)
      return capture
    }
    if (Date.now() >= until) {
      // What was found instead is worth a look, and counts.
      if (typeof capture !== 'string') await keepCapture(capture)
      throw new Error(`${fault.id} at ${on.environment}: ${left.join('; ')}`)
    }
    await pause(pauseMs)
  }
}

/** As it is now; text: what is not there yet. */
async function captureNow(on: Diagnosed, fault: Fault, since: number): Promise<Capture | string> {
  const { service, environment, place, topology } = on
  const verdict = verdictOf(fault)
  const now = await snapshot(service, environment)
  const hop = hopOf(now.graph, topology, verdict.hop)
  if (hop === undefined) return `there is no hop from ${verdict.hop.from} to ${verdict.hop.to}`
  const { at, scopes, health, settings } = now
  const of = (request: CapturedRequest | null): Capture => ({
    fault: fault.id,
    place,
    at,
    settings,
    scopes,
    health,
    hop: { from: hop.from, to: hop.to },
    request,
  })
  if (verdict.request === undefined) return of(null)
  const passing = verdict.request.some((cause) => cause === 'failed-open' || cause === 'not-refused')
  const ids = requestsOf(now, hop, since, passing).slice(0, mostTried)
  let capture: Capture | null = null
  for (const id of ids) {
    capture = of(await captureRequest(service, environment, now, id))
    if ((await unmetVerdicts(capture)).length === 0) return capture
  }
  return capture ?? `no request of ${hop.id} has failed yet`
}

/** What the window is told is what the capture tells. */
async function expectSameByContract({ client, environment }: Diagnosed, capture: Capture): Promise<void> {
  if (capture.request === null) return
  const { request: again } = await diagnoseAgain(capture)
  const until = Date.now() + sameWithinMs
  for (;;) {
    const told = await client.diagnosis.request({ environment, asked: { by: 'request', id: capture.request.id } })
    if (told.verdict.cause === again?.verdict.cause) return
    if (Date.now() >= until) {
      throw new Error(`the contract tells ${told.verdict.cause}, the capture ${again?.verdict.cause}`)
    }
    await pause(pauseMs)
  }
}

async function keepCapture(capture: Capture): Promise<void> {
  await mkdir(capturesFolder, { recursive: true })
  await writeFile(join(capturesFolder, `${capture.place}.${capture.fault}.json`), JSON.stringify(capture))
}

/** Of our own making, so their shape is not checked. */
export async function keptCaptures(folder: string, isWanted: (place: Place) => boolean): Promise<readonly Capture[]> {
  const names = await readdir(folder).catch(() => [])
  const captures = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .toSorted()
      .map(async (name): Promise<Capture> => JSON.parse(await readFile(join(folder, name), 'utf8'))),
  )
  return captures.filter(({ place }) => isWanted(place))
}
