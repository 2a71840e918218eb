import { z } from 'zod'
import type { World } from '../../parts.ts'
import { spiffeIdOf, stageOf } from '../../pipeline/topology.ts'
import { podIpAt, podIpOf } from '../../world/addresses.ts'
import { audience, type Credential, credentials } from './credentials.ts'
import type { VaultReply, VaultRequest } from './vault.ts'

/** The way of one workload into Vault. */
export interface VaultCaller {
  readonly token: string
  readonly from: VaultRequest['from']
}

/** The stages as they use Vault: each logs in with its JWT-SVID, holds a lease, and keeps it alive. */
export interface Holders {
  /** Lease ids by stage. */
  leases(): ReadonlyMap<string, string>
  /** null: it is not logged in now. */
  callerOf(stage: string): VaultCaller | null
  logIn(spiffeId: string, role: string): Promise<VaultCaller>
  /** Renews what is held, or asks for it anew where it is lost. */
  keep(): Promise<void>
  stop(): Promise<void>
}

interface Held {
  readonly caller: VaultCaller
  leaseId: string
  /** When one that cannot be renewed is asked for anew. */
  askAgainAt: number
}

const everyMs = 10_000
/** Of its life, before a lease that cannot be renewed is asked for anew. */
const keptPart = 2 / 3
const jwtMs = 5 * 60_000
const loggedIn = z.object({ auth: z.object({ client_token: z.string() }) })
const leased = z.object({ lease_id: z.string().min(1), lease_duration: z.number() })

class Refused extends Error {
  readonly status: number
  constructor(path: string, { status, body }: VaultReply) {
    super(`${path} answered ${status}: ${JSON.stringify(body?.['errors'] ?? [])}`)
    this.status = status
  }
}

/** Resolves when every stage holds what it holds. */
export async function startHolders(
  world: Pick<World, 'authority' | 'clock' | 'log'>,
  answer: (request: VaultRequest) => Promise<VaultReply>,
): Promise<Holders> {
  const held = new Map<string, Held>()
  let turn: Promise<unknown> = Promise.resolve()
  let isStopped = false

  async function ask(
    operation: VaultRequest['operation'],
    path: string,
    from: VaultRequest['from'],
    token: string | null,
    body: VaultRequest['body'],
  ): Promise<VaultReply['body']> {
    const reply = await answer({ operation, path, token, body, from })
    if (reply.status >= 300) throw new Refused(path, reply)
    return reply.body
  }

  async function logIn(spiffeId: string, role: string): Promise<VaultCaller> {
    const jwt = await world.authority.issueJwt(spiffeId, [audience], world.clock.now() + jwtMs)
    const from = placeOf(spiffeId)
    const { auth } = loggedIn.parse(await ask('update', 'auth/jwt/login', from, null, { role, jwt }))
    return { token: auth.client_token, from }
  }

  async function take({ path, body, ttlSeconds }: Credential, { token, from }: VaultCaller) {
    const found = leased.parse(await ask(body === null ? 'read' : 'update', path, from, token, asFields(body)))
    return { leaseId: found.lease_id, askAgainAt: world.clock.now() + ttlSeconds * 1000 * keptPart }
  }

  async function begin(credential: Credential): Promise<void> {
    const caller = await logIn(spiffeIdOf(stageOf(credential.stage)), credential.stage)
    held.set(credential.stage, { caller, ...(await take(credential, caller)) })
  }

  async function keepOne(credential: Credential): Promise<void> {
    const now = held.get(credential.stage)
    if (now === undefined) return begin(credential)
    const { token, from } = now.caller
    await ask('update', 'auth/token/renew-self', from, token, {})
    if (!credential.renewable) {
      // As a program finds out that its account no longer works.
      await ask('update', 'sys/leases/lookup', from, token, { lease_id: now.leaseId })
      if (world.clock.now() > now.askAgainAt) Object.assign(now, await take(credential, now.caller))
      return
    }
    const wanted = { lease_id: now.leaseId, increment: credential.ttlSeconds }
    const renewed = leased.parse(await ask('update', 'sys/leases/renew', from, token, wanted))
    // It comes to its longest life: another is asked for while this one still holds.
    if (renewed.lease_duration < credential.ttlSeconds / 2) Object.assign(now, await take(credential, now.caller))
  }

  async function keepAll(): Promise<void> {
    for (const credential of credentials) {
      if (isStopped) return
      await keepOne(credential).catch(async (error: unknown) => {
        if (!(error instanceof Refused)) throw error
        // Sealed or limited: it tries again. Its token or its lease is no longer known: it logs in anew.
        if (error.status !== 400 && error.status !== 403) return
        held.delete(credential.stage)
        await begin(credential)
      })
    }
  }

  function keep(): Promise<void> {
    const next = turn.then(keepAll).catch((error: unknown) => {
      world.log.warn('a stage of the playground could not keep what it holds of Vault', { error: String(error) })
    })
    turn = next
    return next
  }

  await Promise.all(credentials.map(begin))
  const timer = setInterval(() => void keep(), everyMs)
  timer.unref()
  return {
    leases: () => new Map([...held].map(([stage, { leaseId }]) => [stage, leaseId])),
    callerOf: (stage) => held.get(stage)?.caller ?? null,
    logIn,
    keep,
    async stop() {
      isStopped = true
      clearInterval(timer)
      await turn
    },
  }
}

/** The address that a workload calls from, which the audit log tells; of who runs nowhere, one that no pod has. */
function placeOf(spiffeId: string): VaultRequest['from'] {
  const stage = credentials.map((one) => stageOf(one.stage)).find((one) => spiffeIdOf(one) === spiffeId)
  return { address: stage === undefined ? podIpAt('node-b', 99) : podIpOf(stage), port: 40_000 }
}

function asFields(body: object | null): VaultRequest['body'] {
  return body === null ? null : Object.fromEntries(Object.entries(body))
}
