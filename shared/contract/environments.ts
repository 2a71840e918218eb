import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import type { GapReason, SourceKind } from '../domain/model/fact.ts'
import type { EpochMs } from '../domain/model/time.ts'
import type {
  EditableEnvironment,
  KubeContexts,
  Preview,
  ProgramQuestion,
  Proposal,
  RoleKind,
  RoleText,
  SourceNamed,
} from './environment-setup.ts'
import {
  allowProgramInput,
  previewInput,
  previewPrefix,
  proposeInput,
  roleInput,
  saveInput,
} from './environment-setup.ts'
import type { TestedLeaseMount } from './lease-mounts.ts'
import { procedure } from './procedure.ts'

/** Every question about facts names its environment. The history issue adds `at` here, once. */
/** Whom a command or a question is about that has no past. */
export const environmentInput = z.object({ environment: z.string().min(1).max(63) })

/** A time in the past, milliseconds since 1970; null: now. */
export const pastMoment = z.number().int().min(0).nullable().default(null)

/** What a question about facts is about: an environment, and the time at which it is asked what was known. */
export const scopeInput = environmentInput.extend({ at: pastMoment })
export type Scope = z.infer<typeof scopeInput>

export interface EnvironmentSummary {
  readonly name: string
  readonly production: boolean
  /** The demonstration pipeline inside this program: it is stopped, not changed or removed. */
  readonly playground: boolean
  /** Where it is written: a path of the operator's own machine. */
  readonly file: string
  /** The file could not be used: why, with line and column. */
  readonly problem: { readonly message: string; readonly line: number | null; readonly column: number | null } | null
  readonly sourceCounts: Readonly<Partial<Record<SourceKind, number>>>
  /** An open snapshot file: what was known of an environment at one time. Nothing is read for it, and nothing can be changed. */
  readonly snapshot?: { readonly of: string; readonly at: EpochMs }
}

/** The answer of one source to "can you be read?": usable or not, what was read, what will be unknown. */
export interface SourceTest {
  readonly source: SourceKind
  readonly instance: string
  readonly address: string
  readonly outcome: 'usable' | 'partly' | 'unusable'
  readonly version: string | null
  readonly tookMs: number
  /** What was asked, one line each, with the literal error where it failed. */
  readonly steps: readonly {
    readonly what: string
    readonly locator: string
    readonly outcome: 'read' | GapReason
    readonly detail: string
  }[]
  /** Of a log of decisions: `labels.id` of the OPAs that made them. */
  readonly opas?: readonly string[]
  /** Of a Vault whose mounts could be read: those whose leases may be listed. */
  readonly leaseMounts?: readonly TestedLeaseMount[]
}

/** How the connection to a source is protected. `through-cluster`: the API server's TLS carries it, the pod itself speaks plaintext. */
export type TestedTls =
  | 'verified'
  | 'mutual'
  | 'plaintext'
  | 'through-cluster'
  | 'mutual-through-cluster'
  | 'local'
  | 'failed'
  | 'unknown'

/** Whom Everyhop is to a source. */
export type TestedIdentityKind =
  | 'kubeconfig-user'
  | 'service-account'
  | 'svid-files'
  | 'svid-workload-api'
  | 'local-socket'
  | 'token'
  | 'jwt-svid'
  | 'kubernetes-token'
  | 'cluster-rights'
  | 'file-permission'
  | 'nobody'
  | 'missing'

/** One right, as the source spells it (`pods/log`, `spire.api.server.entry.v1.Entry/ListEntries`). */
export interface TestedRight {
  /** What is read with it: `what` of the steps. */
  readonly what: string
  readonly right: string
  /** unknown: it was not reached, or it failed for another reason than a right. */
  readonly state: 'held' | 'missing' | 'unknown'
}

