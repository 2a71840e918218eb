import type { SourceKind } from '../../shared/domain/model/fact.ts'
import type { FactReference, Hop, Judgement, Known, Reason, Slot, Workload } from '../../shared/domain/model/graph.ts'
import type {
  AuthorisationState,
  Relation,
  TransportState,
  WorkloadState,
} from '../../shared/domain/model/hop-state.ts'
import type { HopLine } from '../../shared/domain/model/view.ts'

/** Invented data for the development page only; it is not part of the product. */
export const minute = 60_000
const domain = 'spiffe://pipeline.example'

export interface Moment {
  readonly now: number
}

export function reference({ now }: Moment, source: SourceKind, instance: string, locator: string): FactReference {
  return {
    factId: `${source}/${instance}#${locator}`,
    source,
    instance,
    locator,
    observedAt: now - 2000,
    basis: 'measured',
  }
}

export function known<Value>(value: Value, fact: FactReference, stale = false): Known<Value> {
  return { known: true, value, fact, stale }
}

export function notKnown(
  code: string,
  params: Reason['params'] = {},
): { readonly known: false; readonly reason: Reason } {
  return { known: false, reason: { code, params } }
}

export function judge<State extends string>(
  state: State,
  code: string,
  params: Reason['params'],
  rest: Partial<Judgement<State>> = {},
): Judgement<State> {
  return { state, reason: { code, params }, basis: 'derived', since: null, restsOn: [], missing: [], ...rest }
}

export interface WorkloadSketch {
  readonly name: string
  readonly kind: string
  readonly zone: string
  readonly namespace: string
  readonly order: number
  readonly state: WorkloadState
  /** Minutes until the SVID expires; null: none is known. */
  readonly left: number | null
  readonly opa?: Slot
}

export function workloadId(sketch: Pick<WorkloadSketch, 'namespace' | 'name'>): string {
  return `workload/${domain}/ns/${sketch.namespace}/sa/${sketch.name}`
}

export function workload(moment: Moment, sketch: WorkloadSketch): Workload {
  const { now } = moment
  const spiffeId = `${domain}/ns/${sketch.namespace}/sa/${sketch.name}`
  const fact = reference(moment, 'envoy', sketch.name, 'GET /certs')
  const notAfter = sketch.left === null ? null : now + sketch.left * minute + 39_000
  const certificate =
    notAfter === null
      ? notKnown('envoy-silent', { name: sketch.name, envoy: sketch.name, lastReadAt: now - 9 * minute })
      : known(
          {
            spiffeId,
            serial: `5a1f09${sketch.order}0c2d4e5f6a7b8c9d`,
            notBefore: notAfter - 60 * minute,
            notAfter,
            issuer: 'O=SPIFFE, C=US',
          },
          fact,
        )
  return {
    id: workloadId(sketch),
    name: sketch.name,
    identityLabel: sketch.state === 'no-identity' ? 'no SPIFFE ID' : `${sketch.namespace}/${sketch.name}`,
    stage: { id: sketch.name, kind: sketch.kind, basis: 'declared', order: sketch.order },
    zone: sketch.zone,
    spiffeId:
      sketch.state === 'no-identity' ? notKnown('address-only', { address: '127.1.0.20' }) : known(spiffeId, fact),
    state: stateOf(moment, sketch),
    svid: { loaded: certificate, presented: notKnown('presented-certificate-unread', {}) },
    registration: known(
      {
        entryId: '0b6f5d3e-1d6e-4a58-9a6a-0c6c2e3f7a11',
        parentId: `${domain}/spire/agent/x509pop/node-a`,
        selectors: ['unix:uid:1001'],
        ttlSeconds: 3600,
        agent: known(
          { spiffeId: `${domain}/spire/agent/x509pop/node-a`, banned: false, svidNotAfter: now + 50 * minute },
          reference(moment, 'spire', 'spire', 'spire.api.server.agent.v1.Agent/ListAgents'),
        ),
      },
      reference(moment, 'spire', 'spire', 'spire.api.server.entry.v1.Entry/ListEntries'),
    ),
    kubernetes: { known: false, reason: { code: 'source-not-configured', params: { source: 'Kubernetes' } } },
    leases: notKnown('source-not-configured', { source: 'Vault' }),
    envoys: [
      {
        envoy: sketch.name,
        version: known('1.40.0', reference(moment, 'envoy', sketch.name, 'GET /server_info')),
        state: known('LIVE', reference(moment, 'envoy', sketch.name, 'GET /server_info')),
        listeners: [`127.1.0.${sketch.order}:8443`],
      },
    ],
    slots: { opa: sketch.opa ?? revision(moment, 'r42', 'quiet'), vault: { kind: 'none' }, image: { kind: 'none' } },
  }
}

