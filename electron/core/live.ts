import type { LiveEvent } from '../../shared/contract/live.ts'
import type { EnvironmentRegistry, RegistryEvent } from './environments.ts'
import { Failure } from './failure.ts'
import type { Clock } from './ports.ts'
import type { Sessions } from './sessions.ts'

const clockMs = 10_000
/** Health is computed over all sources: at most this often. */
const healthPauseMs = 1_000
const mostNotices = 100

/**
 * The one stream of a window. The newest revision and health win over older ones that were not fetched yet;
 * notices are kept, up to a hundred. Ends when the signal is aborted; fails with `not-found` when the environment goes.
 */
export async function* liveTopics(
  environment: string,
  deps: { readonly sessions: Sessions; readonly registry: EnvironmentRegistry; readonly clock: Clock },
  signal: AbortSignal,
): AsyncGenerator<LiveEvent, void> {
  const { session, release } = await deps.sessions.hold(environment)
  const bell = createBell()
  let revision: number | null = session.keeper.fresh().revision
  let isHealthDue = true
  let healthAt = Number.NEGATIVE_INFINITY
  let lastHealth = ''
  const notices: LiveEvent[] = []
  const stops = [
    session.keeper.subscribe((next) => {
      revision = next
      bell.ring()
    }),
    session.observation.store.subscribe(() => {
      isHealthDue = true
      bell.ring()
    }),
    deps.registry.subscribe((event) => {
      if (event.name !== environment || event.type === 'removed') return
      notices.push({ topic: 'notice', ...noticeOf(event), at: deps.clock.now() })
      if (notices.length > mostNotices) notices.shift()
      bell.ring()
    }),
  ]
  const stop = AbortSignal.any([signal, session.gone])
  try {
    let clockAt = Number.NEGATIVE_INFINITY
    while (!stop.aborted) {
      const now = deps.clock.now()
      if (now - clockAt >= clockMs) {
        clockAt = now
        yield { topic: 'clock', now }
      }
      if (isHealthDue && now - healthAt >= healthPauseMs) {
        isHealthDue = false
        healthAt = now
        const health = session.observation.health()
        const text = JSON.stringify(health)
        if (text !== lastHealth) {
          lastHealth = text
          yield { topic: 'sources', health }
        }
      }
      if (revision !== null) {
        const next = revision
        revision = null
        yield { topic: 'graph', revision: next }
      }
      for (const notice of notices.splice(0)) yield notice
      if (revision !== null || notices.length > 0) continue
      const wait = isHealthDue ? Math.max(1, healthAt + healthPauseMs - deps.clock.now()) : clockMs
      await bell.wait(Math.max(1, Math.min(wait, clockAt + clockMs - deps.clock.now())), deps.clock, stop)
    }
    if (!signal.aborted) {
      throw new Failure(
        'not-found',
        environment,
        `The environment "${environment}" is no longer there.`,
        'Choose another one, or put its file back.',
      )
    }
  } finally {
    for (const unsubscribe of stops) unsubscribe()
    release()
  }
}

/** Codes and params as in shared/words/notices.ts. */
function noticeOf(event: Exclude<RegistryEvent, { type: 'removed' }>): {
  readonly code: string
  readonly params: Readonly<Record<string, string>>
} {
  if (event.type === 'broken') {
    return { code: 'environment-problem', params: { environment: event.name, message: event.problem.message } }
  }
  if (event.intentProblem !== null) return { code: 'intent-problem', params: { message: event.intentProblem } }
  if (event.part === 'intent') return { code: 'intent-changed', params: {} }
  return { code: 'environment-changed', params: { environment: event.name } }
}

interface Bell {
  ring(): void
  /** Until it rings or the time is over; a ring that nobody waited for counts. */
  wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void>
}

function createBell(): Bell {
  let rung = false
  let wake: (() => void) | null = null
  return {
    ring() {
      rung = true
      wake?.()
    },
    async wait(ms, clock, signal) {
      if (!rung && !signal.aborted) {
        const over = new AbortController()
        const woken = new Promise<void>((resolve) => {
          wake = resolve
        })
        // The sleep ends by its time, by the signal, or here because the bell rang.
        await Promise.race([woken, clock.sleep(ms, AbortSignal.any([signal, over.signal])).catch(() => {})])
        over.abort()
        wake = null
      }
      rung = false
    },
  }
}
