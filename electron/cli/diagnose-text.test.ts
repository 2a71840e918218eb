import { expect, test } from 'vitest'
import type { SmallestChange } from '../../shared/domain/diagnosis/change/model.ts'
import { tellOfChange } from '../../shared/domain/diagnosis/change/reasons.ts'
import { diagnoseHandshake } from '../../shared/domain/diagnosis/handshake/diagnose-handshake.ts'
import { noSights } from '../../shared/domain/diagnosis/handshake/leaf.ts'
import type { RuleTrace } from '../../shared/domain/diagnosis/model.ts'
import { diagnoseRequest } from '../../shared/domain/diagnosis/request/diagnose-request.ts'
import { access, decision, denied, evaluation, requestCase } from '../../test/builders/request-case.ts'
import { build, hop, ids, pipeline } from '../../test/builders/small-graph.ts'
import { changeText } from './diagnose-change.ts'
import { handshakeText, requestText } from './diagnose-text.ts'

const lineOf = (text: string, start: string): string =>
  text.split('\n').find((line) => line.trimStart().startsWith(start)) ?? ''

test('the sentence comes first, then each link in one line with its state and where that was seen', () => {
  const text = requestText(diagnoseRequest(requestCase({ accesses: [denied], decisions: [decision()] })))
  expect(text.split('\n', 2)).toEqual([
    'Policy denied it. The OPA of tool-runtime refused the call of model-server: “the classification is above the limit”. It decided by bundle r42.',
    'certain: What was logged of it names the cause.',
  ])
  expect(lineOf(text, 'OPA decision')).toMatch(/passed .*\[opa-decisions of opa-tool-runtime, /)
  expect(lineOf(text, 'Rule')).toContain('broken')
  expect(lineOf(text, 'Application ')).toContain('not reached')
  for (const title of ['From caller to callee', 'Ruled out', 'Next']) expect(text).toContain(`\n${title}\n`)
})

test('the line that decided is shown with its values, and what is masked as masked', () => {
  const rule: RuleTrace = {
    file: 'authz.rego',
    row: 8,
    decidedBy: 'failed',
    name: 'app/authz/allow',
    alternatives: 0,
    lookedFor: null,
    lines: [
      { row: 7, text: '\tcaller := input.source', outcome: 'held', values: [] },
      {
        row: 8,
        text: '\tinput.token in data.tokens\u001b[2J',
        outcome: 'failed',
        values: [
          { name: 'input.token', json: '', masked: true },
          { name: 'data.tokens', json: null, masked: false },
        ],
      },
    ],
    revision: 'r42',
    isRevisionThatDecided: true,
  }
  const of = requestCase({ accesses: [denied], decisions: [decision()], evaluation: evaluation({ rule }) })
  const text = requestText(diagnoseRequest(of))
  expect(text).toContain('\nauthz.rego:8 of r42\n')
  expect(text).toMatch(/\n {4}7 ✓ +caller := input\.source\n {2}> 8 ✗ +input\.token in data\.tokens/)
  expect(text).toContain('input.token = masked in the record\n')
  expect(text).toContain('data.tokens = undefined\n')
  expect(text).not.toContain('\u001b')
})

test('a change is shown with its difference, and none with why', () => {
  const change: SmallestChange = {
    decisionId: 'd-1',
    bundle: 'pipeline',
    basedOn: { revision: 'r42', digest: null },
    isRevisionThatDecided: true,
    changes: [
      {
        id: '0',
        kind: 'data',
        reason: tellOfChange('change-data-member-added', { at: 'data.set', after: '"x"', file: 'data.json' }),
        loosens: false,
        proven: true,
        file: 'data.json',
        at: 'data.set',
        before: '[]',
        after: '["x"]',
        difference: [{ kind: 'added', row: 3, text: '  "x"' }],
        draft: null,
      },
    ],
    none: null,
    masked: [],
    evaluations: 4,
    isComplete: true,
  }
  expect(changeText(change)).toContain('Add "x" to data.set. (tried: it allows it)\n    data.json\n    +    3   "x"\n')
  const none = { ...change, changes: [], none: tellOfChange('change-no-opa', {}) }
  expect(changeText(none)).toContain('There is no OPA on this machine to try changes with.')
})

test('for whom it was is one line with its source, and below stands which hops have no line', () => {
  const user = { state: 'known' as const, value: 'ali\u202ece', claim: 'sub', at: '/input/claims/sub' }
  const told = (of: Parameters<typeof decision>[0]) =>
    requestText(diagnoseRequest(requestCase({ accesses: [denied], decisions: [decision(of)] })))
  const text = told({ user, actor: { state: 'masked' } })
  expect(lineOf(text, 'for user')).toMatch(
    /^for user ali.?ce, acting: masked in the log — as OPA was told \[claim sub, as OPA was told: \/input\/claims\/sub in opa-decisions of /,
  )
  expect(text).toMatch(
    /\nLogged on 1 of 2 hops\n {2}gateway → model-server +no line: .+\n {2}model-server → tool-runtime +no line of the caller: /,
  )
  expect(lineOf(told({ user: { state: 'masked' }, actor: { state: 'masked' } }), 'user and')).toBe(
    'user and acting party: masked in the log',
  )
  expect(told({})).not.toContain('as OPA was told')
})

test('what is unknown has no degree of certainty, and says what would tell more', () => {
  const text = requestText(diagnoseRequest(requestCase({ sources: [] })))
  expect(text).not.toMatch(/certain:|likely:|suspected:/)
  expect(text).toContain('\nWould make it more certain\n')
})

test('text of logs steers no terminal and breaks no line', () => {
  const details = 'ext_authz_denied\u001b[2J\u202e\nRule  passed'
  const text = requestText(diagnoseRequest(requestCase({ accesses: [access({ status: 403, details })] })))
  for (const steering of ['\u001b', '\u202e']) expect(text).not.toContain(steering)
  expect(text).not.toMatch(/^Rule  passed/m)
})

test('both sides of a handshake are told, with where each value was seen', () => {
  const graph = build(pipeline.scopes)
  const unknown = { known: false, reason: { code: 'nothing-tells', params: { source: 'envoy' } } } as const
  const none = { issuer: unknown, trusted: unknown }
  const of = {
    graph,
    hop: hop(graph, ids.model, ids.tool),
    now: graph.asOf,
    keys: { client: none, server: none },
    sights: { client: noSights, server: noSights },
    facts: new Map(),
  }
  const text = handshakeText(diagnoseHandshake(of))
  expect(text.split('\n', 1)[0]).toContain('Nothing is wrong now')
  expect(text).toContain('\nClient: model-server\n')
  expect(text).toContain('\nServer: tool-runtime\n')
  expect(lineOf(text, 'Own certificate')).toMatch(/fine .*\[envoy /)
})
