import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import { Failure } from '../core/failure.ts'
import type { Clock } from '../core/ports.ts'
import type { ServiceClient } from '../service/in-process.ts'
import type { LocalConnection } from '../service/local-socket.ts'

/** Which service a command asks. */
export interface ServiceChoice {
  /** Folder of kept records; null: that of the home. */
  readonly data?: string | null
  /** A service of the command's own, without memory, although another Everyhop may run. */
  readonly live?: boolean
  /** The environment that is asked about: the playground is started for the moment when none runs. */
  readonly environment?: string
}

/** What `--live` is, for the help of the commands that have it. */
export const liveHelp =
  '  --live            reads the sources itself, without memory, also when an Everyhop runs that could be asked'

/** Where drafts, kept records and the journal are unless another folder is given: the same for window and terminal. */
export async function usualFolder(): Promise<string> {
  const { defaultDataFolder } = await import('../service/data-folder.ts')
  const { homeFolder, thisMachine } = await import('../service/home.ts')
  return defaultDataFolder(homeFolder(thisMachine()))
}

/** Runs a command against the Everyhop that runs; null: none does. Rejects as `withService` does. */
export async function withOwner<Result>(work: (client: ServiceClient) => Promise<Result>): Promise<Result | null> {
  const { packageVersion } = await import('../service/compose.ts')
  const { defaultDataFolder } = await import('../service/data-folder.ts')
  const { homeFolder, thisMachine } = await import('../service/home.ts')
  const { findOwner } = await import('../service/owner.ts')
  const owner = await findOwner(defaultDataFolder(homeFolder(thisMachine())), packageVersion())
  return owner === null ? null : askOwner(owner, work)
}

async function askOwner<Result>(
  owner: LocalConnection,
  work: (client: ServiceClient) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(owner.client)
  } catch (reason) {
    if (!owner.ended.aborted) throw reason
    const advice = 'Run the command again.'
    throw new Failure('unreachable', 'Everyhop', 'The Everyhop that was asked has ended.', advice)
  } finally {
    owner.close()
  }
}

async function playgroundRuns(client: ServiceClient): Promise<boolean> {
  return (await client.playground.state({})).phase === 'running'
}

/** Resolves when it has been seen to move: each hop once, or as much as there was in a while. */
async function startPlayground(client: ServiceClient, clock: Clock): Promise<void> {
  const state = await client.playground.start({})
  if (state.phase === 'failed') throw new Failure('internal', playgroundEnvironment, state.message)
  const ended = new AbortController().signal
  for (const until = clock.now() + movesWithinMs; clock.now() < until; await clock.sleep(100, ended)) {
    const { hops } = await client.graph.document({ environment: playgroundEnvironment })
    if (hops.length > 0 && hops.every(({ relations }) => relations.includes('observed'))) return
  }
}

const movesWithinMs = 15_000

/**
 * Runs a command against the Everyhop that runs, if one does: that knows more than a command can learn in seconds. Else against
 * a service of its own, which ends whatever happens, and keeps nothing unless `data` is given.
 * Rejects with a `Failure`: `locked` when the folder has an owner that does not answer.
 */
export async function withService<Result>(
  work: (client: ServiceClient, clock: Clock) => Promise<Result>,
  { data = null, live = false, environment = '' }: ServiceChoice = {},
): Promise<Result> {
  // Loaded here, so that --help and schema do not wait for connectors they never use.
  const { composeService, packageVersion } = await import('../service/compose.ts')
  const { defaultDataFolder, takeDataFolder } = await import('../service/data-folder.ts')
  const { homeFolder, thisMachine } = await import('../service/home.ts')
  const { connectInProcess } = await import('../service/in-process.ts')
  const { findOwner } = await import('../service/owner.ts')
  const { systemClock } = await import('../platform/clock.ts')
  const home = homeFolder(thisMachine())
  if (live && data !== null) {
    throw new Failure('invalid', '--live', 'With --live nothing is kept, so it cannot be used with --data.')
  }
  const isPlayground = environment === playgroundEnvironment
  const owner = live ? null : await findOwner(data ?? defaultDataFolder(home), packageVersion())
  if (owner !== null) {
    // A window that somebody looks at gets no playground because a command wants one.
    if (!isPlayground || (await playgroundRuns(owner.client)))
      return askOwner(owner, (client) => work(client, systemClock))
    owner.close()
  }
  const folder = data === null ? null : takeDataFolder(data)
  const service = composeService('cli', home, folder)
  const { client, close } = connectInProcess(service.router, service.log)
  try {
    if (isPlayground) await startPlayground(client, service.clock)
    return await work(client, service.clock)
  } finally {
    close()
    await service.stop()
    folder?.release()
  }
}
