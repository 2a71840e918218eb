import {
  type PlaygroundFaultSummary,
  type PlaygroundState,
  playgroundEnvironment,
} from '../../shared/contract/playground.ts'
import { type FaultId, faultOf } from '../../shared/faults/index.ts'
import { type EnvironmentFolder, isEnvironmentFile, type ListedFile } from '../core/environments.ts'
import { Failure } from '../core/failure.ts'
import type { Clock, Log } from '../core/ports.ts'
import type { Playground, PlaygroundOptions } from '../playground/parts.ts'
import { playgroundFaultList } from './playground-faults.ts'

/** The playground of the contract. */
export interface PlaygroundHandlers {
  state(): Promise<PlaygroundState>
  start(): Promise<PlaygroundState>
  stop(): Promise<PlaygroundState>
  faults(): Promise<readonly PlaygroundFaultSummary[]>
  inject(input: { readonly fault: FaultId }): Promise<PlaygroundState>
  heal(): Promise<PlaygroundState>
}

export interface PlaygroundService {
  readonly handlers: PlaygroundHandlers
  /** The folder of environments, with the playground's among them while it runs. */
  readonly folder: EnvironmentFolder
  /** Starts it when nobody has written an environment down. */
  startIfAlone(): Promise<void>
  /** Ends it for good, also when it is only being started. */
  close(): Promise<void>
}

export type StartPlayground = (options: PlaygroundOptions) => Promise<Playground>

export interface PlaygroundParts {
  readonly clock: Clock
  readonly log: Log
  /** The folder that people write environments in. */
  readonly folder: EnvironmentFolder
  /** Has the registry look at the folder again; resolves when it did. */
  readonly refresh: () => Promise<void>
  /** What was kept of the playground that has ended is given up. */
  readonly forget: () => Promise<void>
  /** Its environment is read for somebody. */
  readonly isRead: () => boolean
  /** Path of opa; null: it is not on this machine now. */
  readonly opa: () => Promise<string | null>
  readonly start: StartPlayground
  /** Removes what playgrounds left that were killed. */
  readonly sweep: () => Promise<void>
}

interface Running {
  readonly playground: Playground
  readonly startedAt: number
  readonly ended: AbortSignal
  since: number
}

/** A program that somebody gets in the meantime is looked for so often. Milliseconds. */
const lookForOpaMs = 2000
/** Whoever started it has so long to look at it. Milliseconds. */
const unattendedAfterMs = 30_000
/** One that did not work is not tried again for so long. Milliseconds. */
const afterBadOpaMs = 60_000

