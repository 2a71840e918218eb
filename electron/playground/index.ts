import { writeEnvironment } from './environment-file.ts'
import { playgroundFaults } from './faults/index.ts'
import { type RunningMesh, startMesh } from './mesh/index.ts'
import type { FaultControls, Playground, PlaygroundOptions, PodPlan } from './parts.ts'
import { openPrivateFolder } from './private-folder.ts'
import { type KubernetesSimulator, startKubernetesSimulator } from './simulators/kubernetes/index.ts'
import { type SpireSimulator, startSpireSimulator, writeReaderIdentity } from './simulators/spire/index.ts'
import { spirePods } from './simulators/spire/pods.ts'
import { startVaultSimulator, type VaultSimulator } from './simulators/vault/index.ts'
import { vaultPods } from './simulators/vault/pods.ts'
import { createWorld } from './world/world.ts'

/** So few requests that ten times as many are no more than a processor core answers. */
const defaults = { svidSeconds: 240, requestsPerSecond: 2, windowSeconds: 20 } as const
/** So few that idling costs less than a twentieth of a core, so many that every hop is called within the window. */
const unattendedPerSecond = 0.5

export interface RunningPlayground extends Playground {
  /** What stands behind it, for tests. */
  readonly controls: FaultControls & {
    readonly mesh: RunningMesh
    readonly simulators: {
      readonly spire: SpireSimulator
      readonly kubernetes: KubernetesSimulator
      readonly vault: VaultSimulator
    }
  }
  readonly folder: string
}

/**
 * Starts the demonstration pipeline in this process: everything listens on 127.0.0.1 at ports that were free, and all files are in
 * one private folder for temporary files. Rejects with a sentence when a part cannot start; then nothing of it is left. An OPA
 * that does not work is told in the log, and the pipeline runs without.
 */
export async function startPlayground(options: PlaygroundOptions): Promise<RunningPlayground> {
  const { clock, log } = options
  const folder = await openPrivateFolder()
  const opened: (() => Promise<void>)[] = [folder.remove]
  let ending: Promise<void> | null = null
  const closing = new AbortController()
  const ended = AbortSignal.any([closing.signal, ...(options.signal === undefined ? [] : [options.signal])])
  const stop = (): Promise<void> => {
    closing.abort(new Error('the playground ends'))
    ending ??= closeAll(opened)
    return ending
  }
  try {
    const svidSeconds = options.svidSeconds ?? defaults.svidSeconds
    const world = await createWorld({ clock, log, folder: folder.path, svidSeconds })
    opened.push(world.stop)
    const requestsPerSecond = options.requestsPerSecond ?? defaults.requestsPerSecond
    const mesh = await startMesh({ world, requestsPerSecond, ended })
    opened.push(mesh.stop)
    const spire = await startSpireSimulator(world)
    opened.push(spire.stop)
    const reader = await writeReaderIdentity(world, `${folder.path}/reader`)
    opened.push(reader.stop)
    const vault = await startVaultSimulator(world)
    opened.push(vault.stop)
    const control: readonly PodPlan[] = [...spirePods(spire, world), ...vaultPods(vault)]
    const kubernetes = await startKubernetesSimulator({ world, pods: () => [...mesh.pods(), ...control] })
    opened.push(kubernetes.stop)
    vault.reviewBy(kubernetes.reviewToken)
    const environmentFile = await writeEnvironment({
      folder: folder.path,
      windowSeconds: options.windowSeconds ?? defaults.windowSeconds,
      kubeconfig: kubernetes.kubeconfig,
      reader,
      vaultSignIn: vault.signIn,
      bundleStore: mesh.bundles.folder,
      bundleKeys: mesh.bundleKeys,
    })
    const controls = { world, mesh, simulators: { spire, kubernetes, vault }, ended }
    const authorisation = createAuthorisation(mesh, kubernetes.refresh)
    if (options.opa !== null) {
      await authorisation.use(options.opa).catch((reason: unknown) => {
        log.warn('the playground starts without OPA', { reason: wordsOf(reason) })
      })
    }
    const breaking = createBreaking(controls)
    return {
      environmentFile,
      folder: folder.path,
      controls,
      get authorisation() {
        return authorisation.state()
      },
      get heldBack() {
        return mesh.counts().heldBackLately
      },
      get active() {
        return breaking.active()
      },
      inject(fault) {
        mesh.traffic.rate(mesh.traffic.normal)
        return breaking.inject(fault)
      },
      heal: breaking.heal,
      useOpa: authorisation.use,
      attend(isAttended) {
        if (breaking.active() !== null) return
        mesh.traffic.rate(isAttended ? mesh.traffic.normal : unattendedPerSecond)
      },
      stop,
    }
  } catch (reason) {
    await stop().catch((also: unknown) => log.error('something of the playground was left', { reason: wordsOf(also) }))
    throw reason
  }
}

/** `refresh`: the cluster looks at its pods again. */
function createAuthorisation(mesh: RunningMesh, refresh: () => void) {
  let state: 'deciding' | 'starting' | 'no-opa' = 'no-opa'
  return {
    state: (): Playground['authorisation'] =>
      state === 'deciding' && mesh.opas.some(({ isMissing }) => isMissing) ? 'interrupted' : state,
    async use(program: string): Promise<void> {
      if (state !== 'no-opa') return
      state = 'starting'
      try {
        await mesh.useOpa(program)
        refresh()
        state = 'deciding'
      } catch (reason) {
        state = 'no-opa'
        throw reason
      }
    },
  }
}

/** One fault at a time, one change at a time. */
function createBreaking(controls: FaultControls) {
  let active: { readonly fault: string; readonly undo: () => Promise<void> } | null = null
  let turn: Promise<unknown> = Promise.resolve()

  function inTurn(work: () => Promise<void>): Promise<void> {
    const result = turn.then(work)
    turn = result.catch(() => {}) // whoever asked is told
    return result
  }

  async function undo(): Promise<void> {
    // Still active when it fails, so that it can be tried again.
    await active?.undo()
    active = null
  }

  return {
    active: () => active?.fault ?? null,
    heal: () => inTurn(undo),
    inject: (fault: string) =>
      inTurn(async () => {
        const make = [...playgroundFaults].find(([id]) => id === fault)?.[1]
        if (make === undefined) throw new Error(`the playground has no fault ${fault}`)
        await undo()
        active = { fault, undo: await make(controls) }
      }),
  }
}

/** What was opened last is closed first. Each gets its turn, whatever happens to the others. */
async function closeAll(opened: readonly (() => Promise<void>)[]): Promise<void> {
  const problems: string[] = []
  for (const close of opened.toReversed()) {
    await close().catch((reason: unknown) => problems.push(wordsOf(reason)))
  }
  if (problems.length > 0) throw new Error(problems.join('; '))
}

function wordsOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason)
}
