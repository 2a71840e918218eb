import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Connector, ConnectorPorts, ObserveSettings } from '../../electron/core/ports.ts'
import type { Report, ScopeId } from '../../shared/domain/model/fact.ts'
import { type Relay, type RelayMode, startRelay } from '../builders/fault-servers.ts'
import { findSecrets } from '../builders/secrets.ts'

/** A real server, as the suite meets it. */
export interface RealServer<Source> {
  /** TCP address that the suite puts its relay in front of. */
  readonly address: { readonly host: string; readonly port: number }
  /** The source as it would stand in environment.yaml, with the server at `address`: the server itself or the relay. */
  sourceAt(address: { readonly host: string; readonly port: number }): Source
  readonly settings: ObserveSettings
  /** Scopes that must be read, with facts, by a reader who holds the shipped least rights. */
  readonly scopes: readonly ScopeId[]
  /** Strings that must never appear: private keys, tokens that the server knows. */
  readonly canaries: readonly string[]
  stop(): Promise<void>
}

export interface ConnectorSuite<Source> {
  readonly name: string
  readonly connector: Connector<Source>
  startReal(): Promise<RealServer<Source>>
  /** Fresh ports for one observation. Pace must be quick: `test/builders/connector-ports.ts`. */
  ports(): ConnectorPorts
  /** After this an unanswered question must have become a gap. The connector's own deadline and some room. */
  readonly gapWithinMs: number
}

/** What every connector promises, asked of a real server and of the ways a server goes away. */
export function connectorSuite<Source extends { readonly id: string }>(suite: ConnectorSuite<Source>): void {
  const { connector } = suite

  describe(`${suite.name} connector`, () => {
    let real: RealServer<Source>
    let relay: Relay
    let source: Source

    beforeAll(async () => {
      real = await suite.startReal()
      relay = await startRelay(real.address)
      source = real.sourceAt(relay)
    }, 120_000)

    afterAll(async () => {
      await relay?.close()
      await real?.stop()
    }, 30_000)

    test('reads every scope of a real server, as facts', async () => {
      relay.setMode('pass')
      const round = await readOnce()
      for (const scope of real.scopes) expect(round.get(scope)?.facts, `${scope}: ${gapText(round)}`).not.toBeNull()
    })

    test('gives the same ids in two readings, unique in each', async () => {
      const first = await readOnce()
      const second = await readOnce()
      for (const scope of real.scopes) {
        expect(idsOf(second.get(scope)), scope).toEqual(idsOf(first.get(scope)))
        expect(new Set(idsOf(first.get(scope))).size, scope).toBe(idsOf(first.get(scope)).length)
        for (const id of idsOf(first.get(scope))) expect(id.startsWith(`${scope}#`), id).toBe(true)
      }
    })

    test('says of every fact where it came from and when', async () => {
      const before = Date.now()
      const round = await readOnce()
      for (const report of round.values()) {
        for (const fact of report.facts ?? []) {
          expect(fact.from.source, fact.id).toBe(connector.kind)
          expect(fact.from.instance, fact.id).toBe(source.id)
          expect(fact.from.locator.length, fact.id).toBeGreaterThan(0)
          expect(fact.from.observedAt, fact.id).toBeGreaterThanOrEqual(before)
          expect(fact.from.observedAt, fact.id).toBeLessThanOrEqual(Date.now())
        }
      }
    })

    test('lets no secret into facts or gaps', async () => {
      const round = await readOnce()
      expect(findSecrets([...round.values()], real.canaries)).toEqual([])
    })

    // Mostly waited for, until a connector gives up and until it tries again: all at once, each through a relay of its own.
    describe.concurrent('when the server goes away', () => {
      test.each([
        ['refuse', 'resets connections'],
        ['hang', 'hangs'],
        ['half-close', 'half-closes connections'],
        ['freeze', 'goes silent on open connections'],
      ] as const satisfies readonly (readonly [RelayMode, string])[])(
        '%s: turns a server that %s into gaps, and heals when it is back',
        { timeout: suite.gapWithinMs + 60_000 },
        async (mode) => {
          const own = await startRelay(real.address)
          const wanted = new Set(real.scopes)
          const observation = observe(real.sourceAt(own))
          try {
            await observation.until((latest) =>
              all(wanted, (scope) => latest.get(scope)?.facts !== null && latest.has(scope)),
            )
            own.setMode(mode)
            await observation.until((latest) => all(wanted, (scope) => latest.get(scope)?.facts === null))
            for (const scope of wanted) {
              const gaps = observation.latest.get(scope)?.gaps ?? []
              expect(gaps.length, `${scope} has no gap`).toBeGreaterThan(0)
              for (const gap of gaps) {
                expect(['unreachable', 'timed-out', 'invalid'], `${scope}: ${gap.detail}`).toContain(gap.reason)
                expect(gap.detail.length).toBeGreaterThan(0)
                expect(gap.detail.length).toBeLessThanOrEqual(400)
              }
            }
            own.setMode('pass')
            await observation.until((latest) => all(wanted, (scope) => latest.get(scope)?.facts !== null))
          } finally {
            await observation.end()
            await own.close()
          }
        },
      )
    })

    test(`makes gaps of a hanging server within ${suite.gapWithinMs} ms`, {
      timeout: suite.gapWithinMs + 1000,
    }, async () => {
      relay.setMode('hang')
      const observation = observe()
      try {
        await observation.until((latest) => all(new Set(real.scopes), (scope) => latest.get(scope)?.facts === null))
      } finally {
        await observation.end()
        relay.setMode('pass')
      }
    })

    for (const mode of ['pass', 'hang'] as const) {
      test(`ends within a second when it is stopped while the server is in mode ${mode}, and closes its connections`, {
        timeout: 20_000,
      }, async () => {
        relay.setMode(mode)
        const observation = observe()
        if (mode === 'pass') await observation.until((latest) => latest.has(real.scopes[0] ?? ''))
        else await until(() => relay.openConnections() > 0)
        expect(await observation.end()).toBe('ended')
        await until(() => relay.openConnections() === 0)
        relay.setMode('pass')
      })
    }

    test('says what can be read when it is asked for a test', async () => {
      relay.setMode('pass')
      const answer = await connector.test(source, real.settings, suite.ports(), new AbortController().signal)
      expect(answer.outcome, JSON.stringify(answer.steps)).toBe('usable')
      expect(answer.steps.length).toBeGreaterThan(0)
      expect(findSecrets(answer, real.canaries)).toEqual([])
    })

    test('says in a test that an unreachable server is unusable, with the literal error', {
      timeout: suite.gapWithinMs + 10_000,
    }, async () => {
      relay.setMode('refuse')
      const answer = await connector.test(source, real.settings, suite.ports(), new AbortController().signal)
      relay.setMode('pass')
      expect(answer.outcome).toBe('unusable')
      expect(answer.steps.some((step) => step.outcome !== 'read' && step.detail.length > 0)).toBe(true)
    })

    function observe(from = source): Observation {
      return new Observation((signal) => connector.observe(from, real.settings, suite.ports(), signal))
    }

    /** The first report of every scope in a new observation. */
    async function readOnce(): Promise<ReadonlyMap<ScopeId, Report>> {
      relay.setMode('pass')
      const observation = observe()
      try {
        await observation.until((latest) => all(new Set(real.scopes), (scope) => latest.has(scope)))
        return new Map(observation.latest)
      } finally {
        await observation.end()
      }
    }
  })
}

