import { spawn } from 'node:child_process'

export interface VirtualDisplay {
  /** As DISPLAY has it. */
  readonly name: string
  close(): Promise<void>
}

/** An X server without a screen, on a number that it finds free itself. */
export async function startVirtualDisplay(): Promise<VirtualDisplay> {
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1920x1200x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()))
  const name = await new Promise<string>((resolve, reject) => {
    let words = ''
    server.stderr?.on('data', (chunk: Buffer) => (words += chunk.toString()))
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}: ${words.trim()}`)))
    server.stdio[3]?.once('data', (chunk: Buffer) => resolve(`:${chunk.toString().trim()}`))
  })
  return {
    name,
    async close() {
      server.kill()
      await ended
    },
  }
}
