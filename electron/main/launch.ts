import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { type MessagePortMain, utilityProcess } from 'electron'
import { fromService, type ToService } from '../../shared/desktop.ts'
import { createRelay } from './relay.ts'
import type { RunningService, ServiceEvents } from './service-keeper.ts'

/**
 * Starts the service: in a utility process, or, when `node` is given (`EVERYHOP_SERVICE_NODE`), as a child of that Node
 * with its messages relayed. The page sees the same message port in both.
 * @param file the service's entry
 * @param home the folder of environments and settings, handed on as EVERYHOP_HOME
 */
export function launchService(
  file: string,
  home: string,
  node: string | undefined,
): (events: ServiceEvents) => RunningService {
  const env = { ...process.env, EVERYHOP_HOME: home }
  return node === undefined || node === ''
    ? (events) => launchUtility(file, env, events)
    : (events) => launchChild(node, file, env, events)
}

function launchUtility(file: string, env: NodeJS.ProcessEnv, events: ServiceEvents): RunningService {
  const child = utilityProcess.fork(file, [], { stdio: 'pipe', serviceName: 'Everyhop service', env })
  const lastWords = passOn(child.stdout, child.stderr)
  child.on('message', (message: unknown) => {
    const said = fromService.safeParse(message)
    if (said.success && said.data.kind === 'ready') events.ready()
  })
  child.on('exit', (code) => events.ended(`code ${code}`, lastWords()))
  let doors = 0
  return {
    get pid() {
      return child.pid ?? null
    },
    open(door: 'page' | 'shell', port: MessagePortMain) {
      doors += 1
      child.postMessage({ kind: 'open', door, id: doors } satisfies ToService, [port])
    },
    stop: () => child.postMessage({ kind: 'stop' } satisfies ToService),
    kill: () => endProcess(child.pid),
  }
}

function launchChild(node: string, file: string, env: NodeJS.ProcessEnv, events: ServiceEvents): RunningService {
  const child = spawn(node, [file], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env })
  const lastWords = passOn(child.stdout, child.stderr)
  const relay = createRelay((message) => {
    // Between its end and our knowing of it nobody listens.
    if (child.connected) child.send(message, () => {})
  })
  child.on('message', (message: unknown) => {
    const said = fromService.safeParse(message)
    if (!said.success) return
    if (said.data.kind === 'ready') events.ready()
    else relay.receive(said.data)
  })
  child.on('error', (reason) => end(reason.message))
  // Not exit: by then its last words may still be in the pipe.
  child.on('close', (code, signal) => end(signal === null ? `code ${code}` : `signal ${signal}`))
  function end(ending: string): void {
    relay.close()
    events.ended(ending, lastWords())
  }
  return {
    pid: child.pid ?? null,
    open: (door, port) => relay.open(door, port),
    stop: () => child.connected && child.send({ kind: 'stop' } satisfies ToService, () => {}),
    kill: () => endProcess(child.pid),
  }
}

const keptWords = 2000

/** What the service writes goes on to where main's own words go; its last line is kept for the window. */
function passOn(output: NodeJS.ReadableStream | Readable | null, errors: NodeJS.ReadableStream | Readable | null) {
  let kept = ''
  output?.on('data', (chunk: Buffer) => process.stdout.write(chunk))
  errors?.on('data', (chunk: Buffer) => {
    process.stderr.write(chunk)
    kept = (kept + chunk.toString()).slice(-keptWords)
  })
  return () => kept.trimEnd().split('\n').at(-1)?.trim().slice(0, 500) ?? ''
}

function endProcess(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone already
  }
}
