import { z } from 'zod'
import { gapReasons, sourceKinds } from '../domain/model/fact.ts'
import { authorisationStates, relations, transportStates, workloadStates } from '../domain/model/hop-state.ts'

/**
 * The graph as a document for people and scripts: what `everyhop graph show --json` prints, and `everyhop schema graph`
 * describes. Times are ISO 8601 in UTC. Everything that is not known says so and why; nothing is left out as if it were fine.
 */
const time = z.iso.datetime().describe('ISO 8601, UTC')
const source = z.enum(sourceKinds)
const basis = z
  .enum(['measured', 'derived', 'declared'])
  .describe('measured: read from the running system; derived: computed from other facts; declared: written by someone')

const reason = z
  .object({
    code: z.string().describe('stable: a code never changes its meaning'),
    sentence: z.string(),
    params: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  })
  .describe('why, as a code for scripts and a sentence for people')

const missing = z.object({
  source,
  instance: z.string().nullable().describe('null: none is configured'),
  what: z.string(),
  lastReadAt: time.nullable().describe('null: never read'),
})

/** A state with its reason, its basis, and the ids of the facts it rests on. */
function judgement<States extends readonly [string, ...string[]]>(states: States) {
  return z.object({
    state: z.enum(states),
    reason,
    basis,
    since: time.nullable().describe('null: not known since when'),
    restsOn: z.array(z.string()).describe('ids of entries of `facts`, or of facts that were read earlier'),
    missing: z.array(missing).describe('what would have to be readable for a better answer'),
  })
}

/** A value, or that it is not known and why. */
function known<Value extends z.ZodType>(value: Value) {
  return z.discriminatedUnion('known', [
    z.object({
      known: z.literal(true),
      value,
      fact: z.string().describe('id of the fact it came from'),
      stale: z.boolean().describe('true: the source has gone silent since; this is the last value known'),
    }),
    z.object({ known: z.literal(false), reason }),
  ])
}

const certificate = z.object({
  spiffeId: z.string().nullable(),
  serial: z.string().nullable(),
  notBefore: time.nullable(),
  notAfter: time.nullable(),
  issuer: z.string().nullable(),
})

const slot = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
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
  zone: z.string(),
  stage: z.object({ id: z.string().nullable(), kind: z.string(), basis: z.enum(['declared', 'derived']) }),
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

const hop = z.object({
  id: z.string(),
  from: z.string().describe('id of the calling workload'),
  to: z.string().describe('id of the called workload'),
  transport: judgement(transportStates),
  authorisation: judgement(authorisationStates),
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
    z.object({ id: z.string(), kind: z.string(), name: z.string(), state: judgement(workloadStates), summary: reason }),
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
export type DocumentReason = z.infer<typeof reason>
export type DocumentCertificate = z.infer<typeof certificate>
export type DocumentSide = z.infer<typeof side>
export type DocumentSlot = z.infer<typeof slot>
export type DocumentWorkload = z.infer<typeof workload>
export type DocumentHop = z.infer<typeof hop>