export function revision(moment: Moment, text: string, tone: 'quiet' | 'attention' | 'failing'): Slot {
  return {
    kind: 'value',
    text,
    tone,
    fact: reference(moment, 'opa', 'opa-shared', 'GET /v1/status'),
    reason: { code: 'bundle-newest', params: { opa: 'opa-shared', revision: text } },
  }
}

function stateOf({ now }: Moment, sketch: WorkloadSketch): Workload['state'] {
  const { name } = sketch
  const at = now + (sketch.left ?? 0) * minute
  const restsOn = [`envoy/${name}#GET /certs`]
  switch (sketch.state) {
    case 'verified':
      return judge('verified', 'workload-verified', { name, notAfter: at, instances: 1 }, { restsOn })
    case 'failing':
      return judge('failing', 'svid-expired', { name, notAfter: at, instances: 1, affected: 1 }, { since: at, restsOn })
    case 'attention':
      return judge(
        'attention',
        'svid-not-renewed',
        { name, notAfter: at, renewalAt: now - 10 * minute, instances: 1, affected: 1 },
        { restsOn },
      )
    case 'no-identity':
      return judge('no-identity', 'no-certificate-presented', { name, address: '127.1.0.20' })
    case 'external':
      return judge('external', 'other-trust-domain', { name, spiffeId: name })
    case 'unknown':
      return judge(
        'unknown',
        'envoy-silent',
        { name, envoy: name, lastReadAt: now - 9 * minute },
        { missing: [{ source: 'envoy', instance: name, what: 'listeners', lastReadAt: now - 9 * minute }] },
      )
  }
}

export interface HopSketch {
  readonly from: Workload
  readonly to: Workload
  readonly transport: TransportState
  readonly authorisation: AuthorisationState
  readonly relations: readonly Relation[]
  /** Requests in the last 60 s; null: nobody counted. */
  readonly requests: number | null
  readonly denied?: number
  readonly errors?: number
  /** SPIFFE ID that requests claim to come from, against the certificate. */
  readonly claims?: string
}

export function hop(moment: Moment, sketch: HopSketch): Hop {
  const { now } = moment
  const { from, to } = sketch
  const ends = { caller: from.name, callee: to.name }
  const log = reference(moment, 'logs', `${to.name}-access`, 'access.ndjson:1042')
  const config = reference(moment, 'envoy', to.name, 'GET /config_dump?resource=dynamic_listeners')
  const expired = to.svid.loaded.known && (to.svid.loaded.value.notAfter ?? 0) < now
  const side = (own: Workload, other: Workload, error: string | null): Hop['client'] => ({
    workload: own.id,
    spiffeId: own.spiffeId,
    requiresPeer: other.spiffeId.known ? known([other.spiffeId.value], config) : notKnown('callee-tls-unread', ends),
    peerAsExpected: known(true, log),
    certificate: own.svid.loaded,
    trusts: known(['pipeline.example'], config),
    tlsVersions: known('1.2 to 1.3', config),
    lastError: known(error === null ? null : { at: now - 3000, text: error }, log),
  })
  const failing = sketch.transport === 'failing'
  return {
    id: `hop/${from.id}>${to.id}`,
    from: from.id,
    to: to.id,
    transport: transportOf(moment, sketch, expired),
    authorisation: judge(
      sketch.authorisation,
      {
        allowing: 'requests-allowed',
        denying: 'requests-denied',
        erroring: 'authorisation-errors',
        'failing-open': 'open-on-error',
        unguarded: 'no-ext-authz',
        unknown: 'no-decision-seen',
      }[sketch.authorisation],
      {
        ...ends,
        allowed: 60,
        requests: sketch.requests ?? 0,
        denied: sketch.denied ?? 0,
        errors: sketch.errors ?? 0,
        windowSeconds: 60,
      },
      { restsOn: [config.factId, log.factId] },
    ),
    identityClaim: claimOf(sketch, ends, log.factId),
    relations: sketch.relations,
    relationFacts: Object.fromEntries(sketch.relations.map((relation) => [relation, [config.factId]])),
    client: side(from, to, failing ? 'CERTIFICATE_VERIFY_FAILED: certificate has expired' : null),
    server: side(to, from, failing ? 'SSLV3_ALERT_CERTIFICATE_EXPIRED' : null),
    tls: { version: known('TLSv1.3', log), cipher: known('TLS_AES_256_GCM_SHA384', log) },
    activity:
      sketch.requests === null
        ? notKnown('no-request-source', ends)
        : known(
            {
              windowSeconds: 60,
              requests: sketch.requests,
              denied: sketch.denied ?? 0,
              authorisationErrors: sketch.errors ?? 0,
              handshakeFailures: failing ? 41 : 0,
              lastRequestAt: now - 1200,
              countedBy: 'log',
            },
            log,
          ),
    decision: known(
      {
        at: now - 1200,
        outcome: sketch.authorisation === 'denying' ? 'deny' : 'allow',
        decisionId: '4ca636c1-55e4-417a-b1d8-4aceb67960d1',
        reasons: ['caller may call this stage'],
        path: 'pipeline/authz/allow',
        revision: 'r42',
        requestId: '7f1c',
        evaluationP99Ms: 1.4,
      },
      reference(moment, 'logs', 'opa-decisions', 'decisions.ndjson:1930'),
    ),
    guard: known(
      {
        opa: 'opa-shared',
        cluster: 'opa',
        failureModeAllow: sketch.authorisation === 'failing-open',
        timeoutMs: 200,
        revision: 'r42',
        bundleFetchedAt: now - 12_000,
      },
      config,
    ),
    deviation: null,
    leases: [],
    integrity: { known: false, reason: { code: 'not-seen-in-window', params: { what: 'integrity-events' } } },
    network: { known: false, reason: { code: 'source-not-configured', params: { source: 'Kubernetes' } } },
  }
}

