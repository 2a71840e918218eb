import type { RequestContext } from './request-context.ts'
import type { ActingUser } from './user-token.ts'

/** A request whose caller's signature and user have been verified. */
export interface Received {
  readonly context: RequestContext
  readonly user: ActingUser
  readonly body: Uint8Array
  /** The path segment under the endpoint's wildcard, or the empty string. */
  readonly wildcard: string
}
