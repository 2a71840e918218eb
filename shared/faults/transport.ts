import type { Fault } from './fault.ts'
import { starvedBehind } from './starvation.ts'

const sanitiserHop = { from: 'prompt-firewall', to: 'input-sanitiser' }
const retrievalHop = { from: 'orchestrator', to: 'vector-store' }
const toolHop = { from: 'model-server', to: 'tool-runtime' }

export const transportFaults: readonly Fault[] = [
  {
    id: 'wrong-spiffe-id-required',
    kind: 'handshake',
    lab: { made: 'yes', tier: 1 },
    playground: { made: true },
    title: 'Wrong SPIFFE ID required',
    words:
      'prompt-firewall requires a SPIFFE ID that input-sanitiser does not have, so it refuses the right certificate.',
    lookFor:
      'The hop from the prompt firewall to the input sanitiser: what the caller requires is not what the callee has.',
    hits: { hop: sanitiserHop },
    expects: {
      states: {
        // Both SVIDs are valid: the mistake is in the caller's cluster, so no workload changes its state.
        hops: [{ hop: sanitiserHop, transport: 'failing', shown: 'at-once' }, ...starvedBehind(sanitiserHop)],
        workloads: [
          { stage: 'prompt-firewall', states: ['verified'] },
          { stage: 'input-sanitiser', states: ['verified'] },
        ],
        control: [],
        gaps: [],
      },
      verdict: {
        request: ['handshake-failed'],
        handshake: ['server-identity-unexpected'],
        firstBroken: 'tls-client',
        hop: sanitiserHop,
      },
    },
  },
  {
    id: 'plaintext-hop',
    kind: 'posture',
    lab: { made: 'yes', tier: 1 },
    playground: { made: true },
    title: 'Plaintext hop',
    words:
      'orchestrator calls vector-store without TLS: neither side proves who it is, and anyone between them can read along.',
    lookFor:
      'The hop from the orchestrator to the vector store: it is not encrypted, and the policy refuses callers it cannot name.',
    hits: { hop: retrievalHop },
    expects: {
      states: {
        // Without TLS Envoy hands OPA no SPIFFE ID of either side, and the policy refuses callers it cannot name.
        hops: [{ hop: retrievalHop, transport: 'plaintext', authorisation: 'denying', shown: 'at-once' }],
        // Its Envoy holds no SVID while nothing asks for one, so vector-store cannot count as verified.
        workloads: [{ stage: 'vector-store', states: ['no-identity', 'attention', 'unknown', 'failing'] }],
        control: [],
        gaps: [],
      },
      verdict: {
        request: ['caller-without-identity'],
        lessExact: ['policy-denied'],
        firstBroken: 'tls-server',
        hop: retrievalHop,
      },
    },
  },
  {
    id: 'untrusted-bundle-after-rotation',
    kind: 'handshake',
    lab: {
      made: 'no',
      why: 'A real agent delivers a new root before anybody signs with it; a stopped one holds it back from its whole machine.',
    },
    playground: { made: true },
    title: 'Untrusted bundle after a rotation',
    words:
      'The trust domain signs with a new root that vector-store was never told of, so it refuses the new SVID of its caller.',
    lookFor:
      'The hop from the orchestrator to the vector store: the issuer of the caller’s certificate is not known there.',
    hits: { hop: retrievalHop },
    expects: {
      states: {
        hops: [{ hop: retrievalHop, transport: 'failing', shown: 'at-once' }],
        workloads: [{ stage: 'orchestrator', states: ['verified'] }],
        control: [],
        gaps: [],
      },
      verdict: {
        request: ['handshake-failed'],
        handshake: ['client-issuer-not-trusted'],
        firstBroken: 'tls-server',
        hop: retrievalHop,
      },
    },
  },
  {
    id: 'clock-skew',
    kind: 'handshake',
    lab: { made: 'no', why: 'All servers of the lab share the clock of one machine.' },
    playground: { made: true },
    title: 'Clock skew',
    words: 'The clock of tool-runtime is ten minutes behind, so the SVID of its caller is not valid yet by that clock.',
    lookFor:
      'The hop from the model server to the tool runtime: a handshake fails over time, though both SVIDs are valid now.',
    hits: { hop: toolHop },
    expects: {
      states: {
        hops: [{ hop: toolHop, transport: 'failing', shown: 'at-once' }],
        // Both SVIDs are valid by everybody else's clock; the one that is off is told.
        workloads: [
          { stage: 'model-server', states: ['verified'] },
          { stage: 'tool-runtime', states: ['attention'] },
        ],
        control: [],
        // Its lines are older than the window when they come.
        gaps: [{ source: 'logs', stage: 'tool-runtime', reasons: ['invalid'] }],
      },
      verdict: {
        request: ['handshake-failed'],
        handshake: ['certificate-not-yet-valid'],
        firstBroken: 'tls-server',
        hop: toolHop,
      },
    },
  },
  {
    id: 'one-sided-tls',
    kind: 'handshake',
    lab: { made: 'yes', tier: 1 },
    playground: { made: true },
    title: 'TLS on one side alone',
    words: 'orchestrator speaks TLS to vector-store, whose Envoy expects plaintext: they never understand each other.',
    lookFor: 'The hop from the orchestrator to the vector store: one side is set up for TLS and the other is not.',
    hits: { hop: retrievalHop },
    expects: {
      states: {
        hops: [{ hop: retrievalHop, transport: 'failing', shown: 'at-once' }],
        workloads: [],
        control: [],
        gaps: [],
      },
      verdict: {
        request: ['handshake-failed'],
        handshake: ['server-speaks-plaintext'],
        firstBroken: 'tls-client',
        hop: retrievalHop,
      },
    },
  },
]
