import { implement } from '@orpc/server'
import { contract } from '../../shared/contract/index.ts'
import type { LiveEvent } from '../../shared/contract/live.ts'
import type { SystemInfo } from '../../shared/contract/system.ts'
import type { ChangesHandlers } from '../core/changes.ts'
import type { EnvironmentHandlers } from '../core/environment-handlers.ts'
import { Failure } from '../core/failure.ts'
import type { GraphHandlers } from '../core/graph.ts'
import type { HistoryHandlers } from '../core/history.ts'
import type { LogsHandlers } from '../core/logs.ts'
import type { SecretsHandlers } from '../core/secrets.ts'
import type { SettingsHandlers } from '../core/settings.ts'
import type { DiagnosisHandlers } from '../diagnosis/handlers.ts'
import type { EvidenceHandlers } from '../evidence/handlers.ts'
import type { PolicyHandlers } from '../policy/handlers.ts'
import type { CallContext } from './call-context.ts'
import type { PlaygroundHandlers } from './playground.ts'
import { changesRoutes, policyRoutes } from './policy-routes.ts'

interface Scope {
  readonly environment: string
}

/** What answers the contract; composition makes it from real parts, tests from their own. */
export interface Handlers {
  readonly system: { info(): Promise<SystemInfo> }
  readonly environments: EnvironmentHandlers
  readonly graph: GraphHandlers
  readonly history: HistoryHandlers
  readonly evidence: EvidenceHandlers
  readonly logs: LogsHandlers
  readonly diagnosis: DiagnosisHandlers
  readonly secrets: SecretsHandlers
  readonly settings: SettingsHandlers
  readonly changes: ChangesHandlers
  readonly policy: PolicyHandlers
  readonly playground: PlaygroundHandlers
  readonly live: { topics(input: Scope, signal: AbortSignal): AsyncGenerator<LiveEvent, void> }
}

const os = implement(contract).$context<CallContext>()
const never = new AbortController().signal

export type ServiceRouter = ReturnType<typeof createRouter>

/** Binds handlers to the contract. Names and types come from there; nothing is decided here. */
export function createRouter(handlers: Handlers) {
  return os.router({
    system: { info: os.system.info.handler(() => handlers.system.info()) },
    environments: environmentRoutes(handlers.environments),
    graph: {
      view: os.graph.view.handler(({ input, context }) => handlers.graph.view(input, context.viewer)),
      changes: os.graph.changes.handler(({ input, context }) => handlers.graph.changes(input, context.viewer)),
      workload: os.graph.workload.handler(({ input }) => handlers.graph.workload(input)),
      control: os.graph.control.handler(({ input }) => handlers.graph.control(input)),
      hop: os.graph.hop.handler(({ input }) => handlers.graph.hop(input)),
      search: os.graph.search.handler(({ input }) => handlers.graph.search(input)),
      document: os.graph.document.handler(({ input }) => handlers.graph.document(input)),
      attend: os.graph.attend.handler(({ input, context }) => handlers.graph.attend(input, context.viewer)),
    },
    history: historyRoutes(handlers.history),
    evidence: evidenceRoutes(handlers.evidence),
    logs: {
      refused: os.logs.refused.handler(({ input }) => handlers.logs.refused(input)),
      find: os.logs.find.handler(({ input, signal }) => handlers.logs.find(input, signal ?? never)),
      records: os.logs.records.handler(({ input }) => handlers.logs.records(input)),
      importFile: os.logs.importFile.handler(({ input }) => handlers.logs.importFile(input)),
    },
    diagnosis: {
      request: os.diagnosis.request.handler(({ input, signal }) => handlers.diagnosis.request(input, signal ?? never)),
      change: os.diagnosis.change.handler(({ input, signal }) => handlers.diagnosis.change(input, signal ?? never)),
      handshake: os.diagnosis.handshake.handler(({ input }) => handlers.diagnosis.handshake(input)),
      failingHandshakes: os.diagnosis.failingHandshakes.handler(({ input }) =>
        handlers.diagnosis.failingHandshakes(input),
      ),
      probe: os.diagnosis.probe.handler(({ input, signal }) => handlers.diagnosis.probe(input, signal ?? never)),
      forecast: os.diagnosis.forecast.handler(({ input }) => handlers.diagnosis.forecast(input)),
      noIdentity: os.diagnosis.noIdentity.handler(({ input }) => handlers.diagnosis.noIdentity(input)),
      refusals: os.diagnosis.refusals.handler(({ input }) => handlers.diagnosis.refusals(input)),
    },
    secrets: secretsRoutes(handlers.secrets),
    settings: {
      get: os.settings.get.handler(() => handlers.settings.get()),
      put: os.settings.put.handler(({ input }) => handlers.settings.put(input)),
    },
    shell: shellRoutes(),
    changes: changesRoutes(handlers.changes),
    policy: policyRoutes(handlers.policy),
    playground: playgroundRoutes(handlers.playground),
    live: {
      topics: os.live.topics.handler(({ input, signal }) => handlers.live.topics(input, signal ?? never)),
    },
  })
}

