import type { KubernetesFact, PodFact } from '../../shared/domain/model/kubernetes-facts.ts'
import type { Steps } from '../../shared/lib/steps.ts'
import type { FactStore } from './fact-store.ts'
import type { Clock } from './ports.ts'
import { oneSlice } from './slices.ts'
import { type DiscoveredSource, discoverySteps } from './targets.ts'

/** What was found in one cluster, by the facts that are known of it now. */
export interface Findings {
  /** False: the pods could not be read, ever. */
  readonly isRead: boolean
  readonly sources: readonly DiscoveredSource[]
  /** Containers beside an Envoy that are nothing we know: the workloads themselves. */
  readonly applications: readonly Application[]
  /** Whether a pod is ready, by `<namespace>/<name>`; undefined: it is not there. */
  isReady(pod: string): boolean | undefined
}

export interface Application {
  /** `app.<namespace>.<pod>.<container>` */
  readonly id: string
  readonly pod: DiscoveredSource['pod']
  readonly container: string
}

/** However fast a cluster changes, it is looked through this often. Milliseconds. */
const pauseMs = 250
/** … and takes at most this part of the time. */
const busyShare = 0.05

/** Keeps up what is found in the clusters of one environment. */
export interface Discovery {
  /** null: its pods and services were neither read nor refused yet. */
  findings(cluster: string): Findings | null
  stop(): void
}

/** `changed` is told the cluster whenever it was looked through again. */
export function startDiscovery(store: FactStore, clock: Clock, changed: (cluster: string) => void): Discovery {
  const found = new Map<string, Findings>()
  const waiting = new Set<string>()
  const ended = new AbortController()
  let nextAt = 0
  /** It is looked through, or will be as soon as it is time. */
  let isUnderWay = false

  function look(): void {
    isUnderWay = true
    const clusters = [...waiting]
    waiting.clear()
    goOn(clusters, lookThrough(clusters), 0)
  }

  function* lookThrough(clusters: readonly string[]): Steps<void> {
    for (const cluster of clusters) {
      const findings = yield* findingsOf(store, cluster)
      if (findings === null) found.delete(cluster)
      else found.set(cluster, findings)
    }
  }

  /** Many thousand pods take several turns of the loop: `busyMs` until now. */
  function goOn(clusters: readonly string[], steps: Steps<void>, busyMs: number): void {
    const began = clock.now()
    if (oneSlice(steps, clock) === null) {
      const busy = busyMs + clock.now() - began
      clock.sleep(1, ended.signal).then(
        () => goOn(clusters, steps, busy),
        () => {}, // stopped
      )
      return
    }
    for (const cluster of clusters) changed(cluster)
    isUnderWay = false
    nextAt = clock.now() + Math.max(pauseMs, (busyMs + clock.now() - began) / busyShare)
    lookWhenDue()
  }

  function lookWhenDue(): void {
    if (waiting.size === 0 || isUnderWay) return
    if (clock.now() >= nextAt) {
      look()
      return
    }
    isUnderWay = true
    clock.sleep(nextAt - clock.now(), ended.signal).then(look, () => {}) // stopped
  }

  const unsubscribe = store.subscribe((scopes) => {
    for (const scope of scopes) {
      const [kind, cluster, part] = scope.split('/', 3)
      if (kind === 'kubernetes' && cluster !== undefined && (part === 'pods' || part === 'services'))
        waiting.add(cluster)
    }
    lookWhenDue()
  })

  return {
    findings: (cluster) => found.get(cluster) ?? null,
    stop() {
      unsubscribe()
      ended.abort()
    },
  }
}

/** From last-known facts too: while a cluster is silent, what was found there is not gone. */
function* findingsOf(store: FactStore, cluster: string): Steps<Findings | null> {
  const states = ['pods', 'services'].map((part) => store.states.get(`kubernetes/${cluster}/${part}`))
  // Pods of before this start may be long gone: nothing is read through them.
  if (states.some((state) => state === undefined || store.restored.has(state.scope))) return null
  return yield* findingsIn(
    states[0]?.readAt !== null,
    states.flatMap((state) => state?.facts ?? []).filter((fact) => fact.kind === 'pod' || fact.kind === 'service'),
  )
}

export function* findingsIn(isRead: boolean, facts: readonly KubernetesFact[]): Steps<Findings> {
  const sources = yield* discoverySteps(facts)
  const pods = new Map(
    facts.filter((fact): fact is PodFact => fact.kind === 'pod').map((pod) => [`${pod.namespace}/${pod.name}`, pod]),
  )
  const known = new Set(sources.map(({ pod, container }) => `${pod.namespace}/${pod.name}/${container}`))
  const applications = sources
    .filter(({ source }) => source === 'envoy')
    .flatMap(({ pod }) =>
      (pods.get(`${pod.namespace}/${pod.name}`)?.containers ?? [])
        .filter(({ role, name }) => role !== 'init' && !known.has(`${pod.namespace}/${pod.name}/${name}`))
        .map(({ name }) => ({ id: `app.${pod.namespace}.${pod.name}.${name}`, pod, container: name })),
    )
  return { isRead, sources, applications, isReady: (pod) => pods.get(pod)?.ready }
}
