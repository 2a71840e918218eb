import type { ChangeMode } from '../../shared/contract/changes.ts'
import { Failure } from './failure.ts'
import type { Journal } from './journal.ts'
import type { Clock } from './ports.ts'

/** Writing is off; somebody turns it on for one environment and a limited time. Ends with the service, too. */
export interface ChangeModes {
  of(environment: string): ChangeMode
  /** Rejects with `invalid` when production is not confirmed by its name. Turned on again while on: the new time counts. */
  enable(environment: string, minutes: number, typed: string | null): Promise<ChangeMode>
  disable(environment: string): Promise<ChangeMode>
  /** Throws `read-only` unless it is on now; every action asks at its beginning. */
  demand(environment: string): void
  /** It is off everywhere; that Everyhop's end turned it off is written down. */
  close(): Promise<void>
}

export interface ChangeModeParts {
  readonly clock: Clock
  readonly journal: Journal
  /** Throws `not-found` or `invalid` for an environment that is not there. */
  readonly isProduction: (environment: string) => boolean
}

export function createChangeModes({ clock, journal, isProduction }: ChangeModeParts): ChangeModes {
  const until = new Map<string, number>()
  /** Where it is on: who waits for its end. */
  const waiting = new Map<string, AbortController>()

  /** Off, and why it went off by itself. It is off also where that cannot be written down. */
  async function end(environment: string, why: 'time' | 'everyhop'): Promise<void> {
    until.delete(environment)
    waiting.delete(environment)
    await journal.note({ environment, action: 'change-mode.end', details: { why } }).catch(() => {})
  }

  function endAt(environment: string, at: number): void {
    waiting.get(environment)?.abort()
    const stop = new AbortController()
    waiting.set(environment, stop)
    clock.sleep(at - clock.now(), stop.signal).then(
      () => end(environment, 'time'),
      () => {}, // turned off, turned on anew, or Everyhop ends
    )
  }

  function of(environment: string): ChangeMode {
    const at = until.get(environment)
    const isOn = at !== undefined && at > clock.now()
    return { environment, until: isOn ? at : null, production: isProduction(environment) }
  }

  return {
    of,
    async enable(environment, minutes, typed) {
      if (isProduction(environment) && typed !== environment) {
        throw new Failure(
          'invalid',
          environment,
          `${environment} is production: its name has to be typed to allow changes.`,
          `Type ${environment}.`,
        )
      }
      const at = clock.now() + minutes * 60_000
      await journal.note({ environment, action: 'change-mode.enable', details: { minutes, until: at } })
      until.set(environment, at)
      endAt(environment, at)
      return of(environment)
    },
    async disable(environment) {
      const wasOn = of(environment).until !== null
      until.delete(environment) // first: it is off even if that cannot be written down
      waiting.get(environment)?.abort()
      waiting.delete(environment)
      if (wasOn) await journal.note({ environment, action: 'change-mode.disable', details: {} })
      return of(environment)
    },
    demand(environment) {
      if (of(environment).until !== null) return
      throw new Failure(
        'read-only',
        environment,
        `Everyhop only reads ${environment} now.`,
        'Turn on change mode for it, and do this again.',
      )
    },
    async close() {
      const on = [...waiting].filter(([environment]) => of(environment).until !== null)
      for (const [, stop] of waiting) stop.abort()
      await Promise.all(on.map(([environment]) => end(environment, 'everyhop')))
    },
  }
}
