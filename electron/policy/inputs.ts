import { z } from 'zod'
import type { HopDetail } from '../../shared/contract/graph.ts'
import type { FoundAnswer, RefusedAnswer } from '../../shared/contract/logs.ts'
import type { PolicySubject, Recheck, Rechecked } from '../../shared/contract/policy.ts'
import { Failure } from '../core/failure.ts'
import type { RecordedInput } from '../core/policy-trials.ts'
import { OpaProblem } from '../tools/opa-command.ts'
import type { Simulating } from './simulating.ts'
import type { Subject, Subjects } from './subjects.ts'

export interface InputParts {
  decision(environment: string, decisionId: string, signal: AbortSignal): Promise<FoundAnswer>
  hop(environment: string, id: string): Promise<HopDetail>
  refused(environment: string, minutes: number, limit: number): Promise<RefusedAnswer>
}

export interface RecheckRequest {
  readonly environment: string
  readonly bundle: string
  readonly before: PolicySubject
  readonly after: PolicySubject
  readonly minutes: number
  readonly limit: number
  readonly decisionPath: string | null
}

export interface Inputs {
  of(
    environment: string,
    from: { readonly decisionId: string } | { readonly hop: string },
    signal: AbortSignal,
  ): Promise<RecordedInput>
  recheck(request: RecheckRequest, signal: AbortSignal): Promise<Recheck>
}

/** Fields that are read of a decision log event (OPA 1.15 to 1.19). */
const eventSchema = z.looseObject({
  input: z.unknown().optional(),
  result: z.unknown().optional(),
  erased: z.array(z.string()).default([]),
  masked: z.array(z.string()).default([]),
  timestamp: z.string().optional(),
  bundles: z.record(z.string(), z.object({ revision: z.string().optional() })).default({}),
})

/** Refused requests that are counted. */
const mostCounted = 1000
/** Requests that are looked up and evaluated at the same time. */
const atOnce = 5

export function createInputs(
  parts: InputParts,
  subjects: Pick<Subjects, 'find'>,
  simulating: Pick<Simulating, 'decide' | 'ready'>,
): Inputs {
  async function recorded(environment: string, decisionId: string, signal: AbortSignal): Promise<RecordedInput> {
    const { records } = await parts.decision(environment, decisionId, signal)
    const text = records.find(({ record }) => record === 'opa-decisions')?.text ?? null
    const event = eventSchema.safeParse(text === null ? null : jsonOf(text))
    if (!event.success || event.data.input === undefined) {
      throw new Failure(
        'not-found',
        decisionId,
        `The input of decision ${decisionId} is not held.`,
        'It may be older than what is kept, or its log is not read.',
      )
    }
    const { input, result, erased, masked, timestamp, bundles } = event.data
    const [bundle = null, ...others] = Object.keys(bundles)
    const at = timestamp === undefined ? Number.NaN : Date.parse(timestamp)
    return {
      input,
      // What the policy's mask names and Everyhop's own stars may be the same value: it counts once.
      masked: [...new Set([...erased, ...masked, ...starsIn(input, '/input')])],
      revision: Object.values(bundles)[0]?.revision ?? null,
      bundle: others.length === 0 ? bundle : null,
      answer: result,
      at: Number.isNaN(at) ? null : at,
    }
  }

  async function ofHop(environment: string, id: string, signal: AbortSignal): Promise<RecordedInput> {
    const { hop, from, to } = await parts.hop(environment, id)
    if (hop.decision.known) {
      try {
        return await recorded(environment, hop.decision.value.decisionId, signal)
      } catch (reason) {
        if (!(reason instanceof Failure) || reason.code !== 'not-found') throw reason
      }
    }
    // Without a recorded decision only who calls whom is known; the request itself is not made up.
    const principal = (known: typeof from.spiffeId): string | undefined => (known.known ? known.value : undefined)
    return {
      input: {
        attributes: {
          source: { principal: principal(from.spiffeId) },
          destination: { principal: principal(to.spiffeId) },
          request: { http: {} },
        },
      },
      masked: ['/input/attributes/request/http'],
      revision: null,
      bundle: null,
      answer: undefined,
      at: null,
    }
  }

  return {
    of: (environment, from, signal) =>
      'hop' in from ? ofHop(environment, from.hop, signal) : recorded(environment, from.decisionId, signal),
    async recheck({ environment, bundle, before, after, minutes, limit, decisionPath }, signal) {
      if (decisionPath === null) throw new Failure('invalid', bundle, `No rule is known that decides for ${bundle}.`)
      const [old, fresh, { requests, complete }] = await Promise.all([
        subjects.find(environment, bundle, before, signal),
        subjects.find(environment, bundle, after, signal),
        parts.refused(environment, minutes, mostCounted),
      ])
      // What cannot be decided at all is said once, not in each line.
      const problems = await Promise.all([old, fresh].map(problemOf))
      const decisionOf = async (side: 0 | 1, input: unknown) => {
        const subject = side === 0 ? old : fresh
        return problems[side] === null ? simulating.decide(subject, decisionPath, input, signal) : null
      }
      const one = async ({ decisionId, at, callerSpiffeId, calleeSpiffeId, access }: Decided): Promise<Rechecked> => {
        signal.throwIfAborted()
        const common = { decisionId, at, callerSpiffeId, calleeSpiffeId, path: access?.path ?? null }
        try {
          const { input, masked } = await recorded(environment, decisionId, signal)
          const [then, now] = await Promise.all([decisionOf(0, input), decisionOf(1, input)])
          return { ...common, before: then, after: now, masked, problem: null }
        } catch (reason) {
          if (signal.aborted) throw signal.reason
          const problem = reason instanceof Error ? reason.message : String(reason)
          return { ...common, before: null, after: null, masked: [], problem }
        }
      }
      const decided = requests.flatMap(({ decisionId, ...rest }) =>
        decisionId === null ? [] : [{ ...rest, decisionId }],
      )
      const asked = decided.slice(0, limit)
      const found: Rechecked[] = []
      for (let start = 0; start < asked.length; start += atOnce) {
        found.push(...(await Promise.all(asked.slice(start, start + atOnce).map(one))))
      }
      const said = problems.filter((problem) => problem !== null)
      return {
        requests: found,
        held: decided.length,
        complete,
        withoutDecision: requests.length - decided.length,
        problem: said.length === 0 ? null : said.join(' '),
      }
    },
  }

  async function problemOf(subject: Subject): Promise<string | null> {
    try {
      await simulating.ready(subject)
      return null
    } catch (reason) {
      if (!(reason instanceof OpaProblem)) throw reason
      return `Revision ${subject.id.revision} cannot be evaluated here: ${reason.message}`
    }
  }
}

type Decided = Omit<RefusedAnswer['requests'][number], 'decisionId'> & { readonly decisionId: string }

const mostStars = 200

/** JSON pointers of values that Everyhop masked before it kept them. */
function starsIn(value: unknown, path: string, found: string[] = []): readonly string[] {
  if (found.length >= mostStars) return found
  if (value === '***') found.push(path)
  else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      starsIn(member, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, found)
    }
  }
  return found
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
