import { expect, test } from 'vitest'
import { type Uncertain, warningsOf } from './plan-warnings.ts'
import type { Subject } from './subjects.ts'

const id = { revision: 'r42', digest: 'a'.repeat(64) }
const subject: Subject = {
  id,
  from: { kind: 'bundle', held: 'store' },
  roots: [''],
  manifest: {},
  files: new Map(),
  problems: [],
  bytes: null,
}
const opa = {
  opa: 'opa-shared',
  activeRevision: {
    known: true,
    value: 'r42',
    stale: false,
    fact: { factId: 'f', source: 'opa', instance: 'opa-shared', locator: '', observedAt: 0, basis: 'measured' },
  },
  lastRequestAt: 0,
  lastDownloadAt: 0,
  lastActivationAt: 0,
  code: null,
  message: null,
  errors: [],
  maxPollSeconds: 1,
  fact: null,
} as const

const codes = (more: Partial<Uncertain>): readonly string[] =>
  warningsOf({
    bundle: 'hops',
    live: { id, subject, problem: null },
    guard: { kind: 'conditional', detail: '' },
    readMs: 2,
    opas: [opa],
    isSigned: true,
    leftOut: [],
    basedOn: id,
    ...more,
  }).map(({ code, mustBeAccepted }) => (mustBeAccepted ? `${code}!` : code))

test('where nothing is uncertain nothing is warned of', () => {
  expect(codes({})).toEqual([])
})

test('a draft that was overtaken says so, by the digest and, where only an OPA told it, by the name', () => {
  expect(codes({ basedOn: { revision: 'r42', digest: 'b'.repeat(64) } })).toEqual(['publish-overtaken'])
  expect(codes({ basedOn: { revision: 'r41', digest: null } })).toEqual(['publish-overtaken'])
  expect(codes({ basedOn: { revision: 'r42', digest: null } })).toEqual([])
})

test('what would be lost has to be accepted, and comes first', () => {
  expect(codes({ leftOut: ['"x" is a symlink'], isSigned: false })).toEqual(['publish-left-out!', 'publish-unsigned'])
})

test('without a probe nobody knows whether another publisher could overwrite it', () => {
  expect(codes({ guard: null })).toEqual(['publish-guard-unknown'])
  expect(codes({ guard: { kind: 'last-writer-wins', detail: 'tried' } })).toEqual(['publish-last-writer-wins'])
})

test('of what is live and cannot be read nobody says that OPAs are behind it', () => {
  const broken = { id: { revision: '', digest: 'c'.repeat(64) }, subject: null, problem: 'not gzip' }
  expect(codes({ live: broken, basedOn: null })).toEqual(['publish-live-unreadable'])
})
