import type { SpireSource } from '../../../shared/domain/model/environment.ts'
import type { Report } from '../../../shared/domain/model/fact.ts'
import type { Connector, ConnectorPorts, ObserveSettings } from '../../core/ports.ts'
import { failureOf, SpireFailure } from './failure.ts'
import { type Part, parts, readPart, unread } from './read.ts'
import { createServerAccess, type ServerAccess } from './server-access.ts'
import { testSpire } from './test-source.ts'
import { createWakeUp } from './wake-up.ts'

export { createJwtSvids, createX509Svids } from './workload-api.ts'

/** Reads SPIRE servers over TCP with a read-only SVID from files or the Workload API, or over the local socket. See README.md for rights and limits. */
export const spireConnector: Connector<SpireSource> = {
  kind: 'spire',
  observe,
  test: testSpire,
}

async function* observe(
  source: SpireSource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  const access = createServerAccess(source, settings, ports)
  const wake = createWakeUp()
  // Ends with this observation, also when its reader leaves without a word.
  const watching = new AbortController()
  access.watchIdentity(() => {
    access.renew()
    wake.now()
  }, watching.signal)
  try {
    while (!signal.aborted) {
      // A new SVID is used at once: whoever just minted one is looking at the screen.
      await wake.turn((turnSignal) => ports.pace.turn(source.id, turnSignal), signal)
      yield* readAll(source, access, ports, signal)
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  } finally {
    watching.abort()
    access.forget()
  }
}

async function* readAll(
  source: SpireSource,
  access: ServerAccess,
  ports: ConnectorPorts,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  const opened = await access.open(signal).catch((thrown: unknown) => {
    signal.throwIfAborted()
    return failureOf(thrown, 'connecting')
  })
  if (opened instanceof SpireFailure) {
    for (const part of parts) yield unread(source.id, part, opened, ports.clock.now())
    return
  }
  let broken = false
  for await (const { report, failure } of asTheyEnd(parts.map((part: Part) => readPart(part, opened)))) {
    broken ||= failure !== null && (failure.reason === 'unreachable' || failure.reason === 'timed-out')
    yield report
  }
  // A connection that went silent is not trusted with the next reading.
  if (broken) access.forget()
}

/** The values of promises in the order in which they come. */
async function* asTheyEnd<Value>(promises: readonly Promise<Value>[]): AsyncGenerator<Value> {
  const pending = new Map(promises.map((promise, index) => [index, promise.then((value) => ({ index, value }))]))
  // All are given a handler now: one that fails while another is being yielded must not count as unhandled.
  for (const promise of pending.values()) promise.catch(() => {})
  while (pending.size > 0) {
    const { index, value } = await Promise.race(pending.values())
    pending.delete(index)
    yield value
  }
}