/** One running observation with the latest report of each scope. */
class Observation {
  readonly latest = new Map<ScopeId, Report>()
  readonly #abort = new AbortController()
  readonly #done: Promise<void>
  #wake: () => void = () => {}

  constructor(start: (signal: AbortSignal) => AsyncIterable<Report>) {
    this.#done = this.#run(start(this.#abort.signal))
    this.#done.catch(() => this.#wake())
  }

  async #run(reports: AsyncIterable<Report>): Promise<void> {
    for await (const report of reports) {
      this.latest.set(report.scope, report)
      this.#wake()
    }
  }

  async until(holds: (latest: ReadonlyMap<ScopeId, Report>) => boolean): Promise<void> {
    while (!holds(this.latest)) {
      const next = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await Promise.race([next, this.#done.then(() => Promise.reject(new Error('the observation ended by itself')))])
    }
  }

  async end(): Promise<'ended' | 'still running'> {
    this.#abort.abort()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'still running'>((resolve) => {
      timer = setTimeout(() => resolve('still running'), 1000)
    })
    const ended = this.#done.then(
      () => 'ended' as const,
      () => 'ended' as const,
    )
    const outcome = await Promise.race([ended, late])
    clearTimeout(timer)
    return outcome
  }
}

function idsOf(report: Report | undefined): readonly string[] {
  return (report?.facts ?? []).map((fact) => fact.id).sort()
}

function all<Item>(items: ReadonlySet<Item>, holds: (item: Item) => boolean): boolean {
  return [...items].every(holds)
}

function gapText(round: ReadonlyMap<ScopeId, Report>): string {
  return [...round.values()]
    .flatMap((report) => report.gaps.map((gap) => `${gap.what}: ${gap.reason}: ${gap.detail}`))
    .join('; ')
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
}
