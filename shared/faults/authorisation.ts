import type { Fault } from './fault.ts'
import { starvedBehind } from './starvation.ts'

const entryHop = { from: 'application', to: 'gateway' }
const modelHop = { from: 'orchestrator', to: 'model-server' }
const toolHop = { from: 'model-server', to: 'tool-runtime' }

export const authorisationFaults: readonly Fault[] = [
  {
    id: 'opa-down',
    kind: 'refusal',
    lab: { made: 'yes', tier: 1 },
    playground: { made: true },
    title: 'OPA down',
    words: 'The OPA of model-server has ended; Envoy gets no decision and refuses every request.',
    lookFor:
      'The hop from the orchestrator to the model server: requests are refused without a decision, and its OPA does not answer.',
    hits: { opaOf: 'model-server' },
    expects: {
      states: {
        hops: [
          // The handshake still succeeds: the 403 comes after it, ext_authz_error and no decision id.
          { hop: modelHop, transport: 'verified', authorisation: 'erroring', shown: 'at-once' },
          ...starvedBehind(modelHop),
        ],
        workloads: [],
        control: [],
        gaps: [{ source: 'opa', stage: 'model-server', reasons: ['unreachable'] }],
      },
      verdict: { request: ['opa-unreachable'], firstBroken: 'ext-authz', hop: modelHop },
    },
  },
  {
    id: 'opa-hanging',
    kind: 'refusal',
    lab: { made: 'yes', tier: 1 },
    playground: { made: true },
    title: 'OPA hanging',
    words:
      'The OPA of model-server takes connections and answers none; Envoy gives up after its timeout and refuses every request.',
    lookFor:
      'The hop from the orchestrator to the model server: each request is refused after the timeout, and asking its OPA times out.',
    hits: { opaOf: 'model-server' },
    expects: {
      states: {
        hops: [
          { hop: modelHop, transport: 'verified', authorisation: 'erroring', shown: 'at-once' },
          ...starvedBehind(modelHop),
        ],
        workloads: [],
        control: [],
        // The kernel still takes the connection for the stopped process, so nothing is refused: only time passes.
        gaps: [{ source: 'opa', stage: 'model-server', reasons: ['timed-out'] }],
      },
      verdict: { request: ['opa-slow'], firstBroken: 'ext-authz', hop: modelHop },
    },
  },
  {
    id: 'fail-open',
    kind: 'posture',
    lab: { made: 'yes', tier: 1 },
    playground: { made: true },
    title: 'Failing open',
    words: 'The Envoy of tool-runtime lets requests pass when its OPA does not answer, and that OPA has ended.',
    lookFor: 'The hop from the model server to the tool runtime: requests pass although nobody decided.',
    hits: { stage: 'tool-runtime' },
    expects: {
      states: {
        hops: [{ hop: toolHop, transport: 'verified', authorisation: 'failing-open', shown: 'at-once' }],
        workloads: [],
        control: [],
        gaps: [{ source: 'opa', stage: 'tool-runtime', reasons: ['unreachable'] }],
      },
      verdict: { request: ['failed-open'], lessExact: ['not-refused'], firstBroken: 'ext-authz', hop: toolHop },
    },
  },
  {
    id: 'policy-denies',
    kind: 'refusal',
    lab: { made: 'yes', tier: 1 },
    playground: { made: true },
    title: 'Policy denies',
    words: 'A new revision of the policy no longer lets model-server call tool-runtime.',
    lookFor:
      'The hop from the model server to the tool runtime: the policy refuses, and the decision names the reason and the revision.',
    hits: { hop: toolHop },
    expects: {
      states: {
        // Only prompts that need the tool are refused, so nothing starves.
        hops: [{ hop: toolHop, transport: 'verified', authorisation: 'denying', shown: 'at-once' }],
        workloads: [],
        control: [],
        gaps: [],
      },
      verdict: { request: ['caller-not-allowed', 'policy-denied'], firstBroken: 'rule', hop: toolHop },
    },
  },
  {
    id: 'opa-slow',
    kind: 'refusal',
    lab: { made: 'no', why: 'Nothing in OPA makes it slow on demand; opa-hanging is the real one that never answers.' },
    playground: { made: true },
    title: 'OPA slow',
    words: 'The OPA of model-server decides, but later than Envoy waits for it, so every request is refused.',
    lookFor:
      'The hop from the orchestrator to the model server: requests are refused without a decision, though its OPA answers and decides.',
    hits: { opaOf: 'model-server' },
    expects: {
      states: {
        hops: [
          { hop: modelHop, transport: 'verified', authorisation: 'erroring', shown: 'at-once' },
          ...starvedBehind(modelHop),
        ],
        workloads: [{ stage: 'model-server', states: ['verified'] }],
        control: [],
        // Its API answers: it is only the decisions that come late.
        gaps: [],
      },
      verdict: { request: ['opa-slow'], firstBroken: 'ext-authz', hop: modelHop },
    },
  },
  {
    id: 'undefined-decision',
    kind: 'refusal',
    lab: { made: 'yes', tier: 1 },
    playground: { made: true },
    title: 'Undefined decision',
    words: 'A new revision of the policy lacks the rule that Envoy asks for; OPA has no answer and nothing gets in.',
    lookFor:
      'The hop from the application to the gateway: requests are refused without a decision, though every OPA answers and has the newest revision.',
    hits: { hop: entryHop },
    expects: {
      states: {
        hops: [
          { hop: entryHop, transport: 'verified', authorisation: 'erroring', shown: 'at-once' },
          ...starvedBehind(entryHop),
        ],
        workloads: [],
        control: [],
        gaps: [],
      },
      verdict: { request: ['decision-undefined'], firstBroken: 'decision', hop: entryHop },
    },
  },
]