function claimOf(sketch: HopSketch, ends: { caller: string; callee: string }, fact: string): Hop['identityClaim'] {
  const { claims, requests } = sketch
  if (requests === null) {
    return judge('unknown', 'claims-unlogged', ends, {
      missing: [{ source: 'logs', instance: ends.callee, what: 'identity-claims', lastReadAt: null }],
    })
  }
  const params = { ...ends, requests, windowSeconds: 60 }
  if (claims === undefined) return judge('consistent', 'claims-consistent', params, { restsOn: [fact] })
  const proved = sketch.from.spiffeId.known ? sketch.from.spiffeId.value : null
  return judge('contradicted', 'claims-contradicted', { ...params, claimed: claims, proved }, { restsOn: [fact] })
}

function transportOf({ now }: Moment, sketch: HopSketch, expired: boolean): Hop['transport'] {
  const ends = { caller: sketch.from.name, callee: sketch.to.name }
  const restsOn = [`envoy/${sketch.to.name}#GET /certs`, `envoy/${sketch.from.name}#GET /certs`]
  switch (sketch.transport) {
    case 'verified':
      return judge(
        'verified',
        'mutual-tls-verified',
        { ...ends, seen: sketch.requests ?? 0, countedBy: 'log', windowSeconds: 60 },
        { restsOn },
      )
    case 'failing':
      return expired
        ? judge(
            'failing',
            'handshake-failing-expired',
            { owner: sketch.to.name, other: sketch.from.name, notAfter: now - 3 * minute },
            { since: now - 204_000, restsOn },
          )
        : judge(
            'failing',
            'handshake-failing',
            { ...ends, loggedBy: sketch.from.name, text: 'TLS_error: certificate has expired' },
            { since: now - 204_000, restsOn },
          )
    case 'plaintext':
      return judge('plaintext', 'plaintext-both', ends, { restsOn })
    case 'one-sided':
      return judge('one-sided', 'client-certificate-not-required', ends, { restsOn })
    case 'configured':
      return judge('configured', 'no-handshake-in-window', ends, { restsOn })
    case 'unknown':
      return judge('unknown', 'callee-envoy-unknown', ends, {
        missing: [{ source: 'envoy', instance: sketch.to.name, what: 'listeners', lastReadAt: now - 9 * minute }],
      })
  }
}

export function lineOf(hop: Hop): HopLine {
  const { id, from, to, transport, authorisation, identityClaim, relations, activity, guard } = hop
  return { id, from, to, transport, authorisation, identityClaim, relations, activity, guard }
}
