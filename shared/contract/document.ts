import { z } from 'zod'
import { gapReasons } from '../domain/model/fact.ts'
import {
  authorisationStates,
  claimStates,
  relations,
  transportStates,
  workloadStates,
} from '../domain/model/hop-state.ts'
import { basis, judgement, known, reason, source, time } from './document-parts.ts'
import { lease, leases, vault } from './document-vault.ts'

/**
 * The graph as a document for people and scripts: what `everyhop graph show --json` prints, and `everyhop schema graph`
 * describes. Times are ISO 8601 in UTC. Everything that is not known says so and why; nothing is left out as if it were fine.
 */
const certificate = z.object({
  spiffeId: z.string().nullable(),
  serial: z.string().nullable(),
  notBefore: time.nullable(),
  notAfter: time.nullable(),
  issuer: z.string().nullable(),
})

const slot = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none'), reason: reason.optional().describe('absent: it does not apply') }),
  z.object({ kind: z.literal('unknown'), reason, last: z.string().nullable() }),
  z.object({
    kind: z.literal('value'),
    text: z.string(),
    tone: z.enum(['quiet', 'attention', 'failing']),
    fact: z.string(),
    reason,
  }),
])

const workload = z.object({
  id: z.string(),
  name: z.string(),
  identityLabel: z.string().describe('short identity under the name'),
  zone: z.string(),
  stage: z.object({
    id: z.string().nullable(),
    kind: z.string(),
    basis: z.enum(['declared', 'derived']),
    order: z.number(),
  }),
  spiffeId: known(z.string()),
  state: judgement(workloadStates),
  svid: z.object({ loaded: known(certificate), presented: known(certificate) }),
  registration: known(
    z.object({
      entryId: z.string(),
      parentId: z.string(),
      selectors: z.array(z.string()),
      ttlSeconds: z.number().nullable().describe('null: the server’s default applies'),
      agent: known(z.object({ spiffeId: z.string(), banned: z.boolean(), svidNotAfter: time.nullable() })),
    }),
  ),
  kubernetes: known(
    z.object({
      cluster: z.string(),
      namespace: z.string(),
      pods: z.array(z.object({ name: z.string(), ready: z.boolean(), node: z.string().nullable() })),
      owner: z.object({ kind: z.string(), name: z.string() }).nullable(),
      serviceAccount: z.string(),
    }),
  ).describe('where it runs; of several pods, namespace, owner and service account are those of the first'),
  leases: known(leases),
  envoys: z.array(
    z.object({
      envoy: z.string(),
      version: known(z.string()),
      state: known(z.string()),
      listeners: z.array(z.string()),
    }),
  ),
  slots: z.object({ opa: slot, vault: slot, image: slot }),
})

const side = z.object({
  workload: z.string(),
  spiffeId: known(z.string()),
  requiresPeer: known(z.array(z.string()).nullable()).describe('value null: any peer that verifies'),
  peerAsExpected: known(z.boolean()),
  certificate: known(certificate),
  trusts: known(z.array(z.string())),
  tlsVersions: known(z.string()),
  lastError: known(z.object({ at: time, text: z.string() }).nullable()),
})

const admission = z.enum(['admitted', 'blocked', 'unrestricted'])

const network = z.object({
  verdict: admission.describe(
    'blocked: no policy that selects an end admits the other; unrestricted: none restricts it',
  ),
  ingress: admission,
  egress: admission,
  port: z.number().nullable().describe('of the callee; null: not known, and not needed to tell'),
  policies: z.array(z.string()).describe('<namespace>/<name> of the NetworkPolicies that decide'),
  restsOn: z.array(z.string()),
})

const integrity = z.object({
  windowSeconds: z.number(),
  verified: z.number(),
  failed: z.number(),
  missing: z.number().describe('outputs that came without a signature'),
  userIdentity: z.object({ verified: z.number(), exchanged: z.number(), lost: z.number(), failed: z.number() }),
  lastFailure: z.object({ at: time, reason: z.string() }).nullable(),
})

const hop = z.object({
  id: z.string(),
  from: z.string().describe('id of the calling workload'),
  to: z.string().describe('id of the called workload'),
  transport: judgement(transportStates),
  authorisation: judgement(authorisationStates),
  identityClaim: judgement(claimStates).describe(
    'whom requests say they come from (x-forwarded-client-cert), held against the certificate of the caller',
  ),
  relations: z.array(z.enum(relations)),
  relationsRestOn: z.partialRecord(z.enum(relations), z.array(z.string())),
  client: side,
  server: side,
  tls: z.object({ version: known(z.string()), cipher: known(z.string()) }),
  activity: known(
    z.object({
      windowSeconds: z.number(),
      requests: z.number(),
      denied: z.number(),
      authorisationErrors: z.number(),
      handshakeFailures: z.number(),
      lastRequestAt: time.nullable(),
      countedBy: z.enum(['log', 'counters']),
    }),
  ),
  decision: known(
    z.object({
      at: time,
      outcome: z.enum(['allow', 'deny', 'error']),
      decisionId: z.string(),
      reasons: z.array(z.string()),
      path: z.string(),
      revision: z.string().nullable(),
      requestId: z.string().nullable(),
      evaluationP99Ms: z.number().nullable(),
    }),
  ),
  guard: known(
    z.object({
      opa: z.string().nullable(),
      cluster: z.string().nullable(),
      failureModeAllow: z.boolean(),
      timeoutMs: z.number().nullable(),
      revision: z.string().nullable(),
      bundleFetchedAt: time.nullable(),
    }),
  ),
  network: known(network).describe('computed from NetworkPolicy objects; nothing proves that they are enforced'),
  integrity: known(integrity).describe('what the stages themselves reported to have verified of each other'),
  leases: z.array(lease).describe('Vault leases of the caller that open the callee'),
  deviation: reason
    .nullable()
    .describe('why this is not what intent.yaml wants; null: it is, or intent says nothing of it'),
})

export const graphDocument = z.object({
  apiVersion: z.literal('everyhop.dev/v1'),
  kind: z.literal('TrustGraph'),
  environment: z.string(),
  asOf: time,
  filter: z.string().describe('empty: everything'),
  trustDomains: z.array(z.string()),
  zones: z.array(z.object({ id: z.string(), title: z.string(), kind: z.string(), order: z.number() })),
  workloads: z.array(workload),
  hops: z.array(hop),
  control: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      name: z.string(),
      state: judgement(workloadStates),
      summary: reason,
      vault: vault.optional(),
    }),
  ),
  gaps: z
    .array(
      z.object({
        source,
        instance: z.string(),
        what: z.string(),
        reason: z.enum(gapReasons),
        detail: z.string(),
        at: time,
        sentence: z.string(),
      }),
    )
    .describe('what could not be read; what it would have said is unknown above'),
  defects: z.array(z.object({ rule: z.string(), subject: z.string(), message: z.string() })),
  facts: z
    .array(
      z.object({
        id: z.string(),
        source,
        instance: z.string(),
        locator: z.string().describe('what was asked: the same question can be asked by hand'),
        observedAt: time,
        basis,
      }),
    )
    .describe('every fact that something above rests on, and where it came from'),
})

export type GraphDocument = z.infer<typeof graphDocument>
export type DocumentCertificate = z.infer<typeof certificate>
export type DocumentSide = z.infer<typeof side>
export type DocumentSlot = z.infer<typeof slot>
export type DocumentWorkload = z.infer<typeof workload>
export type DocumentHop = z.infer<typeof hop>
