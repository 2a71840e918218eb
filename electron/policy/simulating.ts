import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { PolicySubject, Simulation } from '../../shared/contract/policy.ts'
import type { Evaluation } from '../../shared/domain/model/policy.ts'
import { Failure } from '../core/failure.ts'
import { type ManagedOpa, startManagedOpa } from '../tools/managed-opa.ts'
import type { OpaCommand } from '../tools/opa-command.ts'
import { decisionOf, evaluate } from '../tools/opa-evaluate.ts'
import { writeBundleFolder } from './bundle-archive.ts'
import type { PolicyParts } from './parts.ts'
import type { Subject, Subjects } from './subjects.ts'
import { writeWhole } from './write-whole.ts'

export interface SimulateRequest {
  readonly environment: string
  readonly bundle: string
  readonly deployed: PolicySubject | null
  readonly draft: string | null
  readonly query: string | null
  readonly input: unknown
}

export interface Simulating {
  simulate(request: SimulateRequest, decisionPath: string | null, signal: AbortSignal): Promise<Simulation>
  /** Only the decisions, by an OPA that stays up between them: for many inputs. */
  decide(
    subject: Subject,
    decisionPath: string,
    input: unknown,
    signal: AbortSignal,
  ): Promise<Pick<Evaluation, 'decision' | 'result' | 'error' | 'metrics'>>
  close(): Promise<void>
}

/** OPAs that stay up, each with one policy. */
const mostManaged = 3

/** Evaluates policies with OPAs of our own, never with one of the environment. */
export function createSimulating(parts: PolicyParts, subjects: Subjects, workFolder: string): Simulating {
  /** By content: an edited draft is another policy. The one used longest ago ends first. */
  const managed = new Map<string, Promise<{ readonly opa: ManagedOpa; readonly folder: string }>>()

  async function evaluated(
    opa: OpaCommand,
    subject: Subject,
    query: string,
    input: unknown,
    of: string,
    signal: AbortSignal,
  ): Promise<Evaluation> {
    const { folder, release } = await subjects.folder(subject)
    try {
      return await evaluate(opa, { folder, query, input, of }, signal)
    } finally {
      await release()
    }
  }

  async function start(opa: OpaCommand, subject: Subject) {
    await mkdir(workFolder, { recursive: true, mode: 0o700 })
    const folder = await mkdtemp(join(workFolder, 'managed-'))
    try {
      await writeBundleFolder(folder, subject.files, subject.roots)
      const reaching = (await opa.check(folder, { capabilitiesFile: await capabilitiesIn(opa, workFolder) })).at(0)
      if (reaching !== undefined) {
        throw new Failure(
          'invalid',
          subject.id.revision,
          `This policy cannot be simulated here: ${reaching.message}`,
          'Simulation has no network.',
        )
      }
      return { opa: await startManagedOpa(opa.path, folder), folder }
    } catch (reason) {
      await rm(folder, { recursive: true, force: true })
      throw reason
    }
  }

  async function end(key: string): Promise<void> {
    const running = managed.get(key)
    managed.delete(key)
    const found = await running?.catch(() => null)
    if (found === null || found === undefined) return
    await found.opa.stop()
    await rm(found.folder, { recursive: true, force: true })
  }

  async function managedFor(subject: Subject): Promise<ManagedOpa> {
    const key = contentKey(subject)
    const known = managed.get(key)
    if (known !== undefined) {
      const { opa } = await known
      if (opa.alive) {
        managed.delete(key)
        managed.set(key, known) // used last
        return opa
      }
      await end(key)
    }
    const oldest = managed.size >= mostManaged ? managed.keys().next().value : undefined
    if (oldest !== undefined) await end(oldest)
    const starting = parts.opa().then((opa) => start(opa, subject))
    managed.set(key, starting)
    starting.catch(() => managed.delete(key))
    return (await starting).opa
  }

  return {
    async simulate({ environment, bundle, deployed, draft, query, input }, decisionPath, signal) {
      const asked = query ?? (decisionPath === null ? null : `data.${decisionPath.replaceAll('/', '.')}`)
      if (asked === null) {
        throw new Failure(
          'invalid',
          bundle,
          `No rule is known that decides for ${bundle}.`,
          'Name one in environment.yaml (policy.bundles.decision) or in the form.',
        )
      }
      const opa = await parts.opa()
      const problems: string[] = []
      const one = async (wanted: PolicySubject | null, of: string): Promise<Evaluation | null> => {
        if (wanted === null) return null
        try {
          const subject = await subjects.find(environment, bundle, wanted, signal)
          const found = await evaluated(
            opa,
            subject,
            asked,
            input,
            of === 'draft' ? `draft ${subject.id.revision}` : subject.id.revision,
            signal,
          )
          problems.push(...(subject.from.kind === 'policy-api' ? subject.problems : []))
          return found
        } catch (reason) {
          if (signal.aborted) throw signal.reason // that OPA was stopped is no failure
          problems.push(`${of}: ${reason instanceof Error ? reason.message : String(reason)}`)
          return null
        }
      }
      const [before, after] = await Promise.all([
        one(deployed, 'deployed'),
        one(draft === null ? null : { draft }, 'draft'),
      ])
      return { deployed: before, draft: after, problem: problems.length === 0 ? null : problems.join(' ') }
    },
    async decide(subject, decisionPath, input, signal) {
      const opa = await managedFor(subject)
      const { result, isDefined, evaluationMs } = await opa.decide(decisionPath, input, signal)
      const decision = decisionOf(isDefined ? result : undefined)
      return { decision, result, error: null, metrics: { evaluationMs, totalMs: null } }
    },
    async close() {
      await Promise.all([...managed.keys()].map(end))
    },
  }
}

function contentKey({ files }: Subject): string {
  const hash = createHash('sha256')
  for (const [path, content] of [...files].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    hash.update(`${path.length} ${path} ${content.length} `).update(content)
  }
  return hash.digest('hex')
}

async function capabilitiesIn(opa: OpaCommand, folder: string): Promise<string> {
  const file = join(folder, `capabilities-${opa.version}.json`)
  await writeWhole(file, await opa.capabilities())
  return file
}
