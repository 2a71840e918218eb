import { randomUUID } from 'node:crypto'
import type { Clock, Log } from '../../core/ports.ts'
import type { Agent, AgentStanding, Delivered, Entry, Svid, World } from '../parts.ts'
import { type Stage, spiffeIdOf, stageOf, stages, trustDomain } from '../pipeline/topology.ts'
import { agentIdOf, selectorsOf } from './addresses.ts'
import { backdateMs, createAuthority } from './authority.ts'

export interface WorldOptions {
  readonly clock: Clock
  readonly log: Log
  readonly folder: string
  readonly svidSeconds: number
}

/** How often it is looked whether something has to be renewed. */
const tickMs = 500
const machines = ['node-a', 'node-b'] as const
const agentLifeMs = 60 * 60 * 1000
/**
 * Of an SVID's life, when its agent renews it, give or take a tenth: earlier than the half that SPIRE's agents wait for by
 * themselves, as those do that have an `availability_target`. So there is always an old SVID that still works for a while.
 */
const renewalShare = 0.25
/** Of an SVID's life: one so old should have been renewed. */
const oldShare = 0.6

interface Workload {
  readonly stage: Stage
  delivered: Delivered
  /** When the agent gives it a new SVID. */
  renewAt: number
  /** What agents delivered to it and has not run out, the newest last. */
  had: readonly { readonly svid: Svid; readonly at: number }[]
  isHeld: boolean
  /** SPIRE goes on renewing, and the sidecar keeps what it has. */
  isStuck: boolean
  override: Svid | null
  hasEntry: boolean
  /** Tells an SVID that was ordered before something changed from the ones that are wanted. */
  order: number
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const { clock, log, folder, svidSeconds } = options
  const authority = await createAuthority({ trustDomain, clock, svidSeconds })
  const ended = new AbortController()
  const listeners = new Set<(stage: string, delivered: Delivered) => void>()
  const issueListeners = new Set<(stage: string, svid: Svid) => void>()
  const agents = new Map(await Promise.all(machines.map(async (node) => [node, await attested(node, true)] as const)))
  const entries = new Map(stages.map((stage) => [stage.id, entryOf(stage, svidSeconds, clock.now())]))
  const workloads = new Map(stages.map((stage) => [stage.id, createWorkload(stage)]))
  await Promise.all([...workloads.values()].map(give))
  const ticking = tick()

  async function attested(node: Stage['node'], isUp: boolean): Promise<Agent> {
    const svid = await authority.issue({ spiffeId: agentIdOf(node), notAfter: clock.now() + agentLifeMs })
    return { node, spiffeId: svid.spiffeId, serial: svid.serial, notAfter: svid.notAfter, isUp, standing: 'attested' }
  }

  function createWorkload(stage: Stage): Workload {
    const nothing = { svid: null, bundle: '', at: clock.now() }
    const free = { isHeld: false, isStuck: false, override: null }
    return { stage, delivered: nothing, renewAt: 0, had: [], ...free, hasEntry: true, order: 0 }
  }

  function workload(stage: string): Workload {
    const found = workloads.get(stage)
    if (found === undefined) throw new Error(`no stage ${stage} in the playground`)
    return found
  }

  function isServed(target: Workload): boolean {
    const agent = agents.get(target.stage.node)
    return target.hasEntry && agent?.isUp === true && agent.standing === 'attested' && !target.isHeld
  }

  /** An SVID of its own and the bundle as it is now, unless nothing is to be given to it. */
  async function give(target: Workload): Promise<void> {
    if (target.override !== null) {
      deliver(target, target.override)
      return
    }
    if (!isServed(target)) return
    target.order += 1
    const { order } = target
    target.renewAt = Number.POSITIVE_INFINITY
    const svid = await authority.issue({ spiffeId: spiffeIdOf(target.stage) })
    if (order !== target.order || target.override !== null || !isServed(target) || ended.signal.aborted) return
    const spread = 0.9 + (0.2 * stages.indexOf(target.stage)) / stages.length
    const now = clock.now()
    target.renewAt = now + (svid.notAfter - now) * renewalShare * spread
    for (const listener of issueListeners) listener(target.stage.id, svid)
    if (target.isStuck) return
    target.had = [...target.had.filter((one) => one.svid.notAfter > now), { svid, at: now }]
    deliver(target, svid)
  }

