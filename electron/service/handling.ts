import { ORPCError } from '@orpc/server'
import type { StandardHandlerOptions } from '@orpc/server/standard'
import type { Log } from '../core/ports.ts'
import type { CallContext } from './call-context.ts'
import { toContractError, unknownMethod, unreadableRequest } from './errors.ts'

type Handling = Required<Pick<StandardHandlerOptions<CallContext>, 'interceptors' | 'clientInterceptors'>>

/**
 * What every door does around the router, given to oRPC's handlers as options: errors are mapped once, here,
 * for answers, for streams, for requests that could not be read and for questions that do not exist.
 */
export function handlingOptions(log: Log): Handling {
  return {
    interceptors: [
      async (options) => {
        const subject = options.request.url.pathname
          .slice(options.prefix?.length ?? 0)
          .slice(1, 200)
          .replaceAll('/', '.')
        const result = await options.next().catch((reason: unknown) => {
          // Failures of the question itself were mapped below; what is left could not be decoded.
          throw reason instanceof ORPCError ? toContractError(reason, subject, log) : unreadableRequest(subject)
        })
        if (!result.matched) throw unknownMethod(subject)
        return result
      },
    ],
    clientInterceptors: [
      async (options) => {
        const subject = options.path.join('.')
        try {
          const output = await options.next()
          return isAsyncIterable(output) ? guarded(output, subject, log) : output
        } catch (reason) {
          throw toContractError(reason, subject, log)
        }
      },
    ],
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** A stream may fail after it began. */
async function* guarded(stream: AsyncIterable<unknown>, subject: string, log: Log): AsyncGenerator<unknown, void> {
  try {
    yield* stream
  } catch (reason) {
    throw toContractError(reason, subject, log)
  }
}
