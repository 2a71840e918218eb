import { implement } from '@orpc/server'
import type { EnvironmentSummary, SourceHealth, SourceTest } from '../../shared/contract/environments.ts'
import { contract } from '../../shared/contract/index.ts'
import type { LiveEvent } from '../../shared/contract/live.ts'
import type { SystemInfo } from '../../shared/contract/system.ts'
import type { GraphHandlers } from '../core/graph.ts'
import type { LogsHandlers } from '../core/logs.ts'

interface Scope {
  readonly environment: string
}

/** What answers the contract; composition makes it from real parts, tests from their own. */
export interface Handlers {
  readonly system: { info(): Promise<SystemInfo> }
  readonly environments: {
    list(): Promise<readonly EnvironmentSummary[]>
    test(input: Scope, signal: AbortSignal): Promise<readonly SourceTest[]>
    health(input: Scope): Promise<readonly SourceHealth[]>
  }
  readonly graph: GraphHandlers
  readonly logs: LogsHandlers
  readonly live: { topics(input: Scope, signal: AbortSignal): AsyncGenerator<LiveEvent, void> }
}

/** Who asks: one window, or one run of the command line. */
export interface CallContext {
  readonly viewer: string
}

export type ServiceRouter = ReturnType<typeof createRouter>

/** Binds handlers to the contract. Names and types come from there; nothing is decided here. */
export function createRouter(handlers: Handlers) {
  const os = implement(contract).$context<CallContext>()
  const never = new AbortController().signal
  return os.router({
    system: { info: os.system.info.handler(() => handlers.system.info()) },
    environments: {
      list: os.environments.list.handler(() => handlers.environments.list()),
      test: os.environments.test.handler(({ input, signal }) => handlers.environments.test(input, signal ?? never)),
      health: os.environments.health.handler(({ input }) => handlers.environments.health(input)),
    },
    graph: {
      view: os.graph.view.handler(({ input, context }) => handlers.graph.view(input, context.viewer)),
      changes: os.graph.changes.handler(({ input, context }) => handlers.graph.changes(input, context.viewer)),
      workload: os.graph.workload.handler(({ input }) => handlers.graph.workload(input)),
      hop: os.graph.hop.handler(({ input }) => handlers.graph.hop(input)),
      document: os.graph.document.handler(({ input }) => handlers.graph.document(input)),
      attend: os.graph.attend.handler(({ input, context }) => handlers.graph.attend(input, context.viewer)),
    },
    logs: {
      refused: os.logs.refused.handler(({ input }) => handlers.logs.refused(input)),
      find: os.logs.find.handler(({ input }) => handlers.logs.find(input)),
    },
    live: {
      topics: os.live.topics.handler(({ input, signal }) => handlers.live.topics(input, signal ?? never)),
    },
  })
}
