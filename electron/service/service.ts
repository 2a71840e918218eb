import type { SystemInfo } from '../../shared/contract/system.ts'
import { type EnvironmentFolder, type EnvironmentRegistry, watchEnvironments } from '../core/environments.ts'
import { createGraphHandlers } from '../core/graph.ts'
import { liveTopics } from '../core/live.ts'
import { type Connectors, type ObservationPorts, testSources } from '../core/observation.ts'
import { type BindModel, createSessions } from '../core/sessions.ts'
import { createRouter, type ServiceRouter } from './router.ts'

/** The core behind the contract, ready for any door. */
export interface Service {
  readonly router: ServiceRouter
  readonly registry: EnvironmentRegistry
  /** Stops every reading. Doors are closed by whoever opened them. */
  stop(): void
}

export interface ServiceParts {
  readonly info: SystemInfo
  readonly ports: ObservationPorts
  readonly folder: EnvironmentFolder
  readonly connectors: Connectors
  readonly bindModel: BindModel
}

export function createService(parts: ServiceParts): Service {
  const { ports, connectors } = parts
  const ended = new AbortController()
  const registry = watchEnvironments({ ...ports, folder: parts.folder }, ended.signal)
  const sessions = createSessions(registry, connectors, ports, parts.bindModel)
  const router = createRouter({
    system: { info: async () => parts.info },
    environments: {
      async list() {
        await registry.ready()
        return registry.summaries()
      },
      async test({ environment }, signal) {
        await registry.ready()
        return testSources(registry.get(environment), connectors, ports, signal)
      },
      health: async ({ environment }) => (await sessions.use(environment)).observation.health(),
    },
    graph: createGraphHandlers(sessions),
    live: {
      topics: ({ environment }, signal) => liveTopics(environment, { sessions, registry, clock: ports.clock }, signal),
    },
  })
  return {
    router,
    registry,
    stop() {
      sessions.stop()
      ended.abort()
    },
  }
}
