import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { LineLog, Mesh, PodPlan, Sidecar, World } from '../parts.ts'
import { type Stage, stageOf, stages } from '../pipeline/topology.ts'
import type { TrafficCounts } from '../pipeline/traffic.ts'
import { startSidecar } from '../sidecar/index.ts'
import { podIpOf } from '../world/addresses.ts'
import { createLineLog } from '../world/line-log.ts'
import { startBundleServer } from './bundle-server.ts'
import { type BundleKeys, createBundleShelf, writeBundleKeys } from './bundle-shelf.ts'
import { createOpa, type MeshOpa } from './opa.ts'
import { bundleServerPod, sharedOpa, sharedOpaAddress, sharedOpaPod, stagePod } from './pods.ts'
import { type StageServices, startStageServices } from './stage-services.ts'
import { type MeshTraffic, startMeshTraffic } from './traffic.ts'

export interface RunningMesh extends Mesh {
  readonly bundleKeys: BundleKeys
  /** What users sent and got back. */
  counts(): TrafficCounts
}

export interface MeshOptions {
  readonly world: World
  readonly requestsPerSecond: number
  readonly seed?: number
  /** No OPA is waited for any more. */
  readonly ended?: AbortSignal
}

/** Lines of a container's log that are kept. */
const keptLines = 4000

/** Starts sidecars, stages and traffic on 127.0.0.1. No OPA runs until `useOpa`: what is asked of nobody is decided by nobody. */
export async function startMesh(options: MeshOptions): Promise<RunningMesh> {
  const { world, requestsPerSecond, seed = 1, ended = new AbortController().signal } = options
  const { log, clock } = world
  const folder = (name: string): string => path.join(world.folder, name)
  const opened: (() => Promise<void>)[] = []
  let stopping: Promise<void> | null = null
  let program: string | null = null

  /** What was opened last is closed first; each gets its turn. */
  async function closeAll(): Promise<void> {
    const problems: unknown[] = []
    for (const close of opened.toReversed()) {
      await close().catch((reason: unknown) => problems.push(reason))
    }
    if (problems.length > 0) throw new AggregateError(problems, 'the mesh of the playground did not end as it should')
  }
  const stop = (): Promise<void> => {
    stopping ??= closeAll()
    return stopping
  }

  try {
    const newLog = (): LineLog => createLineLog(keptLines, () => clock.now())
    const bundleServer = await startBundleServer('127.0.0.1', 0, folder('store'))
    opened.push(() => bundleServer.close())
    await mkdir(folder('opa'), { mode: 0o700 })
    const bundleKeys = await writeBundleKeys(folder('keys'))
    const opas = opaPlans().map((plan) =>
      createOpa(plan, {
        folder: folder('opa'),
        bundleServerPort: bundleServer.port,
        verificationKey: bundleKeys.verification,
        printed: newLog(),
        log,
        ended,
      }),
    )
    opened.push(async () => void (await Promise.all(opas.map((opa) => opa.stop()))))
    const opaOf = ({ id, opa }: Stage): MeshOpa | null =>
      opas.find((one) => (opa === 'shared' ? one.sidecarOf === null : one.sidecarOf === id)) ?? null

    const sidecars = new Map<string, Sidecar & { stop(): Promise<void> }>()
    const sidecar = (id: string): Sidecar => {
      const found = sidecars.get(id)
      if (found === undefined) throw new Error(`no sidecar of ${id} in the playground`)
      return found
    }
    let services: StageServices | null = null
    opened.push(async () => void (await Promise.all([...sidecars.values()].map((one) => one.stop()))))
    await Promise.all(
      stages.map(async (stage) => {
        const started = await startSidecar({
          world,
          stage,
          podIp: podIpOf(stage),
          appPort: () => services?.port(stage.id) ?? null,
          calleeAddress: (to) => ({ podIp: podIpOf(stageOf(to)), port: sidecars.get(to)?.ports.ingress ?? null }),
          authoriser: null,
          log,
        })
        sidecars.set(stage.id, started)
      }),
    )
    const integrity = new Map(stages.map((stage) => [stage.id, newLog()]))
    const integrityOf = (id: string): LineLog => integrity.get(id) ?? newLog()
    const egressPort = (id: string): number => sidecar(id).ports.egress
    const running = await startStageServices({ clock, egressPort, integrity: integrityOf })
    services = running
    opened.push(running.stop)
    const entryPort = running.port('application') ?? 0
    const traffic: MeshTraffic = startMeshTraffic({ perSecond: requestsPerSecond, seed, entryPort, egressPort })
    opened.push(traffic.stop)

    const bundles = createBundleShelf({
      folder: folder('store'),
      workFolder: world.folder,
      keys: bundleKeys,
      server: bundleServer,
      program: () => program,
    })
    const shared = opaOf(stageOf('gateway'))
    if (shared === null) throw new Error('the topology has no shared OPA')
    /** Pods of stages as they are without OPAs, and with them. */
    const stagePods = (own: (stage: Stage) => MeshOpa | null): readonly PodPlan[] =>
      stages.map((stage) =>
        stagePod({
          stage,
          ports: () => ({ app: running.port(stage.id), ...sidecar(stage.id).ports }),
          integrity: integrityOf(stage.id),
          accessLog: sidecar(stage.id).accessLog,
          connectionLog: sidecar(stage.id).connectionLog,
          opa: own(stage),
        }),
      )
    const bundlePod = bundleServerPod(() => bundleServer.port)
    const withoutOpa = [...stagePods(() => null), bundlePod]
    const withOpa = [
      ...stagePods((stage) => (stage.opa === 'sidecar' ? opaOf(stage) : null)),
      sharedOpaPod(shared),
      bundlePod,
    ]

    /** First the OPAs decide, then they are asked: no request is refused for want of an answer. */
    async function useOpa(path: string): Promise<void> {
      program = path
      try {
        await bundles.publish({ revision: 'r1' })
        for (const opa of opas) opa.use(path)
        await Promise.all(opas.map((opa) => opa.start()))
      } catch (reason) {
        program = null
        await Promise.all(opas.map((opa) => opa.stop()))
        throw reason
      }
      for (const stage of stages) sidecar(stage.id).authoriseBy(opaOf(stage)?.authoriser ?? null)
    }

    return {
      sidecar,
      opas,
      pods: () => (program === null ? withoutOpa : withOpa),
      bundles,
      bundleKeys,
      traffic,
      counts: traffic.counts,
      useOpa,
      restartStages: running.restart,
      stop,
    }
  } catch (reason) {
    await stop().catch((also: unknown) => log.error('the mesh did not end as it should', { reason: String(also) }))
    throw reason
  }
}

function opaPlans() {
  return [
    { id: sharedOpa, sidecarOf: null, podIp: sharedOpaAddress },
    ...stages
      .filter(({ opa }) => opa === 'sidecar')
      .map((stage) => ({ id: `opa-${stage.id}`, sidecarOf: stage.id, podIp: podIpOf(stage) })),
  ]
}
