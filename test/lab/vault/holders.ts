import { z } from 'zod'
import {
  audience,
  type Credential,
  credentialOf,
  credentials,
} from '../../../electron/playground/simulators/vault/credentials.ts'
import { type LabPlan, stagePlanOf } from '../plan.ts'
import { waitFor } from '../processes.ts'
import type { SpireTool } from '../spire/server-tool.ts'
import { type VaultCaller, VaultRefusal } from './api.ts'
import type { VaultServer } from './server.ts'

/** The stages as they use Vault: each logs in with its JWT-SVID, holds a lease, and keeps it alive. */
export interface Holders {
  /** Lease ids by stage. */
  leases(): ReadonlyMap<string, string>
  /** The stage's own way into Vault. */
  callerOf(stage: string): VaultCaller
  /** Logs an identity in from an address, with the role of a stage or another; gives its way in. */
  logIn(spiffeId: string, role: string, from: string): Promise<VaultCaller>
  /** Every stage renews what it holds, or asks for it anew; rejects when one cannot within 30 s. */
  keepNow(): Promise<void>
  /** The stage asks for another; what it held is then revoked. */
  askAnew(stage: string): Promise<void>
  close(): Promise<void>
}

interface Held {
  caller: VaultCaller
  leaseId: string
  /** When one that cannot be renewed is asked for anew, milliseconds since the epoch. */
  askAgainAt: number
}

const loginWire = z.object({ auth: z.object({ client_token: z.string() }) })
const leaseWire = z.object({ lease_id: z.string().min(1), lease_duration: z.number().positive() })

const everyMs = 4000
/** Of its life time, before a lease that cannot be renewed is asked for anew. */
const keptPart = 2 / 3

export async function startHolders(plan: LabPlan, vault: VaultServer, tool: SpireTool): Promise<Holders> {
  const held = new Map<string, Held>()
  const logIn: Holders['logIn'] = async (spiffeId, role, from) => {
    const jwt = await tool.mintJwt(spiffeId, audience)
    const answer = await vault.api.call('PUT', 'auth/jwt/login', { token: null, from }, { role, jwt })
    return { token: loginWire.parse(answer).auth.client_token, from }
  }
  const begin = async (credential: Credential): Promise<void> => {
    const { spiffeId, address } = stagePlanOf(plan, credential.stage)
    const caller = await logIn(spiffeId, credential.stage, address)
    held.set(credential.stage, { caller, ...(await ask(vault, credential, caller)) })
  }
  const keep = async (credential: Credential): Promise<void> => {
    const now = held.get(credential.stage)
    if (now === undefined) return begin(credential)
    await vault.api.call('PUT', 'auth/token/renew-self', now.caller, {})
    if (!credential.renewable) {
      // As a program finds out that its account no longer works.
      await vault.api.call('PUT', 'sys/leases/lookup', now.caller, { lease_id: now.leaseId })
      if (Date.now() > now.askAgainAt) Object.assign(now, await ask(vault, credential, now.caller))
      return
    }
    const wanted = { lease_id: now.leaseId, increment: credential.ttlSeconds }
    const renewed = leaseWire.parse(await vault.api.call('PUT', 'sys/leases/renew', now.caller, wanted))
    // It comes to its longest life time: another is asked for while this one still holds.
    if (renewed.lease_duration < credential.ttlSeconds / 2) Object.assign(now, await ask(vault, credential, now.caller))
  }
  const turns = new Map<string, Promise<void>>()
  /** One thing after the other for each stage, or it might hold two leases and know of one. */
  const inTurn = (credential: Credential, work: () => Promise<void>): Promise<void> => {
    const next = (turns.get(credential.stage) ?? Promise.resolve()).then(work)
    turns.set(
      credential.stage,
      next.catch(() => undefined),
    )
    return next
  }
  const keepAll = (): Promise<readonly PromiseSettledResult<void>[]> =>
    Promise.allSettled(
      credentials.map((credential) =>
        inTurn(credential, () =>
          keep(credential).catch((error: unknown) => {
            // Sealed, limited or silent: it tries again. Its token or its lease is no longer known: it logs in anew.
            if (!(error instanceof VaultRefusal) || ![400, 403].includes(error.status)) throw error
            held.delete(credential.stage)
            return begin(credential)
          }),
        ),
      ),
    )
  await Promise.all(credentials.map(begin))
  let closed = false
  let wake = (): void => undefined
  const running = (async () => {
    for (;;) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      if (closed) return
      await keepAll()
    }
  })()
  return {
    leases: () => new Map([...held].map(([stage, { leaseId }]) => [stage, leaseId])),
    callerOf: (stage) => {
      const found = held.get(stage)
      if (found === undefined) throw new Error(`${stage} holds nothing of Vault now`)
      return found.caller
    },
    logIn,
    keepNow: () =>
      waitFor(
        'every stage keeps what it holds of Vault',
        async () => {
          for (const each of await keepAll()) if (each.status === 'rejected') throw each.reason
          return true
        },
        { timeoutMs: 30_000, everyMs: 200, server: vault.server },
      ).then(() => undefined),
    askAnew: (stage) => {
      const credential = credentialOf(stage)
      return inTurn(credential, async () => {
        const now = held.get(stage)
        if (now === undefined) return begin(credential)
        const before = now.leaseId
        Object.assign(now, await ask(vault, credential, now.caller))
        await vault.asRoot('PUT', 'sys/leases/revoke', { lease_id: before, sync: true })
      })
    },
    close: async () => {
      closed = true
      wake()
      await running
    },
  }
}

async function ask(vault: VaultServer, credential: Credential, caller: VaultCaller): Promise<Omit<Held, 'caller'>> {
  const { path, body, ttlSeconds } = credential
  const answer =
    body === null ? await vault.api.call('GET', path, caller) : await vault.api.call('POST', path, caller, body)
  return {
    leaseId: leaseWire.parse(answer).lease_id,
    askAgainAt: Date.now() + ttlSeconds * 1000 * keptPart,
  }
}
