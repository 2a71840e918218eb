import type { InferContractRouterOutputs } from '@orpc/contract'
import type { z } from 'zod'
import type { policy } from '../../shared/contract/policy.ts'
import { nextRevision } from '../../shared/domain/policy/convergence.ts'
import { Failure } from '../core/failure.ts'
import { withManifest } from './bundle-archive.ts'
import { bundlesOf, decisionPathFor } from './deployed.ts'
import { differenceOf } from './difference.ts'
import type { StoredDraft } from './drafts.ts'
import type { Editing } from './editing.ts'
import type { Inputs } from './inputs.ts'
import { jsonLines } from './json-lines.ts'
import type { Language } from './language.ts'
import type { PolicyParts } from './parts.ts'
import type { Publishing } from './publishing.ts'
import { revisionsOf } from './revisions.ts'
import type { Simulating } from './simulating.ts'
import type { Subjects } from './subjects.ts'
import type { Tools } from './tools.ts'

/** As the contract hands it on: parsed, with defaults filled in. */
type Parsed<Procedure> = Procedure extends { '~orpc': { inputSchema?: infer Schema } }
  ? Extract<Schema, z.ZodType> extends infer Zod extends z.ZodType
    ? z.output<Zod>
    : never
  : never
type Given = { [Name in keyof typeof policy]: Parsed<(typeof policy)[Name]> }
type Outputs = InferContractRouterOutputs<typeof policy>
type Streams = 'publish' | 'language'

/** The policy namespace of the contract. */
export type PolicyHandlers = {
  [Name in Exclude<keyof Given, Streams>]: (input: Given[Name], signal: AbortSignal) => Promise<Outputs[Name]>
} & {
  publish(input: Given['publish'], signal: AbortSignal): ReturnType<Publishing['publish']>
  language(input: Given['language'], signal: AbortSignal): ReturnType<Language['open']>
}

export interface UseCases {
  readonly parts: PolicyParts
  readonly subjects: Subjects
  readonly editing: Editing
  readonly simulating: Simulating
  readonly publishing: Publishing
  readonly inputs: Inputs
  readonly language: Language
  readonly tools: Tools
}

