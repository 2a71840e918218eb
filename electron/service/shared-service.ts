import type { SystemInfo } from '../../shared/contract/system.ts'
import type { Shell } from '../../shared/shell.ts'
import { Failure } from '../core/failure.ts'
import type { Clock, Log } from '../core/ports.ts'
import { systemClock } from '../platform/clock.ts'
import { createProcessLog } from '../platform/log.ts'
import { type Composed, composeService, type PlaygroundChoice, packageVersion } from './compose.ts'
import { type DataFolder, defaultDataFolder } from './data-folder.ts'
import { delegateRouter } from './delegate.ts'
import { homeFolder, thisMachine } from './home.ts'
import { connectInProcess, type ServiceClient } from './in-process.ts'
import { type LocalConnection, serveLocal } from './local-socket.ts'
import { joinDataFolder } from './owner.ts'
import type { ServiceRouter } from './router.ts'

export interface SharedOptions {
  readonly host: SystemInfo['host']
  readonly home?: string
  /** The data folder; that of the home otherwise. */
  readonly data?: string | null
  readonly shell?: Shell
  readonly playground?: PlaygroundChoice
}

/** A service with memory: of this process when it owns the data folder, else that of the owner, until that ends. */
export interface SharedService {
  readonly router: ServiceRouter
  readonly clock: Clock
  readonly log: Log
  readonly dataFolder: string
  /** What is composed here; null while another process owns the data folder. */
  composed(): { readonly service: Composed; readonly folder: DataFolder } | null
  /** For whoever asks without a window. */
  client(viewer: string): Promise<ServiceClient>
  stop(): Promise<void>
}

interface Owned {
  readonly service: Composed
  readonly folder: DataFolder
  readonly clients: Map<string, { readonly client: ServiceClient; close(): void }>
  stop(): Promise<void>
}

/**
 * Opens the data folder's service, here or where it is already. When the owner ends, this process becomes the owner if it is
 * the first to ask, and goes on. Rejects with a `Failure` as `joinDataFolder` does.
 */
export async function openSharedService(options: SharedOptions): Promise<SharedService> {
  const home = options.home ?? homeFolder(thisMachine())
  const dataFolder = options.data ?? defaultDataFolder(home)
  const version = packageVersion()
  const log = createProcessLog(systemClock)
  const ended = new AbortController()
  const connections = new Map<string, LocalConnection>()
  const own: { now: Owned | null } = { now: null }
  let lastTurn: Promise<unknown> = Promise.resolve()

  async function become(folder: DataFolder): Promise<Owned> {
    const service = composeService(options.host, home, folder, options.shell, options.playground)
    const local = await serveLocal({ folder: folder.path, ...service }).catch(async (reason: unknown) => {
      await service.stop()
      folder.release()
      throw reason
    })
    const clients: Owned['clients'] = new Map()
    return {
      service,
      folder,
      clients,
      async stop() {
        await local.close()
        for (const { close } of clients.values()) close()
        await service.stop()
        folder.release()
      },
    }
  }

  /** One at a time: two that find the owner gone at once must not both take its place. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = lastTurn.then(work)
    lastTurn = result.catch(() => {}) // whoever asked is told
    return result
  }

  function known(viewer: string): ServiceClient | null {
    if (ended.signal.aborted) throw new Failure('cancelled', 'Everyhop', 'Everyhop is ending.')
    if (own.now !== null) return inProcess(own.now, viewer)
    const connection = connections.get(viewer)
    return connection === undefined || connection.ended.aborted ? null : connection.client
  }

  async function client(viewer: string): Promise<ServiceClient> {
    return known(viewer) ?? inTurn(async () => known(viewer) ?? join(viewer))
  }

  async function join(viewer: string): Promise<ServiceClient> {
    const joined = await joinDataFolder(dataFolder, version, ended.signal)
    if (joined.kind === 'second') {
      connections.set(viewer, joined.connection)
      return joined.connection.client
    }
    own.now = await become(joined.folder)
    for (const connection of connections.values()) connection.close()
    connections.clear()
    return inProcess(own.now, viewer)
  }

  await client('first')
  const router = own.now === null ? delegateRouter(client) : own.now.service.router

  return {
    router,
    clock: systemClock,
    log,
    dataFolder,
    composed: () => own.now,
    client,
    async stop() {
      ended.abort(new Failure('cancelled', 'Everyhop', 'Everyhop is ending.'))
      await lastTurn // it ends by the signal
      for (const connection of connections.values()) connection.close()
      connections.clear()
      await own.now?.stop()
      own.now = null
    },
  }
}

function inProcess(owned: Owned, viewer: string): ServiceClient {
  const known = owned.clients.get(viewer)
  if (known !== undefined) return known.client
  const opened = connectInProcess(owned.service.router, owned.service.log, viewer)
  owned.clients.set(viewer, opened)
  return opened.client
}
