import { expect, test } from 'vitest'
import type { RefusalGroup } from '../../shared/domain/diagnosis/refusals/model.ts'
import { refusalsText } from './diagnose-refusals.ts'

const at = Date.parse('2026-11-22T12:00:00.000Z')
const group: RefusalGroup = {
  key: 'k',
  from: { workload: 'w1', name: 'gateway', spiffeId: null },
  to: { workload: null, name: null, spiffeId: 'spiffe://pipeline.example/ns/ai/sa/orchestrator' },
  kind: 'policy',
  details: 'ext_authz_denied',
  status: 403,
  reason: 'no grant\u001b[2J\nfor it',
  revision: 'r42',
  count: 7,
  first: at - 1000,
  latest: { at, requestId: 'r-1', traceId: null, decisionId: null },
}
const answer = {
  from: at - 900_000,
  to: at,
  heldSince: at - 3_600_000,
  notAsked: [],
  total: 7,
  complete: true,
  groups: [group],
}

test('a group is one line, whatever its text holds', () => {
  const [title, head, line, ...more] = refusalsText(answer, 15).split('\n')
  expect(title).toBe('7 refused requests in the last 15 minutes')
  expect(head?.split(/ {2,}/)).toEqual(['COUNT', 'LATEST', 'FROM', 'TO', 'REFUSED BY', 'STATUS', 'WHY', 'REQUEST'])
  expect(line).toMatch(/^7 .* gateway +ns\/ai\/sa\/orchestrator +Denied by policy +403 +no grant.*for it · r42 +r-1$/)
  expect(more).toEqual([''])
  expect(line).not.toContain('\u001b')
})

test('no group is told from no record, and from records that do not reach back far enough', () => {
  const none = { ...answer, groups: [], total: 0 }
  expect(refusalsText(none, 15)).toBe('No refused request is held in the last 15 minutes.\n')
  expect(refusalsText({ ...none, heldSince: null }, 15)).toContain('not known')
  expect(refusalsText({ ...none, heldSince: at - 60_000 }, 15)).toContain('nothing older than')
})

test('records of logs that are kept elsewhere are said to be missing, whatever is held here', () => {
  const said = 'Listed is only what Everyhop itself keeps. loki is asked for one request at a time'
  for (const own of [answer, { ...answer, heldSince: null, groups: [], total: 0 }]) {
    expect(refusalsText({ ...own, notAsked: ['loki'] }, 15)).toContain(said)
    expect(refusalsText(own, 15)).not.toContain('keeps')
  }
})
