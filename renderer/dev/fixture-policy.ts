import type { ChangeMode, JournalCheck, JournalEntry } from '../../shared/contract/changes.ts'
import type { DraftSummary, PublishPlan, PublishProgress, Rechecked, Simulation } from '../../shared/contract/policy.ts'
import type {
  BundleOnOpa,
  BundleOverview,
  BundleRevision,
  Convergence,
  Evaluation,
  FileDifference,
} from '../../shared/domain/model/policy.ts'

const minute = 60_000
const domain = 'spiffe://pipeline.example/ns'
const opas = ['opa-shared', 'opa-model-server', 'opa-tool-runtime']

/** Invented policy for the development page: one OPA is behind where the situation is `troubled`. */
export function policyFixture(situation: string, environment: { readonly production: boolean }) {
  const start = Date.now()
  const isTroubled = situation === 'troubled'
  let until: number | null = null
  let live = 'r42'
  const mode = (): ChangeMode => ({ environment: 'lab', until, production: environment.production })
  const onOpa = (opa: string, index: number): BundleOnOpa => {
    const isLate = isTroubled && index === 2
    const fact = {
      factId: `opa/${opa}#bundle`,
      source: 'opa' as const,
      instance: opa,
      locator: 'GET /v1/status',
      observedAt: Date.now() - 2000,
      basis: 'measured' as const,
    }
    return {
      opa,
      activeRevision: { known: true, value: isLate ? 'r41' : live, fact, stale: false },
      lastRequestAt: Date.now() - 1500,
      lastDownloadAt: start - 2 * minute,
      lastActivationAt: start - 2 * minute,
      code: isLate ? 'bundle_error' : null,
      message: isLate ? 'server replied with Forbidden' : null,
      errors: [],
      maxPollSeconds: 2,
      fact,
    }
  }
  const overview = (): BundleOverview => ({
    name: 'pipeline',
    store: { kind: 'directory', place: '/srv/bundles', pointer: 'bundles/pipeline.tar.gz' },
    live: {
      known: true,
      value: { revision: live, digest: `9f3c1e7${live}` },
      stale: false,
      fact: onOpa(opas[0] ?? '', 0).fact ?? never(),
    },
    opas: opas.map(onOpa),
    decisionPath: 'pipeline/authz/result',
  })
  const revision = (name: string, age: number, more: Partial<BundleRevision> = {}): BundleRevision => ({
    revision: name,
    digest: `9f3c1e7${name}`,
    publishedAt: start - age * minute,
    author: 'ann',
    bytes: 4100,
    signature: { state: 'valid', keyId: 'lab' },
    held: 'store',
    activeOn: name === live ? opas.slice(0, isTroubled ? 2 : 3) : name === 'r41' && isTroubled ? opas.slice(2) : [],
    rollsBackTo: null,
    ...more,
  })
  const convergence = (name: string): Convergence => ({
    revision: name,
    startedAt: start - 38_000,
    opas: opas.map((opa, index) =>
      isTroubled && index === 2
        ? { opa, activeRevision: 'r41', seconds: null, state: 'rejected', reason: 'server replied with Forbidden' }
        : { opa, activeRevision: name, seconds: 1.4, state: 'converged', reason: null },
    ),
    state: isTroubled ? 'stuck' : 'converged',
  })
  const draft: DraftSummary = {
    id: 'd1',
    environment: 'lab',
    bundle: 'pipeline',
    basedOn: { revision: 'r42', digest: '9f3c1e7r42' },
    revision: 'r43',
    files: [{ path: 'pipeline/authz.rego', kind: 'rego', bytes: 900 }],
    changed: ['pipeline/authz.rego'],
    savedAt: start,
    leftOut: [],
    overtakenBy: null,
  }
  return {
    policy: {
      tools: async () => [],
      bundles: async () => [overview()],
      revisions: async () => [
        revision('r42', 0.7),
        revision('r41', 203, { rollsBackTo: 'r39' }),
        revision('r40', 2900, { author: null, held: 'kept', signature: { state: 'invalid', problem: 'wrong key' } }),
        revision('r39', 4900, { digest: null, held: 'seen', signature: { state: 'unknown', why: 'not seen' } }),
      ],
      content: async () => ({
        id: { revision: 'r42', digest: null },
        from: { kind: 'bundle', held: 'store' },
        roots: [''],
        files: draft.files,
        signature: { state: 'valid', keyId: 'lab' },
        problems: [],
      }),
      file: async () => ({ text: regoAfter }),
      difference: async () => differences,
      drafts: async () => [draft],
      startDraft: async () => draft,
      draft: async () => draft,
      readDraft: async () => ({ path: 'pipeline/authz.rego', text: regoAfter, version: 1 }),
      writeDraft: async () => ({ path: 'pipeline/authz.rego', text: regoAfter, version: 2 }),
      removeDraftFile: async () => draft,
      discardDraft: async () => ({ discarded: true }),
      check: async () => [],
      format: async ({ text }: { text: string }) => ({ text, problem: null }),
      test: async () => ({
        results: [
          { package: 'a', name: 'test_a', path: 'a_test.rego', row: 1, outcome: 'passed', durationMs: 1, output: null },
        ],
        coverage: [{ path: 'pipeline/authz.rego', covered: [4, 5, 7], notCovered: [8], percent: 75 }],
        problem: null,
      }),
      simulate: async ({ draft: asked, explain }: { draft: string | null; explain: boolean }): Promise<Simulation> => {
        const told = (found: Evaluation): Evaluation => (explain ? found : { ...found, trace: [] })
        return {
          deployed: told(evaluation('deny', 'r42')),
          draft: asked === null ? null : told(evaluation('allow', 'draft r43')),
          explained: explain,
          problem: null,
        }
      },
      inputOf: async () => ({
        input: recordedInput,
        masked: ['/input/attributes/request/http/headers/x-user-token'],
        revision: 'r42',
        at: start - 12_000,
      }),
      plan: async (): Promise<PublishPlan> => ({
        ...plan,
        from: { revision: live, digest: `9f3c1e7${live}` },
        warnings: isTroubled ? [leftOut, ...plan.warnings] : plan.warnings,
      }),
      publish: async () => publishing(() => (live = 'r43'), isTroubled ? 1 : 0),
      recheck: async () => ({
        requests: rechecked(start),
        held: 214,
        complete: true,
        withoutDecision: 2,
        problem: null,
      }),
      convergence: async ({ revision: name }: { revision: string }) => convergence(name),
      language: async () => (async function* none() {})(),
      tellLanguage: async () => ({ taken: true }),
    },
    changes: {
      mode: async () => mode(),
      enable: async ({ minutes }: { minutes: number }) => {
        // Half a minute above the warning for the shortest, so that it can be looked at.
        until = Date.now() + (minutes === 5 ? 2.2 : minutes) * minute
        return mode()
      },
      disable: async () => {
        until = null
        return mode()
      },
      journal: async () => journal(start),
      verify: async (): Promise<JournalCheck> => ({
        entries: 4,
        intact: !isTroubled,
        problem: isTroubled ? { number: 3, message: 'entry 3 was changed after it was written' } : null,
        head: 'b'.repeat(64),
        unfinished: [],
      }),
    },
  }
}

