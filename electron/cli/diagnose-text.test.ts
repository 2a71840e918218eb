import { expect, test } from 'vitest'
import { diagnoseHandshake } from '../../shared/domain/diagnosis/handshake/diagnose-handshake.ts'
import { noSights } from '../../shared/domain/diagnosis/handshake/leaf.ts'
import { diagnoseRequest } from '../../shared/domain/diagnosis/request/diagnose-request.ts'
import { access, decision, denied, requestCase } from '../../test/builders/request-case.ts'
import { build, hop, ids, pipeline } from '../../test/builders/small-graph.ts'
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
  }
  const text = handshakeText(diagnoseHandshake(of))
  expect(text.split('\n', 1)[0]).toContain('Nothing is wrong now')
  expect(text).toContain('\nClient: model-server\n')
  expect(text).toContain('\nServer: tool-runtime\n')
  expect(lineOf(text, 'Own certificate')).toMatch(/fine .*\[envoy /)
})
