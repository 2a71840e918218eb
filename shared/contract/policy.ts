import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import type {
  BundleContent,
  BundleOverview,
  BundleRevision,
  Convergence,
  Evaluation,
  FileCoverage,
  FileDifference,
  PolicyFile,
  PolicyProblem,
  PolicyTestResult,
  RevisionId,
} from '../domain/model/policy.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { environmentInput } from './environments.ts'
import { procedure } from './procedure.ts'

/** opa or regal as found on this machine. */
export interface ToolState {
  readonly tool: 'opa' | 'regal'
  readonly found: 'configured' | 'path' | 'packaged' | 'built' | 'downloaded' | 'missing'
  readonly version: string | null
  readonly place: string | null
  /** The version that Everyhop gets when it is asked to. */
  readonly pinned: string
  /** What a person types to install it; null: it is there. */
  readonly command: string | null
  /** How Everyhop itself could get it on this machine. */
  readonly ways: readonly ('build' | 'download')[]
  /** It is being built or fetched now. */
  readonly progress: string | null
  /** What was looked at and cannot be used; also of a tool that was found further down. */
  readonly problem: string | null
  /** Why Everyhop could not get it when it was last asked to; null: it was not asked, it goes on, or it succeeded. */
  readonly failure: string | null
}

/** What would be downloaded: shown before somebody says yes to it. */
export interface ToolRelease {
  readonly tool: 'opa' | 'regal'
  readonly version: string
  readonly url: string
  /** Where its publisher tells the SHA-256. */
  readonly checksums: string
  /** In hexadecimal, as it is told there now. */
  readonly sha256: string
  /** SPDX. */
  readonly licence: string
}

/** Which policy is meant: a revision of a bundle, or a draft. */
const subject = z.union([
  z
    .object({ revision: z.string().max(500), digest: z.string().max(64).nullable().default(null) })
    // Bundles of `opa build` have no name unless one is given: the digest says which is meant.
    .refine(({ revision, digest }) => revision !== '' || (digest !== null && digest !== '')),
  z.object({ draft: z.string().min(1).max(100) }),
])
export type PolicySubject = z.infer<typeof subject>

const bundleInput = environmentInput.extend({ bundle: z.string().min(1).max(300) })
const draftInput = z.object({ draft: z.string().min(1).max(100) })
const filePath = z.string().min(1).max(1024)

export interface DraftSummary {
  readonly id: string
  readonly environment: string
  readonly bundle: string
  readonly basedOn: RevisionId
  /** What the next revision is to be called. */
  readonly revision: string
  readonly files: readonly PolicyFile[]
  readonly changed: readonly FileDifference['path'][]
  readonly savedAt: EpochMs
  /** What the revision that it is based on holds and the draft does not, in sentences: it would be gone with its publication. */
  readonly leftOut: readonly string[]
  /** Another revision went live since the draft began; null: none. */
  readonly overtakenBy: RevisionId | null
}

export interface DraftFile {
  readonly path: string
  readonly text: string
  /** Grows with each write; give it back when writing, so that two editors cannot overwrite each other unseen. */
  readonly version: number
}

export interface Simulation {
  readonly deployed: Evaluation | null
  readonly draft: Evaluation | null
  /** False: only the decisions were asked for, and the traces are empty. */
  readonly explained: boolean
  /** Why one side is missing; null: nothing is. */
  readonly problem: string | null
}

/** What must hold before a publication; `blocks` says whether it does without. */
export interface PublishGate {
  readonly gate: 'check' | 'tests' | 'regal' | 'build' | 'signature' | 'change-mode'
  readonly outcome: 'passed' | 'failed' | 'not-evaluated'
  readonly blocks: boolean
  readonly detail: string
}

/** What is uncertain, or would be lost. */
export interface PublishWarning {
  readonly code: string
  readonly params: Readonly<Record<string, string | number | null>>
  /** It is published only when somebody says of this one that they have read it. */
  readonly mustBeAccepted: boolean
}

