import { ORPCError } from '@orpc/client'
import { errorData } from '../../shared/contract/errors.ts'

/** An error of the contract as words need it; anything else is a service that does not answer. */
export interface Failure {
  readonly code: string
  readonly subject: string | null
  readonly advice: string | null
}

export function failureOf(error: unknown): Failure {
  if (!(error instanceof ORPCError)) return { code: 'unreachable', subject: 'Everyhop’s service', advice: null }
  const data = errorData.safeParse(error.data)
  return {
    code: error.defined ? error.code : 'internal',
    subject: data.success ? data.data.subject : null,
    advice: data.success ? data.data.advice : null,
  }
}
