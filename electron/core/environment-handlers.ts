import type { z } from 'zod'
import type {
  AllowProgramInput,
  EditableEnvironment,
  KubeContexts,
  Preview,
  ProgramQuestion,
  Proposal,
  ProposeInput,
  previewInput,
  RoleInput,
  RoleText,
  SaveInput,
} from '../../shared/contract/environment-setup.ts'
import type {
  EnvironmentSummary,
  SourceHealth,
  SourceTestReport,
  TestingEvent,
} from '../../shared/contract/environments.ts'
import { type EnvironmentWriter, readEditable, removeEnvironment, saveEnvironment } from './environment-files.ts'
import type { PreviewRegistry } from './environment-previews.ts'
import { allowProgram, programQuestions } from './environment-programs.ts'
import { proposeEnvironment } from './environment-proposal.ts'
import { type ReadShippedRights, roleText } from './environment-role.ts'
import type { EnvironmentFolder, WatchedEnvironments } from './environments.ts'
import { type KubeMachine, listContexts } from './kube-contexts.ts'
import type { Sessions } from './sessions.ts'
import type { Connectors, ObservationPorts } from './source-tasks.ts'
import { streamTests } from './source-testing.ts'
import { testSources } from './source-tests.ts'

interface Scope {
  readonly environment: string
}

/** The environments of the contract. */
export interface EnvironmentHandlers {
  list(): Promise<readonly EnvironmentSummary[]>
  test(input: Scope, signal: AbortSignal): Promise<readonly SourceTestReport[]>
  testing(input: Scope, signal: AbortSignal): AsyncGenerator<TestingEvent, void>
  health(input: Scope): Promise<readonly SourceHealth[]>
  contexts(input: { readonly kubeconfig: string | null }): Promise<KubeContexts>
  propose(input: ProposeInput, signal: AbortSignal): Promise<Proposal>
  programs(input: Scope): Promise<readonly ProgramQuestion[]>
  allowProgram(input: AllowProgramInput): Promise<readonly ProgramQuestion[]>
  preview(input: z.infer<typeof previewInput>): Promise<Preview>
  forget(input: { readonly preview: string }): Promise<{ readonly forgotten: boolean }>
  role(input: RoleInput): Promise<RoleText>
  read(input: Scope): Promise<EditableEnvironment>
  save(input: SaveInput): Promise<{ readonly environment: string; readonly file: string }>
  remove(input: Scope): Promise<{ readonly movedTo: string }>
}

export interface EnvironmentParts {
  readonly watched: WatchedEnvironments
  readonly registry: PreviewRegistry
  readonly folder: EnvironmentFolder
  readonly sessions: Sessions
  readonly connectors: Connectors
  readonly ports: ObservationPorts
  readonly machine: KubeMachine
  readonly writer: EnvironmentWriter
  readonly shippedRights: ReadShippedRights
}

export function createEnvironmentHandlers(parts: EnvironmentParts): EnvironmentHandlers {
  const { watched, registry, folder, connectors, ports } = parts
  const files = { registry: watched, files: ports.files, writer: parts.writer }
  const testParts = { connectors, ports }
  return {
    async list() {
      await registry.ready()
      return registry.summaries()
    },
    async test({ environment }, signal) {
      await registry.ready()
      return testSources(registry.get(environment), testParts, signal)
    },
    async *testing({ environment }, signal) {
      await registry.ready()
      yield* streamTests(registry.get(environment), testParts, signal)
    },
    health: async ({ environment }) => (await parts.sessions.use(environment)).observation.health(),
    contexts: ({ kubeconfig }) => listContexts(parts.machine, kubeconfig, ports.files),
    async propose(input, signal) {
      await registry.ready()
      const contexts = await listContexts(parts.machine, input.choice.kubeconfig, ports.files)
      const taken = new Set(registry.summaries().map(({ name }) => name))
      return proposeEnvironment(input, contexts, taken, { connectors, ports, baseDirectory: folder.path }, signal)
    },
    async programs({ environment }) {
      await registry.ready()
      return programQuestions(registry.get(environment), parts.machine, ports.files)
    },
    allowProgram: (input) => allowProgram(input, parts.machine, files),
    async preview({ draft, edits, preview }) {
      await registry.ready()
      const place = edits === null ? null : watched.placeOf(edits)
      return registry.preview(draft, place?.baseDirectory ?? folder.path, preview)
    },
    forget: async ({ preview }) => ({ forgotten: registry.forget(preview) }),
    role: (input) => roleText(input, parts.shippedRights),
    async read({ environment }) {
      await watched.refresh()
      return readEditable(environment, files)
    },
    save: (input) => saveEnvironment(input, files),
    remove: ({ environment }) => removeEnvironment(environment, files),
  }
}
