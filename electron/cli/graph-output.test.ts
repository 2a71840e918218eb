import { expect, test } from 'vitest'
import { graphDocument } from '../../shared/contract/document.ts'
import type {
  FactReference,
  Hop,
  HopSide,
  Judgement,
  Known,
  Reason,
  TrustGraph,
  Workload,
} from '../../shared/domain/model/graph.ts'
import { documentOf } from './document.ts'
import { mermaidOf } from './graph-mermaid.ts'
import { tableOf } from './graph-table.ts'

const at = Date.UTC(2026, 10, 22, 12)
const fact: FactReference = {
  factId: 'envoy/gateway/certificates#envoy-certificate/1',
  source: 'envoy',
  instance: 'gateway',
  locator: 'GET /certs',
  observedAt: at,
  basis: 'measured',
}
const notRead: Reason = { code: 'not-read', params: { what: null } }

function known<Value>(value: Value): Known<Value> {
  return { known: true, value, fact, stale: false }
}

const unknown = { known: false, reason: notRead } as const

function judged<State extends string>(state: State): Judgement<State> {
  const missing = [{ source: 'opa', instance: null, what: 'status', lastReadAt: null } as const]
  return { state, reason: notRead, basis: 'derived', since: at, restsOn: [fact.factId], missing }
}

function workload(name: string, zone: string, over: Partial<Workload> = {}): Workload {
  const certificate = { spiffeId: null, serial: 'ab', notBefore: null, notAfter: at + 600_000, issuer: null }
  const agent = known({ spiffeId: 'spiffe://x/agent', banned: false, svidNotAfter: null })
  return {
    id: `workload/${name}`,
    name,
    identityLabel: name,
    stage: { id: null, kind: 'tool', basis: 'derived', order: 1 },
    zone,
    spiffeId: known(`spiffe://x/${name}`),
    state: judged('verified'),
    svid: { loaded: known(certificate), presented: unknown },
    registration: known({ entryId: 'e', parentId: 'p', selectors: ['unix:uid:0'], ttlSeconds: null, agent }),
    kubernetes: unknown,
    leases: unknown,
    envoys: [{ envoy: name, version: known('1.40.0'), state: unknown, listeners: ['127.0.0.1:1'] }],
    slots: {
      opa: { kind: 'value', text: 'r1', tone: 'quiet', fact, reason: notRead },
      vault: { kind: 'none' },
      image: { kind: 'unknown', reason: notRead, last: null },
    },
    ...over,
  }
}

function side(name: string): HopSide {
  return {
    workload: `workload/${name}`,
    spiffeId: known(`spiffe://x/${name}`),
    requiresPeer: known(null),
    peerAsExpected: unknown,
    certificate: unknown,
    trusts: known(['x']),
    tlsVersions: known('TLSv1.3'),
    lastError: known({ at, text: 'handshake failed' }),
  }
}

function hop(from: string, to: string, over: Partial<Hop> = {}): Hop {
  const activity = {
    windowSeconds: 60,
    requests: 4,
    denied: 0,
    authorisationErrors: 0,
    handshakeFailures: 0,
    lastRequestAt: at,
    countedBy: 'log',
  } as const
  return {
    id: `hop/workload/${from}>workload/${to}`,
    from: `workload/${from}`,
    to: `workload/${to}`,
    transport: judged('verified'),
    authorisation: judged('allowing'),
    identityClaim: judged('unclaimed'),
    relations: ['observed'],
    relationFacts: { observed: [fact.factId] },
    client: side(from),
    server: side(to),
    tls: { version: unknown, cipher: unknown },
    activity: known(activity),
    decision: unknown,
    guard: known({
      opa: 'shared',
      cluster: 'opa',
      failureModeAllow: false,
      timeoutMs: 500,
      revision: null,
      bundleFetchedAt: at,
    }),
    network: unknown,
    integrity: unknown,
    leases: [],
    deviation: null,
    ...over,
  }
}

const hostile = 'evil"]<script>\u001b[2J#'

const graph: TrustGraph & { readonly facts: readonly FactReference[] } = {
  environment: 'lab',
  asOf: at,
  trustDomains: ['x'],
  zones: [{ id: 'data', title: 'Data plane', kind: 'data', order: 0 }],
  workloads: [workload('tool', 'data'), workload(hostile, 'data'), workload('lost', 'nowhere')],
  hops: [hop('tool', hostile), hop('lost', 'tool', { transport: judged('plaintext'), relations: [] })],
  control: [{ id: 'c', kind: 'spire-server', name: 'spire', state: judged('attention'), summary: notRead }],
  gaps: [{ source: 'opa', instance: 'shared', what: 'status', reason: 'timed-out', detail: 'no answer', at }],
  defects: [{ rule: 'rule', subject: 'thing', message: 'broke' }],
  facts: [fact],
}
const everything = { filter: '', workloads: graph.workloads, hops: graph.hops }

test('the document is exactly what its schema describes: nothing missing, nothing more', () => {
  const document = documentOf(graph, everything)
  expect(graphDocument.parse(document)).toEqual(document)
  expect(document.hops[1]?.transport).toMatchObject({ state: 'plaintext', basis: 'derived', restsOn: [fact.factId] })
  expect(document.facts).toEqual([
    {
      id: fact.factId,
      source: 'envoy',
      instance: 'gateway',
      locator: 'GET /certs',
      observedAt: '2026-11-22T12:00:00.000Z',
      basis: 'measured',
    },
  ])
})

test('the table names every workload, hop and gap, and lets no text from outside steer the terminal', () => {
  const text = tableOf(graph, everything)
  for (const expected of ['3 workloads', '2 hops', 'lost → tool', '1 gap', 'Control plane', 'broke']) {
    expect(text).toContain(expected)
  }
  expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u)
})

test('the flowchart has one node a workload and one line a hop, and names cannot become markup', () => {
  const text = mermaidOf(graph, everything)
  const lines = text.split('\n').map((line) => line.trim())
  expect(lines[0]).toBe('flowchart LR')
  expect(lines.filter((line) => /^w\d+\["/.test(line))).toHaveLength(3)
  expect(lines.filter((line) => /^w\d+ \S+\|".*"\| w\d+$/.test(line))).toHaveLength(2)
  for (const markup of ['<script', 'evil"', '\u001b']) expect(text).not.toContain(markup)
})

test('a filtered document holds the selection only, and says so', () => {
  const document = documentOf(graph, { filter: 'tool', workloads: graph.workloads.slice(0, 1), hops: [] })
  expect([document.filter, document.workloads.length, document.hops.length]).toEqual(['tool', 1, 0])
})
