import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { plainEnvironment } from '../../tools/limited-process.ts'
import { askOpa, type OpaEndpoint } from './opa-client.ts'

/** One `opa run --server`. It ends with this process, however this one comes to its end. */
export interface OpaProcess {
  readonly endpoint: OpaEndpoint
  isRunning(): boolean
  stop(): Promise<void>
}

export interface OpaProcessOptions {
  readonly id: string
  readonly program: string
  readonly config: string
  /** Its working folder, and where its socket is. */
  readonly folder: string
  /** Hears every line that it prints. */
  readonly print: (line: string) => void
  /** Breaks the start off. */
  readonly signal: AbortSignal
  /** Called once when it ended by itself, after it was ready. */
  readonly ended: () => void
  /** It answers, and has activated its bundle. Milliseconds. */
  readonly readyWithinMs?: number
}

/** The garbage collector of a small policy needs no more; it is a soft limit. */
const memoryBytes = 72 * 1024 ** 2
const attempts = 3

/**
 * Starts it and waits until it has activated its bundle. Rejects with a sentence in OPA's words when it does not get ready.
 * It listens on a socket in the private folder; on Windows, where Node has no such sockets, on a free port of 127.0.0.1.
 */
export async function startOpaProcess(options: OpaProcessOptions): Promise<OpaProcess> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options, await endpointOf(options))
    } catch (reason) {
      // Between finding a port free and using it somebody else may have taken it.
      const wasTaken = reason instanceof Error && /address already in use|Only one usage/.test(reason.message)
      if (!wasTaken || attempt === attempts) throw reason
    }
  }
}

async function startOnce(options: OpaProcessOptions, endpoint: OpaEndpoint): Promise<OpaProcess> {
  const { id, program, config, folder } = options
  const words = [
    'run',
    '--server',
    '--config-file',
    config,
    '--addr',
    'socketPath' in endpoint ? `unix://${endpoint.socketPath}` : `${endpoint.host}:${endpoint.port}`,
    '--log-format',
    'json',
    '--log-level',
    'error',
    '--skip-version-check',
  ]
  const [command, all] = guarded(program, words)
  const child = spawn(command, all, {
    cwd: folder,
    env: { ...plainEnvironment(memoryBytes), HOME: folder, GOMAXPROCS: '2' },
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
    // Its own session: Ctrl-C in a terminal reaches Everyhop alone, which then ends everything in order. On Windows children
    // that are not detached end with their parent, by the job object that Node puts them in.
    detached: process.platform !== 'win32',
  })
  child.stdin.on('error', () => {}) // it went away: its end says so
  let said = ''
  let running = true
  let isReady = false
  let isStopping = false
  const exited = new Promise<void>((resolve) => {
    const over = (): void => {
      running = false
      resolve()
    }
    child.once('error', (reason) => {
      said += reason.message
      over()
    })
    child.once('exit', over)
  })
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (!isReady) said = `${said}${line}\n`.slice(-4000)
      options.print(line)
    })
  }
  // The guard prints nothing, so the end of what is printed is the end of OPA.
  child.stdout.once('close', () => {
    running = false
    child.stdin.end()
    if (isReady && !isStopping) options.ended()
  })
  const stop = async (): Promise<void> => {
    isStopping = true
    child.stdin.end()
    if (process.platform === 'win32') child.kill()
    await exited
  }

  const until = Date.now() + (options.readyWithinMs ?? 20_000)
  for (;;) {
    const health = await askOpa(endpoint, { method: 'GET', path: '/health?bundles', signal: AbortSignal.timeout(2000) })
      .then(({ status }) => status)
      .catch(() => null)
    if (health === 200) break
    if (!running || Date.now() > until || options.signal.aborted) {
      const late = options.signal.aborted ? 'the playground ends' : 'it had no active bundle in time'
      const why = running ? late : said.trim().slice(-1000)
      await stop()
      throw new Error(`${id} did not start: ${why || 'it ended without a word'}`)
    }
    await wait(20)
  }
  isReady = true
  return { endpoint, isRunning: () => running, stop }
}

/**
 * A shell beside it that waits for the end of its standard input, which nobody but this process holds open, and then ends OPA: so
 * it ends too when this process is killed and can do nothing any more.
 */
function guarded(program: string, words: readonly string[]): readonly [string, readonly string[]] {
  if (process.platform === 'win32') return [program, words]
  const script =
    '"$@" </dev/null & opa=$!; trap "" HUP INT TERM; exec >/dev/null 2>&1; read -r _; kill -9 "$opa"; wait "$opa"'
  return ['/bin/sh', ['-c', script, 'sh', program, ...words]]
}

let sockets = 0

async function endpointOf({ folder }: OpaProcessOptions): Promise<OpaEndpoint> {
  if (process.platform !== 'win32') {
    // Each start its own name: the one before may still be in the folder. Paths of sockets have about a hundred characters.
    sockets += 1
    return { socketPath: `${folder}/${sockets}` }
  }
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  server.close()
  await once(server, 'close')
  if (bound === null || typeof bound === 'string') throw new Error('no free port was found for OPA')
  return { host: '127.0.0.1', port: bound.port }
}
