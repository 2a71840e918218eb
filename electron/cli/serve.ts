import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { type Command, exitCodes, UsageError } from './command.ts'

export const serve: Command = {
  name: 'serve',
  usage: `everyhop serve [--port <number>]

Serves the window to a browser on this machine and prints its address, which is good once, for a minute.
Press Enter for a new one, Ctrl-C to stop.

  --port <number>  the port on 127.0.0.1 (default: a free one)`,
  summary: 'the window in a browser of this machine',
  async run(words, output, signal) {
    const { values } = parseArgs({ args: [...words], options: { port: { type: 'string', default: '0' } } })
    const port = Number(values.port)
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError('--port takes a number, 0 to 65535')
    const running = await startService(port)
    try {
      output.out(`${running.newAddress()}\n`)
      output.err('The address is good once, for a minute. Press Enter for a new one, Ctrl-C to stop.\n')
      await untilStopped(signal, () => output.out(`${running.newAddress()}\n`))
    } finally {
      await running.close()
    }
    return exitCodes.done
  },
}

export interface RunningService {
  newAddress(): string
  /** Names of the environments that are written down. */
  environments(): Promise<readonly string[]>
  close(): Promise<void>
}

export async function startService(port: number): Promise<RunningService> {
  const { composeService, packageFolder } = await import('../service/compose.ts')
  const { startWebHost } = await import('../service/web.ts')
  const service = composeService('web')
  try {
    const host = await startWebHost({
      router: service.router,
      clock: service.clock,
      log: service.log,
      files: join(packageFolder, 'dist', 'renderer'),
      port,
      codeHint: 'Press Enter where Everyhop runs, and open the address it prints.',
    })
    return {
      newAddress: () => host.newAddress(),
      async environments() {
        await service.registry.ready()
        return service.registry.summaries().map(({ name }) => name)
      },
      async close() {
        service.stop()
        await host.close()
      },
    }
  } catch (reason) {
    service.stop()
    throw reason
  }
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
