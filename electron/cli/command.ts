/** Where a command writes: answers to `out`, everything else to `err`. */
export interface Output {
  out(text: string): unknown
  err(text: string): unknown
}

/** What a command ends with; scripts rely on these numbers. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  /** Done, but something could not be read: what it would have said is unknown. Of a diagnosis: no cause is named. */
  gaps: 3,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The command was written wrongly: said with the usage, exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

export interface Command {
  /** The words before the options, such as `graph show`. */
  readonly name: string
  readonly usage: string
  readonly summary: string
  run(words: readonly string[], output: Output, signal: AbortSignal): Promise<ExitCode>
}
