import type { Fault } from './fault.ts'
import { starvedBehind } from './starvation.ts'

const sanitiserHop = { from: 'prompt-firewall', to: 'input-sanitiser' }
const retrievalHop = { from: 'orchestrator', to: 'vector-store' }

export const transportFaults: readonly Fault[] = [
  {
    id: 'wrong-spiffe-id-required',
    kind: 'tls',
    tier: 1,
    title: 'Wrong SPIFFE ID required',
    words:
      'prompt-firewall requires a SPIFFE ID that input-sanitiser does not have, so it refuses the right certificate.',
    hits: { hop: sanitiserHop },
    expects: {
      // Both SVIDs are valid: the mistake is in the caller's cluster, so no workload changes its state.
      hops: [{ hop: sanitiserHop, transport: 'failing', shown: 'at-once' }, ...starvedBehind(sanitiserHop)],
      workloads: [
        { stage: 'prompt-firewall', states: ['verified'] },
        { stage: 'input-sanitiser', states: ['verified'] },
      ],
      control: [],
      gaps: [],
    },
  },
  {
    id: 'plaintext-hop',
    kind: 'tls',
    tier: 1,
    title: 'Plaintext hop',
    words:
      'orchestrator calls vector-store without TLS: neither side proves who it is, and anyone between them can read along.',
    hits: { hop: retrievalHop },
    expects: {
      // Without TLS Envoy hands OPA no SPIFFE ID of either side, and the policy refuses callers it cannot name.
      hops: [{ hop: retrievalHop, transport: 'plaintext', authorisation: 'denying', shown: 'at-once' }],
      // Its Envoy holds no SVID while nothing asks for one, so vector-store cannot count as verified.
      workloads: [{ stage: 'vector-store', states: ['no-identity', 'attention', 'unknown', 'failing'] }],
      control: [],
      gaps: [],
    },
  },
]
