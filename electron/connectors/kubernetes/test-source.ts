import type { SourceTest } from '../../../shared/contract/environments.ts'
import type { KubernetesSource } from '../../../shared/domain/model/environment.ts'
import type { Clock } from '../../core/ports.ts'
import type { ClusterAccess } from './access.ts'
import { createClient, described, type KubernetesClient } from './client.ts'
import { connectionFailure, type KubernetesFailure } from './failure.ts'
import { collectionPath, type Resource, resources } from './resources.ts'
import { readRights } from './rights.ts'

type Step = SourceTest['steps'][number]

/** Asks for one object of everything, and for the own rights; says step by step what came of it. */
export async function testCluster(
  source: KubernetesSource,
  open: () => Promise<ClusterAccess>,
  clock: Clock,
  signal: AbortSignal,
): Promise<SourceTest> {
  const began = clock.now()
  const answer = (address: string, version: string | null, steps: readonly Step[]): SourceTest => {
    const read = steps.filter((step) => step.outcome === 'read').length
    return {
      source: 'kubernetes',
      instance: source.id,
      address,
      // A cluster that answers but shows nothing is of no use.
      outcome: read === steps.length ? 'usable' : read > 1 ? 'partly' : 'unusable',
      version,
      tookMs: clock.now() - began,
      steps,
    }
  }
  let access: ClusterAccess
  try {
    access = await open()
  } catch (error) {
    const failure = connectionFailure(error, 'kubeconfig')
    return answer(source.kubeconfig ?? '', null, [refused('kubeconfig', source.kubeconfig ?? 'KUBECONFIG', failure)])
  }
  const { server } = access.kubeconfig.cluster
  try {
    const client = createClient(access, clock.now)
    const version = await client.version(signal).catch((error: unknown) => {
      signal.throwIfAborted()
      return connectionFailure(error, 'GET /version')
    })
    if (version instanceof Error) return answer(server, null, [refused('connection', 'GET /version', version)])
    const connected: Step = { what: 'connection', locator: 'GET /version', outcome: 'read', detail: version ?? '' }
    const lists = await Promise.all(
      Object.values(resources).map((resource) => listStep(source, resource, client, signal)),
    )
    return answer(server, version, [connected, ...lists, ...(await rightsSteps(source, client, clock, signal))])
  } finally {
    access.close()
  }
}

async function listStep(
  source: KubernetesSource,
  resource: Resource,
  client: KubernetesClient,
  signal: AbortSignal,
): Promise<Step> {
  const namespaces = resource.namespaced ? (source.namespaces ?? [null]) : [null]
  const locator = namespaces
    .map((namespace) => `GET ${collectionPath(resource, namespace)}`)
    .slice(0, 5)
    .join(', ')
  for (const namespace of namespaces) {
    try {
      await client.list(resource, namespace, null, signal, 1)
    } catch (error) {
      signal.throwIfAborted()
      return refused(resource.plural, locator, connectionFailure(error, described('list', resource, namespace)))
    }
  }
  return { what: resource.plural, locator, outcome: 'read', detail: 'may be listed' }
}

async function rightsSteps(
  source: KubernetesSource,
  client: KubernetesClient,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const { gaps, facts } = await readRights(source.id, source.namespaces ?? ['default'], client, clock.now, signal)
  const locator = 'POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
  return ['pods/log', 'pods/portforward'].map((right): Step => {
    const gap = gaps.find(({ what }) => what === right || facts === null)
    return gap === undefined
      ? { what: right, locator, outcome: 'read', detail: 'held' }
      : { what: right, locator, outcome: gap.reason, detail: gap.detail }
  })
}

function refused(what: string, locator: string, failure: KubernetesFailure): Step {
  return { what, locator, outcome: failure.reason, detail: failure.message }
}
