import { z } from 'zod'

/** The closed list of errors of the contract. `service/errors.ts` alone maps everything else onto it. */
export const errorCodes = [
  'unreachable',
  'unauthenticated',
  'forbidden',
  'not-found',
  'invalid',
  'conflict',
  'unsupported-version',
  'timed-out',
  'cancelled',
  'read-only',
  'locked',
  'exhausted',
  'internal',
] as const
export type ErrorCode = (typeof errorCodes)[number]

/** What an error carries besides its code: what it is about, and a sentence that says what to do. */
export const errorData = z.object({ subject: z.string(), advice: z.string().nullable() })
export type ErrorData = z.infer<typeof errorData>

/** HTTP status that the web host answers with, per code. */
export const errorStatus: Readonly<Record<ErrorCode, number>> = {
  unreachable: 502,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  invalid: 400,
  conflict: 409,
  'unsupported-version': 505,
  'timed-out': 504,
  cancelled: 499,
  'read-only': 405,
  locked: 423,
  exhausted: 429,
  internal: 500,
}
