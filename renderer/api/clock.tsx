import { createContext, type ReactNode, useCallback, useContext, useMemo, useSyncExternalStore } from 'react'
import type { EpochMs } from '../../shared/domain/model/time.ts'

/** The service's clock: ages and countdowns must not depend on the clock of the machine that shows them. */
export interface Clock {
  readonly now: () => EpochMs
  readonly correct: (serviceNow: EpochMs) => void
  readonly subscribe: (everyMs: number, listener: () => void) => () => void
}

export function createClock(): Clock {
  let offset = 0
  return {
    now: () => Date.now() + offset,
    correct: (serviceNow) => {
      const next = serviceNow - Date.now()
      // Network delay makes it jitter by milliseconds; countdowns should not stutter with it.
      if (Math.abs(next - offset) > 500) offset = next
    },
    subscribe: (everyMs, listener) => {
      const timer = setInterval(listener, everyMs)
      return () => clearInterval(timer)
    },
  }
}

const ClockContext = createContext<Clock | null>(null)

export function ClockProvider({ children }: { readonly children: ReactNode }) {
  const clock = useMemo(() => createClock(), [])
  return <ClockContext.Provider value={clock}>{children}</ClockContext.Provider>
}

export function useClock(): Clock {
  const clock = useContext(ClockContext)
  if (clock === null) throw new Error('useClock outside ClockProvider')
  return clock
}

/** The service's time, rounded down to `everyMs`; renders again when it has passed. One second or ten, as the design asks. */
export function useNow(everyMs: number): EpochMs {
  const clock = useClock()
  const subscribe = useCallback(
    // Asked more often than shown, so that the shown value is never late by a whole step.
    (listener: () => void) => clock.subscribe(Math.min(everyMs, 1000), listener),
    [clock, everyMs],
  )
  return useSyncExternalStore(subscribe, () => Math.floor(clock.now() / everyMs) * everyMs)
}