function never(): never {
  throw new Error('the invented OPAs have facts')
}

const regoBefore = 'package pipeline.authz\n\ndefault allow := false\n\nallow if input.caller == "gateway"\n'
const regoAfter = `${regoBefore}\nallow if input.caller == "application"\n`

const differences: readonly FileDifference[] = [
  { path: 'pipeline/authz.rego', change: 'changed', added: 2, removed: 0, before: regoBefore, after: regoAfter },
  { path: 'data.json', change: 'added', added: 1, removed: 0, before: '', after: '{}' },
]

const plan: PublishPlan = {
  from: null,
  to: { revision: 'r43', digest: '41c9e07ar43' },
  differences,
  gates: [
    { gate: 'check', outcome: 'passed', blocks: true, detail: '' },
    { gate: 'tests', outcome: 'passed', blocks: true, detail: '48 passed' },
    { gate: 'regal', outcome: 'not-evaluated', blocks: false, detail: 'Regal is not there' },
    { gate: 'build', outcome: 'passed', blocks: true, detail: '' },
    { gate: 'signature', outcome: 'passed', blocks: true, detail: 'signed with key lab' },
    { gate: 'change-mode', outcome: 'failed', blocks: true, detail: 'Everyhop only reads lab now.' },
  ],
  opas,
  warnings: [
    {
      code: 'publish-last-writer-wins',
      params: { detail: 'Any other program can write to the folder at any time.', windowMs: 6 },
      mustBeAccepted: false,
    },
    {
      code: 'publish-opa-behind',
      params: { opa: 'opa-tool-runtime', revision: 'r41' },
      mustBeAccepted: false,
    },
  ],
  token: 'token',
}