  /** The newest of those that should have been renewed; where the playground is too young for one, one from before it began. */
  async function oldOf({ stage, had }: Workload): Promise<Svid> {
    const bornBefore = clock.now() - svidSeconds * 1000 * oldShare
    const found = had.findLast(({ at }) => at <= bornBefore)
    if (found !== undefined) return found.svid
    return await authority.issue({
      spiffeId: spiffeIdOf(stage),
      notBefore: bornBefore - backdateMs,
      notAfter: bornBefore + svidSeconds * 1000,
    })
  }

  function deliver(target: Workload, svid: Svid): void {
    target.delivered = { svid, bundle: authority.bundle(), at: clock.now() }
    for (const listener of listeners) listener(target.stage.id, target.delivered)
  }

  /** What was held back, and what changed meanwhile, is given as soon as it can be. */
  function giveLater(target: Workload): void {
    target.renewAt = 0
  }

  function changeAgent(
    node: Stage['node'],
    change: { readonly isUp: boolean } | { readonly standing: AgentStanding },
  ): void {
    const agent = agents.get(node)
    if (agent === undefined) throw new Error(`no machine ${node} in the playground`)
    const changed = { ...agent, ...change }
    agents.set(node, changed)
    if (!changed.isUp || changed.standing !== 'attested') return
    for (const target of workloads.values()) if (target.stage.node === node) giveLater(target)
  }

  async function tick(): Promise<void> {
    while (!ended.signal.aborted) {
      try {
        await clock.sleep(tickMs, ended.signal)
        const bundle = authority.bundle()
        await authority.renew()
        await renewAgents()
        const isChanged = bundle !== authority.bundle()
        const due = [...workloads.values()].filter((target) => isChanged || clock.now() >= target.renewAt)
        await Promise.all(due.filter((target) => target.override === null).map(give))
      } catch (error) {
        if (!ended.signal.aborted) log.error('the playground could not renew an identity', { error })
      }
    }
  }

  async function renewAgents(): Promise<void> {
    for (const agent of agents.values()) {
      if (agent.isUp && agent.standing === 'attested' && agent.notAfter - clock.now() < agentLifeMs / 2) {
        agents.set(agent.node, await attested(agent.node, true))
      }
    }
  }

  return {
    clock,
    log,
    folder,
    svidSeconds,
    authority,
    agents: () => [...agents.values()].filter(({ standing }) => standing !== 'evicted'),
    entries: () => stages.flatMap((stage) => entries.get(stage.id) ?? []),
    delivered: (stage) => workload(stage).delivered,
    onDelivery(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    onIssue(listener) {
      issueListeners.add(listener)
      return () => {
        issueListeners.delete(listener)
      }
    },
    setAgent: (node, isUp) => changeAgent(node, { isUp }),
    setStanding: (node, standing) => changeAgent(node, { standing }),
    removeEntry(stage) {
      workload(stage).hasEntry = false
      entries.delete(stage)
    },
    restoreEntry(stage) {
      const target = workload(stage)
      if (target.hasEntry) return
      target.hasEntry = true
      entries.set(stage, entryOf(stageOf(stage), svidSeconds, clock.now()))
      giveLater(target)
    },
    changeEntry(stage, change) {
      const target = workload(stage)
      target.hasEntry = change === null
      entries.set(stage, { ...entryOf(stageOf(stage), svidSeconds, clock.now()), ...change })
      if (change === null) giveLater(target)
    },
    holdBack(stage, isHeld) {
      const target = workload(stage)
      target.isHeld = isHeld
      if (!isHeld) giveLater(target)
    },
    async serveOld(stage, isOld) {
      const target = workload(stage)
      target.isStuck = isOld
      if (isOld) deliver(target, await oldOf(target))
      else giveLater(target)
    },
    override(stage, svid) {
      const target = workload(stage)
      target.override = svid
      if (svid === null) giveLater(target)
      else deliver(target, svid)
    },
    attach(stage) {
      const target = workload(stage)
      if (isServed(target) || target.override !== null) return target.delivered
      target.delivered = { svid: null, bundle: '', at: clock.now() }
      return target.delivered
    },
    async rotate() {
      await Promise.all([...workloads.values()].map(give))
    },
    async stop() {
      ended.abort()
      listeners.clear()
      issueListeners.clear()
      await ticking
    },
  }
}

function entryOf(stage: Stage, x509SvidTtlSeconds: number, now: number): Entry {
  return {
    id: randomUUID(),
    spiffeId: spiffeIdOf(stage),
    parentId: agentIdOf(stage.node),
    selectors: selectorsOf(stage),
    x509SvidTtlSeconds,
    createdAt: now,
    revision: 1,
  }
}
