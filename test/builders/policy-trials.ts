import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeptRevision, PolicyTrials, RecordedInput } from '../../electron/core/policy-trials.ts'
import { policyData, policyFolder } from '../../electron/playground/pipeline/policy-data.ts'
import type { PolicyParts } from '../../electron/policy/parts.ts'
import { createSubjects, type Subject } from '../../electron/policy/subjects.ts'
import { createTrials } from '../../electron/policy/trials.ts'
import type { OpaCommand } from '../../electron/tools/opa-command.ts'
import { overview } from './policy-asked.ts'

const encoder = new TextEncoder()

export function policyOf(revision: string, files: Readonly<Record<string, string>>): Subject {
  return {
    id: { revision, digest: null },
    from: { kind: 'bundle', held: 'kept' },
    roots: [''],
    manifest: {},
    files: new Map(Object.entries(files).map(([path, text]) => [path, encoder.encode(text)])),
    problems: [],
    bytes: null,
  }
}

/** The policy of the pipeline; `deny` names hops that its data lacks. */
export async function pipelinePolicy(
  revision: string,
  deny: readonly { readonly from: string; readonly to: string }[] = [],
): Promise<Subject> {
  const names = (await readdir(policyFolder)).filter((name) => name.endsWith('.rego') && !name.endsWith('_test.rego'))
  const texts = await Promise.all(names.map(async (name) => [name, await readFile(join(policyFolder, name), 'utf8')]))
  return policyOf(revision, { ...Object.fromEntries(texts), 'data.json': JSON.stringify(policyData({ deny })) })
}

export interface TrialsOf {
  /** The last that went live first. */
  readonly revisions: readonly Subject[]
  readonly recorded: Partial<RecordedInput>
  readonly decisionPath: string
  /** null: which one is live is not known. */
  readonly live?: string | null
}

/** Revisions of a bundle, evaluated by a real OPA. */
export function policyTrials(opa: OpaCommand, folder: string, of: TrialsOf): PolicyTrials {
  const unused = (): never => {
    throw new Error('this is not asked')
  }
  const parts = {
    opa: async () => opa,
    configured: async () => [{ settings: { name: 'pipeline', decision: of.decisionPath } }],
    opaFacts: async () => ({ bundles: [], instances: [] }),
  }
  // What trials ask of the workbench, and nothing else.
  const known = parts as unknown as PolicyParts
  const subjects = createSubjects(known, folder)
  const trials = createTrials(known, {
    ...subjects,
    find: async (_environment, _bundle, wanted) =>
      of.revisions.find(({ id }) => 'revision' in wanted && id.revision === wanted.revision) ?? unused(),
  })
  const kept = of.revisions.map(
    ({ id }, at): KeptRevision => ({ revision: id.revision, digest: null, liveAt: 9_000 - at * 1_000 }),
  )
  const revisions = new Set(kept.map(({ revision }) => revision))
  const newest = of.live === undefined ? (kept[0]?.revision ?? null) : of.live
  return {
    recorded: async () => ({
      input: {},
      masked: [],
      revision: newest,
      bundle: null,
      answer: undefined,
      at: null,
      ...of.recorded,
    }),
    bundles: async () => [overview(newest)],
    kept: async () => kept,
    open: (environment, bundle, wanted, signal) =>
      'revision' in wanted && revisions.has(wanted.revision)
        ? trials.open(environment, bundle, wanted, signal)
        : Promise.resolve(null),
  }
}

/** The input that Envoy sends for a call of the pipeline. */
export function callInput(changes: {
  readonly caller: string | null
  readonly callee: string
  readonly path: string
  readonly classification?: string
}): unknown {
  const { caller, callee, path, classification = 'internal' } = changes
  return {
    attributes: {
      source: { principal: caller },
      destination: { principal: callee },
      request: {
        http: { method: 'POST', path, headers: { 'x-data-classification': classification, 'x-user-token': '***' } },
      },
    },
  }
}
