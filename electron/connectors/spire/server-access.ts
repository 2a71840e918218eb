import type { SpireSource } from '../../../shared/domain/model/environment.ts'
import type { ConnectorPorts, ObserveSettings } from '../../core/ports.ts'
import { deadlineMs, type SpireClient, spireClient } from './client.ts'
import { connectSocket, connectTcp, type OpenConnection } from './connect.ts'
import { SpireFailure } from './failure.ts'
import { type IdentitySource, identitySource } from './identity.ts'
import { expiryWarning, type OwnIdentity, refuseExpired } from './own-identity.ts'
import type { Reading } from './read.ts'
import type { TcpSource } from './source-kinds.ts'

/** Keeps one connection for as long as it is good, and opens a new one when it is not. */
export interface ServerAccess {
  /** Throws SpireFailure, or the signal's reason. */
  open(signal: AbortSignal): Promise<Reading>
  /** Closes what is open; the next reading starts with the identity. */
  forget(): void
  /** The same for the next reading; the one that goes on ends undisturbed: what it asked would be lost for nothing. */
  renew(): void
  /** Calls back when the own identity is another one, until the signal. */
  watchIdentity(changed: () => void, signal: AbortSignal): void
}

interface Opened {
  readonly connection: OpenConnection
  readonly client: SpireClient
  readonly identity: OwnIdentity | null
}

export function createServerAccess(
  source: SpireSource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
): ServerAccess {
  let own: IdentitySource | null = null
  let opened: Opened | null = null
  /** Of an identity that was replaced; closed when the next reading begins. */
  let retired: Opened | null = null
  /** Grows with each `forget` and `renew`: a connection that was being opened meanwhile is too old to be kept. */
  let generation = 0

  function ownOf(tcp: TcpSource): IdentitySource {
    own ??= identitySource(tcp, settings.baseDirectory, ports)
    return own
  }

  function forget(): void {
    generation += 1
    closeRetired()
    opened?.connection.close()
    opened = null
  }

  function renew(): void {
    generation += 1
    // Whatever was retired before was closed when this one was opened.
    retired = opened ?? retired
    opened = null
  }

  function closeRetired(): void {
    retired?.connection.close()
    retired = null
  }

  async function connect(signal: AbortSignal): Promise<Opened> {
    if (!('identity' in source)) {
      const connection = await withDeadline(signal, `the socket ${source.socket}`, (limit) =>
        connectSocket(source, settings.baseDirectory, ports, limit),
      )
      return { connection, client: spireClient(connection), identity: null }
    }
    const place =
      'workloadApi' in source.identity ? `the Workload API at ${source.identity.workloadApi}` : 'the own SVID'
    const identity = await withDeadline(signal, place, (limit) => ownOf(source).load(limit))
    refuseExpired(identity, source, ports.clock.now())
    const connection = await withDeadline(signal, source.address, (limit) => connectTcp(source, identity, ports, limit))
    return { connection, client: spireClient(connection), identity }
  }

  async function current(signal: AbortSignal): Promise<Opened> {
    if (opened?.connection.isOpen()) {
      if (opened.identity !== null && 'identity' in source) refuseExpired(opened.identity, source, ports.clock.now())
      return opened
    }
    const began = generation
    const fresh = await connect(signal)
    if (signal.aborted || began !== generation) {
      fresh.connection.close()
      signal.throwIfAborted()
      return current(signal)
    }
    opened = fresh
    return fresh
  }

  return {
    forget,
    renew,
    watchIdentity(changed, signal) {
      if ('identity' in source) ownOf(source).watch(changed, signal)
    },
    async open(signal) {
      closeRetired()
      const { client, identity, connection } = await current(signal)
      return {
        client,
        asking: { signal, budget: (limit) => ports.pace.request(limit), holdOff: () => ports.pace.holdOff(null) },
        instance: source.id,
        trustDomain: source.trustDomain,
        ownSvidNotAfter: identity?.notAfter ?? null,
        ownSvidWarning:
          identity !== null && 'identity' in source ? expiryWarning(identity, source, ports.clock.now()) : null,
        connection,
        now: () => ports.clock.now(),
      }
    },
  }
}

/** Connecting gets the deadline of a call, all steps together. */
async function withDeadline<Value>(
  signal: AbortSignal,
  name: string,
  work: (limit: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController()
  const late = new SpireFailure('timed-out', `no connection to ${name} within ${deadlineMs / 1000} s`)
  const timer = setTimeout(() => controller.abort(late), deadlineMs)
  const stop = (): void => controller.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await work(controller.signal)
  } catch (thrown) {
    signal.throwIfAborted()
    throw controller.signal.aborted ? late : thrown
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}
