import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import type { Log } from '../../core/ports.ts'
import type { Authoriser, AuthoriserAnswer, LineLog, OpaBundleStatus, PlaygroundOpa } from '../parts.ts'
import { bundleName, bundleResource, decisionPath } from '../pipeline/policy-bundle.ts'
import { opaHeader } from './bundle-server.ts'
import { bundleKeyId } from './bundle-shelf.ts'
import { askOpa } from './opa-client.ts'
import { type OpaFront, startOpaFront } from './opa-front.ts'
import { type OpaProcess, startOpaProcess } from './opa-process.ts'

/** The port that OPA's plugin for Envoy listens on, as pods declare it. */
export const extAuthzPort = 9191

export interface OpaPlan {
  readonly id: string
  readonly sidecarOf: string | null
  readonly podIp: string
}

export interface OpaParts {
  /** Private; the OPA has a folder of its own in it. */
  readonly folder: string
  readonly bundleServerPort: number
  /** PEM of the key that signs bundles. */
  readonly verificationKey: string
  readonly printed: LineLog
  readonly log: Log
  /** It is not waited for any more. */
  readonly ended: AbortSignal
}

/** An OPA that starts once there is a program, and answers its sidecars. */
export interface MeshOpa extends PlaygroundOpa {
  readonly plan: OpaPlan
  readonly authoriser: Authoriser
  use(program: string): void
}

/** One that ran so long had no reason in itself to end. Milliseconds. */
const steadyAfterMs = 60_000

/** Milliseconds before the next start after so many endings in a row: one second, doubling, half a minute at most. */
function againAfter(failures: number): number {
  return Math.min(30_000, 1000 * 2 ** (failures - 1))
}

const decisionSchema = z.object({
  decision_id: z.string().optional(),
  result: z
    .object({
      allowed: z.boolean(),
      http_status: z.number().optional(),
      headers: z.record(z.string(), z.string()).default({}),
      body: z.string().default(''),
      dynamic_metadata: z.record(z.string(), z.unknown()).default({}),
    })
    .optional(),
})

const statusSchema = z.object({
  result: z.object({
    bundles: z.record(
      z.string(),
      z.object({
        active_revision: z.string().optional(),
        code: z.string().optional(),
        last_successful_request: z.string().optional(),
      }),
    ),
  }),
})

