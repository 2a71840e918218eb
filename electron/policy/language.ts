import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { Failure } from '../core/failure.ts'
import { plainEnvironment } from '../tools/limited-process.ts'
import { frame, readFrames } from './language-frames.ts'

export interface LanguageParts {
  /** Path of Regal; rejects with `not-found` and how to get it. */
  regal(): Promise<string>
  folderOf(draft: string): Promise<string>
}

/** Regal's language server for a draft, one process a session; messages are JSON-RPC texts, both ways. */
export interface Language {
  /** Messages of the server, from its start until the caller goes away or the server ends. */
  open(draft: string, session: string, signal: AbortSignal): AsyncGenerator<{ readonly message: string }, void>
  tell(session: string, message: string): Promise<{ readonly taken: boolean }>
  close(): void
}

const memoryBytes = 1024 ** 3
const mostSessions = 8

export function createLanguage({ regal, folderOf }: LanguageParts): Language {
  const sessions = new Map<string, ChildProcessWithoutNullStreams>()

  return {
    async *open(draft, session, signal) {
      if (sessions.has(session)) throw new Failure('conflict', session, 'This language session is open already.')
      if (sessions.size >= mostSessions) {
        throw new Failure(
          'exhausted',
          session,
          `${mostSessions} editors are open; more would slow each other down.`,
          'Close one.',
        )
      }
      const [program, folder] = await Promise.all([regal(), folderOf(draft)])
      const child = spawn(program, ['language-server'], {
        cwd: folder,
        env: { ...plainEnvironment(memoryBytes), HOME: folder },
        stdio: ['pipe', 'pipe', 'pipe'],
        windowsHide: true,
      })
      sessions.set(session, child)
      let said = ''
      child.stderr.on('data', (part: Buffer) => (said = `${said}${part.toString('utf8')}`.slice(-4_000)))
      child.stdin.on('error', () => {}) // it ended: the messages end, too
      const stop = (): void => {
        child.kill('SIGKILL') // it holds nothing that the draft's files do not
      }
      child.on('error', (reason) => (said += reason.message))
      signal.addEventListener('abort', stop, { once: true })
      try {
        for await (const message of readFrames(child.stdout)) yield { message }
        if (!signal.aborted) {
          throw new Failure(
            'unreachable',
            'regal',
            `Regal's language server ended by itself. ${said.trim().slice(-500)}`,
            'OPA goes on checking; open the editor again for Regal.',
          )
        }
      } finally {
        signal.removeEventListener('abort', stop)
        sessions.delete(session)
        stop()
      }
    },
    async tell(session, message) {
      const child = sessions.get(session)
      if (child === undefined || !child.stdin.writable) return { taken: false }
      child.stdin.write(frame(message))
      return { taken: true }
    },
    close() {
      for (const child of sessions.values()) child.kill('SIGKILL')
    },
  }
}
