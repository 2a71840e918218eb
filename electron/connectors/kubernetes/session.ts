import type { KubernetesSource } from '../../../shared/domain/model/environment.ts'
import type { Report } from '../../../shared/domain/model/fact.ts'
import type { Clock } from '../../core/ports.ts'
import type { KubernetesClient } from './client.ts'
import { createDueQueue } from './due-queue.ts'
import { type Collection, type Following, follow } from './follow.ts'
import { reportOf } from './report.ts'
import { readRights, unreadRights } from './rights.ts'
import { type ScopeDefinition, type ScopePart, scopes } from './scopes.ts'

/** However fast a cluster changes, a scope is reported this often. */
const reportEveryMs = 200
/** How soon a server that stopped answering is noticed while its watches are silent, with the deadline of the question. */
const heartbeatMs = 5000
/** A scope in which nothing changes is reported as still so: its watch stands and the server answers. */
const confirmEveryMs = 30_000
const rightsEveryMs = 300_000
const rightsRetryMs = 5000

interface FollowedScope {
  readonly definition: ScopeDefinition
  readonly followings: readonly (readonly Following[])[]
}

/** Follows one cluster with one set of credentials until the signal is aborted; then rejects with its reason. */
export async function* followCluster(
  source: KubernetesSource,
  client: KubernetesClient,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Report, never> {
  const due = createDueQueue(clock, reportEveryMs)
  const ending = new AbortController()
  const end = (): void => ending.abort(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  const followed = new Map(scopes.map((scope) => [scope.part, followScope(scope)]))
  let rights: Report | null = null
  /** Ends the pause between two questions about rights. */
  let askRights = new AbortController()

  function followScope(definition: ScopeDefinition): FollowedScope {
    const changed = (): void => due.mark(definition.part)
    const one = (part: ScopePart, namespace: string | null): Following =>
      follow({ cluster: source.id, part, namespace, client, clock, changed })
    const ofPart = (part: ScopePart): readonly Following[] =>
      part.resource.namespaced && source.namespaces !== undefined
        ? source.namespaces.map((namespace) => one(part, namespace))
        : [one(part, null)]
    return { definition, followings: definition.parts.map(ofPart) }
  }

  const everything = [...followed.values()].flatMap(({ followings }) => followings.flat())

  async function beat(): Promise<never> {
    let confirmedAt = clock.now()
    for (;;) {
      await clock.sleep(heartbeatMs, ending.signal)
      try {
        await client.version(ending.signal)
      } catch {
        ending.signal.throwIfAborted()
        for (const following of everything) following.doubt()
        askRights.abort()
        continue
      }
      for (const following of everything) following.confirm(clock.now())
      if (clock.now() - confirmedAt < confirmEveryMs) continue
      confirmedAt = clock.now()
      for (const part of followed.keys()) due.mark(part)
    }
  }

  async function watchRights(): Promise<never> {
    for (;;) {
      const pods = await podsKnown()
      askRights = new AbortController()
      rights =
        pods.failure !== null && pods.failure.status === null
          ? unreadRights(source.id, pods.failure, clock.now())
          : await readRights(source.id, source.namespaces ?? namespacesOf(pods), client, clock.now, ending.signal)
      due.mark('rights')
      const wait = rights.facts === null ? rightsRetryMs : rightsEveryMs
      await clock.sleep(wait, AbortSignal.any([ending.signal, askRights.signal])).catch(() => {})
      ending.signal.throwIfAborted()
    }
  }

  /** The pods once they were read, or could not be: they say which namespaces matter. */
  async function podsKnown(): Promise<Collection> {
    const [[pods] = []] = followed.get('pods')?.followings ?? []
    if (pods === undefined) throw new Error('pods are followed in every session')
    while (pods.collection.readAt === null && pods.collection.failure === null) await clock.sleep(50, ending.signal)
    return pods.collection
  }

  const work = [...everything.map((following) => following.run(ending.signal)), beat(), watchRights()]
  // A defect in any of them ends the session with its error; the abort ends all of them.
  for (const one of work) one.catch((error: unknown) => due.fail(error))

  try {
    for (;;) {
      const part = await due.next(ending.signal)
      const scope = followed.get(part)
      const report = scope === undefined ? rights : reportNow(scope)
      if (report !== null) yield report
    }
  } finally {
    signal.removeEventListener('abort', end)
    ending.abort(new Error('the cluster is no longer followed'))
    await Promise.allSettled(work)
  }

  function reportNow({ definition, followings }: FollowedScope): Report | null {
    const collected = followings.map((part): readonly Collection[] => part.map(({ collection }) => collection))
    return reportOf(source.id, definition, collected, clock.now())
  }
}

function namespacesOf({ objects }: Collection): readonly string[] {
  const names = [...new Set([...objects.keys()].map((key) => key.split('/')[0] ?? ''))].sort()
  return names.length === 0 ? ['default'] : names
}