/** Of the door that is asked by, so the same for every service behind it. */
export function shellRoutes() {
  const { shell } = os
  return {
    can: shell.can.handler(async ({ context }) => ({ chooseFile: context.shell?.place === 'desktop' })),
    chooseFile: shell.chooseFile.handler(async ({ input, context }) => {
      if (context.shell?.place !== 'desktop') {
        const sentence = 'There are no dialogs here: they are in the desktop app.'
        throw new Failure('forbidden', input.title, sentence, 'Type the path of the file.')
      }
      return { path: await context.shell.chooseFile(input) }
    }),
  }
}

function historyRoutes(handlers: HistoryHandlers) {
  const { history } = os
  return {
    range: history.range.handler(({ input }) => handlers.range(input)),
    timeline: history.timeline.handler(({ input }) => handlers.timeline(input)),
    difference: history.difference.handler(({ input }) => handlers.difference(input)),
    saveSnapshot: history.saveSnapshot.handler(({ input }) => handlers.saveSnapshot(input)),
    openSnapshot: history.openSnapshot.handler(({ input }) => handlers.openSnapshot(input)),
  }
}

/** A program that signs runs only where environment.yaml or somebody at a terminal names it. */
export function demandNoProgram(kind: string | undefined, { isPage }: CallContext): void {
  if (isPage !== true || kind !== 'command') return
  const sentence = 'A window names no program to run.'
  throw new Failure('forbidden', 'evidence', sentence, 'Name it in environment.yaml under evidence.signing.')
}

function evidenceRoutes(handlers: EvidenceHandlers) {
  const { evidence } = os
  return {
    plan: evidence.plan.handler(({ input, signal }) => handlers.plan(input, signal ?? never)),
    build: evidence.build.handler(({ input, context, signal }) => {
      demandNoProgram(input.key?.kind, context)
      return handlers.build(input, signal ?? never)
    }),
    packs: evidence.packs.handler(({ input }) => handlers.packs(input)),
    verify: evidence.verify.handler(({ input, signal }) => handlers.verify(input, signal ?? never)),
    report: evidence.report.handler(({ input }) => handlers.report(input)),
    save: evidence.save.handler(({ input }) => handlers.save(input)),
  }
}

function secretsRoutes(handlers: SecretsHandlers) {
  const { secrets } = os
  return {
    state: secrets.state.handler(() => handlers.state()),
    unlock: secrets.unlock.handler(({ input }) => handlers.unlock(input)),
    lock: secrets.lock.handler(() => handlers.lock()),
    setPassphrase: secrets.setPassphrase.handler(({ input }) => handlers.setPassphrase(input)),
    list: secrets.list.handler(() => handlers.list()),
    put: secrets.put.handler(({ input }) => handlers.put(input)),
    remove: secrets.remove.handler(({ input }) => handlers.remove(input)),
  }
}

function playgroundRoutes(handlers: PlaygroundHandlers) {
  const { playground } = os
  return {
    state: playground.state.handler(() => handlers.state()),
    start: playground.start.handler(() => handlers.start()),
    stop: playground.stop.handler(() => handlers.stop()),
    faults: playground.faults.handler(() => handlers.faults()),
    inject: playground.inject.handler(({ input }) => handlers.inject(input)),
    heal: playground.heal.handler(() => handlers.heal()),
  }
}

function environmentRoutes(handlers: EnvironmentHandlers) {
  const { environments } = os
  return {
    list: environments.list.handler(() => handlers.list()),
    test: environments.test.handler(({ input, signal }) => handlers.test(input, signal ?? never)),
    testing: environments.testing.handler(({ input, signal }) => handlers.testing(input, signal ?? never)),
    health: environments.health.handler(({ input }) => handlers.health(input)),
    contexts: environments.contexts.handler(({ input }) => handlers.contexts(input)),
    propose: environments.propose.handler(({ input, signal }) => handlers.propose(input, signal ?? never)),
    programs: environments.programs.handler(({ input }) => handlers.programs(input)),
    allowProgram: environments.allowProgram.handler(({ input }) => handlers.allowProgram(input)),
    preview: environments.preview.handler(({ input }) => handlers.preview(input)),
    forget: environments.forget.handler(({ input }) => handlers.forget(input)),
    role: environments.role.handler(({ input }) => handlers.role(input)),
    read: environments.read.handler(({ input }) => handlers.read(input)),
    save: environments.save.handler(({ input }) => handlers.save(input)),
    remove: environments.remove.handler(({ input }) => handlers.remove(input)),
  }
}