export interface PublishPlan {
  readonly from: RevisionId | null
  /** Its digest is null where it is not built, or signed only when it is published. */
  readonly to: RevisionId
  /** null: what is live cannot be read. */
  readonly differences: readonly FileDifference[] | null
  readonly gates: readonly PublishGate[]
  readonly opas: readonly string[]
  /** In sentences' codes: OPAs that are behind, a store without conditional writes … */
  readonly warnings: readonly PublishWarning[]
  /** Confirms exactly this plan; refused as `conflict` when anything in it has changed. */
  readonly token: string
}

export type PublishProgress =
  | {
      readonly step: 'built' | 'signed' | 'uploaded' | 'pointed' | 'verified'
      readonly at: EpochMs
      readonly detail: string
    }
  | { readonly step: 'convergence'; readonly convergence: Convergence }
  | { readonly step: 'lost-update'; readonly found: RevisionId }
  | { readonly step: 'failed'; readonly message: string; readonly pointer: 'unmoved' | 'moved' | 'unknown' }

/** A refused request under two policies. `masked` values were not known: the result may differ from what OPA would say. */
export interface Rechecked {
  readonly decisionId: string
  readonly at: EpochMs
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  readonly path: string | null
  readonly before: 'allow' | 'deny' | 'undefined' | 'error' | null
  readonly after: 'allow' | 'deny' | 'undefined' | 'error' | null
  readonly masked: readonly string[]
  readonly problem: string | null
}

/** Refused requests of the last minutes, the latest evaluated again. */
export interface Recheck {
  /** Those that were evaluated, the latest first. */
  readonly requests: readonly Rechecked[]
  /** How many refused requests are held of these minutes, with a decision; `complete: false`: at least so many. */
  readonly held: number
  readonly complete: boolean
  /** Refused beside them although no decision was made, such as by an OPA that did not answer: no policy could change that. */
  readonly withoutDecision: number
  /** Why one revision decides none of them, in OPA's words; its side is null in each. */
  readonly problem: string | null
}