export function createPolicyHandlers(all: UseCases): PolicyHandlers {
  const { parts, subjects, editing, simulating, publishing, inputs, language, tools } = all

  async function summaryOf(draft: StoredDraft, signal: AbortSignal) {
    // A store that does not answer overtakes nothing.
    const live = await subjects.liveId(draft.environment, draft.bundle, signal).catch(() => null)
    const isOvertaken = live !== null && draft.basedOn.digest !== null && live.digest !== draft.basedOn.digest
    return { ...draft, overtakenBy: isOvertaken ? live : null }
  }

  return {
    tools: () => tools.states(),
    toolRelease: ({ tool }) => tools.release(tool),
    getTool: ({ tool, how, sha256 }) => tools.get(tool, how, sha256),
    bundles: ({ environment }, signal) => bundlesOf(environment, parts, subjects, signal),
    revisions: ({ environment, bundle }, signal) => revisionsOf(environment, bundle, parts, subjects, signal),
    content: ({ environment, bundle, of }, signal) => subjects.content(environment, bundle, of, signal),
    async file({ environment, bundle, of, path }, signal) {
      const { files } = await subjects.find(environment, bundle, of, signal)
      const bytes = files.get(path)
      if (bytes === undefined) throw new Failure('not-found', path, `There is no file ${path} in this policy.`)
      return { text: textOf(path, bytes) }
    },
    async difference({ environment, bundle, from, to }, signal) {
      const [before, after] = await Promise.all(
        [from, to].map(async (of) => withManifest(await subjects.find(environment, bundle, of, signal))),
      )
      return differenceOf(before, after)
    },
    async drafts({ environment }, signal) {
      return Promise.all((await parts.drafts.list(environment)).map((draft) => summaryOf(draft, signal)))
    },
    async startDraft({ environment, bundle, from, changes }, signal) {
      const [subject, kept, live] = await Promise.all([
        subjects.find(environment, bundle, from, signal),
        parts.kept.list(environment, bundle),
        subjects.liveId(environment, bundle, signal).catch(() => null),
      ])
      const taken = new Set(kept.map(({ revision }) => revision))
      const draft = await parts.drafts.start({
        environment,
        bundle,
        basedOn: subject.id,
        revision: nextRevision(live?.revision ?? subject.id.revision, taken),
        roots: subject.roots,
        manifest: subject.manifest,
        leftOut: subject.problems,
        files: new Map([...subject.files].map(([path, content]) => [path, readable(path, content)])),
      })
      if (changes.length === 0) return summaryOf(draft, signal)
      try {
        for (const { path, text } of changes) {
          const isThere = draft.files.some((file) => file.path === path)
          const version = isThere ? (await parts.drafts.read(draft.id, path)).version : null
          await parts.drafts.write(draft.id, path, text, version)
        }
      } catch (reason) {
        await parts.drafts.discard(draft.id)
        throw reason
      }
      return summaryOf(await parts.drafts.get(draft.id), signal)
    },
    draft: async ({ draft }, signal) => summaryOf(await parts.drafts.get(draft), signal),
    readDraft: ({ draft, path }) => parts.drafts.read(draft, path),
    async writeDraft({ draft, path, text, version }) {
      const written = await parts.drafts.write(draft, path, text, version)
      simulating.changed(draft)
      return written
    },
    removeDraftFile: async ({ draft, path }, signal) => summaryOf(await parts.drafts.removeFile(draft, path), signal),
    async discardDraft({ draft }) {
      await parts.drafts.discard(draft)
      return { discarded: true }
    },
    check: ({ draft, path, text }, signal) =>
      path === undefined || text === undefined ? editing.check(draft, signal) : editing.checkText(path, text, signal),
    async format({ path, text }, signal) {
      if (!path.endsWith('.rego')) return { text, problem: null }
      return (await parts.opa()).format(text, signal)
    },
    test: ({ draft }, signal) => editing.test(draft, signal),
    async simulate({ environment, bundle, deployed, draft, query, explain, input }, signal) {
      const path = await decisionPathFor(environment, bundle, parts)
      return simulating.simulate({ environment, bundle, deployed, draft, query, explain, input }, path, signal)
    },
    async inputOf({ environment, from }, signal) {
      const { input, masked, revision, at } = await inputs.of(environment, from, signal)
      return { input, masked, revision, at }
    },
    async recheck({ environment, bundle, before, after, minutes, limit }, signal) {
      const path = await decisionPathFor(environment, bundle, parts)
      return inputs.recheck({ environment, bundle, before, after, minutes, limit, decisionPath: path }, signal)
    },
    plan: ({ environment, bundle, of }, signal) => publishing.plan(environment, bundle, of, signal),
    publish: ({ environment, bundle, token, typed, accepted }, signal) =>
      publishing.publish({ environment, bundle, token, typed, accepted }, signal),
    convergence: ({ environment, bundle, revision }, signal) =>
      publishing.convergence(environment, bundle, revision, signal),
    language: ({ draft, session }, signal) => language.open(draft, session, signal),
    tellLanguage: ({ session, message }) => language.tell(session, message),
  }
}

/** What is edited has lines: `opa build` leaves data.json without. */
function readable(path: string, content: Uint8Array): Uint8Array {
  if (!path.endsWith('.json') || content.length > mostLaidOutBytes) return content
  const lines = jsonLines(new TextDecoder().decode(content))
  return lines === null ? content : new TextEncoder().encode(lines)
}

/** A file larger than this is no reading for people. */
const mostLaidOutBytes = 1_000_000
const mostShownBytes = 8 * 1024 ** 2

function textOf(path: string, bytes: Uint8Array): string {
  if (bytes.length > mostShownBytes)
    throw new Failure('exhausted', path, `${path} has ${bytes.length} bytes: files up to 8 MB are shown.`)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Failure('invalid', path, `${path} is not UTF-8 text.`)
  }
}
