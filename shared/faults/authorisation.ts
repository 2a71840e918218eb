import type { Fault } from './fault.ts'
import { starvedBehind } from './starvation.ts'

const modelHop = { from: 'orchestrator', to: 'model-server' }
const toolHop = { from: 'model-server', to: 'tool-runtime' }

export const authorisationFaults: readonly Fault[] = [
  {
    id: 'opa-down',
    kind: 'authorisation',
    tier: 1,
    title: 'OPA down',
    words: 'The OPA of model-server has ended; Envoy gets no decision and refuses every request.',
    hits: { opaOf: 'model-server' },
    expects: {
      hops: [
        // The handshake still succeeds: the 403 comes after it, ext_authz_error and no decision id.
        { hop: modelHop, transport: 'verified', authorisation: 'erroring', shown: 'at-once' },
        ...starvedBehind(modelHop),
      ],
      workloads: [],
      control: [],
      gaps: [{ source: 'opa', stage: 'model-server', reasons: ['unreachable'] }],
    },
  },
  {
    id: 'opa-hanging',
    kind: 'authorisation',
    tier: 1,
    title: 'OPA hanging',
    words:
      'The OPA of model-server takes connections and answers none; Envoy gives up after its timeout and refuses every request.',
    hits: { opaOf: 'model-server' },
    expects: {
      hops: [
        { hop: modelHop, transport: 'verified', authorisation: 'erroring', shown: 'at-once' },
        ...starvedBehind(modelHop),
      ],
      workloads: [],
      control: [],
      // The kernel still takes the connection for the stopped process, so nothing is refused: only time passes.
      gaps: [{ source: 'opa', stage: 'model-server', reasons: ['timed-out'] }],
    },
  },
  {
    id: 'fail-open',
    kind: 'authorisation',
    tier: 1,
    title: 'Failing open',
    words: 'The Envoy of tool-runtime lets requests pass when its OPA does not answer, and that OPA has ended.',
    hits: { stage: 'tool-runtime' },
    expects: {
      hops: [{ hop: toolHop, transport: 'verified', authorisation: 'failing-open', shown: 'at-once' }],
      workloads: [],
      control: [],
      gaps: [{ source: 'opa', stage: 'tool-runtime', reasons: ['unreachable'] }],
    },
  },
  {
    id: 'policy-denies',
    kind: 'authorisation',
    tier: 1,
    title: 'Policy denies',
    words: 'A new revision of the policy no longer lets model-server call tool-runtime.',
    hits: { hop: toolHop },
    expects: {
      // Only prompts that need the tool are refused, so nothing starves.
      hops: [{ hop: toolHop, transport: 'verified', authorisation: 'denying', shown: 'at-once' }],
      workloads: [],
      control: [],
      gaps: [],
    },
  },
]
