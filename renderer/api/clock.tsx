import { createContext, type ReactNode, useContext, useMemo, useSyncExternalStore } from 'react'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { useMoment } from './moment.tsx'

/** The service's clock: ages and countdowns must not depend on the clock of the machine that shows them. */
export interface Clock {
  readonly now: () => EpochMs
  readonly correct: (serviceNow: EpochMs) => void
  /** Calls the listener once a second. One timer serves all: hundreds of cards count down at the same time. */
  readonly subscribe: (listener: () => void) => () => void
}

export function createClock(): Clock {
  let offset = 0
  let timer: ReturnType<typeof setInterval> | null = null
  const listeners = new Set<() => void>()
  return {
    now: () => Date.now() + offset,
    correct: (serviceNow) => {
      const next = serviceNow - Date.now()
      // Network delay makes it jitter by milliseconds; countdowns should not stutter with it.
      if (Math.abs(next - offset) > 500) offset = next
    },
    subscribe: (listener) => {
      listeners.add(listener)
      timer ??= setInterval(() => {
        for (const each of listeners) each()
      }, 1000)
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0 || timer === null) return
        clearInterval(timer)
        timer = null
      }
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

/** The time that ages and countdowns on the screen go by: the past one that is looked at, else the service's. */
export function useNow(everyMs: number): EpochMs {
  const { shown } = useMoment()
  const now = useLiveNow(everyMs)
  return shown ?? now
}

/** The service's time, rounded down to `everyMs`; renders again when it has passed. One second or ten, as the design asks. */
export function useLiveNow(everyMs: number): EpochMs {
  const clock = useClock()
  return useSyncExternalStore(clock.subscribe, () => Math.floor(clock.now() / everyMs) * everyMs)
}
