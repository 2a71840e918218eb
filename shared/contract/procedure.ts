import { oc } from '@orpc/contract'
import { type ErrorCode, errorCodes, errorData, errorStatus } from './errors.ts'

type Declared = { readonly [Code in ErrorCode]: { readonly status: number; readonly data: typeof errorData } }

/** Start of every procedure: it can fail with the closed list of errors and with nothing else. */
export const procedure = oc.errors(
  Object.fromEntries(errorCodes.map((code) => [code, { status: errorStatus[code], data: errorData }])) as Declared,
)
