import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Failure } from '../core/failure.ts'
import { plainEnvironment } from '../tools/limited-process.ts'
import { createLanguageBridge, type LanguageBridge, notification } from './language-bridge.ts'
import { createLanguageFolder, type LanguageFolder } from './language-folder.ts'
import { frame, readFrames } from './language-frames.ts'

export interface LanguageParts {
  /** Path of Regal; rejects with `not-found` and how to get it. */
  regal(): Promise<string>
  folderOf(draft: string): Promise<string>
}

/** Regal's language server for a draft, one process a session; messages are JSON-RPC texts, both ways. */
export interface Language {
  /**
   * Messages of the server, from its start until the caller goes away or the server ends. The first is `everyhop/started`:
   * only then is `tell` taken. Addresses are `file:///draft/<path>`.
   */
  open(draft: string, session: string, signal: AbortSignal): AsyncGenerator<{ readonly message: string }, void>
  tell(session: string, message: string): Promise<{ readonly taken: boolean }>
  close(): void
}

interface Session {
  readonly child: ChildProcessWithoutNullStreams
  readonly bridge: LanguageBridge
  readonly folder: LanguageFolder
  /** Answers that the bridge itself gives, for the page. */
  readonly said: string[]
  wake: () => void
  /** Messages are taken one after the other: an edit must not overtake the opening. */
  turn: Promise<unknown>
  /** Regal lints what it was told last; undefined: it has said what it found. */
  linting: NodeJS.Timeout | undefined
}

const memoryBytes = 1024 ** 3
const mostSessions = 8
/**
 * Edits wait while Regal lints those before them: it would lint twice, one after the other. Longer than this it is not waited
 * for, since not every edit is answered. Milliseconds.
 */
const lintMs = 1500
/** The draft is looked at for what other programs write so often. Milliseconds. */
const lookMs = 3000
/** Address of the draft for the page: where it lies on this machine is nothing the page needs. */
export const pageAddress = 'file:///draft'

export function createLanguage({ regal, folderOf }: LanguageParts): Language {
  const sessions = new Map<string, Session>()

  async function* messages(session: Session, signal: AbortSignal): AsyncGenerator<{ readonly message: string }, void> {
    const frames = readFrames(session.child.stdout)
    let next = frames.next()
    yield { message: notification('everyhop/started', {}) }
    for (;;) {
      const woken = new Promise<'said'>((resolve) => (session.wake = () => resolve('said')))
      const read = session.said.length > 0 ? 'said' : await Promise.race([next, woken])
      for (const message of session.said.splice(0)) yield { message }
      if (read === 'said') continue
      if (read.done === true || signal.aborted) return
      next = frames.next()
      pass(session, session.bridge.fromServer(read.value))
      if (read.value.includes('"textDocument/publishDiagnostics"')) linted(session)
    }
  }

  return {
    async *open(draft, id, signal) {
      if (sessions.has(id)) throw new Failure('conflict', id, 'This language session is open already.')
      if (sessions.size >= mostSessions) {
        throw new Failure(
          'exhausted',
          id,
          `${mostSessions} editors are open; more would slow each other down.`,
          'Close one.',
        )
      }
      const [program, place] = await Promise.all([regal(), folderOf(draft)])
      const work = await mkdtemp(join(tmpdir(), 'eh-regal-'))
      const child = spawn(program, ['language-server'], {
        cwd: work,
        // It leaves much behind at each edit: collected less often it takes a third less time, for 150 MB more.
        env: { ...plainEnvironment(memoryBytes), HOME: work, REGAL_DISABLE_CHECK_VERSION: '1', GOGC: '400' },
        stdio: ['pipe', 'pipe', 'pipe'],
        windowsHide: true,
      })
      const session: Session = {
        child,
        bridge: createLanguageBridge({ page: pageAddress, server: pathToFileURL(work).href }),
        folder: createLanguageFolder(place, work),
        said: [],
        wake: () => {},
        turn: Promise.resolve(),
        linting: undefined,
      }
      sessions.set(id, session)
      let words = ''
      child.stderr.on('data', (part: Buffer) => (words = `${words}${part.toString('utf8')}`.slice(-4_000)))
      child.stdin.on('error', () => {}) // it ended: the messages end, too
      const stop = (): void => {
        child.kill('SIGKILL') // it holds nothing that the draft's files do not
      }
      child.on('error', (reason) => (words += reason.message))
      signal.addEventListener('abort', stop, { once: true })
      // On a full disk Regal sees what it saw before; nobody waits for the look, so its failure must not be nobody's either.
      const looking = setInterval(() => void inTurn(session, () => keepInStep(session)).catch(() => {}), lookMs)
      try {
        yield* messages(session, signal)
        if (!signal.aborted) {
          throw new Failure(
            'unreachable',
            'regal',
            `Regal's language server ended by itself. ${words.trim().slice(-500)}`.trim(),
            'OPA goes on checking, and Regal is started again.',
          )
        }
      } finally {
        clearInterval(looking)
        clearTimeout(session.linting)
        signal.removeEventListener('abort', stop)
        sessions.delete(id)
        stop()
        await session.turn
        await rm(work, { recursive: true, force: true })
      }
    },
    async tell(id, message) {
      const session = sessions.get(id)
      if (session === undefined || !session.child.stdin.writable) return { taken: false }
      await inTurn(session, () => take(session, message))
      return { taken: true }
    },
    close() {
      for (const { child } of sessions.values()) child.kill('SIGKILL')
    },
  }
}

function inTurn(session: Session, work: () => Promise<void>): Promise<void> {
  const done = session.turn.then(work)
  session.turn = done.catch(() => {})
  return done
}

async function take(session: Session, message: string): Promise<void> {
  const { bridge, folder } = session
  const before = bridge.documents.size
  if (message.includes('"textDocument/didOpen"')) bridge.know(await folder.paths())
  const passed = bridge.fromPage(message)
  // Regal forgets open files that are not on the disk.
  if (bridge.documents.size > before) await keepInStep(session)
  pass(session, passed)
  if (session.linting === undefined) tellEdits(session)
}

function linted(session: Session): void {
  clearTimeout(session.linting)
  session.linting = undefined
  tellEdits(session)
}

function tellEdits(session: Session): void {
  pass(session, { toServer: session.bridge.flush(), toPage: [] })
}

/** What the draft now holds of the modules that Regal needs, put into its folder and told. */
async function keepInStep(session: Session): Promise<void> {
  const { bridge, folder } = session
  if (bridge.documents.size === 0) return
  const { changes, isWhole } = await folder.sync(bridge.documents)
  bridge.seesAll(isWhole)
  if (changes.length === 0) return
  const told = changes.map(({ path, type }) => ({ uri: bridge.onServer(path), type }))
  pass(session, { toServer: [notification('workspace/didChangeWatchedFiles', { changes: told })], toPage: [] })
}

function pass(session: Session, { toServer, toPage }: ReturnType<LanguageBridge['fromPage']>): void {
  for (const message of toServer) {
    if (!session.child.stdin.writable) continue
    session.child.stdin.write(frame(message))
    if (!message.includes('"textDocument/didChange"')) continue
    clearTimeout(session.linting)
    session.linting = setTimeout(() => linted(session), lintMs)
  }
  if (toPage.length === 0) return
  session.said.push(...toPage)
  session.wake()
}
