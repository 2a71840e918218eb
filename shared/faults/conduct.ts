import type { Fault } from './fault.ts'

const entryHop = { from: 'application', to: 'gateway' }
const lateralHop = { from: 'application', to: 'model-server' }
const retrievalHop = { from: 'orchestrator', to: 'vector-store' }
const modelHop = { from: 'orchestrator', to: 'model-server' }
const toolHop = { from: 'model-server', to: 'tool-runtime' }

/** Faults of what stages do with each other: both ends prove who they are, and something else is wrong. */
export const conductFaults: readonly Fault[] = [
  {
    id: 'lateral-call',
    kind: 'anomaly',
    lab: { made: 'yes', tier: 2 },
    playground: { made: true },
    title: 'Lateral call',
    words:
      'The application calls model-server past every stage between them; the Envoys of both let it, and the policy refuses.',
    lookFor: 'A hop from the application to the model server that intent.yaml does not have: the policy refuses it.',
    hits: { stage: 'model-server' },
    expects: {
      states: {
        hops: [],
        workloads: [],
        control: [],
        gaps: [],
        newHops: [{ hop: lateralHop, transport: 'verified', authorisation: 'denying', shown: 'at-once' }],
      },
      verdict: {
        request: ['caller-unexpected'],
        // Without intent.yaml nobody knows that it ought not to come; that the policy's data lacks it is as true.
        lessExact: ['policy-denied', 'caller-not-allowed'],
        firstBroken: 'rule',
        hop: lateralHop,
      },
    },
  },
  {
    id: 'spoofed-identity-header',
    kind: 'anomaly',
    lab: { made: 'yes', tier: 2 },
    playground: { made: true },
    title: 'Spoofed identity header',
    words:
      'The application says in x-forwarded-client-cert that it is the orchestrator, and the Envoy of the gateway hands that on.',
    lookFor:
      'The hop from the application to the gateway: its requests claim another identity than the certificate proves.',
    hits: { hop: entryHop },
    expects: {
      states: {
        // The policy goes by the certificate, so the requests pass as before: only who reads the header is misled.
        hops: [{ hop: entryHop, transport: 'verified', authorisation: 'allowing', shown: 'at-once' }],
        workloads: [],
        control: [],
        gaps: [],
        claims: [{ hop: entryHop, header: 'x-forwarded-client-cert', claimedStage: 'orchestrator' }],
      },
    },
  },
  {
    id: 'lost-user-identity',
    kind: 'refusal',
    lab: { made: 'yes', tier: 2 },
    playground: { made: true },
    title: 'User identity lost',
    words:
      'The token of the user is dropped between orchestrator and vector-store, which refuses to retrieve for nobody.',
    lookFor: 'The hop from the orchestrator to the vector store: requests arrive without the user behind them.',
    hits: { hop: retrievalHop },
    expects: {
      states: {
        // The policy of this hop does not ask for a right of the user; the stage itself refuses.
        hops: [{ hop: retrievalHop, transport: 'verified', authorisation: 'allowing', shown: 'at-once' }],
        workloads: [],
        control: [],
        gaps: [],
        integrity: [{ stage: 'vector-store', callerStage: 'orchestrator', type: 'user-identity', outcome: 'lost' }],
      },
      verdict: { request: ['application-refused'], firstBroken: 'application', hop: retrievalHop },
    },
  },
  {
    id: 'broken-stage-signature',
    kind: 'refusal',
    lab: { made: 'yes', tier: 2 },
    playground: { made: true },
    title: 'Broken stage signature',
    words: 'tool-runtime signs its results with a key that nobody knows, so model-server refuses them.',
    lookFor: 'The hop from the model server to the tool runtime: signed results are refused.',
    hits: { hop: toolHop },
    expects: {
      states: {
        hops: [{ hop: toolHop, transport: 'verified', authorisation: 'allowing', shown: 'at-once' }],
        workloads: [],
        control: [],
        gaps: [],
        integrity: [{ stage: 'model-server', callerStage: 'tool-runtime', type: 'stage-signature', outcome: 'failed' }],
      },
      // The tool runtime answers well, and what it answers is refused by who asked: so the call to that one fails.
      verdict: { request: ['application-refused'], firstBroken: 'application', hop: modelHop },
    },
  },
  {
    id: 'traffic-burst',
    kind: 'anomaly',
    lab: {
      made: 'no',
      why: 'Nine real Envoys and all that is around them leave no room for ten times the traffic on two cores.',
    },
    playground: { made: true },
    title: 'Traffic burst',
    words: 'Users ask ten times as often, and the application sends ten times as many requests as before.',
    lookFor:
      'The hop from the application to the gateway: ten times the requests, decided as before. Where this machine answers fewer, the bar above says so.',
    hits: { hop: entryHop },
    expects: {
      states: {
        hops: [],
        workloads: [],
        control: [],
        gaps: [],
        // Ten, less what a busy machine does not answer in time.
        activity: [{ hop: entryHop, timesNormal: 8 }],
      },
    },
  },
  {
    id: 'access-at-three',
    kind: 'anomaly',
    lab: { made: 'no', why: 'The traffic of the lab has one rhythm, and says nothing of the hour at which users ask.' },
    playground: { made: true },
    title: 'Access at 03:00',
    words: 'Requests carry three in the morning as the time at which their users asked; by day nobody minds them.',
    lookFor:
      'No state changes, as every right is in order: only decisions tell. “everyhop logs refused” has ids of requests, and “everyhop logs find” with one of them its decisions, in which x-asked-at says 03:00.',
    hits: { hop: entryHop },
    expects: {
      states: {
        hops: [{ hop: entryHop, transport: 'verified', authorisation: 'allowing', shown: 'at-once' }],
        workloads: [],
        control: [],
        gaps: [],
        decisions: [{ hop: entryHop, header: 'x-asked-at', hour: 3 }],
      },
    },
  },
]
