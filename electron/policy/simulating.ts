import type { PolicySubject, Simulation } from '../../shared/contract/policy.ts'
import type { Evaluation } from '../../shared/domain/model/policy.ts'
import { Failure } from '../core/failure.ts'
import { OpaProblem } from '../tools/opa-command.ts'
import {
  decideManaged,
  decisionOf,
  evaluate,
  evaluateManaged,
  failedEvaluation,
  pathOfQuery,
} from '../tools/opa-evaluate.ts'
import { createManagedOpas } from './managed-opas.ts'
import type { PolicyParts } from './parts.ts'
import type { Subject, Subjects } from './subjects.ts'

export interface SimulateRequest {
  readonly environment: string
  readonly bundle: string
  readonly deployed: PolicySubject | null
  readonly draft: string | null
  readonly query: string | null
  /** False: only what is decided. */
  readonly explain: boolean
  readonly input: unknown
}

export interface Simulating {
  simulate(request: SimulateRequest, decisionPath: string | null, signal: AbortSignal): Promise<Simulation>
  /** Only the decision: for many inputs. Rejects with `OpaProblem` in OPA's words. */
  decide(
    subject: Subject,
    decisionPath: string,
    input: unknown,
    signal: AbortSignal,
  ): Promise<NonNullable<Evaluation['decision']>>
  /** Whether it can be decided by it at all: rejects as `decide` does. */
  ready(subject: Subject): Promise<void>
  /** A draft has changed: one that was simulated lately is made ready for the next time. */
  changed(draft: string): void
  close(): Promise<void>
}

/** The writes of an editor within this time are made ready for as one. Milliseconds. */
const settledMs = 500
const latelyMs = 10 * 60_000

/** On Windows Node reaches no unix socket, and each question starts the program. */
const canStayUp = process.platform !== 'win32'

/** Evaluates policies with OPAs of our own, never with one of the environment. */
export function createSimulating(parts: PolicyParts, subjects: Subjects, workFolder: string): Simulating {
  const opas = createManagedOpas(parts.opa, workFolder)
  /** Drafts that were simulated, and when. */
  const lately = new Map<string, number>()
  const settling = new Map<string, NodeJS.Timeout>()

  /** By an OPA that stays up where a rule is asked for; an expression could itself reach out, and the command lets none. */
  async function evaluated(
    subject: Subject,
    { query, input, of, explain }: { query: string; input: unknown; of: string; explain: boolean },
    signal: AbortSignal,
  ): Promise<Evaluation> {
    const path = pathOfQuery(query)
    if (path !== null && canStayUp) {
      try {
        const { files } = subject
        const found = await opas.use(subject, (opa) =>
          explain
            ? evaluateManaged(opa, { path, input, of, files }, signal)
            : decideManaged(opa, { path, input, of }, signal),
        )
        if (found !== null) return found
      } catch (reason) {
        if (!(reason instanceof OpaProblem) || signal.aborted) throw reason
        return failedEvaluation(reason.message, of)
      }
    }
    const once = await evaluatedOnce(subject, query, input, of, signal)
    return explain ? once : { ...once, trace: [], traceCut: false }
  }

  async function evaluatedOnce(
    subject: Subject,
    query: string,
    input: unknown,
    of: string,
    signal: AbortSignal,
  ): Promise<Evaluation> {
    const opa = await parts.opa()
    const { folder, release } = await subjects.folder(subject)
    try {
      return await evaluate(opa, { folder, query, input, of }, signal)
    } finally {
      await release()
    }
  }

  async function ready(subject: Subject): Promise<void> {
    if (canStayUp) await opas.use(subject, async () => {})
  }

  async function makeReady(draft: string): Promise<void> {
    const subject = await subjects.draft(draft).catch(() => null) // it was discarded
    if (subject !== null) await ready(subject).catch(() => {}) // the next simulation says why
  }

  return {
    async simulate({ environment, bundle, deployed, draft, query, explain, input }, decisionPath, signal) {
      const asked = query ?? (decisionPath === null ? null : queryOfPath(decisionPath))
      if (asked === null) {
        throw new Failure(
          'invalid',
          bundle,
          `No rule is known that decides for ${bundle}.`,
          'Name one in environment.yaml (policy.bundles.decision) or in the form.',
        )
      }
      if (draft !== null) lately.set(draft, parts.clock.now())
      const problems: string[] = []
      const one = async (wanted: PolicySubject | null, of: string): Promise<Evaluation | null> => {
        if (wanted === null) return null
        try {
          const subject = subjects.held(wanted) ?? (await subjects.find(environment, bundle, wanted, signal))
          const name = of === 'draft' ? `draft ${subject.id.revision}` : subject.id.revision
          const found = await evaluated(subject, { query: asked, input, of: name, explain }, signal)
          // What it lacks may be what would have decided.
          problems.push(...subject.problems.map((text) => `${name}: ${text}`))
          return found
        } catch (reason) {
          if (signal.aborted) throw signal.reason // that OPA was stopped is no failure
          if (reason instanceof Failure && reason.subject === 'opa') throw reason // without it neither is evaluated
          problems.push(`${of}: ${reason instanceof Error ? reason.message : String(reason)}`)
          return null
        }
      }
      const [before, after] = await Promise.all([
        one(deployed, 'deployed'),
        one(draft === null ? null : { draft }, 'draft'),
      ])
      return {
        deployed: before,
        draft: after,
        explained: explain,
        problem: problems.length === 0 ? null : problems.join(' '),
      }
    },
    async decide(subject, decisionPath, input, signal) {
      if (!canStayUp) {
        const once = await evaluatedOnce(subject, queryOfPath(decisionPath), input, '', signal)
        if (once.error !== null) throw new OpaProblem(once.error)
        return once.decision
      }
      const { result, isDefined } = await opas.use(subject, (opa) => opa.decide(decisionPath, input, signal))
      return decisionOf(isDefined ? result : undefined)
    },
    ready,
    changed(draft) {
      const last = lately.get(draft)
      if (last === undefined) return
      clearTimeout(settling.get(draft))
      settling.delete(draft)
      if (parts.clock.now() - last > latelyMs) lately.delete(draft)
      else {
        const timer = setTimeout(() => {
          settling.delete(draft)
          void makeReady(draft)
        }, settledMs)
        settling.set(draft, timer)
      }
    },
    async close() {
      for (const timer of settling.values()) clearTimeout(timer)
      await opas.close()
    },
  }
}

/** `pipeline/authz/allow-all` as a reference: members that are no names stand in brackets. */
export function queryOfPath(path: string): string {
  const members = path.split('/').filter((member) => member !== '')
  return `data${members.map((member) => (/^[A-Za-z_]\w*$/.test(member) ? `.${member}` : `[${JSON.stringify(member)}]`)).join('')}`
}
