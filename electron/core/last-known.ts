import type { ScopeId, ScopeState } from '../../shared/domain/model/fact.ts'
import type { FactStore } from './fact-store.ts'
import type { Clock, LastKnownStore, Log } from './ports.ts'

/** Changes wait so long for others. Milliseconds. */
const pauseMs = 10_000
/** Keeping takes at most this share of the time, however much changes. */
const restPerSave = 30
/** So much is written at once, so that questions are answered in between. */
const scopesAtOnce = 100

export interface LastKnownKeeper {
  /** Keeps what is left, and ends. */
  stop(): void
}

/**
 * Keeps the facts of a store on the disk as they change. Facts hold no secrets, by the rule of facts. What cannot be kept is
 * told in the log once; what was kept before stays.
 */
export function keepLastKnown(store: FactStore, kept: LastKnownStore, clock: Clock, log: Log): LastKnownKeeper {
  const ended = new AbortController()
  const changed = new Set<ScopeId>()
  let isFailing = false
  const unsubscribe = store.subscribe((scopes) => {
    for (const scope of scopes) changed.add(scope)
  })
  void keepSaving()

  async function keepSaving(): Promise<void> {
    let wait = pauseMs
    while (!ended.signal.aborted) {
      try {
        await clock.sleep(wait, ended.signal)
        let took = 0
        while (changed.size > 0) {
          const began = clock.now()
          saveSome(scopesAtOnce)
          took += clock.now() - began
          await clock.sleep(1, ended.signal)
        }
        wait = Math.max(pauseMs, took * restPerSave)
      } catch {
        return // stopped, which saves the rest
      }
    }
  }

  function saveSome(most: number): void {
    const puts: ScopeState[] = []
    const gone: ScopeId[] = []
    for (const scope of changed) {
      if (puts.length + gone.length >= most) break
      changed.delete(scope)
      // What came from there is there.
      if (store.restored.has(scope)) continue
      const state = store.states.get(scope)
      if (state === undefined) gone.push(scope)
      else if (state.readAt !== null) puts.push(state)
    }
    try {
      if (puts.length + gone.length > 0) kept.save(puts, gone)
      isFailing = false
    } catch (reason) {
      if (!isFailing) log.warn('what is known cannot be kept for the next start', { reason: String(reason) })
      isFailing = true
    }
  }

  return {
    stop() {
      ended.abort()
      unsubscribe()
      saveSome(Number.POSITIVE_INFINITY)
      kept.close()
    },
  }
}
