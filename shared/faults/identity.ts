import type { Fault } from './fault.ts'
import { starvedBehind } from './starvation.ts'

const sanitiserHop = { from: 'prompt-firewall', to: 'input-sanitiser' }

export const identityFaults: readonly Fault[] = [
  {
    id: 'expired-svid',
    kind: 'identity',
    tier: 1,
    title: 'Expired SVID',
    words:
      'The SVID of tool-runtime has run out and its agent no longer renews it, so model-server refuses the handshake.',
    hits: { stage: 'tool-runtime' },
    expects: {
      // Caller: 503 UF, certificate has expired. Callee: alert in the listener's log, a past expiry in /certs.
      hops: [{ hop: { from: 'model-server', to: 'tool-runtime' }, transport: 'failing', shown: 'at-once' }],
      workloads: [{ stage: 'tool-runtime', states: ['failing'] }],
      control: [],
      gaps: [],
    },
  },
  {
    id: 'entry-deleted',
    kind: 'identity',
    tier: 1,
    title: 'Registration entry deleted',
    words:
      'SPIRE has no registration entry for output-filter any more; its SVID still works until it expires and will not be renewed.',
    hits: { stage: 'output-filter' },
    expects: {
      // Envoy keeps the certificate it has: every hop goes on as before.
      hops: [],
      workloads: [{ stage: 'output-filter', states: ['attention'] }],
      control: [],
      gaps: [],
    },
  },
  {
    id: 'hop-without-identity',
    kind: 'identity',
    tier: 1,
    title: 'Workload without identity',
    words:
      'input-sanitiser was started without a registration entry, so its Envoy has no SVID and takes no connection.',
    hits: { stage: 'input-sanitiser' },
    expects: {
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
  },
]