const leftOut: PublishPlan['warnings'][number] = {
  code: 'publish-left-out',
  params: { detail: '"passwd" is a symlink, and was not read' },
  mustBeAccepted: true,
}

/** `silent`: that many of the last OPAs do not answer. */
async function* publishing(moved: () => void, silent: number): AsyncGenerator<PublishProgress> {
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const startedAt = Date.now()
  yield { step: 'built', at: startedAt, detail: '4,100 bytes, SHA-256 41c9e07a' }
  yield { step: 'signed', at: startedAt, detail: 'with lab' }
  await pause(200)
  yield { step: 'uploaded', at: Date.now(), detail: 'r43-41c9e07a.tar.gz' }
  await pause(200)
  moved()
  yield { step: 'pointed', at: Date.now(), detail: 'bundles/pipeline.tar.gz' }
  yield { step: 'verified', at: Date.now(), detail: 'read again after 4 ms' }
  const asked = opas.length - silent
  for (let there = 0; there <= asked; there += 1) {
    const lines = opas.map((opa, index) => ({
      opa,
      activeRevision: index < there ? 'r43' : 'r42',
      seconds: index < there ? 1 + index / 2 : null,
      state: index < there ? ('converged' as const) : index < asked ? ('waiting' as const) : ('silent' as const),
      reason: null,
    }))
    const state = there < asked ? 'converging' : silent === 0 ? 'converged' : 'stuck'
    yield { step: 'convergence', convergence: { revision: 'r43', startedAt, opas: lines, state } }
    await pause(500)
  }
}

function rechecked(now: number): readonly Rechecked[] {
  return Array.from({ length: 100 }, (_, index) => ({
    decisionId: `d${index}`,
    at: now - index * 9000,
    callerSpiffeId: `${domain}/ai/sa/input-sanitiser`,
    calleeSpiffeId: `${domain}/ai/sa/orchestrator`,
    path: '/v1/plans',
    before: 'deny',
    after: index % 20 === 5 ? 'deny' : 'allow',
    masked: index % 3 === 0 ? ['/input/attributes/request/http/headers/x-user-token'] : [],
    problem: null,
  }))
}

function evaluation(decision: Evaluation['decision'], of: string): Evaluation {
  const line = (row: number, event: string, expression: string, values = {}) => ({
    path: 'pipeline/authz.rego',
    row,
    event,
    depth: 0,
    expression,
    values,
  })
  return {
    decision,
    result: { allowed: decision === 'allow', http_status: decision === 'allow' ? 200 : 403 },
    error: null,
    trace: [
      line(5, 'enter', 'allow if input.caller == "gateway"'),
      line(5, 'eval', 'allow if input.caller == "gateway"'),
      line(5, 'fail', 'allow if input.caller == "gateway"'),
      ...(decision === 'allow'
        ? [line(7, 'eval', 'allow if input.caller == "application"', { caller: 'application' }), line(7, 'exit', '')]
        : []),
    ],
    traceCut: false,
    metrics: { evaluationMs: 0.9, totalMs: 31 },
    of,
  }
}

const recordedInput = {
  attributes: {
    source: { principal: `${domain}/ai/sa/input-sanitiser` },
    destination: { principal: `${domain}/ai/sa/orchestrator` },
    request: {
      http: {
        method: 'POST',
        path: '/v1/plans',
        headers: { 'x-data-classification': 'internal', 'x-user-token': '***' },
      },
    },
  },
}

function journal(now: number): readonly JournalEntry[] {
  const entry = (
    number: number,
    action: string,
    phase: JournalEntry['phase'],
    details: JournalEntry['details'],
  ): JournalEntry => ({
    number,
    at: now - (5 - number) * 20_000,
    environment: 'lab',
    action,
    phase,
    begunBy: phase === 'begun' || phase === 'noted' ? null : number - 1,
    actor: 'ann',
    details,
    hash: 'b'.repeat(64),
    previous: 'a'.repeat(64),
  })
  const details = { bundle: 'pipeline', from: { revision: 'r41' }, to: { revision: 'r42' }, rollsBackTo: null }
  return [
    entry(4, 'policy.convergence', 'noted', { bundle: 'pipeline', to: { revision: 'r42' }, state: 'converged' }),
    entry(3, 'policy.publish', 'succeeded', details),
    entry(2, 'policy.publish', 'begun', details),
    entry(1, 'change-mode.enable', 'noted', { minutes: 15 }),
  ]
}
