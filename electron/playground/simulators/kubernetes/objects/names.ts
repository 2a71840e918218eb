import { createHash } from 'node:crypto'
import type { PodShape } from './pod-shape.ts'

/** Where SPIRE and the bundle server are. */
export const controlNamespace = 'spire'
export const namespaces = ['edge', 'ai', 'data', 'tools', controlNamespace] as const
export const machines = ['node-a', 'node-b'] as const
export const registry = 'registry.pipeline.example'

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

/** What most clusters label their pods with. `instance`: of which installation. */
export function labelsOf(
  instance: string,
  workload: string,
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/name': workload, 'app.kubernetes.io/instance': instance, ...labels }
}

/** The one pod of a Deployment, with the name and labels that its controllers would give it. */
export function deployedPod<Settings extends Omit<PodShape, 'name' | 'owner'>>(instance: string, settings: Settings) {
  return {
    ...settings,
    owner: 'Deployment' as const,
    name: `${replicaSetName(settings.workload)}-${suffixOf(settings.workload, 5)}`,
    labels: {
      ...labelsOf(instance, settings.workload, settings.labels),
      'pod-template-hash': templateHash(settings.workload),
    },
  }
}

/** The pod of a DaemonSet on one machine. */
export function daemonPod<Settings extends Omit<PodShape, 'name' | 'owner'>>(instance: string, settings: Settings) {
  return {
    ...settings,
    owner: 'DaemonSet' as const,
    name: `${settings.workload}-${suffixOf(settings.node, 5)}`,
    labels: labelsOf(instance, settings.workload, settings.labels),
  }
}
