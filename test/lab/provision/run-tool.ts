import { spawn } from 'node:child_process'

export interface ToolRun {
  /** What the step is for, in words: leads the error when the tool fails. */
  readonly purpose: string
  readonly command: string
  readonly arguments: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Gives standard error too, behind standard output: some programs tell their version there. */
  readonly withStandardError?: boolean
  /** Another account than one's own, which only root can choose. */
  readonly account?: { readonly uid: number; readonly gid: number }
}

const keptOutput = 4000

/**
 * Runs a tool to its end and gives its standard output.
 * A missing tool or a bad exit is an error that names the purpose, the command as one would type it, and the end of its output.
 */
export function runTool(run: ToolRun): Promise<string> {
  return new Promise((resolve, reject) => {
    const shown = [run.command, ...run.arguments].join(' ')
    const child = spawn(run.command, [...run.arguments], {
      ...(run.cwd === undefined ? {} : { cwd: run.cwd }),
      ...run.account,
      env: { ...process.env, ...run.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-keptOutput)
    })
    child.on('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'ENOENT' ? `the program ${run.command} is not installed or not on PATH` : error.message
      reject(new Error(`${run.purpose}: ${reason} (command: ${shown})`))
    })
    child.on('close', (code, signal) => {
      if (code === 0) {
        resolve(run.withStandardError === true ? `${output}\n${errors}` : output)
        return
      }
      const end = errors.trim() === '' ? output.slice(-keptOutput).trim() : errors.trim()
      const ended = signal === null ? `ended with code ${code}` : `was ended by ${signal}`
      reject(new Error(`${run.purpose}: ${ended} (command: ${shown})\n${end}`))
    })
  })
}
