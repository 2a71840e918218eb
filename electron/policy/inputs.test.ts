import { expect, test } from 'vitest'
import type { FoundAnswer, RefusedAnswer } from '../../shared/contract/logs.ts'
import { OpaProblem } from '../tools/opa-command.ts'
import { createInputs } from './inputs.ts'
import type { Simulating } from './simulating.ts'
import type { Subject, Subjects } from './subjects.ts'

const signal = new AbortController().signal
const request = { environment: 'e', bundle: 'b', minutes: 60, decisionPath: 'a/allow' }
const revisions = { before: { revision: 'r1', digest: null }, after: { revision: 'r2', digest: null } }

function refusedOf(count: number): RefusedAnswer['requests'] {
  return Array.from({ length: count }, (_none, at) => ({
    at: count - at,
    why: at % 50 === 49 ? 'error' : 'denied',
    requestId: null,
    traceId: null,
    decisionId: at % 50 === 49 ? null : `d${at}`,
    callerSpiffeId: null,
    calleeSpiffeId: null,
    callerAddress: null,
    access: null,
    decision: null,
  }))
}

function eventOf(id: string): FoundAnswer {
  const text = JSON.stringify({ input: { number: Number(id.slice(1)) }, timestamp: '2026-01-01T00:00:00Z' })
  const common = { source: 's', at: 0, receivedAt: 0, requestId: null, traceId: null, decisionId: id }
  return { heldSince: 0, elsewhere: [], complete: true, records: [{ record: 'opa-decisions', ...common, text }] }
}

/** Revision r1 denies everything; r2 allows even numbers. */
function inputsWith({
  refuses = [],
  refused = 250,
}: {
  readonly refuses?: readonly string[]
  readonly refused?: number
}) {
  const subjectOf = (revision: string): Subject => ({
    id: { revision, digest: null },
    from: { kind: 'draft', draft: revision },
    roots: [''],
    manifest: {},
    files: new Map(),
    problems: [],
    bytes: null,
  })
  const subjects: Pick<Subjects, 'find'> = {
    find: async (_environment, _bundle, of) => subjectOf('draft' in of ? of.draft : of.revision),
  }
  const simulating: Pick<Simulating, 'decide' | 'ready'> = {
    async ready({ id }) {
      if (refuses.includes(id.revision)) throw new OpaProblem('a.rego:3: undefined function http.send')
    },
    async decide({ id }, _path, input) {
      const isEven = typeof input === 'object' && input !== null && 'number' in input && Number(input.number) % 2 === 0
      return id.revision === 'r2' && isEven ? 'allow' : 'deny'
    },
  }
  const parts = {
    decision: async (_environment: string, id: string) => eventOf(id),
    hop: () => Promise.reject(new Error('nobody asks for a hop')),
    refused: async (_environment: string, _minutes: number, limit: number): Promise<RefusedAnswer> => ({
      from: 0,
      to: 1,
      notAsked: [],
      heldSince: 0,
      lost: 0,
      requests: refusedOf(refused).slice(0, limit),
      complete: refused <= limit,
    }),
  }
  return createInputs(parts, subjects, simulating)
}

test('the latest refused requests are evaluated under both, and it is told of how many they are', async () => {
  const found = await inputsWith({}).recheck({ ...request, ...revisions, limit: 120 }, signal)
  expect(found).toMatchObject({ held: 245, complete: true, withoutDecision: 5, problem: null })
  expect(found.requests).toHaveLength(120)
  expect(found.requests[0]).toMatchObject({ decisionId: 'd0', before: 'deny', after: 'allow', problem: null })
  expect(found.requests.filter(({ after }) => after === 'allow')).toHaveLength(61)
  const more = await inputsWith({ refused: 1200 }).recheck({ ...request, ...revisions, limit: 120 }, signal)
  expect(more).toMatchObject({ held: 980, complete: false })
})

test('a revision that cannot be evaluated at all is named once, and the other one still decides', async () => {
  const found = await inputsWith({ refuses: ['r1'] }).recheck({ ...request, ...revisions, limit: 10 }, signal)
  expect(found.problem).toBe('Revision r1 cannot be evaluated here: a.rego:3: undefined function http.send')
  expect(found.requests.map(({ before }) => before)).toEqual(Array.from({ length: 10 }, () => null))
  expect(found.requests.filter(({ after }) => after === 'allow')).toHaveLength(5)
})
