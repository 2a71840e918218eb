import type {
  KubeContext,
  KubeContexts,
  Proposal,
  ProposedSource,
  ProposedUse,
  ProposeInput,
} from '../../shared/contract/environment-setup.ts'
import { environmentSchema, type KubernetesSource } from '../../shared/domain/model/environment.ts'
import { lean } from './environment-files.ts'
import { learnCluster } from './environment-learning.ts'
import type { LoadedEnvironment } from './environments.ts'
import { Failure } from './failure.ts'
import { createPace } from './pace.ts'
import type { Connectors, ObservationPorts } from './source-tasks.ts'
import type { DiscoveredSource } from './targets.ts'

const mostFound = 500

/**
 * Looks through the cluster of a context, and says what an environment of it would read. Writes nothing.
 * Throws `not-found`, `conflict` (the context is not the one that was shown), `forbidden` (its program was not allowed) or `invalid`.
 */
export async function proposeEnvironment(
  input: ProposeInput,
  contexts: KubeContexts,
  taken: ReadonlySet<string>,
  parts: { readonly connectors: Connectors; readonly ports: ObservationPorts; readonly baseDirectory: string },
  signal: AbortSignal,
): Promise<Proposal> {
  const context = chosen(input, contexts)
  const { connectors, ports, baseDirectory } = parts
  const source = sourceOf(context, input)
  const draft = environmentSchema.parse({
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name: freeName(context.name, taken),
    production: /(^|[^a-z])(prod|production|prd|live)([^a-z]|$)/i.test(context.name),
    sources: { kubernetes: [source] },
  })
  const intent = { intent: null, file: null, problem: null, readAt: null }
  const loaded: LoadedEnvironment = { environment: draft, file: 'not saved yet', baseDirectory, intent }
  const pace = createPace(ports.clock, draft.requestBudget)
  const { findings, gap } = await learnCluster(
    connectors.kubernetes,
    source,
    loaded,
    { ...ports, pace: pace.forSource(`kubernetes/${source.id}`) },
    signal,
  )
  const found = findings.sources.map(proposed)
  return {
    draft: lean(draft),
    cluster: findings.isRead
      ? { read: true }
      : { read: false, reason: gap?.reason ?? 'timed-out', detail: gap?.detail ?? 'its pods did not come in time' },
    found: found.slice(0, mostFound),
    foundCount: found.length,
    namespaces: [...new Set(found.map(({ namespace }) => namespace))].toSorted(),
  }
}

function chosen({ choice, fingerprint, allowExec }: ProposeInput, { contexts, broken }: KubeContexts): KubeContext {
  const name = choice.context ?? 'in-cluster'
  const context = contexts.find(
    (one) => one.choice.context === choice.context && one.choice.kubeconfig === choice.kubeconfig,
  )
  if (context === undefined) {
    const problem = broken.find(({ file }) => file === choice.kubeconfig)
    if (problem !== undefined)
      throw new Failure('invalid', problem.file, `${problem.file}: ${problem.message}`, 'Correct the kubeconfig.')
    throw new Failure('not-found', name, `The kubeconfig has no context "${name}" any more.`, 'Look at the list again.')
  }
  if (context.fingerprint !== fingerprint) {
    throw new Failure(
      'conflict',
      name,
      `The kubeconfig changed since the context "${name}" was shown.`,
      'Look at the list again, and at the program that would run.',
    )
  }
  if (context.program !== null && !allowExec) {
    throw new Failure(
      'forbidden',
      name,
      `The context "${name}" gets its credentials by running ${context.program.command}, which nobody allowed yet.`,
      'Look at the program, and allow it if you trust it.',
    )
  }
  return context
}

function sourceOf({ choice, program }: KubeContext, { namespaces }: ProposeInput): KubernetesSource {
  return {
    id: 'cluster',
    ...(choice.context === null ? { inCluster: true } : { context: choice.context }),
    ...(choice.kubeconfig === null ? {} : { kubeconfig: choice.kubeconfig }),
    ...(program === null ? {} : { allowExec: program.mark }),
    ...(namespaces.length === 0 ? {} : { namespaces }),
  }
}

/** `arn:aws:eks:eu-1:1:cluster/Prod_EU` is `prod-eu`; with a number behind it when that is taken. */
function freeName(context: string, taken: ReadonlySet<string>): string {
  const last = context.split('/').findLast((part) => part !== '') ?? context
  const plain = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50)
  const base = plain === '' ? 'cluster' : plain
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`
    if (!taken.has(name)) return name
  }
}

function proposed({ source, id, pod, container, port, reason }: DiscoveredSource): ProposedSource {
  return {
    kind: source,
    id,
    namespace: pod.namespace,
    pod: pod.name,
    container,
    port,
    use: useOf(source, port),
    reason,
  }
}

function useOf(kind: DiscoveredSource['source'], port: number | null): ProposedUse {
  if (kind === 'spire' || kind === 'vault') return port === null ? 'needs-port' : 'needs-identity'
  if (kind === 'envoy' || kind === 'opa') return port === null ? 'needs-port' : 'read'
  return 'told-only'
}
