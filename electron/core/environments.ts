import type { EnvironmentSummary } from '../../shared/contract/environments.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import { type Environment, environmentSchema } from '../../shared/domain/model/environment.ts'
import { type IntentState, lastUsable, problemText, readIntent, unreadable } from './environment-intent.ts'
import { Failure } from './failure.ts'
import type { Clock, Files, Log } from './ports.ts'
import { type FileProblem, parseYaml } from './yaml-file.ts'

/** A file of the environments folder. `path` is the file itself, not a link to it; `directory` is the folder of that. */
export interface ListedFile {
  readonly name: string
  readonly path: string
  readonly directory: string
  /** Of the playground that runs, not of a person: it alone may be called `playground`. */
  readonly playground?: true
}

/** The folder that environments are written in. */
export interface EnvironmentFolder {
  readonly path: string
  /** Empty when the folder does not exist; throws when it cannot be read. */
  list(): Promise<readonly ListedFile[]>
  /** The absolute form of a path that a file of `directory` gives. */
  resolve(directory: string, path: string): string
}

export interface LoadedEnvironment {
  readonly environment: Environment
  /** The file itself, not a link to it; relative paths in it are relative to its folder. */
  readonly file: string
  readonly baseDirectory: string
  readonly intent: IntentState
}

export type RegistryEvent =
  | {
      readonly type: 'loaded'
      readonly name: string
      readonly part: 'environment' | 'intent'
      readonly intentProblem: string | null
    }
  | { readonly type: 'removed'; readonly name: string }
  | { readonly type: 'broken'; readonly name: string; readonly file: string; readonly problem: FileProblem }

/** The environments of the home folder, kept up to date with their files. */
export interface EnvironmentRegistry {
  /** Resolves after the first look at the folder. */
  ready(): Promise<void>
  summaries(): readonly EnvironmentSummary[]
  /** The last usable content; throws `not-found`, or `invalid` when the file never could be used. */
  get(name: string): LoadedEnvironment
  subscribe(listener: (event: RegistryEvent) => void): () => void
}

/** The same, with where each is written. */
export interface WatchedEnvironments extends EnvironmentRegistry {
  /** Where an environment is written, broken ones too; null: there is none of this name. */
  placeOf(name: string): EnvironmentPlace | null
  /** Looks at the folder and its files now. */
  refresh(): Promise<void>
}

export interface EnvironmentPlace {
  /** The file itself. */
  readonly file: string
  /** What stands in the environments folder: the file, or a link to it. */
  readonly listedName: string
  readonly baseDirectory: string
  /** The playground's own: nobody may change or remove it. */
  readonly playground: boolean
}

interface Entry {
  readonly name: string
  readonly path: string
  readonly directory: string
  readonly playground?: true
  /** What the file said last, when it could be used; kept while the file is being edited. */
  loaded: LoadedEnvironment | null
  problem: FileProblem | null
  readonly watching: AbortController
  watchedIntent: { readonly path: string; readonly controller: AbortController } | null
  /** Counts readings: an older reading that ends late must not win over a newer one. */
  reading: number
}

const folderIntervalMs = 1_000
/** 20,000 sources of a big environment are about 3 MB. */
const environmentBytes = 16 * 1024 * 1024

export interface RegistryPorts {
  readonly files: Files
  readonly clock: Clock
  readonly log: Log
  readonly folder: EnvironmentFolder
}

