import type { Fault } from './fault.ts'

const entryHop = { from: 'application', to: 'gateway' }
const lateralHop = { from: 'application', to: 'model-server' }
const retrievalHop = { from: 'orchestrator', to: 'vector-store' }
const toolHop = { from: 'model-server', to: 'tool-runtime' }

/** Faults of what stages do with each other: both ends prove who they are, and something else is wrong. */
export const conductFaults: readonly Fault[] = [
  {
    id: 'lateral-call',
    kind: 'authorisation',
    tier: 2,
    title: 'Lateral call',
    words:
      'The application calls model-server past every stage between them; the Envoys of both let it, and the policy refuses.',
    hits: { stage: 'model-server' },
    expects: {
      hops: [],
      workloads: [],
      control: [],
      gaps: [],
      newHops: [{ hop: lateralHop, transport: 'verified', authorisation: 'denying', shown: 'at-once' }],
    },
  },
  {
    id: 'spoofed-identity-header',
    kind: 'integrity',
    tier: 2,
    title: 'Spoofed identity header',
    words:
      'The application says in x-forwarded-client-cert that it is the orchestrator, and the Envoy of the gateway hands that on.',
    hits: { hop: entryHop },
    expects: {
      // The policy goes by the certificate, so the requests pass as before: only who reads the header is misled.
      hops: [{ hop: entryHop, transport: 'verified', authorisation: 'allowing', shown: 'at-once' }],
      workloads: [],
      control: [],
      gaps: [],
      claims: [{ hop: entryHop, header: 'x-forwarded-client-cert', claimedStage: 'orchestrator' }],
    },
  },
  {
    id: 'lost-user-identity',
    kind: 'integrity',
    tier: 2,
    title: 'User identity lost',
    words:
      'The token of the user is dropped between orchestrator and vector-store, which refuses to retrieve for nobody.',
    hits: { hop: retrievalHop },
    expects: {
      // The policy of this hop does not ask for a right of the user; the stage itself refuses.
      hops: [{ hop: retrievalHop, transport: 'verified', authorisation: 'allowing', shown: 'at-once' }],
      workloads: [],
      control: [],
      gaps: [],
      integrity: [{ stage: 'vector-store', callerStage: 'orchestrator', type: 'user-identity', outcome: 'lost' }],
    },
  },
  {
    id: 'broken-stage-signature',
    kind: 'integrity',
    tier: 2,
    title: 'Broken stage signature',
    words: 'tool-runtime signs its results with a key that nobody knows, so model-server refuses them.',
    hits: { hop: toolHop },
    expects: {
      hops: [{ hop: toolHop, transport: 'verified', authorisation: 'allowing', shown: 'at-once' }],
      workloads: [],
      control: [],
      gaps: [],
      integrity: [{ stage: 'model-server', callerStage: 'tool-runtime', type: 'stage-signature', outcome: 'failed' }],
    },
  },
]
