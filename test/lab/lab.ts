import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { intentYaml } from '../../electron/playground/pipeline/intent-yaml.ts'
import { trustDomain } from '../../electron/playground/pipeline/topology.ts'
import { startTraffic } from '../../electron/playground/pipeline/traffic.ts'
import { openedStages } from '../../electron/playground/simulators/vault/credentials.ts'
import { tokenAttestation } from './cluster/attestation.ts'
import { type ClusterPlan, planCluster } from './cluster/plan.ts'
import { ensureClusterPrograms } from './cluster/programs.ts'
import type { RunningCluster } from './cluster/start.ts'
import { type ClusterTier, startTier } from './cluster/tier.ts'
import type { LabControls } from './controls.ts'
import {
  clusterEnvironmentName,
  clusterEnvironmentYaml,
  type EnvironmentSettings,
  environmentYaml,
  everyhopHome,
  register,
  registrationFile,
  unregister,
} from './environment-file.ts'
import { type EnvoyFleet, startFleet } from './envoy/fleet.ts'
import { startGuard } from './guard.ts'
import { injectionsOf } from './inject/index.ts'
import { largestLogBytes, limitLogs } from './log-limits.ts'
import type { DeniedHop } from './opa/bundle.ts'
import { type OpaFleet, startOpas } from './opa/fleet.ts'
import { type PipelineServices, startPipeline } from './pipeline-process.ts'
import { type LabPlan, planLab, stagePlanOf, type Tier } from './plan.ts'
import { type Server, waitFor } from './processes.ts'
import { ensureBinaries, labBinaries } from './provision/binaries.ts'
import { cacheFolder } from './provision/cache-folder.ts'
import { ensureSpirePolicy } from './provision/spire-policy.ts'
import type { AuthorityTruth, MintedSvid, Registration, SpireTool } from './spire/server-tool.ts'
import { type SpireServers, startSpire } from './spire/start.ts'
import { type LabTruth, readTruth } from './truth.ts'
import { planVault, type VaultPlan } from './vault/plan.ts'
import { ensureVaultPrograms, type RunningVault, startVaultTier, type VaultTier } from './vault/tier.ts'

export interface LabOptions {
  /**
   * 1 (default): SPIRE, Envoy and OPA as processes. 2: a Kubernetes cluster around them, by which all of it can be reached.
   * 3: also a Vault, from which stages hold accounts and certificates.
   */
  readonly tier?: Tier
  /** Folder for state, sockets and logs; what is in it is removed. Default: `lab/default` in the cache folder. */
  readonly runFolder?: string
  /** Where the environment `lab` is registered. Default: `EVERYHOP_HOME`, else `~/.config/everyhop`. */
  readonly home?: string
  /** Decides the order of prompts and users. */
  readonly seed?: number
  readonly requestsPerSecond?: number
  /** How far back Everyhop counts traffic in this environment, seconds. */
  readonly windowSeconds?: number
  readonly bundleStaleAfterSeconds?: number
  readonly log?: (line: string) => void
}

export interface LabStatus {
  readonly pid: number
  readonly tier: Tier
  readonly runFolder: string
  readonly environmentFile: string
  /** Of tier 2 and 3, with the rights that Everyhop ships; null in tier 1. */
  readonly kubeconfig: string | null
  readonly startedAt: string
  readonly activeFault: string | null
  readonly servers: readonly { readonly name: string; readonly pid: number; readonly running: boolean }[]
  /** What the traffic generator sent and got back. */
  readonly traffic: ReturnType<ReturnType<typeof startTraffic>['counts']>
}

export interface Lab {
  readonly environmentFile: string
  /** The cluster of tier 2 and 3; null in tier 1. */
  readonly cluster: ClusterPlan | null
  /** The tier 3 lab's Vault; null below. */
  readonly vault: VaultPlan | null
  readonly plan: LabPlan
  truth(): Promise<LabTruth>
  /** Makes a fault of `shared/faults`; resolves when it is really in force. One at a time. */
  inject(faultId: string): Promise<void>
  /** Undoes the active fault; resolves when it is really undone. Nothing to do without one. */
  heal(): Promise<void>
  status(): LabStatus
  /**
   * Tier 2 and 3: writes a kubeconfig with the rights that Everyhop ships but for these, and gives its path.
   * A right is a resource (`pods`, `pods/log`) that may have a verb before it (`watch pods`).
   */
  withRights(without: readonly string[]): Promise<string>
  /** Tier 3: a token of Vault that has this policy (HCL) and no other. */
  vaultToken(policy: string): Promise<string>
  /** An X.509-SVID of any identity, to call as its workload would. */
  mintSvid(spiffeId: string): Promise<MintedSvid>
  /** SPIRE's X.509 authorities, as its own command line tells of them. */
  authorities(): Promise<AuthorityTruth>
  stop(): Promise<void>
}

const remintEveryMs = 60 * 60 * 1000
const limitLogsEveryMs = 20_000

