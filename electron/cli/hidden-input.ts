import { closeSync, openSync, readFileSync } from 'node:fs'
import { text as textOf } from 'node:stream/consumers'
import { ReadStream } from 'node:tty'
import { Failure } from '../core/failure.ts'
import { firstLine, passphraseOfFile, passphraseVariable } from '../platform/passphrase-file.ts'
import { type Output, UsageError } from './command.ts'

/** A terminal that somebody can be asked at; null: there is none. Standard input may hold something else. */
function openTerminal(): ReadStream | null {
  if (process.stdin.isTTY) return process.stdin
  if (process.platform === 'win32') return null
  try {
    return new ReadStream(openSync('/dev/tty', 'r'))
  } catch {
    return null
  }
}

/** Asks without showing what is typed. Rejects when the signal is aborted, as by Ctrl-C. */
async function ask(terminal: ReadStream, question: string, output: Output, signal: AbortSignal): Promise<string> {
  output.err(question)
  terminal.setRawMode(true)
  terminal.setEncoding('utf8')
  try {
    return await typed(terminal, signal)
  } finally {
    terminal.setRawMode(false)
    terminal.pause()
    output.err('\n')
  }
}

function typed(terminal: ReadStream, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let letters: string[] = []
    const finish = (end: () => void): void => {
      terminal.off('data', take)
      signal.removeEventListener('abort', stop)
      end()
    }
    const stop = (): void => finish(() => reject(new Failure('cancelled', 'the question', 'Nothing was changed.')))
    function take(chunk: string | Buffer): void {
      for (const letter of chunk.toString('utf8')) {
        if (letter === '\r' || letter === '\n') {
          finish(() => resolve(letters.join('')))
          return
        }
        if (letter === '\u0003' || letter === '\u0004') {
          stop()
          return
        }
        // Backspace, and Ctrl-U for the whole line.
        if (letter === '\u007f' || letter === '\b') letters = letters.slice(0, -1)
        else if (letter === '\u0015') letters = []
        else if (letter >= ' ') letters.push(letter)
      }
    }
    signal.addEventListener('abort', stop, { once: true })
    terminal.on('data', take)
    terminal.resume()
    if (signal.aborted) stop()
  })
}

/**
 * The value of a secret: from standard input, without its last line break; at a terminal it is asked for, unseen. Never an
 * argument: those are in the list of processes and in the shell's history.
 */
export async function readValue(name: string, output: Output, signal: AbortSignal): Promise<string> {
  const value = process.stdin.isTTY
    ? await ask(process.stdin, `Value of ${name} (it is not shown): `, output, signal)
    : (await textOf(process.stdin)).replace(/\r?\n$/, '')
  if (value === '') throw new UsageError('the value is empty: give it on standard input')
  return value
}

/** Asks at the terminal for `yes`, unseen as everything here; false where nobody can be asked. */
export async function readYes(question: string, output: Output, signal: AbortSignal): Promise<boolean> {
  const terminal = openTerminal()
  if (terminal === null) return false
  try {
    return (await ask(terminal, question, output, signal)).trim().toLowerCase() === 'yes'
  } finally {
    if (terminal !== process.stdin) terminal.destroy()
  }
}

export interface PassphraseSource {
  /** A number of an open file; null: none was named. */
  readonly descriptor: number | null
}

/**
 * The passphrase: of the file descriptor that was named, of the file that EVERYHOP_PASSPHRASE_FILE names, or asked for at the
 * terminal. Throws a `Failure` `locked` where nobody can be asked.
 */
export async function readPassphrase(
  question: string,
  { descriptor }: PassphraseSource,
  output: Output,
  signal: AbortSignal,
): Promise<{ readonly passphrase: string; readonly isTyped: boolean }> {
  const given = descriptor === null ? await passphraseOfFile(process.env[passphraseVariable]) : ofDescriptor(descriptor)
  if (given !== null) return { passphrase: given, isTyped: false }
  const terminal = openTerminal()
  if (terminal === null) {
    const advice = `Use a terminal, --passphrase-fd <number>, or name a file with it in ${passphraseVariable}.`
    throw new Failure('locked', 'the passphrase', 'The passphrase is needed, and there is nobody to ask.', advice)
  }
  try {
    return { passphrase: await ask(terminal, question, output, signal), isTyped: true }
  } finally {
    if (terminal !== process.stdin) terminal.destroy()
  }
}

function ofDescriptor(descriptor: number): string {
  try {
    const line = firstLine(readFileSync(descriptor, 'utf8'))
    closeSync(descriptor)
    if (line !== null) return line
  } catch {
    // Said below: whatever it was, no passphrase came from there.
  }
  throw new UsageError(`--passphrase-fd ${descriptor}: no passphrase could be read there`)
}
