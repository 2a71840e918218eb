import type { VaultSource } from '../../../shared/domain/model/environment.ts'
import type { Fact, Report } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { ConnectorPorts, VaultLog } from '../../core/ports.ts'
import { calls, type VaultCall } from './calls.ts'
import type { VaultAnswer, VaultClient } from './client.ts'
import { type EntityMemory, readEntities } from './entities.ts'
import { readLeases } from './lease-reading.ts'
import { createLeaseLookups, type LeaseLookups } from './leases.ts'
import { asGap, type Problem, parse, problemOf, type Translated, VaultFailure } from './problem.ts'
import { type NeededRight, neededRights } from './rights.ts'
import { authMethodFacts, mountFacts, type Read, readMounts, readPolicies, readRoles } from './settings-reading.ts'
import type { VaultSession } from './sign-in.ts'
import { translateServer, translateToken } from './translate.ts'
import {
  capabilities as capabilitiesSchema,
  health,
  ownToken,
  sealStatus,
  type WireHealth,
  type WireMounts,
} from './wire.ts'

export const vaultParts = [
  'server',
  'token',
  'mounts',
  'auth-methods',
  'roles',
  'policies',
  'entities',
  'leases',
] as const
export type VaultPart = (typeof vaultParts)[number]

/** Settings change seldom and cost a request for each role and policy. Milliseconds. */
const settingsEveryMs = 60_000

/** What is known from one reading to the next. */
export interface VaultMemory {
  readonly readAt: Map<VaultPart, EpochMs>
  mounts: WireMounts | null
  methods: WireMounts | null
  rights: readonly NeededRight[]
  readonly entities: EntityMemory
  readonly lookups: LeaseLookups
}

export function createVaultMemory(source: VaultSource, now: () => EpochMs): VaultMemory {
  return {
    readAt: new Map(),
    mounts: null,
    methods: null,
    rights: [],
    entities: new Map(),
    lookups: createLeaseLookups(source.id, source.lookupsPerMinute, now),
  }
}

const noVaultLog: VaultLog = { told: () => [] }

type Settled<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: unknown }

