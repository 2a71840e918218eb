import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { KubernetesObject, PodPlan } from '../../parts.ts'
import { machineIpOf, podIpAt } from '../../world/addresses.ts'
import { className, objectUid } from './objects/desired.ts'
import { machines } from './objects/names.ts'
import { matches, type Selector, selectorWire } from './selectors.ts'
import type { ObjectStore } from './store.ts'

/** What a cluster adds to an object that is given to it: by the API server, kubelets and controllers. */
export interface Controllers {
  /** Whole, as it is to be stored. `before`: what has the same name. */
  completed(object: KubernetesObject, before: KubernetesObject | null): KubernetesObject
  /** The status of a ClusterSPIFFEID as its controller would write it now; null: none acts on objects of its class. */
  selection(object: KubernetesObject): object | null
}

const podWire = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).optional() }),
  spec: z.object({
    nodeName: z.string().optional(),
    hostNetwork: z.boolean().optional(),
    containers: z.array(z.object({ name: z.string(), image: z.string() })),
  }),
})
const identityWire = z.object({
  spec: z.object({
    spiffeIDTemplate: z.string(),
    podSelector: selectorWire.optional(),
    namespaceSelector: selectorWire.optional(),
  }),
})
const classWire = z.object({ spec: z.object({ className: z.string().optional() }) })
const labelledWire = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
})

/** `at`: RFC 3339, now. */
export function createControllers(store: ObjectStore, plans: () => readonly PodPlan[], at: () => string): Controllers {
  function completed(object: KubernetesObject, before: KubernetesObject | null): KubernetesObject {
    const { kind, metadata } = object
    const known = before?.metadata
    const whole: KubernetesObject = {
      ...object,
      metadata: {
        ...metadata,
        uid: known?.['uid'] ?? metadata['uid'] ?? objectUid(kind, metadata.namespace ?? null, metadata.name),
        creationTimestamp: known?.['creationTimestamp'] ?? metadata['creationTimestamp'] ?? at(),
      },
    }
    switch (kind) {
      case 'Namespace':
        return withName(whole)
      case 'Node':
        return 'status' in whole ? whole : { ...whole, status: nodeStatus(metadata.name) }
      case 'Pod':
        return 'status' in whole ? whole : { ...whole, status: podStatus(whole) }
      case 'Service':
        return withAddress(whole)
      case 'ClusterStaticEntry':
        return isActedOn(whole) ? { ...whole, status: { rendered: true, masked: false, set: true } } : whole
      case 'ClusterSPIFFEID':
        return isActedOn(whole) ? { ...whole, status: selection(whole) } : whole
      default:
        return whole
    }
  }

  /** As kubelets report pods that run. */
  function podStatus(object: KubernetesObject): object {
    const { namespace = '', name } = object.metadata
    const { spec } = podWire.parse(object)
    const plan = plans().find((each) => each.namespace === namespace && each.name === name)
    const node = machines.find((machine) => machine === spec.nodeName) ?? 'node-a'
    const podIP = plan?.podIp ?? podIpAt(node, 200 + (digestOf(`${namespace}/${name}`).charCodeAt(0) % 50))
    const now = at()
    return {
      phase: 'Running',
      podIP,
      podIPs: [{ ip: podIP }],
      hostIP: machineIpOf(node),
      startTime: now,
      conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: now,
      })),
      containerStatuses: spec.containers.map((container) => ({
        name: container.name,
        image: container.image,
        imageID: container.image.includes('@')
          ? container.image
          : `${container.image}@sha256:${digestOf(container.image)}`,
        containerID: `containerd://${digestOf(`${name}/${container.name}`)}`,
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: now } },
      })),
    }
  }

  function nodeStatus(name: string): object {
    const machine = machines.find((each) => each === name)
    const addresses = machine === undefined ? [] : [{ type: 'InternalIP', address: machineIpOf(machine) }]
    return {
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: at() }],
      addresses: [...addresses, { type: 'Hostname', address: name }],
    }
  }

  function selection(object: KubernetesObject): object | null {
    if (!isActedOn(object)) return null
    const { podSelector, namespaceSelector, spiffeIDTemplate } = identityWire.parse(object).spec
    const namespaces = labelled('namespaces', namespaceSelector)
    const names = new Set(namespaces.map(({ name }) => name))
    const pods = labelled('pods', podSelector).filter(({ namespace }) => names.has(namespace ?? ''))
    const asked = [...spiffeIDTemplate.matchAll(/\{\{ *index \.PodMeta\.Labels "([^"]+)" *\}\}/g)].map(
      ([, key = '']) => key,
    )
    const unrendered = pods.filter(({ labels }) => asked.some((key) => labels?.[key] === undefined))
    return {
      stats: {
        namespacesSelected: names.size,
        namespacesIgnored: 0,
        podsSelected: pods.length,
        podEntryRenderFailures: unrendered.length,
        entriesToSet: pods.length - unrendered.length,
        entriesMasked: 0,
        entryFailures: 0,
      },
    }
  }

  function labelled(collection: string, selector: Selector | undefined) {
    return store
      .list(collection, null)
      .map((object) => labelledWire.parse(object).metadata)
      .filter(({ labels }) => selector === undefined || matches(selector, labels ?? {}))
  }

  return { completed, selection }
}

/** The controller manager here has one class. */
function isActedOn(object: KubernetesObject): boolean {
  return classWire.parse(object).spec.className === className
}

/** Kubernetes labels every namespace with its name. */
function withName(object: KubernetesObject): KubernetesObject {
  const { name, labels } = labelledWire.parse(object).metadata
  const named = { ...object.metadata, labels: { ...labels, 'kubernetes.io/metadata.name': name } }
  return { ...object, metadata: named, status: { phase: 'Active' } }
}

function withAddress(object: KubernetesObject): KubernetesObject {
  const spec = z.record(z.string(), z.unknown()).parse(object['spec'])
  if ('clusterIP' in spec) return object
  const { namespace, name } = object.metadata
  const digest = createHash('sha256').update(`${namespace}/${name}`).digest()
  const clusterIP = `10.96.${digest[0] ?? 0}.${1 + ((digest[1] ?? 0) % 254)}`
  return { ...object, spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], ...spec } }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
