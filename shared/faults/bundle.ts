import type { Fault } from './fault.ts'

const toolHop = { from: 'model-server', to: 'tool-runtime' }

/** In the first two faults each OPA goes on deciding by the revision it has: no hop changes, only the bundle's status tells. */
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
  {
    id: 'old-bundle',
    kind: 'refusal',
    lab: {
      made: 'no',
      why: 'The bundle server of the lab gives every OPA the same, and cannot hold one of them back.',
    },
    playground: { made: true },
    title: 'One OPA on an old bundle',
    words:
      'A revision that no longer let model-server call tool-runtime was corrected, and the correction does not reach the OPA of tool-runtime.',
    lookFor:
      'The hop from the model server to the tool runtime: it is denied by a revision that is not the newest, and the newest would allow it.',
    hits: { opaOf: 'tool-runtime' },
    expects: {
      states: {
        // Only prompts that need the tool are refused, so nothing starves.
        hops: [{ hop: toolHop, transport: 'verified', authorisation: 'denying', shown: 'at-once' }],
        workloads: [],
        control: [],
        gaps: [],
      },
      verdict: { request: ['stale-bundle'], firstBroken: 'bundle-revision', hop: toolHop },
    },
  },
]