export function createOpa(plan: OpaPlan, parts: OpaParts): MeshOpa {
  const { id, sidecarOf, podIp } = plan
  const folder = path.join(parts.folder, shortName(id))
  const address = `${podIp}:${extAuthzPort}`
  let program: string | null = null
  let process: OpaProcess | null = null
  let front: OpaFront | null = null
  let delayMs = 0
  /** Somebody started it and nobody stopped it. */
  let isWanted = false
  /** Endings in a row. */
  let failures = 0
  let startedAt = 0
  let turn: Promise<unknown> = Promise.resolve()

  /** One start or stop at a time. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const result = turn.then(work)
    turn = result.catch(() => {}) // whoever asked is told
    return result
  }

  async function end(): Promise<void> {
    const [openFront, openProcess] = [front, process]
    front = null
    process = null
    await Promise.all([openFront?.close(), openProcess?.stop()])
  }

  async function begin(): Promise<void> {
    if (program === null) throw new Error(`${id} cannot start: there is no program of OPA yet`)
    if (process?.isRunning() === true) return
    await end()
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const config = path.join(folder, 'config.json')
    await writeFile(config, JSON.stringify(configOf(plan, parts)), { mode: 0o600 })
    const started = await startOpaProcess({
      id,
      program,
      config,
      folder,
      signal: parts.ended,
      print: (line) => parts.printed.append(line),
      ended: () => {
        parts.log.warn('an OPA of the playground ended by itself', { opa: id })
        void again()
      },
    })
    process = started
    startedAt = performance.now()
    front = await startOpaFront({ endpoint: started.endpoint, extAuthz: address, delayMs: () => delayMs })
  }

  /** Until it runs again, or nobody wants it any more; at first soon, then more and more rarely. */
  async function again(): Promise<void> {
    failures = performance.now() - startedAt > steadyAfterMs ? 1 : failures + 1
    await inTurn(end).catch(() => {}) // it is gone; what is left is its front
    while (isWanted && process === null) {
      try {
        await wait(againAfter(failures), undefined, { signal: parts.ended, ref: false })
        await inTurn(async () => (isWanted ? await begin() : undefined))
      } catch (reason) {
        if (parts.ended.aborted) return
        failures += 1
        parts.log.warn('an OPA of the playground could not be started again', { opa: id, reason: String(reason) })
      }
    }
  }

  async function authorise(input: unknown, signal: AbortSignal): Promise<AuthoriserAnswer> {
    if (delayMs > 0) await wait(delayMs, undefined, { signal, ref: false })
    if (process === null) throw new Error(`${id} does not run`)
    const question = { method: 'POST', path: `/v1/data/${decisionPath}`, body: { input }, signal } as const
    const { status, text } = await askOpa(process.endpoint, question)
    if (status !== 200) throw new Error(`${id} answered ${status}`)
    const { decision_id: decisionId, result } = decisionSchema.parse(JSON.parse(text))
    // As the plugin has it: a decision that is not defined is an error, never an answer.
    if (result === undefined) throw new Error(`${id}: the decision ${decisionPath} is undefined`)
    return {
      allowed: result.allowed,
      status: result.http_status ?? 403,
      headers: result.headers,
      body: result.body,
      dynamicMetadata: { ...result.dynamic_metadata, ...(decisionId === undefined ? {} : { decision_id: decisionId }) },
    }
  }

  async function bundle(): Promise<OpaBundleStatus> {
    if (process === null) throw new Error(`${id} does not run`)
    const question = { method: 'GET', path: '/v1/status', signal: AbortSignal.timeout(5000) } as const
    const { text } = await askOpa(process.endpoint, question)
    const found = statusSchema.parse(JSON.parse(text)).result.bundles[bundleName]
    const answered = Date.parse(found?.last_successful_request ?? '')
    return {
      revision: found?.active_revision ?? null,
      code: found?.code ?? null,
      // Go's zero time is long before 1970.
      lastAnsweredAt: answered > 0 ? answered : null,
    }
  }

  return {
    id,
    sidecarOf,
    plan,
    bundle,
    log: parts.printed,
    apiPort: () => front?.port ?? null,
    get isRunning() {
      return process?.isRunning() === true
    },
    get isMissing() {
      return isWanted && process?.isRunning() !== true
    },
    authoriser: { address, authorise },
    use: (path) => {
      program = path
    },
    async start() {
      isWanted = true
      await inTurn(begin)
    },
    async stop() {
      isWanted = false
      await inTurn(end)
    },
    delay: (ms) => {
      delayMs = ms
    },
  }
}

/** OPA's own configuration; it takes JSON as well as YAML. */
function configOf({ id, sidecarOf }: OpaPlan, { bundleServerPort, verificationKey }: OpaParts): object {
  return {
    services: { bundles: { url: `http://127.0.0.1:${bundleServerPort}`, headers: { [opaHeader]: id } } },
    labels: { opa: id, ...(sidecarOf === null ? {} : { stage: sidecarOf }) },
    keys: { [bundleKeyId]: { algorithm: 'ES256', key: verificationKey } },
    bundles: {
      [bundleName]: {
        service: 'bundles',
        resource: bundleResource.slice(1),
        polling: { min_delay_seconds: 1, max_delay_seconds: 2 },
        signing: { keyid: bundleKeyId },
      },
    },
    decision_logs: { console: true },
    // Kept to be asked for at /v1/status, and sent nowhere.
    status: { prometheus: true },
  }
}

/** The path of its socket must stay short. */
function shortName(id: string): string {
  return id
    .replace(/^opa-/, '')
    .replaceAll(/[^a-z]/g, '')
    .slice(0, 5)
}
