import type { Fault } from './fault.ts'
import { starvedBehind } from './starvation.ts'

const sanitiserHop = { from: 'prompt-firewall', to: 'input-sanitiser' }

export const identityFaults: readonly Fault[] = [
  {
    id: 'expired-svid',
    kind: 'handshake',
    lab: { made: 'yes', tier: 1 },
    playground: { made: true },
    title: 'Expired SVID',
    words:
      'The SVID of tool-runtime has run out and its agent no longer renews it, so model-server refuses the handshake.',
    lookFor: 'The tool runtime: its SVID has run out, and the handshake with it fails.',
    hits: { stage: 'tool-runtime' },
    expects: {
      states: {
        // Caller: 503 UF, certificate has expired. Callee: alert in the listener's log, a past expiry in /certs.
        hops: [{ hop: { from: 'model-server', to: 'tool-runtime' }, transport: 'failing', shown: 'at-once' }],
        workloads: [{ stage: 'tool-runtime', states: ['failing'], reasons: ['svid-expired'] }],
        control: [],
        gaps: [],
      },
      verdict: {
        request: ['handshake-failed'],
        handshake: ['server-certificate-expired'],
        firstBroken: 'tls-client',
        hop: { from: 'model-server', to: 'tool-runtime' },
      },
    },
  },
  {
    id: 'entry-deleted',
    kind: 'posture',
    lab: { made: 'yes', tier: 1 },
    playground: { made: true },
    title: 'Registration entry deleted',
    words:
      'SPIRE has no registration entry for output-filter any more; its SVID still works until it expires and will not be renewed.',
    lookFor: 'The output filter: its SVID still works, and will not be renewed because its entry is gone.',
    hits: { stage: 'output-filter' },
    expects: {
      identity: ['no-cluster-spiffeid', 'entry-missing'],
      states: {
        // Envoy keeps the certificate it has: every hop goes on as before.
        hops: [],
        // Without an SVID of one's own only the cluster tells what is declared.
        workloads: [{ stage: 'output-filter', states: ['attention'], reasons: ['entry-gone', 'declaration-gone'] }],
        control: [],
        gaps: [],
      },
    },
  },
  {
    id: 'hop-without-identity',
    kind: 'handshake',
    lab: { made: 'yes', tier: 1 },
    playground: { made: true },
    title: 'Workload without identity',
    words:
      'input-sanitiser was started without a registration entry, so its Envoy has no SVID and takes no connection.',
    lookFor: 'The input sanitiser: it has no SVID, and everything behind it gets no requests.',
    hits: { stage: 'input-sanitiser' },
    expects: {
      identity: ['no-cluster-spiffeid', 'entry-missing'],
      states: {
        hops: [
          // Refused while the listener warms, reset once Envoy has stopped waiting for the secret: never a handshake.
          { hop: sanitiserHop, transport: 'failing', shown: 'at-once' },
          ...starvedBehind(sanitiserHop).map((starved) =>
            // Whether a caller without any certificate counts as set up for TLS is not this fault's matter.
            starved.hop.from === 'input-sanitiser' ? { hop: starved.hop, shown: starved.shown } : starved,
          ),
        ],
        workloads: [{ stage: 'input-sanitiser', states: ['no-identity'] }],
        control: [],
        gaps: [],
      },
      verdict: {
        request: ['registration-not-reconciled'],
        handshake: ['server-has-no-svid'],
        lessExact: ['handshake-failed'],
        firstBroken: 'tls-server',
        hop: sanitiserHop,
      },
    },
  },
  {
    id: 'agent-down',
    kind: 'posture',
    lab: {
      made: 'no',
      why: 'Stopping an agent there shows nothing until what it delivered is old, which expired-svid waits for.',
    },
    playground: { made: true },
    title: 'SPIRE agent down',
    words:
      'The SPIRE agent of node-b has ended, and had delivered nothing new for minutes; three workloads keep their old SVIDs until those run out.',
    lookFor:
      'The agent of node-b in the control plane does not run; the SVIDs of model server, vector store and tool runtime were not renewed in time, and the calls to them fail when they run out.',
    hits: { node: 'node-b' },
    expects: {
      identity: ['agent-not-in-sync'],
      states: {
        // The certificates in use are still valid, so no hop changes before they run out.
        hops: [],
        workloads: ['model-server', 'vector-store', 'tool-runtime'].map((stage) => ({
          stage,
          states: ['attention'],
          reasons: ['svid-not-renewed'],
        })),
        // Its own SVID outlives it, so SPIRE knows nothing of it: its pod does.
        control: [{ kind: 'spire-agent', states: ['attention'], reasons: ['agent-not-running'] }],
        gaps: [],
      },
    },
  },
  {
    id: 'sds-old-certificate',
    kind: 'posture',
    lab: { made: 'no', why: 'A real agent delivers the newest SVID it has, and nothing makes it serve an older one.' },
    playground: { made: true },
    title: 'SDS serves an old certificate',
    words: 'SPIRE renews the SVID of output-filter as ever, but SDS serves its Envoy one from minutes ago.',
    lookFor:
      'The output filter: its SVID was not renewed in time, though its entry and its agent are in order; the calls to it fail when that runs out.',
    hits: { stage: 'output-filter' },
    expects: {
      states: {
        // It is still valid.
        hops: [],
        workloads: [{ stage: 'output-filter', states: ['attention'], reasons: ['svid-not-renewed'] }],
        control: [],
        gaps: [],
      },
    },
  },
]
