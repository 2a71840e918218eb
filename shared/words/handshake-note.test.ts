import { expect, test } from 'vitest'
import { leafInPlaces, noSights } from '../domain/diagnosis/handshake/leaf.ts'
import type { HandshakeDiagnosis, HandshakeSide } from '../domain/diagnosis/model.ts'
import type { NoIdentityDiagnosis } from '../domain/diagnosis/no-identity/model.ts'
import type { FactReference } from '../domain/model/graph.ts'
import { handshakeNote } from './handshake-note.ts'
import { identityNote } from './identity-note.ts'

const reason = { code: 'not-reached', params: {} }
const now = Date.UTC(2026, 10, 22, 12, 0, 0)
const verdict = { reason, confidence: 'medium', because: reason, wouldRaise: [], restsOn: [] } as const

function side(name: string, literal: string): HandshakeSide {
  const says = { literal, decoded: reason, at: now }
  return { workload: `workload/${name}`, name, rows: [], leaf: leafInPlaces(name, noSights), says }
}

const handshake: HandshakeDiagnosis = {
  from: 'workload/a',
  to: 'workload/b',
  client: side('a <b>bold</b>', 'x\n```\n# not a heading\n[link](https://evil.example)'),
  server: side('b', 'TLS_error'),
  wrongSide: 'server',
  verdict: { cause: 'server-certificate-expired', ...verdict },
  failingSince: now - 60_000,
  attempts: 3,
  ruledOut: [],
  open: [],
  next: [{ reason, command: 'kubectl -n spire get `pods`', open: null }],
}

test('a note says the verdict, how sure it is, and what both sides logged, as they logged it', () => {
  const note = handshakeNote(handshake, now)
  expect(note).toContain('As of 2026-11-22 12:00:00 UTC.')
  expect(note).toContain('Confidence: likely.')
  expect(note).toContain('Failing since 2026-11-22 11:59:00 UTC.')
  expect(note).toContain('```\nTLS_error\n```')
})

test('what a log or a name says stays text: no heading, link or HTML comes of it', () => {
  const note = handshakeNote(handshake, now)
  expect(note).toContain('````\nx\n```\n# not a heading\n[link](https://evil.example)\n````')
  expect(note).not.toContain('<b>bold')
  expect(note).toContain('`` kubectl -n spire get `pods` ``')
})

test('the note of a missing identity has what is wanted beside what is there, and what would fit', () => {
  const fact: FactReference = {
    factId: 'f',
    source: 'kubernetes',
    instance: 'c',
    locator: 'l',
    observedAt: now,
    basis: 'measured',
  }
  const identity: NoIdentityDiagnosis = {
    subject: {
      asked: 'a',
      workload: null,
      name: 'a',
      spiffeId: null,
      pod: null,
      pods: 0,
      holds: { known: false, reason },
    },
    verdict: { cause: 'selector-mismatch', ...verdict },
    candidates: [
      {
        kind: 'ClusterSPIFFEID',
        name: 'near`by',
        spiffeId: 'spiffe://x/a',
        fits: false,
        isExpected: null,
        criteria: [
          { part: 'pod-label', key: 'app', want: 'app = ai', have: null, state: 'missing' },
          { part: 'namespace', key: 'ns', want: 'ai', have: 'ai', state: 'met' },
        ],
        notes: [],
        fact,
        stale: false,
      },
    ],
    agent: {
      machine: null,
      spiffeId: null,
      attested: 'unknown',
      inSync: 'unknown',
      svidNotAfter: null,
      reason,
      fact: null,
    },
    correction: { kind: 'manifest', text: 'kind: ClusterSPIFFEID', reason },
    ruledOut: [],
    open: [],
    next: [],
  }
  const note = identityNote(identity, now)
  expect(note).toContain('- ClusterSPIFFEID ``near`by``: wants `app = ai`, has nothing')
  expect(note).not.toContain('wants `ai`')
  expect(note).toContain('```\nkind: ClusterSPIFFEID\n```')
})
