import type { Fault } from './fault.ts'

const toolHop = { from: 'model-server', to: 'tool-runtime' }
const retrievalHop = { from: 'orchestrator', to: 'vector-store' }

/** Faults of what the cluster is told. The lab has no network that enforces NetworkPolicies: there only the objects change. */
export const clusterFaults: readonly Fault[] = [
  {
    id: 'unregistered-workload',
    kind: 'identity',
    tier: 2,
    title: 'Workload not registered',
    words:
      'The ClusterStaticEntry of tool-runtime is gone and its Envoy was started again, so it has no SVID and takes no connection.',
    hits: { stage: 'tool-runtime' },
    expects: {
      // Only prompts that need the tool end here, so nothing starves.
      hops: [{ hop: toolHop, transport: 'failing', shown: 'at-once' }],
      workloads: [{ stage: 'tool-runtime', states: ['no-identity'] }],
      control: [],
      gaps: [],
      objects: [{ object: { kind: 'ClusterStaticEntry', name: 'tool-runtime' }, absent: true }],
    },
  },
  {
    id: 'cluster-spiffe-id-selects-nothing',
    kind: 'identity',
    tier: 2,
    title: 'ClusterSPIFFEID selects nothing',
    words: 'The pod selector of the ClusterSPIFFEID policy-services matches no pod, so nobody gets its identity.',
    hits: { object: { kind: 'ClusterSPIFFEID', name: 'policy-services' } },
    expects: {
      // The stages have their identities from other objects.
      hops: [],
      workloads: [],
      control: [],
      gaps: [],
      objects: [{ object: { kind: 'ClusterSPIFFEID', name: 'policy-services' }, podsSelected: 0 }],
    },
  },
  {
    id: 'network-policy-blocks',
    kind: 'network',
    tier: 2,
    title: 'NetworkPolicy blocks a hop',
    words: 'The NetworkPolicy of tool-runtime admits the gateway instead of model-server, which has to call it.',
    hits: { hop: toolHop },
    expects: {
      hops: [],
      workloads: [],
      control: [],
      gaps: [],
      network: [{ hop: toolHop, admission: 'blocked' }],
    },
  },
  {
    id: 'network-policy-missing',
    kind: 'network',
    tier: 2,
    title: 'NetworkPolicy missing',
    words: 'No NetworkPolicy selects vector-store any more: every pod of the cluster may connect to it.',
    hits: { stage: 'vector-store' },
    expects: {
      hops: [],
      workloads: [],
      control: [],
      gaps: [],
      network: [{ hop: retrievalHop, admission: 'unrestricted' }],
      objects: [
        { object: { kind: 'NetworkPolicy', namespace: 'data', name: 'default-deny-ingress' }, absent: true },
        { object: { kind: 'NetworkPolicy', namespace: 'data', name: 'admit-callers-of-vector-store' }, absent: true },
      ],
    },
  },
]
