import { z } from 'zod'
import { time } from './document-parts.ts'

/**
 * What `everyhop policy <verb> --json` prints, one document a verb, told apart by `kind`; `everyhop schema policy` describes
 * them. Times are ISO 8601 in UTC. What is not known is null or says why; it is never left out as if it were fine.
 */
const head = <Kind extends string>(kind: Kind) => ({
  apiVersion: z.literal('everyhop.dev/v1'),
  kind: z.literal(kind),
  environment: z.string(),
})

const revisionId = z.object({
  revision: z.string(),
  digest: z.string().nullable().describe('SHA-256 of the bundle’s bytes, hexadecimal; null: the bytes were never seen'),
})
const pathDifference = z.object({
  path: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  added: z.number().describe('lines'),
  removed: z.number().describe('lines'),
})
const problem = z.object({
  by: z.enum(['opa', 'regal', 'test']),
  severity: z.enum(['error', 'warning']),
  code: z.string(),
  message: z.string(),
  path: z.string().nullable(),
  row: z.number().nullable().describe('from 1'),
  column: z.number().nullable().describe('from 1'),
})
const decision = z.enum(['allow', 'deny', 'undefined', 'error'])

const opaOnBundle = z.object({
  opa: z.string(),
  revision: z.string().nullable().describe('null: none is active'),
  state: z
    .enum(['live', 'behind', 'failing', 'silent', 'unknown'])
    .describe('held against what the store’s pointer leads to'),
  lastRequestAt: time.nullable(),
  lastActivationAt: time.nullable(),
  error: z.string().nullable().describe('in OPA’s words'),
})

const convergence = z.object({
  revision: z.string(),
  startedAt: time,
  state: z.enum(['converged', 'converging', 'stuck']),
  opas: z.array(
    z.object({
      opa: z.string(),
      activeRevision: z.string().nullable(),
      seconds: z.number().nullable().describe('from the publication to the activation'),
      state: z.enum(['converged', 'waiting', 'rejected', 'silent', 'other-revision']),
      reason: z.string().nullable(),
    }),
  ),
})

const evaluation = z.object({
  of: z.string().describe('revision or draft'),
  decision,
  result: z.unknown(),
  error: z.string().nullable(),
  evaluationMs: z.number().nullable(),
  rules: z
    .array(z.object({ path: z.string(), row: z.number(), expression: z.string() }))
    .describe('where OPA left a rule with a value'),
})

const status = z.object({
  ...head('PolicyStatus'),
  bundles: z.array(
    z.object({
      bundle: z.string(),
      store: z.object({ kind: z.enum(['directory', 'http']), place: z.string(), pointer: z.string() }).nullable(),
      live: revisionId.nullable().describe('null: not known'),
      liveProblem: z.string().nullable(),
      opas: z.array(opaOnBundle),
    }),
  ),
})

const difference = z.object({
  ...head('PolicyDifference'),
  bundle: z.string(),
  files: z.array(pathDifference.extend({ before: z.string().nullable(), after: z.string().nullable() })),
})

const check = z.object({ ...head('PolicyCheck'), bundle: z.string(), problems: z.array(problem) })

const test = z.object({
  ...head('PolicyTest'),
  bundle: z.string(),
  problem: z.string().nullable().describe('why no test was run'),
  results: z.array(
    z.object({
      package: z.string(),
      name: z.string(),
      path: z.string(),
      row: z.number(),
      outcome: z.enum(['passed', 'failed', 'skipped', 'error']),
      durationMs: z.number(),
      output: z.string().nullable(),
    }),
  ),
  coverage: z.array(z.object({ path: z.string(), percent: z.number(), notCovered: z.array(z.number()) })),
})

const simulation = z.object({
  ...head('PolicySimulation'),
  bundle: z.string(),
  masked: z.array(z.string()).describe('JSON pointers of input values that were not known: the result may differ'),
  deployed: evaluation.nullable(),
  draft: evaluation.nullable(),
  problem: z.string().nullable(),
})

const publication = z.object({
  ...head('PolicyPublication'),
  bundle: z.string(),
  from: revisionId.nullable(),
  to: revisionId,
  differences: z.array(pathDifference).nullable().describe('null: what is live cannot be read'),
  gates: z.array(
    z.object({
      gate: z.enum(['check', 'tests', 'regal', 'build', 'signature', 'change-mode']),
      outcome: z.enum(['passed', 'failed', 'not-evaluated']),
      blocks: z.boolean(),
      detail: z.string(),
    }),
  ),
  warnings: z.array(
    z.object({
      code: z.string(),
      params: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
      mustBeAccepted: z.boolean().describe('published only with --accept and this code'),
    }),
  ),
  outcome: z
    .enum(['planned', 'blocked', 'converged', 'stuck', 'lost-update', 'failed'])
    .describe('planned, blocked: nothing was changed'),
  pointer: z.enum(['unmoved', 'moved', 'unknown']),
  message: z.string().nullable(),
  found: revisionId.nullable().describe('what another publisher put there'),
  convergence: convergence.nullable(),
  refused: z
    .object({ held: z.number(), complete: z.boolean(), withoutDecision: z.number() })
    .nullable()
    .describe(
      'refused requests of the last hour with a decision, at least so many unless complete, and those without one',
    ),
  rechecked: z
    .array(
      z.object({
        decisionId: z.string(),
        at: time,
        before: decision.nullable(),
        after: decision.nullable(),
        problem: z.string().nullable(),
      }),
    )
    .nullable()
    .describe('the latest 200 of them, evaluated again under both; null: not asked for'),
})

const drafts = z.object({
  ...head('PolicyDrafts'),
  drafts: z.array(
    z.object({
      id: z.string(),
      bundle: z.string(),
      basedOn: revisionId,
      revision: z.string(),
      changed: z.array(z.string()),
      savedAt: time,
      overtakenBy: revisionId.nullable(),
    }),
  ),
})

const entry = z.object({
  number: z.number(),
  at: z.number().describe('epoch milliseconds, as the hash covers it'),
  environment: z.string(),
  action: z.string(),
  phase: z.enum(['begun', 'succeeded', 'failed', 'noted']),
  begunBy: z.number().nullable(),
  actor: z.string(),
  details: z.record(z.string(), z.unknown()),
  previous: z.string(),
  hash: z.string(),
})

const journal = z.object({
  ...head('PolicyJournal'),
  environment: z.string().nullable().describe('null: all'),
  entries: z.array(entry).describe('the latest first'),
  intact: z.boolean(),
  problem: z.object({ number: z.number(), message: z.string() }).nullable(),
  unfinished: z.array(entry).describe('begun by an Everyhop that ended before they did'),
})

export const policyDocument = z.discriminatedUnion('kind', [
  status,
  difference,
  check,
  test,
  simulation,
  publication,
  drafts,
  journal,
])

export type PolicyDocument = z.infer<typeof policyDocument>
export type PolicyDocumentOf<Kind extends PolicyDocument['kind']> = Extract<PolicyDocument, { kind: Kind }>
