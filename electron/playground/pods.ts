import { createHash } from 'node:crypto'
import type { PodPlan } from './parts.ts'
import { clusterName } from './world/addresses.ts'

/** Names and labels that pods have by what they belong to. */

export const registry = 'registry.pipeline.example'
export const controlNamespace = 'spire'

/** Numbers of the pods that are no stages, for `podIpAt`: those of the mesh from 30 on, those of simulators from 40 on. */
export const podNumbers = { 'opa-shared': 30, 'bundle-server': 31, 'spire-server': 40, vault: 41 } as const

/** `length` characters as Kubernetes makes them for names, the same in every run. */
export function suffixOf(seed: string, length: number): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  return [...createHash('sha256').update(seed).digest().subarray(0, length)]
    .map((byte) => alphabet[byte % alphabet.length])
    .join('')
}

export function templateHash(workload: string): string {
  return suffixOf(`template of ${workload}`, 9)
}

export function replicaSetName(workload: string): string {
  return `${workload}-${templateHash(workload)}`
}

/** The one pod of a Deployment. */
export function deployed(settings: Omit<PodPlan, 'name' | 'owner'>): PodPlan {
  return {
    ...settings,
    owner: 'Deployment',
    name: `${replicaSetName(settings.workload)}-${suffixOf(settings.workload, 5)}`,
    labels: { ...labelsOf(settings.workload, settings.labels), 'pod-template-hash': templateHash(settings.workload) },
  }
}

/** The pod of a DaemonSet on one machine. */
export function onMachine(settings: Omit<PodPlan, 'name' | 'owner'>): PodPlan {
  return {
    ...settings,
    owner: 'DaemonSet',
    name: `${settings.workload}-${suffixOf(settings.node, 5)}`,
    labels: labelsOf(settings.workload, settings.labels),
  }
}

function labelsOf(workload: string, labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/name': workload, 'app.kubernetes.io/instance': clusterName, ...labels }
}
