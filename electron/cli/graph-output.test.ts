import { expect, test } from 'vitest'
import { graphDocument } from '../../shared/contract/document.ts'
import type {
  FactReference,
  Hop,
  HopSide,
  Judgement,
  Known,
  LeaseView,
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

/** Everything known, so that every field of every part of the model has a value. */
function wholeGraph(): typeof graph {
  const certificate = { spiffeId: 'a', serial: 'b', notBefore: at, notAfter: at, issuer: 'c' }
  const whole: HopSide = {
    ...side('tool'),
    requiresPeer: known(['spiffe://x/a']),
    peerAsExpected: known(true),
    certificate: known(certificate),
  }
  const lease: LeaseView = {
    vault: 'vault',
    leaseId: 'database/creds/ro/1',
    mount: 'database/',
    path: 'database/creds/ro',
    role: 'ro',
    state: 'active',
    doubt: null,
    issuedAt: at,
    expiresAt: at,
    lastRenewedAt: at,
    revokedAt: at,
    renewable: true,
    ttlSeconds: 60,
    isLong: false,
    learntFrom: 'audit',
    holder: 'tool',
    foundBy: 'spiffe-id',
    opens: 'store',
    fact,
    stale: false,
  }
  const denial = {
    vault: 'vault',
    path: 'p',
    operation: 'read',
    count: 1,
    lastAt: at,
    error: 'permission denied',
    fact,
  }
  const counts = { windowSeconds: 60, verified: 1, failed: 1, missing: 1 }
  const userIdentity = { verified: 1, exchanged: 1, lost: 1, failed: 1 }
  const decision = {
    at,
    outcome: 'deny',
    decisionId: 'd',
    reasons: ['no'],
    path: 'p',
    revision: 'r',
    requestId: 'q',
  } as const
  const rules = [{ path: 'pki/roles', capabilities: ['list'] }]
  const listed = <Item>(item: Item) => ({ items: [known(item)], total: 1, gap: notRead })
  const network = { verdict: 'blocked', ingress: 'blocked', egress: 'admitted', port: 8443 } as const
  const pods = [{ name: 'tool-1', ready: true, node: 'n' }]
  const owner = { kind: 'Deployment', name: 'tool' }
  return {
    ...graph,
    workloads: [
      workload('tool', 'data', {
        svid: { loaded: known(certificate), presented: known(certificate) },
        kubernetes: known({ cluster: 'c', namespace: 'ai', pods, owner, serviceAccount: 'tool' }),
        leases: known({ active: 1, unclear: 0, nearestExpiryAt: at, leases: [lease], total: 1, denials: [denial] }),
        slots: {
          opa: { kind: 'value', text: 'r1', tone: 'quiet', fact, reason: notRead },
          vault: { kind: 'none', reason: notRead },
          image: { kind: 'unknown', reason: notRead, last: 'sha256:1' },
        },
      }),
    ],
    hops: [
      hop('tool', 'tool', {
        client: whole,
        server: whole,
        tls: { version: known('TLSv1.3'), cipher: known('x') },
        decision: known({ ...decision, evaluationP99Ms: 1 }),
        network: known({ ...network, policies: ['ai/tool'], restsOn: [fact.factId] }),
        integrity: known({ ...counts, userIdentity, lastFailure: { at, reason: 'wrong-key' } }),
        leases: [lease],
        deviation: notRead,
      }),
    ],
    control: [
      {
        id: 'c',
        kind: 'vault',
        name: 'vault',
        state: judged('attention'),
        summary: notRead,
        vault: {
          version: known('2.0.0'),
          sealed: known(false),
          audit: known({ log: 'audit', since: at, refusedLines: 0 }),
          settings: {
            token: known({
              displayName: 'token-x',
              policies: ['p'],
              expiresAt: at,
              renewable: true,
              capabilities: rules,
            }),
            mounts: listed({
              path: 'database/',
              type: 'database',
              defaultLeaseTtlSeconds: 0,
              maxLeaseTtlSeconds: 0,
              listAllowed: false,
            }),
            authMethods: listed({ path: 'jwt/', type: 'jwt' }),
            roles: listed({
              mount: 'auth/jwt/',
              name: 'hop',
              policies: ['p'],
              ttlSeconds: 60,
              maxTtlSeconds: null,
              boundSubjects: ['spiffe://x/a'],
              boundSubjectsTotal: 1,
            }),
            policies: listed({ name: 'p', rules, rulesTotal: 1 }),
          },
          active: 1,
          orphaned: [{ lease, kind: 'gone', why: notRead }],
          orphanedTotal: 1,
        },
      },
    ],
  }
}

/** Fields that the document calls otherwise. A fact is told once, in `facts`, and named by its id elsewhere. */
const calledOtherwise: Readonly<Record<string, string>> = { relationFacts: 'relationsRestOn', factId: 'id' }

/** Paths of everything that the model has and the document has not. */
function lost(model: unknown, document: unknown, path: string): readonly string[] {
  if (Array.isArray(model)) {
    return model.flatMap((each, place) =>
      lost(each, Array.isArray(document) ? document[place] : undefined, `${path}[]`),
    )
  }
  if (typeof model !== 'object' || model === null) return document === undefined ? [path] : []
  if (typeof document !== 'object' || document === null)
    return path.endsWith('.fact') && typeof document === 'string' ? [] : [path]
  return Object.entries(model).flatMap(([key, value]) => {
    const name = calledOtherwise[key] ?? key
    return lost(value, Reflect.get(document, name), `${path}.${key}`)
  })
}

test('every field of the graph is in the document: who adds one to the model must carry it here', () => {
  const whole = wholeGraph()
  const document = documentOf(whole, { filter: '', workloads: whole.workloads, hops: whole.hops })
  expect(graphDocument.parse(document)).toEqual(document)
  expect(lost(whole, document, 'graph')).toEqual([])
  expect(lost({ ...whole, hops: [{ ...whole.hops[0], added: 1 }] }, document, 'graph')).toEqual(['graph.hops[].added'])
})

test('the table tells of each hop what claims, networks and stages say, and unknown where nobody does', () => {
  const claims = {
    code: 'claims-contradicted',
    params: { caller: 'a', callee: 'b', claimed: 'spiffe://x/c', proved: null },
  }
  const lying = hop('tool', 'lost', { identityClaim: { ...judged('contradicted'), reason: claims } })
  const text = tableOf(graph, { ...everything, hops: [lying, ...wholeGraph().hops] })
  for (const part of ['CLAIMED SENDER', 'claims another identity', 'spiffe://x/c', 'unknown', 'blocked', '1 lost']) {
    expect(text).toContain(part)
  }
})

test('the table tells how a Vault is set up, its own token first', () => {
  const text = tableOf(wholeGraph(), everything)
  expect(text).toMatch(/Vault vault\n *WHAT +NAME +HOW\n *own token +token-x +(ends|ended) /)
  for (const part of ['database/', 'auth/jwt/hop', 'lets in spiffe://x/a']) expect(text).toContain(part)
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