export function createPlaygroundService(parts: PlaygroundParts): PlaygroundService {
  const { clock, log } = parts
  let running: Running | null = null
  let resting: PlaygroundState = { phase: 'stopped' }
  let changes = 0
  let isClosed = false
  /** Of the playground that runs or is being started. */
  let ending = new AbortController()
  let lastTurn: Promise<unknown> = Promise.resolve()

  // Every Everyhop does, not only one that starts a playground: private keys may be among it.
  parts.sweep().catch((reason: unknown) => {
    log.warn('what a playground left could not be removed', { reason: String(reason) })
  })

  /** One at a time, in the order in which they were asked for. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = lastTurn.then(work)
    lastTurn = result.catch(() => {}) // whoever asked is told
    return result
  }

  function state(): PlaygroundState {
    if (running === null) return resting
    const { playground, startedAt, since } = running
    const active = playground.active === null ? null : { fault: faultIdOf(playground.active), since }
    const { authorisation, heldBack } = playground
    return { phase: 'running', startedAt, authorisation, active, changing: changes > 0, heldBack }
  }

  async function start(): Promise<PlaygroundState> {
    if (isClosed) throw new Failure('cancelled', 'Everyhop', 'Everyhop is ending.')
    if (running !== null) return state()
    resting = { phase: 'starting' }
    ending = new AbortController()
    const { signal } = ending
    try {
      const playground = await parts.start({ clock, log, opa: await parts.opa(), signal })
      const now = clock.now()
      running = { playground, startedAt: now, since: now, ended: signal }
      resting = { phase: 'stopped' }
      void attend(running)
      await parts.refresh()
    } catch (reason) {
      log.error('the playground could not be started', { reason: String(reason) })
      const message = `The playground could not be started: ${wordsOf(reason)}.`
      await end()
      resting = { phase: 'failed', message }
    }
    return state()
  }

  /** Whatever is being made, healed or started is not waited for: who ends may have seconds only. */
  function breakOff(): void {
    ending.abort(new Error('the playground ends'))
  }

  /** First nobody reads it any more, then it ends. */
  async function end(): Promise<void> {
    breakOff()
    const last = running
    if (last === null) return
    running = null
    if (!isClosed) await parts.refresh().catch(() => {}) // the next look at the folder sees it too
    await last.playground.stop()
    await parts.forget()
  }

  async function stop(): Promise<PlaygroundState> {
    resting = { phase: 'stopped' }
    try {
      await end()
    } catch (reason) {
      log.error('the playground did not end as it should', { reason: String(reason) })
      throw new Failure(
        'internal',
        playgroundEnvironment,
        `The playground is no longer read, but something of it was left: ${wordsOf(reason)}.`,
        'What is left ends with Everyhop.',
      )
    }
    return state()
  }

  /** A program that arrives while it runs is used at once; and while nobody looks it rests. */
  async function attend({ playground, startedAt, ended: signal }: Running): Promise<void> {
    const bad = { path: '', until: 0 }
    while (!signal.aborted) {
      try {
        await clock.sleep(lookForOpaMs, signal)
      } catch {
        return // the signal: it ends
      }
      // Not whoever asks how it stands: every window does, and the command that holds it open.
      playground.attend(parts.isRead() || clock.now() - startedAt < unattendedAfterMs)
      if (playground.authorisation !== 'no-opa') continue
      const path = await parts.opa().catch(() => null)
      if (path === null || signal.aborted || (bad.path === path && clock.now() < bad.until)) continue
      await inTurn(async () => (signal.aborted ? undefined : playground.useOpa(path))).catch((reason: unknown) => {
        Object.assign(bad, { path, until: clock.now() + afterBadOpaMs })
        if (!signal.aborted) log.warn('the playground could not use opa', { path, reason: String(reason) })
      })
    }
  }

  async function change(work: (now: Running) => Promise<void>): Promise<PlaygroundState> {
    if (running === null) {
      throw new Failure('not-found', playgroundEnvironment, 'The playground does not run.', 'Start it first.')
    }
    changes += 1
    try {
      await work(running)
    } finally {
      changes -= 1
    }
    return state()
  }

  async function heal({ playground }: Running): Promise<void> {
    const { active } = playground
    if (active === null) return
    try {
      await playground.heal()
    } catch (reason) {
      throw notMade(active, `The fault "${faultOf(faultIdOf(active)).title}" could not be healed`, reason)
    }
  }

  async function inject(now: Running, fault: FaultId): Promise<void> {
    const listed = playgroundFaultList().find(({ id }) => id === fault)
    if (listed === undefined || listed.notHere !== null) {
      const sentence = `This fault cannot be made in the playground: ${listed?.notHere ?? 'it is not in the catalogue'}`
      throw new Failure('invalid', fault, sentence, 'The list of faults says which can be.')
    }
    await heal(now)
    try {
      await now.playground.inject(fault)
      now.since = clock.now()
    } catch (reason) {
      throw notMade(fault, `The fault "${listed.title}" could not be made`, reason)
    }
  }

  function notMade(fault: string, what: string, reason: unknown): Failure {
    if (reason instanceof Failure) return reason
    log.error('a fault of the playground', { fault, what, reason: String(reason) })
    return new Failure(
      'internal',
      fault,
      `${what}: ${wordsOf(reason)}.`,
      'Try it again; if it stays so, stop the playground and start it anew.',
    )
  }

  return {
    handlers: {
      state: async () => state(),
      start: () => inTurn(start),
      stop() {
        breakOff()
        return inTurn(stop)
      },
      faults: async () => playgroundFaultList(),
      inject: ({ fault }) => inTurn(() => change((now) => inject(now, fault))),
      heal: () => inTurn(() => change(heal)),
    },
    folder: {
      path: parts.folder.path,
      resolve: (directory, path) => parts.folder.resolve(directory, path),
      async list() {
        const listed = await parts.folder.list()
        return running === null ? listed : [...listed, listedFile(running.playground.environmentFile)]
      },
    },
    async startIfAlone() {
      // A folder that cannot be read is not an empty one.
      const listed = await parts.folder.list().catch(() => null)
      if (listed === null || isClosed || listed.some(({ name }) => isEnvironmentFile(name))) return
      await inTurn(start)
    },
    async close() {
      isClosed = true
      breakOff()
      await inTurn(end).catch((reason: unknown) => {
        log.error('the playground did not end as it should', { reason: String(reason) })
      })
    },
  }
}

/** Under a name that no file of the folder can have. */
function listedFile(path: string): ListedFile {
  const directory = path.replace(/[\\/][^\\/]*$/, '')
  return { name: path, path, directory, playground: true }
}

function faultIdOf(text: string): FaultId {
  const found = playgroundFaultList().find(({ id }) => id === text)
  if (found === undefined) throw new Error(`the playground names a fault that the catalogue lacks: ${text}`)
  return found.id
}

function wordsOf(reason: unknown): string {
  const words = reason instanceof Error ? reason.message : String(reason)
  return words.replace(/\.$/, '').slice(0, 1000)
}
