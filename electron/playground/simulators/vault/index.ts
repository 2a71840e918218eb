import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { VaultControls, World } from '../../parts.ts'
import { createLineLog } from '../../world/line-log.ts'
import { createAuditLog } from './audit.ts'
import { type Holders, startHolders, type VaultCaller } from './holders.ts'
import { createVaultServer } from './http.ts'
import type { TokenReview } from './logins.ts'
import { mount } from './mounts.ts'
import { rulesIn } from './policies.ts'
import { createVaultState, everyhop, roleFor, type VaultState } from './state.ts'
import { handle, type VaultReply, type VaultRequest } from './vault.ts'

/** Vault's HTTP API on 127.0.0.1, with leases that the stages hold. */
export interface VaultSimulator extends VaultControls {
  /** How Everyhop signs in, as environment.yaml says it: by a token with docs/rights/vault.hcl and nothing else. */
  readonly signIn: { readonly tokenFile: string }
  readonly holders: Pick<Holders, 'leases' | 'logIn'>
  /** Who verifies tokens of service accounts; until then nobody signs in by one. */
  reviewBy(review: TokenReview): void
  /** A token with one policy of this text. */
  tokenWith(policy: string): string
  /** One more engine, without roles: `postgres/` of type `database`. */
  mount(path: string, type: string): void
  /** One request as a workload makes it. */
  ask(request: VaultRequest): Promise<VaultReply>
}

/** Lines of the audit log that are kept: those of a lease that is renewed for an hour are still there for whoever reads it anew. */
const keptLines = 6000
const askEveryMs = 1000
/** Renewed by whoever has it. */
const tokenPeriod = 24 * 60 * 60
/** Longer than any lease, which would end with it. */
const extraPeriod = 24 * 60 * 60

export async function startVaultSimulator(world: World): Promise<VaultSimulator> {
  const state = await createVaultState(world)
  const auditLog = createLineLog(keptLines)
  const audit = createAuditLog(world, auditLog)
  const ask = (request: VaultRequest): Promise<VaultReply> => handle(state, audit, request)
  const tokenFile = join(world.folder, 'vault-token')
  await writeFile(tokenFile, tokenOf(state, everyhop), { mode: 0o600 })
  const holders = await startHolders(world, ask)
  const extras = new Set<Promise<void>>()
  const asking = new Set<NodeJS.Timeout>()
  const sockets = new Set<Socket>()

  const failed = (error: unknown): void => world.log.error("the playground's Vault failed", { error: String(error) })
  const server = createVaultServer(ask, failed)
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error("the playground's Vault has no port")

  /** In the background, and not beyond the end. */
  function later(work: Promise<unknown>): void {
    const settled = work.then(() => {}, failed)
    extras.add(settled)
    void settled.then(() => extras.delete(settled))
  }

  return {
    port: bound.port,
    auditLog,
    signIn: { tokenFile },
    holders,
    ask,
    reviewBy(review) {
      state.review = review
    },
    tokenWith(policy) {
      rulesIn(policy)
      const name = `${everyhop}-${createHash('sha256').update(policy).digest('hex').slice(0, 8)}`
      state.policies.set(name, policy)
      return tokenOf(state, name)
    },
    mount(path, type) {
      state.mounts.push(mount(path, type, ''))
    },
    seal(isSealed) {
      state.isSealed = isSealed
      if (!isSealed) later(holders.keep())
    },
    limit(isLimited) {
      state.isLimited = isLimited
      if (!isLimited) later(holders.keep())
    },
    deniedAsking(stage, path) {
      const once = async (): Promise<void> => {
        const caller = holders.callerOf(stage)
        if (caller !== null) await ask({ ...caller, operation: 'read', path, body: null })
      }
      later(once())
      const timer = setInterval(() => later(once()), askEveryMs)
      timer.unref()
      asking.add(timer)
      return () => {
        clearInterval(timer)
        asking.delete(timer)
      }
    },
    extraLease({ mount, path, holder, seconds }) {
      if (!path.startsWith(mount)) throw new Error(`${path} is not below ${mount}`)
      const name = freeName(state, path, holder)
      const taken = takeExtra(name, path, holder, seconds)
      later(taken)
      return () => {
        later(
          taken.then(async (caller) => {
            await ask({ ...caller, operation: 'update', path: 'auth/token/revoke-self', body: {} })
            state.jwtRoles.delete(name)
            state.policies.delete(name)
          }),
        )
      }
    },
    async stop() {
      for (const timer of asking) clearInterval(timer)
      await holders.stop()
      await Promise.all(extras)
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      })
    },
  }

  /** Lets the holder log in for this one path, logs it in and asks. */
  async function takeExtra(name: string, path: string, holder: string, seconds: number): Promise<VaultCaller> {
    state.policies.set(name, `path "${path}" {\n  capabilities = ["read", "update"]\n}\n`)
    state.jwtRoles.set(name, roleFor(holder, name, extraPeriod))
    const caller = await holders.logIn(holder, name)
    const operation = state.engineRoles.find((role) => role.path === path)?.operation ?? 'read'
    const reply = await ask({ ...caller, operation, path, body: {}, leaseSeconds: seconds })
    if (reply.status !== 200) throw new Error(`${path} gave no lease: HTTP ${reply.status}`)
    return caller
  }
}

/** A token with this policy and no other, as an operator would hand it out. */
function tokenOf(state: VaultState, policy: string): string {
  return state.tokens.issue({
    displayName: `token-${everyhop}`,
    policies: [policy],
    ttlSeconds: tokenPeriod,
    period: tokenPeriod,
  }).sent
}

/** Named by what is asked for, or by who asks where that name is taken. */
function freeName({ policies }: VaultState, path: string, holder: string): string {
  const last = (one: string): string => one.slice(one.lastIndexOf('/') + 1)
  const names = [last(path), last(holder)]
  return names.find((name) => !policies.has(name)) ?? `${names.join('-')}-${policies.size}`
}
