import { expect, test } from 'vitest'
import type { TestedLeaseMount } from '../contract/lease-mounts.ts'
import { leaseMountSentence } from './lease-mounts.ts'

const mount: TestedLeaseMount = { mount: 'database/', type: 'database', listed: false, estimate: null, walk: null }
const walk = { leases: 12, requests: 5, tookMs: 80, complete: true }

test.each<readonly [Partial<TestedLeaseMount>, string]>([
  [{}, 'are not listed. What a walk costs is not known: no audit log tells of this Vault.'],
  [
    { estimate: { leases: 3, requests: 4 } },
    'are not listed. The audit log tells of 3 leases: a walk of those is 4 requests; older leases come on top.',
  ],
  [{ listed: true, walk }, 'are listed every 5 minutes. A walk just found 12 leases in 5 requests and 80 ms.'],
  [
    { listed: true, walk: { ...walk, complete: false } },
    'are listed every 5 minutes. A walk just found 12 leases in 5 requests and 80 ms, and did not come to the end.',
  ],
  [
    { listed: true },
    'are listed every 5 minutes. It could not be walked. What a walk costs is not known: no audit log tells of this Vault.',
  ],
])('what a listing costs is told as far as it is known: %j', (more, words) => {
  expect(leaseMountSentence({ ...mount, ...more })).toBe(`Leases of database/ ${words}`)
})
