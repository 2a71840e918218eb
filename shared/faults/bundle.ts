import type { Fault } from './fault.ts'

/** In both faults each OPA goes on deciding by the revision it has: no hop changes, only the bundle's status tells. */
const bundleNeedsAttention = { kind: 'opa-bundle', states: ['attention', 'failing'] } as const

export const bundleFaults: readonly Fault[] = [
  {
    id: 'bundle-bad-signature',
    kind: 'bundle',
    tier: 1,
    title: 'Bundle with a bad signature',
    words: 'The newest policy bundle is signed with a key that no OPA trusts; all of them keep the revision before it.',
    hits: { everyOpa: true },
    expects: { hops: [], workloads: [], control: [bundleNeedsAttention], gaps: [] },
  },
  {
    id: 'stale-bundle',
    kind: 'bundle',
    tier: 1,
    title: 'Stale bundle',
    words:
      'The bundle server has stopped answering; every OPA decides by a policy that it could not renew for too long.',
    hits: { everyOpa: true },
    expects: { hops: [], workloads: [], control: [bundleNeedsAttention], gaps: [] },
  },
]
