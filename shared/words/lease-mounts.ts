import type { TestedLeaseMount } from '../contract/lease-mounts.ts'
import { countOf } from './durations.ts'

/** What listing the leases of a mount costs, as far as that is known: by the last walk, else by what the audit log tells. */
export function listCost({ listed, estimate, walk }: TestedLeaseMount): string {
  if (walk !== null) {
    const cost = `${countOf(walk.leases, 'lease')} in ${countOf(walk.requests, 'request')} and ${walk.tookMs} ms`
    return walk.complete ? `A walk just found ${cost}.` : `A walk just found ${cost}, and did not come to the end.`
  }
  const tried = listed ? 'It could not be walked. ' : ''
  if (estimate === null) return `${tried}What a walk costs is not known: no audit log tells of this Vault.`
  const { leases, requests } = estimate
  return `${tried}The audit log tells of ${countOf(leases, 'lease')}: a walk of those is ${countOf(requests, 'request')}; older leases come on top.`
}

/** "Leases of database/ are not listed. The audit log tells of 3 leases: …" */
export function leaseMountSentence(mount: TestedLeaseMount): string {
  return `Leases of ${mount.mount} are ${mount.listed ? 'listed every 5 minutes' : 'not listed'}. ${listCost(mount)}`
}

export const listWarning =
  'Every 5 minutes a LIST walks all leases of the mount, which is dear for a big Vault. It finds leases that no audit line tells of, not who holds them. The right that it needs is asked for by the check.'
