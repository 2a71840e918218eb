import { z } from 'zod'
import { programMark } from '../domain/model/credential-program.ts'
import { environmentSchema } from '../domain/model/environment.ts'
import type { GapReason, SourceKind } from '../domain/model/fact.ts'
import type { EpochMs } from '../domain/model/time.ts'

/** environment.yaml as the screen fills it in: what has a default may be left out. */
export type EnvironmentDraft = z.input<typeof environmentSchema>

/** One way into a cluster: a context of a kubeconfig, or the pod's own service account. */
export const contextChoice = z.object({
  /** A kubeconfig by its absolute path; null: the files of KUBECONFIG together, as kubectl merges them. */
  kubeconfig: z.string().min(1).max(4096).nullable(),
  /** null: the service account of the pod that Everyhop runs in. */
  context: z.string().min(1).max(500).nullable(),
})
export type ContextChoice = z.infer<typeof contextChoice>

/** How a kubeconfig's user proves who it is. */
export type KubeUserKind =
  | 'client-certificate'
  | 'token'
  | 'token-file'
  | 'exec'
  | 'auth-provider'
  | 'basic'
  | 'service-account'
  | 'none'

/** Why a context cannot be used, as a code with what it is about. Words: shared/words/environment-setup.ts. */
export interface ContextProblem {
  readonly code: 'no-cluster' | 'no-user' | 'not-https' | 'tls-not-verified' | 'as-groups' | 'old-provider' | 'no-pod'
  readonly name: string
}

/** The program that a user's credentials come from. Values of variables are never told: they may be secrets. */
export interface CredentialProgram {
  readonly command: string
  readonly arguments: readonly string[]
  readonly variables: readonly string[]
  /** What is allowed: changes with the command, its arguments and its variables, values included. As `allowExec` of a source keeps it. */
  readonly mark: string
}

/** A program that a source of an environment wants to run, and that nobody allowed as it is now: nothing of the source is read. */
export interface ProgramQuestion {
  /** Id of the source of `kubernetes`. */
  readonly source: string
  readonly context: string
  readonly user: string
  /** The kubeconfig that names it. */
  readonly file: string
  readonly program: CredentialProgram
  /** never: nobody was asked. unmarked: allowed by a version that kept no mark. changed: another one was allowed. */
  readonly why: 'never' | 'unmarked' | 'changed'
}

export const allowProgramInput = z.object({
  environment: z.string().min(1).max(63),
  source: z.string().min(1).max(100),
  /** Of the program as it was shown: another one by now is refused as `conflict`. */
  mark: z.string().regex(programMark),
})
export type AllowProgramInput = z.infer<typeof allowProgramInput>

export interface KubeContext {
  readonly choice: ContextChoice
  /** As the kubeconfig calls it; `in-cluster` for the pod's own. */
  readonly name: string
  /** It is the current context of its file. */
  readonly current: boolean
  readonly server: string | null
  readonly cluster: string
  readonly user: { readonly name: string; readonly kind: KubeUserKind }
  /** Runs each time credentials are needed, once an operator has allowed it; null: nothing runs. */
  readonly program: CredentialProgram | null
  readonly problem: ContextProblem | null
  /** Changes with anything above: what was confirmed is what is used. */
  readonly fingerprint: string
}

export interface BrokenKubeconfig {
  readonly file: string
  /** Never quotes the file: a line of it may be a credential. */
  readonly message: string
  readonly line: number | null
  readonly column: number | null
}

export interface KubeContexts {
  readonly contexts: readonly KubeContext[]
  readonly broken: readonly BrokenKubeconfig[]
  /** The files that were looked at, and whether they are there. */
  readonly lookedAt: readonly { readonly file: string; readonly found: boolean }[]
}

export const proposeInput = z.object({
  choice: contextChoice,
  /** Of the context as it was listed and shown: another one by now is refused as `conflict`. */
  fingerprint: z.string().max(100),
  /** An operator saw the program and said yes. Without it a context that needs one is refused. */
  allowExec: z.boolean().default(false),
  namespaces: z
    .array(z.string().regex(/^[a-z0-9-]{1,63}$/))
    .max(500)
    .default([]),
})
export type ProposeInput = z.infer<typeof proposeInput>

/** How something that was found is read: by itself, after an identity was given, not without a port, or it only explains. */
export type ProposedUse = 'read' | 'needs-identity' | 'needs-port' | 'told-only'

export interface ProposedSource {
  /** As in shared/words/discovery.ts: `envoy`, `spire`, `loki`, … */
  readonly kind: string
  readonly id: string
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly port: number | null
  readonly use: ProposedUse
  readonly reason: readonly { readonly code: string; readonly params: Readonly<Record<string, string | number>> }[]
}

/** What discovery would make of a context. Nothing is written yet. */
export interface Proposal {
  readonly draft: EnvironmentDraft
  /** Whether the pods could be read, and the cluster's own words when not. */
  readonly cluster:
    | { readonly read: true }
    | { readonly read: false; readonly reason: GapReason; readonly detail: string }
  /** At most 500 of them; `foundCount` counts all. */
  readonly found: readonly ProposedSource[]
  readonly foundCount: number
  readonly namespaces: readonly string[]
}

/** A draft that is observed under a name of its own, which every question about facts takes. */
export interface Preview {
  readonly environment: string
  /** It is forgotten then, unless it is previewed again. */
  readonly until: EpochMs
}

/** Names of previews begin so; no file may give itself such a name. Nothing of a preview is kept on the disk. */
export const previewPrefix = 'preview.'
export function isPreview(environment: string): boolean {
  return environment.startsWith(previewPrefix)
}

export const previewInput = z.object({
  draft: environmentSchema,
  /** The environment that is being edited: relative paths are relative to its file. null: a new one. */
  edits: z.string().min(1).max(63).nullable().default(null),
  /** The preview to change, or to keep; null: a new one. */
  preview: z.string().startsWith(previewPrefix).max(63).nullable().default(null),
})

export const saveInput = z.object({
  draft: environmentSchema,
  /** The environment that is changed, and the `version` that its file had when it was read; null: a new one. */
  edits: z.object({ environment: z.string().min(1).max(63), version: z.string().max(100) }).nullable(),
})
export type SaveInput = z.infer<typeof saveInput>

/** An environment as it can be edited. */
export interface EditableEnvironment {
  readonly draft: EnvironmentDraft
  readonly file: string
  readonly version: string
}

/** A kind of source whose rights can be asked for. */
export const roleKinds = ['kubernetes', 'spire', 'vault'] as const
export type RoleKind = (typeof roleKinds)[number]

export const roleInput = z.object({
  kind: z.enum(roleKinds),
  /** Only these, where that is possible: `pods`, `pods/log`; of a Vault `list postgres/roles`. null: all that Everyhop can use. */
  rights: z.array(z.string().min(1).max(600)).max(1000).nullable().default(null),
  /** Kubernetes: whom to give it to, when that is known; otherwise the group of the shipped file. */
  user: z.string().min(1).max(500).nullable().default(null),
  /** SPIRE: stands in the rule. */
  trustDomain: z.string().min(1).max(255).nullable().default(null),
})
export type RoleInput = z.infer<typeof roleInput>

/** What to give to whoever may grant rights. */
export interface RoleText {
  readonly kind: RoleKind
  readonly language: 'yaml' | 'rego' | 'hcl'
  readonly text: string
  /** The page of the documentation that explains it. */
  readonly page: string
}

export interface SourceNamed {
  readonly source: SourceKind
  readonly instance: string
}
