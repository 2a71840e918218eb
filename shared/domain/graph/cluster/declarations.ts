import type {
  ClusterSpiffeIdFact,
  ClusterStaticEntryFact,
  NamespaceFact,
  PodFact,
} from '../../model/kubernetes-facts.ts'
import { isWorkloadId, pathOf, trustDomainOf } from '../spiffe-id.ts'
import { ignoredByClass } from './controller-class.ts'
import { fits, fitsNamespace } from './label-selector.ts'

/** An object of the cluster that says: whoever this selects gets this SPIFFE ID. */
export interface Declaration {
  readonly object: ClusterSpiffeIdFact | ClusterStaticEntryFact
  /** null: the template says "the trust domain of the controller", which no object names. */
  readonly trustDomain: string | null
  /** "/ns/ai/sa/gateway" */
  readonly path: string
  /** Pods that a ClusterSPIFFEID selects and renders so; empty for a ClusterStaticEntry, which does not go by pods. */
  readonly pods: readonly PodFact[]
}

/** What the objects of one cluster declare. */
export interface Declarations {
  readonly byPath: ReadonlyMap<string, readonly Declaration[]>
  /** Pods (`<namespace>/<name>`) that some object may give an identity to that cannot be worked out here. */
  readonly unclear: ReadonlySet<string>
  /** Trust domains that are named; null among them: that of the controller. */
  readonly trustDomains: ReadonlySet<string | null>
  /** Parents of declared entries: agents and their aliases, not workloads. */
  readonly parents: ReadonlySet<string>
  /** Objects of a class that has no controller manager: they declare nothing. */
  readonly ignored: ReadonlySet<Declaration['object']>
}

/** Namespaces that the controller manager passes over unless it is told otherwise (its configuration is not read). */
const ignoredByDefault: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'spire-system'])
/** Stands for the controller's own trust domain while a template is rendered; no SPIFFE ID can have it. */
const ownDomain = '{own}'

/**
 * The SPIFFE IDs that ClusterStaticEntry and ClusterSPIFFEID objects declare, by spire-controller-manager's rules: a null
 * selector selects all; `fallback` objects only count for pods that no other selects. Templates are rendered where they use
 * nothing but `.TrustDomain`, `.PodMeta.Namespace`, `.PodMeta.Name` and `.PodSpec.ServiceAccountName`.
 */
export function declarationsOf(
  spiffeIds: readonly ClusterSpiffeIdFact[],
  staticEntries: readonly ClusterStaticEntryFact[],
  pods: ReadonlyMap<string, PodFact>,
  namespaces: ReadonlyMap<string, NamespaceFact>,
): Declarations {
  const byPath = new Map<string, Declaration[]>()
  const unclear = new Set<string>()
  const trustDomains = new Set<string | null>()
  const add = (declaration: Declaration) => {
    trustDomains.add(declaration.trustDomain)
    const known = byPath.get(declaration.path)
    if (known === undefined) byPath.set(declaration.path, [declaration])
    else known.push(declaration)
  }
  const ignored = ignoredByClass(spiffeIds, staticEntries)
  for (const object of staticEntries) {
    if (ignored.has(object)) continue
    const trustDomain = trustDomainOf(object.spiffeId)
    if (trustDomain === null || !isWorkloadId(object.spiffeId)) continue
    add({ object, trustDomain, path: pathOf(object.spiffeId), pods: [] })
  }
  const selected = new Set<string>()
  for (const isFallback of [false, true]) {
    const earlier: ReadonlySet<string> = new Set(isFallback ? selected : [])
    for (const object of spiffeIds) {
      if (object.fallback !== isFallback) continue
      const rendered = new Map<string, PodFact[]>()
      for (const [key, pod] of pods) {
        if (earlier.has(key)) continue
        const isSelected = selects(object, pod, namespaces.get(pod.namespace) ?? null)
        if (isSelected === false) continue
        if (ignored.has(object)) {
          // Its manager may only just have been started.
          unclear.add(key)
          continue
        }
        const spiffeId = isSelected === null ? null : render(object.spiffeIdTemplate, pod)
        if (spiffeId === null) unclear.add(key)
        else {
          selected.add(key)
          const known = rendered.get(spiffeId)
          if (known === undefined) rendered.set(spiffeId, [pod])
          else known.push(pod)
        }
      }
      for (const [spiffeId, found] of rendered) {
        const domain = trustDomainOf(spiffeId)
        add({ object, trustDomain: domain === ownDomain ? null : domain, path: pathOf(spiffeId), pods: found })
      }
    }
  }
  return { byPath, unclear, trustDomains, parents: new Set(staticEntries.map(({ parentId }) => parentId)), ignored }
}

/** The declarations of a SPIFFE ID; `own`: the trust domains of this environment. */
export function declarationsFor(
  { byPath }: Declarations,
  spiffeId: string,
  own: readonly string[],
): readonly Declaration[] {
  const trustDomain = trustDomainOf(spiffeId)
  const found = byPath.get(pathOf(spiffeId))
  if (found === undefined || trustDomain === null) return none
  return found.filter((one) => isOfDomain(one.trustDomain, trustDomain, own))
}

/** Whether what names `declared` is of this trust domain; the controller's own is known only where there is just one. */
export function isOfDomain(declared: string | null, trustDomain: string, own: readonly string[]): boolean {
  return declared === null ? own.length === 1 && own[0] === trustDomain : declared === trustDomain
}

/** "ClusterStaticEntry/gateway" */
export function nameOfDeclaration({ object }: Pick<Declaration, 'object'>): string {
  return `${object.kind === 'cluster-spiffe-id' ? 'ClusterSPIFFEID' : 'ClusterStaticEntry'}/${object.name}`
}

function selects(object: ClusterSpiffeIdFact, pod: PodFact, namespace: NamespaceFact | null): boolean | null {
  const { podSelector, namespaceSelector, stats } = object
  const byPod = podSelector === null ? true : fits(podSelector, pod.labels)
  if (byPod === false) return false
  const byNamespace =
    namespaceSelector === null ? true : fitsNamespace(namespaceSelector, pod.namespace, namespace?.labels ?? null)
  if (byNamespace === false) return false
  if (stats !== null && stats.namespacesIgnored > 0 && ignoredByDefault.has(pod.namespace)) return false
  return byPod === true && byNamespace === true ? true : null
}

function render(template: string, pod: PodFact): string | null {
  const values: Readonly<Record<string, string>> = {
    '.TrustDomain': ownDomain,
    '.PodMeta.Namespace': pod.namespace,
    '.PodMeta.Name': pod.name,
    '.PodSpec.ServiceAccountName': pod.serviceAccount,
  }
  let isWhole = true
  const text = template.replaceAll(/\{\{-?\s*([^{}]*?)\s*-?\}\}/g, (_all, field: string) => {
    const value = Object.hasOwn(values, field) ? values[field] : undefined
    if (value === undefined || value === '') isWhole = false
    return value ?? ''
  })
  const rest = text.replace(ownDomain, '')
  return isWhole && !/[{}\s]/.test(rest) && isWorkloadId(text) ? text : null
}

const none: readonly Declaration[] = []