export function watchEnvironments(ports: RegistryPorts, signal: AbortSignal): WatchedEnvironments {
  const { folder } = ports
  const entries = new Map<string, Entry>()
  const listeners = new Set<(event: RegistryEvent) => void>()
  const first = lookAtFolder()
  void keepLooking()

  function announce(event: RegistryEvent): void {
    for (const listener of listeners) listener(event)
  }

  async function keepLooking(): Promise<void> {
    await first
    while (!signal.aborted) {
      try {
        await ports.clock.sleep(folderIntervalMs, signal)
      } catch {
        return // the signal: we are done
      }
      await lookAtFolder()
    }
  }

  async function lookAtFolder(): Promise<void> {
    const found = new Map<string, ListedFile>()
    try {
      for (const file of await folder.list()) if (isEnvironmentFile(file.name)) found.set(file.name, file)
    } catch (reason) {
      ports.log.warn('the environments folder cannot be read', { folder: folder.path, reason: String(reason) })
      return
    }
    let isNameFree = false
    for (const [name, entry] of entries) {
      if (found.get(name)?.path === entry.path) continue
      stopWatching(entry)
      entries.delete(name)
      if (entry.loaded !== null) announce({ type: 'removed', name: entry.loaded.environment.name })
      isNameFree = true
    }
    const added: Promise<void>[] = []
    // A file that was refused because its name was taken may be usable now.
    if (isNameFree) for (const entry of entries.values()) if (entry.problem !== null) added.push(load(entry))
    for (const [name, file] of found) {
      if (entries.has(name)) continue
      const entry: Entry = {
        ...file,
        loaded: null,
        problem: null,
        watching: new AbortController(),
        watchedIntent: null,
        reading: 0,
      }
      entries.set(name, entry)
      ports.files.watch(entry.path, () => void load(entry), entry.watching.signal)
      added.push(load(entry))
    }
    await Promise.all(added)
  }

  function stopWatching(entry: Entry): void {
    entry.watching.abort()
    entry.watchedIntent?.controller.abort()
  }

  async function load(entry: Entry): Promise<void> {
    entry.reading += 1
    const reading = entry.reading
    const isOutdated = () => entry.watching.signal.aborted || signal.aborted || entry.reading !== reading
    const read = await readFile(entry)
    if (isOutdated()) return
    if (!read.ok) {
      entry.problem = read.problem
      announce({ type: 'broken', name: nameOf(entry), file: entry.path, problem: read.problem })
      return
    }
    const before = entry.loaded?.environment.name
    const baseDirectory = entry.directory
    const named = read.environment.intent
    const intentPath = named === undefined ? null : folder.resolve(baseDirectory, named)
    const intent = lastUsable(await readIntent(intentPath, ports), entry.loaded?.intent)
    if (isOutdated()) return
    entry.problem = null
    entry.loaded = { environment: read.environment, file: entry.path, baseDirectory, intent }
    watchIntent(entry, intentPath)
    if (before !== undefined && before !== read.environment.name) announce({ type: 'removed', name: before })
    announce({ type: 'loaded', name: read.environment.name, part: 'environment', intentProblem: intent.problem })
  }

  async function readFile(
    entry: Entry,
  ): Promise<{ ok: true; environment: Environment } | { ok: false; problem: FileProblem }> {
    let text: string
    try {
      text = await ports.files.readText(entry.path, environmentBytes)
    } catch (reason) {
      return { ok: false, problem: { message: unreadable(reason), line: null, column: null } }
    }
    const parsed = parseYaml(text, environmentSchema)
    if (!parsed.ok) return parsed
    const contradiction = contradictionIn(parsed.value)
    if (contradiction !== null) return { ok: false, problem: { message: contradiction, line: null, column: null } }
    if (parsed.value.name === playgroundEnvironment && entry.playground !== true) {
      const message = `name: "${playgroundEnvironment}" is the name of the demonstration pipeline inside Everyhop; choose another one`
      return { ok: false, problem: { message, line: null, column: null } }
    }
    const other = [...entries.values()].find(
      (each) => each !== entry && each.loaded?.environment.name === parsed.value.name,
    )
    if (other === undefined) return { ok: true, environment: parsed.value }
    const message = `name: "${parsed.value.name}" is already the name of ${other.path}; choose another one`
    return { ok: false, problem: { message, line: null, column: null } }
  }

  function watchIntent(entry: Entry, file: string | null): void {
    if (entry.watchedIntent?.path === file || (entry.watchedIntent === null && file === null)) return
    entry.watchedIntent?.controller.abort()
    entry.watchedIntent = null
    if (file === null) return
    const controller = new AbortController()
    entry.watchedIntent = { path: file, controller }
    ports.files.watch(file, () => void intentChanged(entry, file), controller.signal)
  }

  async function intentChanged(entry: Entry, file: string): Promise<void> {
    const read = await readIntent(file, ports)
    if (entry.loaded === null || entry.watchedIntent?.path !== file) return
    const intent = lastUsable(read, entry.loaded.intent)
    entry.loaded = { ...entry.loaded, intent }
    announce({ type: 'loaded', name: entry.loaded.environment.name, part: 'intent', intentProblem: intent.problem })
  }

  signal.addEventListener('abort', () => entries.forEach(stopWatching), { once: true })
  return {
    ready: () => first,
    summaries: () =>
      [...entries.values()]
        // What was not read yet is neither fine nor broken: it is listed a moment later.
        .filter(({ loaded, problem }) => loaded !== null || problem !== null)
        .map(summaryOf)
        .sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0)),
    get(name) {
      for (const entry of entries.values()) if (entry.loaded?.environment.name === name) return entry.loaded
      const broken = [...entries.values()].find((entry) => entry.problem !== null && nameOf(entry) === name)
      if (broken?.problem) {
        throw new Failure(
          'invalid',
          name,
          `${problemText(broken.path, broken.problem)}`,
          'Correct the file; it is read again at once.',
        )
      }
      const known = [...entries.values()].map(nameOf).sort()
      throw new Failure(
        'not-found',
        name,
        `There is no environment called "${name}".`,
        known.length === 0
          ? `Write one as a file in ${folder.path}, or start the lab with: npm run lab`
          : `Known environments: ${known.join(', ')}.`,
      )
    },
    placeOf(name) {
      const found = [...entries.values()].find((entry) => nameOf(entry) === name)
      if (found === undefined) return null
      const { path, name: listedName, directory, playground } = found
      return { file: path, listedName, baseDirectory: directory, playground: playground === true }
    },
    async refresh() {
      await lookAtFolder()
      await Promise.all([...entries.values()].map(load))
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export function isEnvironmentFile(name: string): boolean {
  return /\.ya?ml$/i.test(name)
}

function nameOf(entry: Entry): string {
  if (entry.loaded !== null) return entry.loaded.environment.name
  if (entry.playground === true) return playgroundEnvironment
  const name = entry.name.replace(/\.ya?ml$/i, '')
  // A file of a person that cannot be used must not be taken for the playground.
  return name === playgroundEnvironment ? entry.name : name
}

function summaryOf(entry: Entry): EnvironmentSummary {
  const environment = entry.loaded?.environment
  const sources = environment?.sources
  return {
    name: nameOf(entry),
    production: environment?.production ?? false,
    playground: entry.playground === true,
    file: entry.path,
    problem: entry.problem,
    sourceCounts:
      sources === undefined
        ? {}
        : {
            ...(sources.kubernetes.length === 0 ? {} : { kubernetes: sources.kubernetes.length }),
            spire: sources.spire.length,
            envoy: sources.envoy.length,
            opa: sources.opa.length,
            ...(sources.vault.length === 0 ? {} : { vault: sources.vault.length }),
            logs: sources.logs.length,
          },
  }
}

/** What no schema can say; null: nothing is wrong. */
export function contradictionIn(environment: Environment): string | null {
  return repeatedId(environment) ?? missingCluster(environment)
}

/** Two sources with one id would overwrite each other's facts. */
function repeatedId(environment: Environment): string | null {
  for (const [kind, sources] of Object.entries(environment.sources)) {
    const seen = new Set<string>()
    for (const { id } of sources) {
      if (seen.has(id)) return `sources.${kind}: the id "${id}" is given twice; each source needs its own`
      seen.add(id)
    }
  }
  const logs = new Set(environment.sources.logs.map(({ id }) => id))
  for (const { id } of environment.history ?? []) {
    if (logs.has(id))
      return `history: the id "${id}" is given twice; each source needs its own, also among sources.logs`
    logs.add(id)
  }
  return null
}

/** A SPIRE server that is to be found in a cluster which nobody named. */
function missingCluster({ sources }: Environment): string | null {
  const clusters = new Set(sources.kubernetes.map(({ id }) => id))
  for (const spire of sources.spire) {
    if (!('cluster' in spire) || clusters.has(spire.cluster)) continue
    return `sources.spire: "${spire.id}" is in cluster "${spire.cluster}", which sources.kubernetes does not name`
  }
  return null
}
