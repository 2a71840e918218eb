import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { Failure } from '../../core/failure.ts'
import type { SigningPlace } from './signer.ts'

/** What a signing program may take. Bytes and milliseconds; somebody may have to touch a token. */
export interface CommandLimits {
  readonly timeoutMs: number
  readonly outputBytes: number
}

const usual: CommandLimits = { timeoutMs: 120_000, outputBytes: 64 * 1024 }
const longestQuote = 300

/**
 * A program of the operator's, such as one that asks a PKCS#11 token: it gets the SHA-256 (32 bytes) on standard input and writes
 * the signature, DER or r ‖ s, on standard output. Run without a shell, with this user's variables but for Everyhop's own.
 */
export function commandSigner(command: readonly string[], publicKey: string, limits = usual): SigningPlace {
  const name = command[0] ?? ''
  return {
    kind: 'command',
    name,
    publicKey,
    assurance: 'command',
    signUnverified(bytes, signal) {
      return run(command, createHash('sha256').update(bytes).digest(), limits, signal)
    },
  }
}

function run(
  [program = '', ...words]: readonly string[],
  input: Uint8Array,
  { timeoutMs, outputBytes }: CommandLimits,
  signal: AbortSignal,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { env: ownVariables(), stdio: 'pipe', windowsHide: true })
    const outputs = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    const lengths = { stdout: 0, stderr: 0 }
    let stopped: unknown = null

    function stop(reason: unknown): void {
      stopped ??= reason
      child.kill('SIGKILL')
      // A script may leave a program of its own behind that holds these open: nobody waits for it.
      child.stdout.destroy()
      child.stderr.destroy()
    }
    const failure = (
      code: 'timed-out' | 'invalid' | 'not-found' | 'forbidden',
      words: string,
      advice: string,
    ): Failure => new Failure(code, program, `${program} ${words}.`, advice)
    const timer = setTimeout(
      () =>
        stop(
          failure(
            'timed-out',
            `did not sign within ${timeoutMs / 1000} s`,
            'Look whether it waits for a PIN or a touch.',
          ),
        ),
      timeoutMs,
    )
    const cancel = (): void => stop(signal.reason)
    signal.addEventListener('abort', cancel, { once: true })
    for (const which of ['stdout', 'stderr'] as const) {
      child[which].on('error', () => {}) // its end says so
      child[which].on('data', (part: Buffer) => {
        lengths[which] += part.length
        if (lengths[which] <= outputBytes) outputs[which].push(part)
        else
          stop(
            failure(
              'invalid',
              `wrote more than ${outputBytes} bytes`,
              'It has to write the signature, and nothing else.',
            ),
          )
      })
    }
    child.stdin.on('error', () => {}) // it ended before it had read everything
    child.stdin.end(input)

    let problem: Error | null = null
    child.on('error', (reason) => {
      problem = reason
      if (child.pid === undefined) finish(null)
    })
    child.on('close', finish)

    function finish(code: number | null): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', cancel)
      if (stopped !== null) reject(stopped)
      else if (problem !== null) {
        const isThere = !('code' in problem) || problem.code !== 'ENOENT'
        reject(failure(isThere ? 'forbidden' : 'not-found', `could not be run: ${problem.message}`, runAdvice))
      } else if (code !== 0) {
        const said = quoteOf(Buffer.concat(outputs.stderr))
        const how = code === null ? 'was killed' : `ended with ${code}`
        reject(
          failure('invalid', `did not sign: it ${how}${said === '' ? ' and said nothing' : `, “${said}”`}`, exitAdvice),
        )
      } else resolve(Buffer.concat(outputs.stdout))
    }
  })
}

const runAdvice = 'Name the program by its whole path. It is run without a shell: words are separate entries.'
const exitAdvice = 'Run it by hand with 32 bytes on its standard input.'

/** Everyhop's own may name secrets of it. */
function ownVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('EVERYHOP_')))
}

function quoteOf(bytes: Buffer): string {
  return bytes
    .toString('utf8')
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, longestQuote)
}
