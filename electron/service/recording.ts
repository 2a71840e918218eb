import { Failure } from '../core/failure.ts'
import type { Log } from '../core/ports.ts'
import type { Service } from './service.ts'

export interface RecordingParts {
  readonly service: Pick<Service, 'registry' | 'sessions' | 'histories'>
  readonly log: Log
}

/** Environments that are read although no window asks for them, so that their history goes on. */
export interface Recording {
  environments(): readonly string[]
  stop(): void
}

/**
 * @param names null: all that are remembered beyond this run, also those that are written down later. Rejects with a `Failure`:
 * `not-found` when one of these names is none, `forbidden` when nothing can be kept of it.
 */
export async function startRecording(
  { service, log }: RecordingParts,
  names: readonly string[] | null,
): Promise<Recording> {
  const { registry, sessions, histories } = service
  const held = new Map<string, Promise<() => void>>()
  let isEnded = false
  await registry.ready()
  for (const name of names ?? []) {
    registry.get(name) // rejects when there is none
    if (isKept(name)) continue
    const sentence = `Nothing is kept of ${name}, so it cannot be recorded: ${histories.why(name) ?? 'unknown'}.`
    throw new Failure(
      'forbidden',
      name,
      sentence,
      'Give another environment, or see that the data folder can be written.',
    )
  }

  function isKept(name: string): boolean {
    return histories.why(name) === null
  }

  function hold(name: string): void {
    if (isEnded || held.has(name) || !(names?.includes(name) ?? isKept(name))) return
    const holding = sessions.hold(name).then(({ release }) => release)
    held.set(name, holding)
    holding.catch((reason: unknown) => {
      // Its file is broken: it is tried again when that changes.
      if (held.get(name) === holding) held.delete(name)
      log.warn('an environment is not recorded', { environment: name, reason: String(reason) })
    })
  }

  function release(name: string): void {
    const holding = held.get(name)
    held.delete(name)
    holding?.then(
      (end) => end(),
      () => {}, // it never was held
    )
  }

  const unsubscribe = registry.subscribe((event) => {
    if (event.type === 'loaded') hold(event.name)
    if (event.type === 'removed') release(event.name)
  })
  for (const { name } of registry.summaries()) hold(name)
  await Promise.allSettled(held.values())
  return {
    environments: () => [...held.keys()].sort(),
    stop() {
      isEnded = true
      unsubscribe()
      for (const name of held.keys()) release(name)
    },
  }
}
