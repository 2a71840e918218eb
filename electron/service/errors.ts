import { ORPCError } from '@orpc/server'
import { type ErrorCode, type ErrorData, errorCodes, errorStatus } from '../../shared/contract/errors.ts'
import { Failure } from '../core/failure.ts'
import type { Log } from '../core/ports.ts'
import { failureOf } from '../policy/failures.ts'

type ContractError = ORPCError<ErrorCode, ErrorData>

const codes: ReadonlySet<string> = new Set(errorCodes)

export function contractError(code: ErrorCode, message: string, data: ErrorData): ContractError {
  return new ORPCError(code, { defined: true, status: errorStatus[code], message, data })
}

/**
 * The one place where errors become errors of the contract. What we did not foresee leaves as `internal` with a neutral
 * sentence: its own words may hold anything, so they go to the log only.
 * `subject` names what was asked, such as `graph.view`.
 */
export function toContractError(thrown: unknown, subject: string, log: Log): ContractError {
  const reason = failureOf(thrown)
  if (reason instanceof Failure) {
    return contractError(reason.code, reason.message, { subject: reason.subject, advice: reason.advice })
  }
  if (reason instanceof ORPCError) {
    if (codes.has(reason.code) && reason.defined) return reason
    if (reason.code === 'BAD_REQUEST')
      return contractError('invalid', refusedInput(reason.data), { subject, advice: null })
    if (reason.code === 'METHOD_NOT_SUPPORTED') {
      return contractError('invalid', 'This is asked with POST only.', { subject, advice: null })
    }
  }
  if (isAbort(reason)) return contractError('cancelled', 'The question was withdrawn.', { subject, advice: null })
  log.error('an unexpected failure', { subject, reason: textOf(reason) })
  return contractError('internal', 'Everyhop itself failed here. Its log has the details.', {
    subject,
    advice: 'Try again; if it stays, report it with the log.',
  })
}

export function unknownMethod(subject: string): ContractError {
  return contractError('not-found', 'There is no such question in this version.', {
    subject,
    advice: 'Use the window and the service of one version.',
  })
}

export function unreadableRequest(subject: string): ContractError {
  return contractError('invalid', 'The request could not be read.', { subject, advice: null })
}

/** Paths and codes of zod; never the input itself, which may hold a secret. */
function refusedInput(data: unknown): string {
  const issues: unknown = typeof data === 'object' && data !== null && 'issues' in data ? data.issues : []
  const sentences = (Array.isArray(issues) ? issues : []).slice(0, 3).map((issue: unknown) => {
    const path = fieldOf(issue, 'path')
    const code = fieldOf(issue, 'code')
    const expected = fieldOf(issue, 'expected')
    const where = Array.isArray(path) && path.length > 0 ? path.map(String).join('.') : 'the whole input'
    const what =
      typeof expected === 'string'
        ? `expected ${expected}`
        : typeof code === 'string'
          ? code.replaceAll('_', ' ')
          : 'not valid'
    return `${where}: ${what}`
  })
  return sentences.length === 0 ? 'The input could not be read.' : `The input is not valid: ${sentences.join('; ')}.`
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function isAbort(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'AbortError'
}

function textOf(reason: unknown): string {
  return reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)
}
