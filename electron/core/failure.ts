import type { ErrorCode } from '../../shared/contract/errors.ts'

/**
 * A failure that the caller is meant to see: a code of the closed list, the thing it is about, a sentence, and what to do.
 * `service/errors.ts` turns it into an error of the contract. Anything else that is thrown leaves as `internal`.
 */
export class Failure extends Error {
  readonly code: ErrorCode
  readonly subject: string
  readonly advice: string | null

  constructor(code: ErrorCode, subject: string, message: string, advice: string | null = null) {
    super(message)
    this.name = 'Failure'
    this.code = code
    this.subject = subject
    this.advice = advice
  }
}
