import type { Fault } from './fault.ts'

const toolHop = { from: 'model-server', to: 'tool-runtime' }
const retrievalHop = { from: 'orchestrator', to: 'vector-store' }

const noNetwork = 'The lab has no network that enforces NetworkPolicies.'

/** Faults of what the cluster is told. */
export const clusterFaults: readonly Fault[] = [
  {
    id: 'unregistered-workload',
    kind: 'handshake',
    lab: { made: 'yes', tier: 2 },
    playground: { made: true },
    title: 'Workload not registered',
    words:
      'The ClusterStaticEntry of tool-runtime is gone and its Envoy was started again, so it has no SVID and takes no connection.',
    lookFor: 'The tool runtime: it has no SVID because nothing registers it, so the call to it fails.',
    hits: { stage: 'tool-runtime' },
    expects: {
      identity: ['no-cluster-spiffeid', 'entry-missing'],
      states: {
        // Only prompts that need the tool end here, so nothing starves.
        hops: [{ hop: toolHop, transport: 'failing', shown: 'at-once' }],
        workloads: [{ stage: 'tool-runtime', states: ['no-identity'] }],
        control: [],
        gaps: [],
        objects: [{ object: { kind: 'ClusterStaticEntry', name: 'tool-runtime' }, absent: true }],
      },
      verdict: {
        request: ['registration-not-reconciled'],
        handshake: ['server-has-no-svid'],
        lessExact: ['handshake-failed'],
        firstBroken: 'tls-server',
        hop: toolHop,
      },
    },
  },
  {
    id: 'cluster-spiffe-id-selects-nothing',
    kind: 'posture',
    lab: { made: 'yes', tier: 2 },
    playground: { made: true },
    title: 'ClusterSPIFFEID selects nothing',
    words: 'The pod selector of the ClusterSPIFFEID policy-services matches no pod, so nobody gets its identity.',
    lookFor: 'The registration objects in the control plane: policy-services selects no pod.',
    hits: { object: { kind: 'ClusterSPIFFEID', name: 'policy-services' } },
    expects: {
      identity: ['selector-mismatch'],
      states: {
        // The stages have their identities from other objects.
        hops: [],
        workloads: [],
        control: [],
        gaps: [],
        objects: [{ object: { kind: 'ClusterSPIFFEID', name: 'policy-services' }, podsSelected: 0 }],
      },
    },
  },
  {
    id: 'network-policy-blocks',
    kind: 'posture',
    lab: { made: 'objects only', tier: 2, why: noNetwork },
    playground: { made: true },
    title: 'NetworkPolicy blocks a hop',
    words: 'The NetworkPolicy of tool-runtime admits the gateway instead of model-server, which has to call it.',
    lookFor:
      'The hop from the model server to the tool runtime: its network part says that no policy admits the caller.',
    hits: { hop: toolHop },
    expects: {
      states: {
        hops: [],
        workloads: [],
        control: [],
        gaps: [],
        network: [{ hop: toolHop, admission: 'blocked' }],
      },
    },
  },
  {
    id: 'network-policy-missing',
    kind: 'posture',
    lab: { made: 'objects only', tier: 2, why: noNetwork },
    playground: { made: true },
    title: 'NetworkPolicy missing',
    words: 'No NetworkPolicy selects vector-store any more: every pod of the cluster may connect to it.',
    lookFor:
      'The hop from the orchestrator to the vector store: its network part says that nothing restricts who connects.',
    hits: { stage: 'vector-store' },
    expects: {
      states: {
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
  },
  {
    id: 'unsigned-image-admitted',
    kind: 'posture',
    lab: { made: 'objects only', tier: 2, why: 'No container runtime starts what is admitted there.' },
    playground: { made: true },
    title: 'Unsigned image admitted',
    words:
      'The admission policy only audits now, and a pod in the namespace tools runs an image that is named by a tag alone.',
    lookFor:
      'Diagnose, identity of tools/table-export-1: a pod that nobody registered. The graph keeps its states, as images and admission policies are read and nothing is concluded from them yet.',
    hits: { object: { kind: 'ValidatingAdmissionPolicyBinding', name: 'images-by-digest' } },
    expects: {
      states: {
        hops: [],
        workloads: [],
        control: [],
        gaps: [],
        withoutIdentity: ['tools/table-export-1'],
        objects: [
          {
            object: { kind: 'ValidatingAdmissionPolicyBinding', name: 'images-by-digest' },
            validationActions: ['Audit'],
          },
        ],
      },
    },
  },
]
