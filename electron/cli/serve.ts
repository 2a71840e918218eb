import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { Failure } from '../core/failure.ts'
import type { ReceiverState } from '../core/receiver-state.ts'
import type { SharedService } from '../service/shared-service.ts'
import { type Command, exitCodes, UsageError } from './command.ts'
import {
  type Receiving,
  receiverOptions,
  receiverSentence,
  receivingEnvironment,
  receivingFrom,
} from './serve-receiver.ts'
import { recordFrom, startRecordingIn, type ToRecord } from './serve-record.ts'

export const serve: Command = {
  name: 'serve',
  usage: `everyhop serve [--port <number>] [--data <folder>] [--record] [--decision-logs <port|host:port|socket> …]

Serves the window to a browser on this machine and prints its address, which is good once, for a minute.
Press Enter for a new one, and for how receiving stands; Ctrl-C to stop.

  --port <number>         the port on 127.0.0.1 (default: a free one)
  --data <folder>         keeps log records and what was last known there: the newest week, at most 2 GB of records for
                          each environment (default: data in the folder of environments and settings). One Everyhop owns
                          the folder; another one asks it
  --decision-logs <where> listens for OPA's decision logs (POST /logs) and for Kubernetes audit events (POST
                          /kubernetes-audit): a port of 127.0.0.1, host:port, or the path of a socket; needs --data
  --record                reads environments also while no window is open, so that what was known when is remembered
                          without a break: all of them, or those named with --env
  --env <name>            the environment that decision logs belong to; not needed when there is one only. With --record
                          those to record; may be given several times
  --token-file <path>     the bearer token that senders must show; needed beyond this machine
  --forward <url>         sends decision logs on, unchanged, also when the service there was down meanwhile
  --forward-token-file <path>, --forward-ca-file <path>  for that service`,
  summary: 'the window in a browser of this machine',
  async run(words, output, signal) {
    const { values } = parseArgs({
      args: [...words],
      options: {
        port: { type: 'string', default: '0' },
        data: { type: 'string' },
        env: { type: 'string', multiple: true },
        record: { type: 'boolean' },
        'decision-logs': { type: 'string' },
        'token-file': { type: 'string' },
        forward: { type: 'string' },
        'forward-token-file': { type: 'string' },
        'forward-ca-file': { type: 'string' },
      },
    })
    const port = Number(values.port)
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError('--port takes a number, 0 to 65535')
    const { env, record, ...others } = values
    const toRecord = recordFrom(values)
    const receiving = receivingFrom(
      record === true && others['decision-logs'] === undefined ? others : { ...others, env: env?.[0] },
    )
    const data = values.data === undefined ? null : resolve(values.data)
    const running = await startService(port, { data, receiving, record: toRecord })
    try {
      output.out(`${running.newAddress()}\n`)
      output.err(`${running.memory}\n`)
      if (running.recording() !== null) output.err(`${running.recording()}\n`)
      if (running.receiver !== null) output.err(`Decision logs are taken at ${running.receiver}\n`)
      output.err('The address is good once, for a minute. Press Enter for a new one, Ctrl-C to stop.\n')
      await untilStopped(signal, () => {
        output.out(`${running.newAddress()}\n`)
        const received = running.received()
        if (received !== null) output.err(`${received}\n`)
        if (running.recording() !== null) output.err(`${running.recording()}\n`)
      })
    } finally {
      await running.close()
    }
    return exitCodes.done
  },
}

export interface RunningService {
  newAddress(): string
  /** A sentence: where records are kept, and by whom. */
  readonly memory: string
  /** Where decision logs are taken; null: nowhere. */
  readonly receiver: string | null
  /** What is recorded without a window, in a sentence; null: nothing. */
  recording(): string | null
  /** How receiving and sending on stand now, in a sentence; null: nothing is received. */
  received(): string | null
  /** Names of the environments that are written down. */
  environments(): Promise<readonly string[]>
  close(): Promise<void>
}

export interface ServeOptions {
  /** Folder of kept records; null: that of the home. */
  readonly data: string | null
  readonly receiving: Receiving | null
  readonly record?: ToRecord | null
}

/**
 * Rejects with a `Failure` `locked` when another process has the data folder and does not answer, or when records are to be
 * received into it.
 */
export async function startService(
  port: number,
  { data, receiving, record = null }: ServeOptions = { data: null, receiving: null },
): Promise<RunningService> {
  const { packageFolder } = await import('../service/compose.ts')
  const { openSharedService } = await import('../service/shared-service.ts')
  const { startWebHost } = await import('../service/web.ts')
  const service = await openSharedService({ host: 'web', data, playground: { byItself: true } })
  const closing: (() => Promise<void>)[] = [() => service.stop()]
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end()
  }
  try {
    const receiver = await startReceiving(service, receiving)
    if (receiver !== null) closing.push(() => receiver.close())
    const recording = record === null ? null : await startRecordingIn(service, record)
    if (recording !== null) closing.push(async () => recording.stop())
    const host = await startWebHost({
      router: service.router,
      clock: service.clock,
      log: service.log,
      files: join(packageFolder, 'dist', 'renderer'),
      port,
      codeHint: 'Press Enter where Everyhop runs, and open the address it prints.',
    })
    closing.push(() => host.close())
    return {
      newAddress: () => host.newAddress(),
      memory: memoryOf(service),
      receiver: receiver?.place ?? null,
      recording: () => recording?.sentence() ?? null,
      received: () => (receiver === null ? null : receiverSentence(receiver.state())),
      async environments() {
        const client = await service.client('serve')
        return (await client.environments.list({})).map(({ name }) => name)
      },
      close,
    }
  } catch (reason) {
    await close()
    throw reason
  }
}

async function startReceiving(
  shared: SharedService,
  receiving: Receiving | null,
): Promise<{ readonly place: string; state(): ReceiverState; close(): Promise<void> } | null> {
  if (receiving === null) return null
  const composed = shared.composed()
  if (composed === null) {
    const sentence = `Another Everyhop keeps its records in ${shared.dataFolder}: only that one can receive more.`
    throw new Failure('locked', shared.dataFolder, sentence, 'Stop that one, or give another folder with --data.')
  }
  const { service, folder } = composed
  await service.registry.ready()
  const environment = receivingEnvironment(
    receiving.environment,
    service.registry.summaries().map(({ name }) => name),
  )
  const { listen, place, ...rest } = receiverOptions(receiving, folder)
  const receiver = await service.receive(environment, { listen, ...rest })
  const where = listen.kind === 'unix' ? place : `${listen.host}:${receiver.port}`
  const told = `${where}, for environment ${environment}`
  return { place: told, state: () => receiver.state(), close: () => receiver.close() }
}

function memoryOf(service: SharedService): string {
  return service.composed() === null
    ? `Another Everyhop has ${service.dataFolder}: this window asks that one, and takes its place when it ends.`
    : `Log records of the newest week are kept in ${service.dataFolder}, at most 2 GB for each environment.`
}

/** Until Ctrl-C; calls back for each line of standard input, whose end means nothing. */
export function untilStopped(signal: AbortSignal, onEnter: () => void): Promise<void> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin })
    lines.on('line', onEnter)
    // Without a terminal standard input may end at once: then only the signal stops us.
    const alive = setInterval(() => {}, 60_000)
    function stop(): void {
      clearInterval(alive)
      lines.close()
      process.stdin.unref?.()
      resolve()
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