export const policy = {
  tools: procedure.input(z.object({})).output(type<readonly ToolState[]>()),
  /** The pinned release for this machine; asks its publisher. `unreachable` has the command to install it in its advice. */
  toolRelease: procedure.input(z.object({ tool: z.enum(['opa', 'regal']) })).output(type<ToolRelease>()),
  /**
   * Begins to get a tool: `build` with Go, `download` of what `toolRelease` told, by the `sha256` that was said yes to;
   * `conflict` without it. `progress` of `tools` says how it goes on.
   */
  getTool: procedure
    .input(
      z.object({
        tool: z.enum(['opa', 'regal']),
        how: z.enum(['build', 'download']),
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .nullable()
          .default(null),
      }),
    )
    .output(type<ToolState>()),

  bundles: procedure.input(environmentInput).output(type<readonly BundleOverview[]>()),
  revisions: procedure.input(bundleInput).output(type<readonly BundleRevision[]>()),
  content: procedure.input(bundleInput.extend({ of: subject })).output(type<BundleContent>()),
  file: procedure.input(bundleInput.extend({ of: subject, path: filePath })).output(type<{ readonly text: string }>()),
  difference: procedure
    .input(bundleInput.extend({ from: subject, to: subject }))
    .output(type<readonly FileDifference[]>()),

  drafts: procedure.input(environmentInput).output(type<readonly DraftSummary[]>()),
  /** A draft with the files of a revision or draft; `changes`: whole texts that it begins with instead. */
  startDraft: procedure
    .input(
      bundleInput.extend({
        from: subject,
        changes: z
          .array(z.object({ path: filePath, text: z.string().max(8_000_000) }))
          .max(20)
          .readonly()
          .default([]),
      }),
    )
    .output(type<DraftSummary>()),
  draft: procedure.input(draftInput).output(type<DraftSummary>()),
  readDraft: procedure.input(draftInput.extend({ path: filePath })).output(type<DraftFile>()),
  /** `version: null` makes the file. Refused as `conflict` when the file has changed since. */
  writeDraft: procedure
    .input(draftInput.extend({ path: filePath, text: z.string().max(8_000_000), version: z.number().int().nullable() }))
    .output(type<DraftFile>()),
  removeDraftFile: procedure.input(draftInput.extend({ path: filePath })).output(type<DraftSummary>()),
  discardDraft: procedure.input(draftInput).output(type<{ readonly discarded: boolean }>()),

  /** `opa check --strict` with the schema of Envoy's ext_authz input; quick. `text` stands for unsaved content of `path`. */
  check: procedure
    .input(draftInput.extend({ path: filePath.optional(), text: z.string().max(8_000_000).optional() }))
    .output(type<readonly PolicyProblem[]>()),
  format: procedure
    .input(z.object({ path: filePath, text: z.string().max(8_000_000) }))
    .output(type<{ readonly text: string; readonly problem: PolicyProblem | null }>()),
  test: procedure.input(draftInput).output(
    type<{
      readonly results: readonly PolicyTestResult[]
      readonly coverage: readonly FileCoverage[]
      readonly problem: string | null
    }>(),
  ),

  /** Evaluates an input under the deployed revision and a draft, each where given. Never on an OPA of the environment. */
  simulate: procedure
    .input(
      bundleInput.extend({
        deployed: subject.nullable(),
        draft: z.string().max(100).nullable(),
        /** Path of a rule, or an expression of the editor's selection. */
        query: z.string().min(1).max(10_000).nullable().default(null),
        /** False: without traces, which OPA takes ten times as long to tell as to decide. */
        explain: z.boolean().default(true),
        input: z.unknown(),
      }),
    )
    .output(type<Simulation>()),
  /** An input as the pipeline would send it, from a recorded decision or a hop. Masked values stay masked and are named. */
  inputOf: procedure
    .input(
      environmentInput.extend({
        from: z.union([z.object({ decisionId: z.string().max(200) }), z.object({ hop: z.string().max(2000) })]),
      }),
    )
    .output(
      type<{
        readonly input: unknown
        readonly masked: readonly string[]
        readonly revision: string | null
        readonly at: EpochMs | null
      }>(),
    ),

  /** Writes nothing and asks nobody to sign anything. */
  plan: procedure.input(bundleInput.extend({ of: subject })).output(type<PublishPlan>()),
  /** Needs change mode. `typed` is the environment's name in production. A roll-back is a publication of an older revision's content. */
  publish: procedure
    .input(
      bundleInput.extend({
        of: subject,
        token: z.string().max(200),
        typed: z.string().max(63).nullable(),
        /** Codes of the warnings that must be accepted, and were. */
        accepted: z.array(z.string().max(100)).max(20).default([]),
      }),
    )
    .output(eventIterator(type<PublishProgress>())),
  /** Requests that were refused lately, evaluated again under two policies: whether the change lets them pass. */
  recheck: procedure
    .input(
      bundleInput.extend({
        before: subject,
        after: subject,
        minutes: z.number().min(0.1).max(1440).default(60),
        limit: z.number().int().min(1).max(500).default(100),
      }),
    )
    .output(type<Recheck>()),
  convergence: procedure.input(bundleInput.extend({ revision: z.string().max(500) })).output(type<Convergence>()),

  /** Messages of the language server for a draft, JSON-RPC as text; ends with it. */
  language: procedure
    .input(draftInput.extend({ session: z.string().max(100) }))
    .output(eventIterator(type<{ readonly message: string }>())),
  tellLanguage: procedure
    .input(z.object({ session: z.string().max(100), message: z.string().max(8_000_000) }))
    .output(type<{ readonly taken: boolean }>()),
}
