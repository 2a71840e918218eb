import { withValue } from '../../shared/domain/diagnosis/change/looked.ts'
import type { Candidate } from '../../shared/domain/diagnosis/change/propose.ts'
import { Failure } from '../core/failure.ts'
import type { ExplainAbout, FileText, Outcome, PolicyTrials, Trial, Why } from '../core/policy-trials.ts'
import { jsonOr, type OpaCommand, OpaProblem } from '../tools/opa-command.ts'
import { decisionOf } from '../tools/opa-evaluate.ts'
import { askOpa } from '../tools/opa-query.ts'
import { decisionPathFor } from './deployed.ts'
import { decidingExpression } from './explaining/blame.ts'
import { type BundleData, bundleData, dataFileOf } from './explaining/bundle-data.ts'
import { framesOf, packagesOf } from './explaining/frames.ts'
import { withValueInText } from './explaining/json-edit.ts'
import { lookedAt } from './explaining/looked.ts'
import { printPath } from './explaining/print-term.ts'
import { spansOf, withoutExpression, withoutRule } from './explaining/rule-edit.ts'
import { ruleTraceOf } from './explaining/rule-trace.ts'
import { traceEvents } from './explaining/trace-events.ts'
import { jsonLines } from './json-lines.ts'
import type { PolicyParts } from './parts.ts'
import { queryOfPath } from './simulating.ts'
import type { Subject, Subjects } from './subjects.ts'

/** For one run of OPA. Milliseconds. */
const runMs = 4_000
/** Of a file whose rows are told. */
const mostTextBytes = 4 * 1024 ** 2

export function createTrials(parts: PolicyParts, subjects: Subjects): Pick<PolicyTrials, 'kept' | 'open'> {
  return {
    kept: async (environment, bundle) =>
      (await parts.kept.list(environment, bundle)).map(({ revision, digest, liveAt, publishedAt, keptAt }) => ({
        revision,
        digest,
        liveAt: liveAt ?? publishedAt ?? keptAt,
      })),
    async open(environment, bundle, revision, signal) {
      const [path, opa, subject] = await Promise.all([
        decisionPathFor(environment, bundle, parts),
        parts.opa(),
        subjects.find(environment, bundle, revision, signal).catch((reason: unknown) => {
          if (reason instanceof Failure && reason.code === 'not-found') return null
          throw reason
        }),
      ])
      // Modules alone, as a policy API tells them, decide otherwise than with their data.
      if (path === null || subject === null || subject.from.kind === 'policy-api') return null
      return openTrial(subject, path, opa, subjects)
    },
  }
}

