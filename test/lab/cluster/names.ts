import { createHash } from 'node:crypto'

export const clusterName = 'lab'
/** The class of the SPIRE controller manager: it looks after objects of this class only. */
export const className = 'lab'
export const controlNamespace = 'spire'
export const namespaces = ['edge', 'ai', 'data', 'tools', controlNamespace] as const
export const machines = ['node-a', 'node-b'] as const

/** `length` characters as Kubernetes makes them for names, the same in every run. */
export function suffixOf(seed: string, length: number): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  return [...createHash('sha256').update(seed).digest().subarray(0, length)]
    .map((byte) => alphabet[byte % alphabet.length])
    .join('')
}
