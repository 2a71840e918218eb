import type { SourceTest } from '../../../shared/contract/environments.ts'
import type { SpireSource } from '../../../shared/domain/model/environment.ts'
import type { ConnectorPorts, ObserveSettings } from '../../core/ports.ts'
import { ask, methods } from './client.ts'
import { failureOf, plain, SpireFailure } from './failure.ts'
import { parts, type Reading, readPart } from './read.ts'
import { createServerAccess } from './server-access.ts'

type Step = SourceTest['steps'][number]

/** Asks everything once, and says step by step what came of it. */
export async function testSpire(
  source: SpireSource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  signal: AbortSignal,
): Promise<SourceTest> {
  const began = ports.clock.now()
  const access = createServerAccess(source, settings, ports)
  const address = 'address' in source ? source.address : source.socket
  try {
    const steps = await takeSteps(source, access, signal)
    const read = steps.filter((step) => step.outcome === 'read').length
    return {
      source: 'spire',
      instance: source.id,
      address,
      outcome: read === steps.length ? 'usable' : read > 1 ? 'partly' : 'unusable',
      // The server tells its version to nobody; agents do.
      version: null,
      tookMs: ports.clock.now() - began,
      steps,
    }
  } finally {
    access.forget()
  }
}

async function takeSteps(
  source: SpireSource,
  access: ReturnType<typeof createServerAccess>,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const connecting = 'address' in source ? `mTLS ${source.address}` : `socket ${source.socket}`
  const reading = await access.open(signal).catch((thrown: unknown) => {
    signal.throwIfAborted()
    return failureOf(thrown, 'connecting')
  })
  if (reading instanceof SpireFailure) return [refused('connection', connecting, reading)]
  const connected: Step = {
    what: 'connection',
    locator: connecting,
    outcome: 'read',
    detail:
      reading.ownSvidWarning ??
      (reading.ownSvidNotAfter === null ? '' : `own SVID until ${iso(reading.ownSvidNotAfter)}`),
  }
  const results = await Promise.all(parts.map(async (part) => ({ part, ...(await readPart(part, reading)) })))
  const steps = results.map(({ part, report, failure }): Step => {
    const locator = part.asks.join(', ')
    if (failure !== null) return refused(part.what, locator, failure)
    const problems = report.gaps.filter((gap) => gap.what !== 'own-svid-expiring').map((gap) => `; ${gap.detail}`)
    const count = report.facts?.length ?? 0
    return { what: part.what, locator, outcome: 'read', detail: `${count} read${problems.join('')}` }
  })
  return 'address' in source ? [connected, ...steps] : [connected, ...steps, await info(reading)]
}

/** The debug service answers on the local socket only, where it is worth a line: it counts what lists should hold. */
async function info(reading: Reading): Promise<Step> {
  try {
    const answer = await ask(reading.asking, (settings) => reading.client.debug.getInfo({}, settings))
    const detail = `up ${answer.uptime} s, ${answer.entriesCount} entries, ${answer.agentsCount} agents`
    return { what: 'server-info', locator: methods.info, outcome: 'read', detail }
  } catch (thrown) {
    reading.asking.signal.throwIfAborted()
    return refused('server-info', methods.info, failureOf(thrown, methods.info))
  }
}

function refused(what: string, locator: string, failure: SpireFailure): Step {
  return { what, locator, outcome: failure.reason, detail: plain(failure.message, 400) }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