async function clusterOf(opening: Promise<ClusterTier | null>): Promise<RunningCluster> {
  const tier = await opening
  if (tier === null) throw new Error('a lab of tier 1 has no cluster')
  return tier.cluster
}

interface Running {
  readonly spire: SpireServers
  readonly envoys: EnvoyFleet
  readonly opas: OpaFleet
  readonly pipeline: PipelineServices
  readonly cluster: RunningCluster | null
  readonly vault: RunningVault | null
}

/**
 * Starts the lab: SPIRE with two agents, an Envoy beside each stage, three OPAs, the pipeline's services and its traffic.
 * Resolves after the first request went the whole way. A failing start stops what was started and says which part failed.
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const log = options.log ?? (() => undefined)
  const home = options.home ?? everyhopHome()
  const runFolder = options.runFolder ?? path.join(cacheFolder(), 'lab', 'default')
  const binaries = await ensureBinaries(labBinaries, { log })
  // The Everyhop that a test runs on this lab needs an OPA of its own to check and simulate with; a machine may have none.
  process.env['EVERYHOP_OPA'] ??= binaries['opa-envoy'].path
  const policy = await ensureSpirePolicy()
  const tier = options.tier ?? 1
  const clusterPrograms = tier >= 2 ? await ensureClusterPrograms(log) : null
  const vaultPrograms = tier === 3 ? await ensureVaultPrograms(log) : null
  await emptyFolder(runFolder)
  const plan = await planLab(runFolder, randomUUID())
  const vaultPlan = vaultPrograms === null ? null : await planVault(plan)
  const clusterPlan =
    clusterPrograms === null
      ? null
      : await planCluster(plan, clusterPrograms.prometheus !== null, vaultPlan === null ? [] : [vaultPlan.pod])
  const guard = startGuard(plan.mark, [
    registrationFile(home),
    registrationFile(home, clusterEnvironmentName),
    ...(vaultPlan === null ? [] : [vaultPlan.files.postgres]),
  ])
  const servers: Server[] = []
  const closers: (() => Promise<void>)[] = []
  // OPAs hand over their last decisions when they end, so what takes these is closed after them.
  const lastClosers: (() => Promise<void>)[] = []
  let ending = false
  const opened = (server: Server): void => {
    servers.push(server)
    if (ending) server.signal('SIGKILL')
  }
  const stop = async (): Promise<void> => {
    if (ending) return
    ending = true
    await unregister(home)
    await Promise.allSettled(closers.map((close) => close()))
    await Promise.all(servers.map((server) => server.stop()))
    await Promise.allSettled(lastClosers.map((close) => close()))
    await guard.finish()
  }
  const startedAt = new Date()
  let revision = 1
  const revisionName = (): string => `lab-${String(revision).padStart(3, '0')}`
  const openTier = async (): Promise<ClusterTier | null> => {
    if (clusterPlan === null || clusterPrograms === null) return null
    const opening = await startTier(plan, clusterPlan, clusterPrograms, opened, log)
    closers.push(opening.close)
    return opening
  }
  const openVault = (spire: Promise<SpireTool>, opening: Promise<ClusterTier | null>): VaultTier | null => {
    if (vaultPlan === null || vaultPrograms === null) return null
    const vaultTier = startVaultTier(plan, vaultPlan, vaultPrograms, { spire, cluster: clusterOf(opening) }, opened)
    closers.push(vaultTier.close)
    return vaultTier
  }
  const start = async (): Promise<Running> => {
    const opening = openTier()
    const spireTool = Promise.withResolvers<SpireTool>()
    const registerBy = async (tool: SpireTool): Promise<Registration> => {
      spireTool.resolve(tool)
      return (await opening)?.registerBy(tool) ?? tool
    }
    const vaultTier = openVault(spireTool.promise, opening)
    const [{ spire, envoys }, opas, pipeline, clusterTier, vault] = await Promise.all([
      startSpire(
        plan,
        { server: binaries['spire-server'].path, agent: binaries['spire-agent'].path, policy },
        opened,
        clusterPlan === null ? {} : { registerBy, attestation: tokenAttestation(clusterPlan, clusterOf(opening)) },
      ).then(async (spire) => ({ spire, envoys: await startFleet(plan, binaries.envoy.path, opened) })),
      startOpas(
        plan,
        { opaBinary: binaries['opa-envoy'].path, firstRevision: revisionName(), console: tier >= 2 },
        opened,
      ).then((fleet) => {
        lastClosers.push(fleet.close)
        return fleet
      }),
      startPipeline(plan, opened),
      opening.then(async (started) => {
        await started?.complete
        return started
      }),
      vaultTier?.running ?? null,
    ])
    return { spire, envoys, opas, pipeline, cluster: clusterTier?.cluster ?? null, vault }
  }
  try {
    const running = await start()
    const entry = stagePlanOf(plan, 'application')
    const traffic = startTraffic({
      entry: { address: entry.address, port: entry.appPort },
      seed: options.seed ?? 1,
      perSecond: options.requestsPerSecond ?? 4,
    })
    closers.push(async () => traffic.stop())
    const passed = async (): Promise<boolean> => (traffic.counts().byStatus['200'] ?? 0) > 0
    await waitFor('a first request goes the whole way through the pipeline', passed, { timeoutMs: 20_000 })
    const remint = setInterval(() => {
      running.spire.tool.mintReader().catch((error: Error) => log(error.message))
    }, remintEveryMs)
    const limiting = setInterval(() => {
      limitLogs(plan, largestLogBytes).catch((error: Error) => log(`limiting the logs: ${error.message}`))
      running.vault?.server.limitAuditLog(largestLogBytes).catch((error: Error) => log(error.message))
    }, limitLogsEveryMs)
    closers.push(async () => {
      clearInterval(remint)
      clearInterval(limiting)
    })
    const settings: EnvironmentSettings = {
      mintCommand: running.spire.tool.mintCommand,
      windowSeconds: options.windowSeconds ?? 30,
      bundleStaleAfterSeconds: options.bundleStaleAfterSeconds ?? 8,
    }
    const yaml = environmentYaml(plan, settings, clusterPlan, vaultPlan)
    await writeFile(plan.files.intent, intentYaml(tier === 3 ? { credentials: [...openedStages] } : null))
    await writeFile(plan.files.environment, yaml, { mode: 0o600 })
    await register(home, yaml).catch((error: Error) => {
      throw new Error(`the lab runs, but cannot be registered as ${registrationFile(home)}: ${error.message}`)
    })
    if (clusterPlan !== null) {
      const clusterYaml = clusterEnvironmentYaml(plan, clusterPlan, settings, vaultPlan)
      await writeFile(clusterPlan.files.environment, clusterYaml, { mode: 0o600 })
      await register(home, clusterYaml, clusterEnvironmentName)
    }
    log(`lab: ready after ${((Date.now() - startedAt.getTime()) / 1000).toFixed(1)} s`)

    let activeFault: string | null = null
    let inForce: { revision: string; denied: readonly DeniedHop[] } = { revision: revisionName(), denied: [] }
    let repeating: NodeJS.Timeout | undefined
    closers.push(async () => clearInterval(repeating))
    const controls: LabControls = {
      ...running,
      plan,
      trustDomain,
      bundleStaleAfterSeconds: settings.bundleStaleAfterSeconds,
      activeFault: () => activeFault,
      repeat: (work, everyMs) => {
        clearInterval(repeating)
        repeating = setInterval(() => void work().catch(() => undefined), everyMs)
      },
      policyInForce: () => inForce,
      publish: async (order) => {
        revision += 1
        await running.opas.publish({ ...order, revision: revisionName() })
        if (order.foreignKey !== true) inForce = { revision: revisionName(), denied: order.deny ?? [] }
        return revisionName()
      },
    }
    return {
      environmentFile: plan.files.environment,
      plan,
      cluster: clusterPlan,
      vault: vaultPlan,
      truth: () => readTruth(controls),
      mintSvid: (spiffeId) => controls.spire.tool.mintSvid(spiffeId),
      authorities: () => controls.spire.tool.authorities(),
      inject: async (faultId) => {
        const injection = injectionsOf(tier).get(faultId)
        if (injection === undefined) {
          throw new Error(`the lab has no fault ${faultId}; it has ${[...injectionsOf(tier).keys()].join(', ')}`)
        }
        if (activeFault !== null) throw new Error(`the fault ${activeFault} is active: heal the lab first`)
        activeFault = faultId
        await injection.inject(controls)
      },
      heal: async () => {
        if (activeFault === null) return
        clearInterval(repeating)
        await injectionsOf(tier).get(activeFault)?.heal(controls)
        activeFault = null
      },
      status: () => ({
        pid: process.pid,
        tier,
        runFolder,
        environmentFile: plan.files.environment,
        kubeconfig: clusterPlan?.files.viewerKubeconfig ?? null,
        startedAt: startedAt.toISOString(),
        activeFault,
        servers: currentServers(servers).map((server) => ({
          name: server.name,
          pid: server.pid,
          running: server.isRunning(),
        })),
        traffic: traffic.counts(),
      }),
      withRights: async (without) => {
        if (running.cluster === null) throw new Error('a lab of tier 1 has no cluster whose rights could be given')
        return running.cluster.withRights(without)
      },
      vaultToken: async (policy) => {
        if (running.vault === null) throw new Error(`a lab of tier ${tier} has no Vault whose tokens could be given`)
        return running.vault.tokenWithPolicy(policy)
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The servers as they are now: one that was started again replaces its predecessor of the same name. */
function currentServers(opened: readonly Server[]): readonly Server[] {
  return [...new Map(opened.map((server) => [server.name, server])).values()]
}

async function emptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of await readdir(folder)) await rm(path.join(folder, name), { recursive: true, force: true })
}