/** A test with everything that can be concluded from it. Codes; the words are in shared/words/environment-tests.ts. */
export interface SourceTestReport extends SourceTest {
  /** It answered, with whatever. */
  readonly reached: boolean
  readonly tls: TestedTls
  readonly identity: { readonly kind: TestedIdentityKind; readonly name: string | null }
  /** not-told: the source does not say its version, or never answered. no-version: a log is lines, and has none. */
  readonly support: {
    readonly state: 'tested' | 'untested' | 'not-told' | 'no-version'
    readonly tested: readonly string[]
  }
  readonly rights: readonly TestedRight[]
  /** `what` of everything that stays unknown as it is. */
  readonly unknown: readonly string[]
  /** What can be asked for: only what is missing, where that can be told apart. null: no right is missing. */
  readonly ask: {
    readonly kind: RoleKind
    readonly rights: readonly string[] | null
    readonly user: string | null
    readonly trustDomain: string | null
  } | null
}

/** Tests as they end, in any order. A later report of the same source replaces the one before. */
export type TestingEvent =
  /** More may be expected when a cluster is known. */
  | { readonly type: 'asking'; readonly sources: readonly SourceNamed[] }
  | { readonly type: 'answered'; readonly report: SourceTestReport }
  | { readonly type: 'done'; readonly tookMs: number }

/** How a source stands now, for the top bar and the loading state. */
export interface SourceHealth {
  readonly source: SourceKind
  /** Sources of this kind that answered on the last try, and all of them. */
  readonly answering: number
  readonly configured: number
  /** Sources that have not been asked yet. */
  readonly pending: number
  /** Age of the oldest current reading. */
  readonly oldestReadAt: EpochMs | null
  readonly newestReadAt: EpochMs | null
  readonly problems: readonly {
    readonly instance: string
    readonly what: string
    readonly reason: GapReason
    readonly detail: string
    readonly since: EpochMs | null
    readonly lastReadAt: EpochMs | null
  }[]
}

export const environments = {
  /** All environments found, broken ones too. */
  list: procedure.input(z.object({})).output(type<readonly EnvironmentSummary[]>()),
  /** Asks every source of an environment once, in parallel. Takes seconds; abort to stop. */
  test: procedure.input(environmentInput).output(type<readonly SourceTestReport[]>()),
  /** The same, each source as soon as it answered. Stops when the caller leaves. */
  testing: procedure.input(environmentInput).output(eventIterator(type<TestingEvent>())),
  /** Source health now. */
  health: procedure.input(environmentInput).output(type<readonly SourceHealth[]>()),
  /** The contexts that this machine has, and the kubeconfigs that are broken. Runs no program. `kubeconfig`: one more file to look at. */
  contexts: procedure
    .input(z.object({ kubeconfig: z.string().min(1).max(4096).nullable().default(null) }))
    .output(type<KubeContexts>()),
  /** Looks through a cluster. Seconds. `conflict`: the context is not what it was; `forbidden`: its program was not allowed. */
  propose: procedure.input(proposeInput).output(type<Proposal>()),
  /** The programs that sources of an environment want to run and that nobody allowed as they are now. Runs none of them. */
  programs: procedure.input(environmentInput).output(type<readonly ProgramQuestion[]>()),
  /** Writes into environment.yaml that this program may run. `conflict`: it is not that any more, or there is nothing to allow. */
  allowProgram: procedure.input(allowProgramInput).output(type<readonly ProgramQuestion[]>()),
  /** Observes a draft, so that `graph.view` and `environments.testing` answer for it under the name that comes back. */
  preview: procedure.input(previewInput).output(type<Preview>()),
  /** Ends a preview at once. */
  forget: procedure
    .input(z.object({ preview: z.string().startsWith(previewPrefix).max(63) }))
    .output(type<{ readonly forgotten: boolean }>()),
  /** What to give to whoever may grant rights. */
  role: procedure.input(roleInput).output(type<RoleText>()),
  /** For changing it. `invalid`: the file cannot be read, and must be corrected by hand first. */
  read: procedure.input(environmentInput).output(type<EditableEnvironment>()),
  /** Writes environment.yaml. `conflict`: the name is taken, or the file changed meanwhile. Nothing is ever overwritten that could not be read. */
  save: procedure.input(saveInput).output(type<{ readonly environment: string; readonly file: string }>()),
  /** Moves the file aside; nothing is deleted. */
  remove: procedure.input(environmentInput).output(type<{ readonly movedTo: string }>()),
}