async function openTrial(subject: Subject, decisionPath: string, opa: OpaCommand, subjects: Subjects): Promise<Trial> {
  const { folder, release } = await subjects.folder(subject)
  const data = bundleData(subject.files)
  const query = queryOfPath(decisionPath)

  async function ask(asked: string, input: unknown, explains: boolean, signal: AbortSignal, where = folder) {
    return askOpa(opa, { folder: where, query: asked, input, explains, timeoutMs: runMs }, signal)
  }

  /** What `opa parse` tells of a file of Rego, with places. */
  async function parsed(path: string, signal: AbortSignal): Promise<unknown> {
    const words = ['parse', '--format', 'json', '--json-include', 'locations', '--', path]
    const run = await opa.run(words, { cwd: folder, signal, limits: { timeoutMs: runMs } })
    return run.ended === 'exited' && run.code === 0 ? jsonOr(run.stdout) : null
  }

  async function decideEach(
    candidates: readonly Candidate[],
    input: unknown,
    signal: AbortSignal,
  ): Promise<readonly (Outcome | null)[]> {
    if (candidates.length === 0) return []
    try {
      const asked = candidates.map((each) => `[r | r := ${query} ${withClause(each, data)}]`)
      const { value } = await ask(`[${asked.join(',\n')}]`, input, false, signal)
      const answers = Array.isArray(value) ? (value as readonly unknown[]) : []
      return candidates.map((_, at) => {
        const answer = answers[at]
        return Array.isArray(answer) ? decisionOf(answer.length === 0 ? undefined : answer[0]) : null
      })
    } catch (reason) {
      if (signal.aborted || !(reason instanceof OpaProblem)) throw reason
      // One that OPA refuses keeps the others from being answered.
      if (candidates.length === 1) return [null]
      const half = Math.ceil(candidates.length / 2)
      const parts = [candidates.slice(0, half), candidates.slice(half)]
      return (await Promise.all(parts.map((part) => decideEach(part, input, signal)))).flat()
    }
  }

  return {
    id: subject.id,
    data: data.document,
    decide: async (input, signal) => decisionOf((await ask(query, input, false, signal)).value),
    async explain(input, about, signal) {
      const { value, explanation } = await ask(query, input, true, signal)
      const outcome = decisionOf(value)
      return {
        outcome,
        why: outcome === 'allow' ? null : whyOf(subject, decisionPath, data, explanation, input, about),
      }
    },
    decideEach,
    async decideWith({ path, text }, input, signal) {
      const files = new Map(subject.files).set(path, new TextEncoder().encode(text))
      const place = await subjects.folder({ ...subject, id: { ...subject.id, digest: null }, files })
      try {
        return decisionOf((await ask(query, input, false, signal, place.folder)).value)
      } catch (reason) {
        if (signal.aborted || !(reason instanceof OpaProblem)) throw reason
        return null
      } finally {
        await place.release()
      }
    },
    withData(path, value) {
      const file = data.fileOf(path)
      const about = file === null ? null : dataFileOf(file)
      const text = file === null ? null : textOf(subject, file)
      if (file === null || about === null || text === null) return null
      const before = about.kind === 'json' ? jsonLines(text) : text
      const after = withValueInText(text, about.kind, path.slice(about.at.length), value)
      return before === null || after === null ? null : { path: file, before, text: after }
    },
    async without(what, { file, row }, signal): Promise<FileText | null> {
      const before = textOf(subject, file)
      if (before === null) return null
      const spans = spansOf(await parsed(file, signal))
      const text = what === 'rule' ? withoutRule(before, spans, row) : withoutExpression(before, spans, row)
      return text === null ? null : { path: file, before, text }
    },
    close: release,
  }
}

function textOf(subject: Subject, path: string): string | null {
  const bytes = subject.files.get(path)
  if (bytes === undefined || bytes.length > mostTextBytes) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** The compiler takes JSON as it is for a term. A place in an array cannot be named: the array is given anew. */
function withClause({ root, path, after }: Candidate, data: BundleData): string {
  const place = path.findIndex((member) => typeof member === 'number')
  if (root === 'input' || place === -1) return `with ${printPath(root, path)} as ${JSON.stringify(after)}`
  const outer = path.slice(0, place)
  return `with ${printPath(root, outer)} as ${JSON.stringify(withValue(data.at(outer), path.slice(place), after) ?? null)}`
}

function whyOf(
  subject: Subject,
  decisionPath: string,
  data: BundleData,
  explanation: unknown,
  input: unknown,
  { masked, said, isRevisionThatDecided }: ExplainAbout,
): Why | null {
  const texts = new Map<string, string>()
  for (const [path, bytes] of subject.files) {
    if (path.endsWith('.rego') && bytes.length <= mostTextBytes) texts.set(path, new TextDecoder().decode(bytes))
  }
  const packages = packagesOf(texts)
  const frames = framesOf(traceEvents(explanation), packages)
  const deciding = decidingExpression(frames, decisionPath, said === undefined ? null : JSON.stringify(said ?? null))
  if (deciding === null || !texts.has(deciding.step.file)) return null
  const { revision } = subject.id
  const told = { texts, packages, data, input, masked, revision, isRevisionThatDecided }
  const { refusing } = deciding
  const looked = lookedAt(deciding, frames, told)
  return {
    rule: ruleTraceOf(deciding, frames, told, looked.sought),
    looked,
    refusing: refusing === null ? null : { file: refusing.file, row: refusing.row },
  }
}
