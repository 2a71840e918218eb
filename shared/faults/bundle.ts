import type { Fault } from './fault.ts'

/** In both faults each OPA goes on deciding by the revision it has: no hop changes, only the bundle's status tells. */
const bundleNeedsAttention = { kind: 'opa-bundle', states: ['attention', 'failing'] } as const

export const bundleFaults: readonly Fault[] = [
  {
    id: 'bundle-bad-signature',
    kind: 'posture',
    lab: { made: 'yes', tier: 1 },
    playground: { made: true },
    title: 'Bundle with a bad signature',
    words: 'The newest policy bundle is signed with a key that no OPA trusts; all of them keep the revision before it.',
    lookFor: 'The bundle in the control plane: no OPA takes the newest revision, and each says why.',
    hits: { everyOpa: true },
    expects: { states: { hops: [], workloads: [], control: [bundleNeedsAttention], gaps: [] } },
  },
  {
    id: 'stale-bundle',
    kind: 'posture',
    lab: { made: 'yes', tier: 1 },
    playground: { made: true },
    title: 'Stale bundle',
    words:
      'The bundle server has stopped answering; every OPA decides by a policy that it could not renew for too long.',
    lookFor: 'The bundle in the control plane: it was last fetched too long ago.',
    hits: { everyOpa: true },
    expects: { states: { hops: [], workloads: [], control: [bundleNeedsAttention], gaps: [] } },
  },
]