/** One reading of one Vault, a report a part as soon as it is there. Rejects only with the signal's reason. */
export async function* readVault(
  source: VaultSource,
  client: VaultClient,
  session: VaultSession,
  memory: VaultMemory,
  ports: Pick<ConnectorPorts, 'clock' | 'log' | 'vaultLog' | 'place'>,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  const vault = source.id
  const log = ports.vaultLog ?? noVaultLog
  let stopped: unknown = null

  const state = await settle(readHealth())
  if (!state.ok) {
    for (const part of vaultParts) yield unread(part, state.error)
    return
  }
  const seal = await settle(readSealStatus())
  const { value: found, at, clockOffsetMs } = state.value
  const address = ports.place ?? source.address
  const server = translateServer({ vault, at }, address, found, seal.ok ? seal.value : null, clockOffsetMs)
  yield reportOf('server', { facts: [server], problems: seal.ok ? [] : [problem('seal-status', seal.error)] })

  const closed = whyClosed(found)
  const token = closed === null ? await settle(session.token(signal)) : null
  if (token === null || !token.ok) {
    const why = token === null ? closed : token.error
    for (const part of vaultParts) if (part !== 'server') yield unread(part, why)
    return
  }
  const ask = asking(token.value)

  if (isDue('mounts')) yield await part('mounts', readEngines)
  if (isDue('auth-methods')) yield await part('auth-methods', readMethods)
  memory.rights = neededRights(memory.methods, memory.mounts, source.listLeasesOf)
  yield await part('token', readToken)
  if (isDue('roles')) yield await part('roles', () => readRoles(vault, memory.methods, memory.mounts, ask))
  if (isDue('policies')) yield await part('policies', () => readPolicies(vault, ask))
  yield await part('entities', () => readEntities(vault, log.told(vault), memory.entities, ports.clock.now(), ask))
  yield await part('leases', () => readLeases(source, log, memory, ports.clock.now, ask))

  /** Everything in a part that could not be read because nobody answers is asked again in the next turn. */
  async function part(name: VaultPart, read: () => Promise<Translated>): Promise<Report> {
    if (stopped !== null) return unread(name, stopped)
    const result = await settle(read())
    if (!result.ok) return unread(name, result.error)
    const isWhole = result.value.facts !== null && result.value.problems.length === 0
    if (isWhole) memory.readAt.set(name, ports.clock.now())
    else memory.readAt.delete(name)
    return reportOf(name, result.value)
  }

  function isDue(name: VaultPart): boolean {
    const last = memory.readAt.get(name)
    return last === undefined || ports.clock.now() - last >= settingsEveryMs
  }

  function asking(value: string): (call: VaultCall) => Promise<VaultAnswer> {
    return (call) => client.ask(call, value, signal)
  }

  async function readHealth(): Promise<Read<WireHealth> & Pick<VaultAnswer, 'clockOffsetMs'>> {
    const call = calls.health()
    const answer = await client.ask(call, null, signal)
    return { ...answer, value: parse(health, answer.value, call.locator) }
  }

  async function readSealStatus() {
    const call = calls.sealStatus()
    return parse(sealStatus, (await client.ask(call, null, signal)).value, call.locator)
  }

  async function readEngines(): Promise<Translated> {
    memory.mounts = null
    const read = await readMounts(calls.mounts(), ask)
    memory.mounts = read.value
    return { facts: mountFacts(vault, read, source.listLeasesOf), problems: [] }
  }

  async function readMethods(): Promise<Translated> {
    memory.methods = null
    const read = await readMounts(calls.authMethods(), ask)
    memory.methods = read.value
    return { facts: authMethodFacts(vault, read), problems: [] }
  }

  async function readToken(): Promise<Translated> {
    const call = calls.lookUpSelf()
    const own = await ask(call).catch((error: unknown) => {
      // Revoked, or Vault was set up anew: another one is got in the next turn.
      if (error instanceof VaultFailure && error.reason === 'forbidden') session.refused()
      throw error
    })
    const { data } = parse(ownToken, own.value, call.locator)
    session.told({ ttlSeconds: data.ttl, creationTtlSeconds: data.creation_ttl, renewable: data.renewable })
    const held = await settle(readCapabilities())
    const facts = [translateToken({ vault, at: own.at }, data, held.ok ? held.value : {})]
    return { facts, problems: held.ok ? [] : [problem('capabilities', held.error)] }
  }

  async function readCapabilities(): Promise<Readonly<Record<string, readonly string[]>>> {
    const paths = [...new Set(memory.rights.map(({ asked }) => asked))]
    const call = calls.capabilities(paths)
    const { data } = parse(capabilitiesSchema, (await ask(call)).value, call.locator)
    return Object.fromEntries(
      paths.flatMap((path) => {
        const held = data[path]
        return Array.isArray(held) ? [[path, held.filter((one): one is string => typeof one === 'string')]] : []
      }),
    )
  }

  function reportOf(name: VaultPart, { facts, problems }: Translated): Report {
    return { scope: `vault/${vault}/${name}`, at: ports.clock.now(), facts, gaps: gapsOf(problems) }
  }

  function unread(name: VaultPart, error: unknown): Report {
    signal.throwIfAborted()
    memory.readAt.delete(name)
    const gap = problem(missing[name], error)
    if (error instanceof VaultFailure && error.stops) stopped = error
    const facts: readonly Fact[] | null = null
    return { scope: `vault/${vault}/${name}`, at: ports.clock.now(), facts, gaps: gapsOf([gap]) }
  }

  function gapsOf(problems: readonly Problem[]): Report['gaps'] {
    return problems.map((one) => asGap(one, { vault, at: ports.clock.now() }))
  }

  function problem(what: string, error: unknown): Problem {
    if (error instanceof VaultFailure) return problemOf(what, error)
    // Only its kind is written down: its words may hold what was asked.
    const kind = error instanceof Error ? error.name : typeof error
    if (!signal.aborted) ports.log.error('reading a Vault failed unexpectedly', { vault, what, kind })
    return { what, reason: 'invalid', detail: 'Everyhop could not read this; its own log says why' }
  }
}

/** The code of what is missing when a part cannot be read. */
const missing: Readonly<Record<VaultPart, string>> = {
  server: 'server',
  token: 'token',
  mounts: 'mounts',
  'auth-methods': 'auth-methods',
  roles: 'roles',
  policies: 'policies',
  entities: 'entities',
  leases: 'leases',
}

/** Why nothing else can be asked; null: it can. A standby passes questions on to the active one. */
function whyClosed(found: WireHealth): VaultFailure | null {
  if (!found.initialized) {
    return closed('it is not initialised (sys/health says HTTP 501): initialise it with vault operator init')
  }
  if (found.sealed)
    return closed('it is sealed (sys/health says HTTP 503): unseal it; until then it answers nothing else')
  const isSecondary = found.replication_dr_mode === 'secondary'
  return isSecondary ? closed('it is a disaster recovery secondary (HTTP 472): name the address of the primary') : null
}

function closed(words: string): VaultFailure {
  return new VaultFailure('unreachable', words, { stops: true })
}

function settle<Value>(promise: Promise<Value>): Promise<Settled<Value>> {
  return promise.then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, error }),
  )
}
