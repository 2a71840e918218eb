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
}

export interface ChangeModeParts {
  readonly clock: Clock
  readonly journal: Journal
  /** Throws `not-found` or `invalid` for an environment that is not there. */
  readonly isProduction: (environment: string) => boolean
}

export function createChangeModes({ clock, journal, isProduction }: ChangeModeParts): ChangeModes {
  const until = new Map<string, number>()

  function of(environment: string): ChangeMode {
    const end = until.get(environment)
    const isOn = end !== undefined && end > clock.now()
    return { environment, until: isOn ? end : null, production: isProduction(environment) }
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
      const end = clock.now() + minutes * 60_000
      await journal.note({ environment, action: 'change-mode.enable', details: { minutes, until: end } })
      until.set(environment, end)
      return of(environment)
    },
    async disable(environment) {
      const wasOn = of(environment).until !== null
      until.delete(environment) // first: it is off even if that cannot be written down
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
  }
}
