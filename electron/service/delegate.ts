import { isContractProcedure } from '@orpc/contract'
import { implement, ORPCError } from '@orpc/server'
import { contract } from '../../shared/contract/index.ts'
import { Failure } from '../core/failure.ts'
import type { CallContext } from './call-context.ts'
import type { ServiceClient } from './in-process.ts'
import { demandNoProgram, type ServiceRouter, shellRoutes } from './router.ts'

interface Asked {
  readonly input: unknown
  readonly context: CallContext
  readonly signal?: AbortSignal | undefined
}
type Ask = (input: unknown, options: { readonly signal: AbortSignal | undefined }) => unknown
interface Implementer {
  handler(answer: (asked: Asked) => Promise<unknown>): unknown
}

/**
 * The contract answered by another service: every question of it, whatever they are called, with its cancellation and its
 * errors; but for what the place of the window can do, which only this process has. `clientOf` gives the way there for one viewer, so that the other service tells windows apart.
 */
export function delegateRouter(clientOf: (viewer: string) => Promise<ServiceClient>): ServiceRouter {
  const os: unknown = implement(contract).$context<CallContext>()

  function walk(part: unknown, implementer: unknown, path: readonly string[]): unknown {
    if (isContractProcedure(part)) {
      // The builder of this very procedure; its types are those of the contract on both sides.
      return (implementer as Implementer).handler(async ({ input, context, signal }) => {
        if (path.join('.') === 'evidence.build') demandNoProgram(kindOfKey(input), context)
        const ask = path.reduce<unknown>(fieldOf, await clientOf(context.viewer)) as Ask
        try {
          const answer = await ask(input, { signal })
          return isStream(answer) ? told(answer, signal) : answer
        } catch (reason) {
          throw failureOf(reason, signal)
        }
      })
    }
    return Object.fromEntries(
      Object.entries(Object(part)).map(([name, inner]) => [
        name,
        walk(inner, fieldOf(implementer, name), [...path, name]),
      ]),
    )
  }

  const { shell: _ours, ...theirs } = contract
  return { ...Object(walk(theirs, os, [])), shell: shellRoutes() } as ServiceRouter
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

async function* told(stream: AsyncIterable<unknown>, signal: AbortSignal | undefined): AsyncGenerator<unknown, void> {
  try {
    yield* stream
  } catch (reason) {
    throw failureOf(reason, signal)
  }
}

/** What the other service said stays as it is; anything else means that it ended while it was asked. */
function failureOf(reason: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted || reason instanceof ORPCError || reason instanceof Failure) return reason
  const sentence = 'The Everyhop that was asked has ended.'
  return new Failure('unreachable', 'Everyhop', sentence, 'Ask again: another one takes its place.')
}

function fieldOf(value: unknown, name: string): unknown {
  const field: unknown = Reflect.get(Object(value), name)
  return field
}

/** The other service sees only this process, which is no page: what a page may not is refused here. */
function kindOfKey(input: unknown): string | undefined {
  const kind = fieldOf(fieldOf(input, 'key'), 'kind')
  return typeof kind === 'string' ? kind : undefined
}
