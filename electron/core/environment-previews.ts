import { type Preview, previewPrefix } from '../../shared/contract/environment-setup.ts'
import type { Environment } from '../../shared/domain/model/environment.ts'
import { readIntent } from './environment-intent.ts'
import {
  contradictionIn,
  type EnvironmentFolder,
  type EnvironmentRegistry,
  type LoadedEnvironment,
  type RegistryEvent,
} from './environments.ts'
import { Failure } from './failure.ts'
import type { Clock, Files } from './ports.ts'

/** The environments that are written down, and drafts that are looked at before they are. Drafts are not listed. */
export interface PreviewRegistry extends EnvironmentRegistry {
  /** `preview`: the one to change or to keep; null makes one. Throws `invalid`, or `not-found` for one that is forgotten. */
  preview(environment: Environment, baseDirectory: string, preview: string | null): Promise<Preview>
  /** False: it was forgotten before. */
  forget(preview: string): boolean
}

/** A window that looks at a preview asks for it again well within this time. Milliseconds. */
const keepMs = 180_000
/** Each reads its sources: of more, the one that was longest not asked for goes. */
const mostPreviews = 4

interface Held {
  readonly loaded: LoadedEnvironment
  readonly until: number
  readonly ending: AbortController
}

export function withPreviews(
  registry: EnvironmentRegistry,
  ports: { readonly files: Files; readonly clock: Clock; readonly folder: Pick<EnvironmentFolder, 'resolve'> },
  signal: AbortSignal,
): PreviewRegistry {
  const held = new Map<string, Held>()
  const listeners = new Set<(event: RegistryEvent) => void>()
  let made = 0

  function hold(name: string, loaded: LoadedEnvironment): Preview {
    held.get(name)?.ending.abort()
    held.delete(name)
    const ending = new AbortController()
    const until = ports.clock.now() + keepMs
    held.set(name, { loaded, until, ending })
    ports.clock.sleep(keepMs, AbortSignal.any([ending.signal, signal])).then(
      () => forget(name),
      () => {}, // it was asked for again, or forgotten already
    )
    const [oldest] = held.keys()
    if (held.size > mostPreviews && oldest !== undefined) forget(oldest)
    return { environment: name, until }
  }

  function forget(name: string): boolean {
    const found = held.get(name)
    if (found === undefined) return false
    found.ending.abort()
    held.delete(name)
    for (const listener of listeners) listener({ type: 'removed', name })
    return true
  }

  return {
    ready: () => registry.ready(),
    summaries: () => registry.summaries(),
    get(name) {
      const found = held.get(name)
      if (found !== undefined) return found.loaded
      if (name.startsWith(previewPrefix)) throw goneFailure(name)
      return registry.get(name)
    },
    subscribe(listener) {
      listeners.add(listener)
      const unsubscribe = registry.subscribe(listener)
      return () => {
        listeners.delete(listener)
        unsubscribe()
      }
    },
    async preview(environment, baseDirectory, preview) {
      const contradiction = contradictionIn(environment)
      if (contradiction !== null) throw new Failure('invalid', environment.name, contradiction, 'Correct the form.')
      if (preview !== null && !held.has(preview)) throw goneFailure(preview)
      const file = environment.intent === undefined ? null : ports.folder.resolve(baseDirectory, environment.intent)
      const before = preview === null ? undefined : held.get(preview)?.loaded
      const intent = await readIntent(file, ports)
      const loaded = { environment, file: 'not saved yet', baseDirectory, intent }
      if (preview === null) made += 1
      const name = preview ?? `${previewPrefix}${made}`
      const answer = hold(name, loaded)
      if (before !== undefined && JSON.stringify(before.environment) !== JSON.stringify(environment)) {
        const { problem } = intent
        for (const listener of listeners)
          listener({ type: 'loaded', name, part: 'environment', intentProblem: problem })
      }
      return answer
    },
    forget,
  }
}

function goneFailure(name: string): Failure {
  return new Failure('not-found', name, 'This preview is over.', 'Ask for it again.')
}
