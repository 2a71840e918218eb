import { createHash } from 'node:crypto'
import type { PolicySubject, PublishGate, PublishPlan, PublishProgress } from '../../shared/contract/policy.ts'
import type { Convergence } from '../../shared/domain/model/policy.ts'
import { nextRevision } from '../../shared/domain/policy/convergence.ts'
import { Failure } from '../core/failure.ts'
import type { Journal } from '../core/journal.ts'
import { type BundleSigner, buildBundle, type SigningAlgorithm } from './build-bundle.ts'
import { bundlesOf } from './deployed.ts'
import { differenceOf } from './difference.ts'
import { gatesOf, type RegalLint } from './gates.ts'
import type { PolicyParts } from './parts.ts'
import { createPublication, type PlannedPublication, type PublishableBundle } from './publication.ts'
import type { BundleStore } from './stores/store.ts'
import type { Subject, Subjects } from './subjects.ts'

export interface PublishParts extends PolicyParts {
  readonly journal: Journal
  /** Throws `read-only` when change mode is off. */
  demandChangeMode(environment: string): void
  isProduction(environment: string): boolean
  /** Account of the operating system, for kept bundles. */
  readonly actor: string
  /** null: environment.yaml names no signing key. Rejects with a `Failure` when the key cannot be had. */
  signer(
    environment: string,
    bundle: string,
  ): Promise<{
    readonly algorithm: SigningAlgorithm
    readonly keyId: string | null
    readonly sign: BundleSigner
  } | null>
  /** null: Regal is not there. */
  regal(): Promise<RegalLint | null>
  /** Has these OPAs asked every few seconds until it is called again. */
  attend(environment: string, opas: readonly string[]): Promise<() => void>
}

export interface Publishing {
  plan(environment: string, bundle: string, of: PolicySubject, signal: AbortSignal): Promise<PublishPlan>
  publish(request: PublishRequest, signal: AbortSignal): AsyncGenerator<PublishProgress, void>
  convergence(environment: string, bundle: string, revision: string, signal: AbortSignal): Promise<Convergence>
}

export interface PublishRequest {
  readonly environment: string
  readonly bundle: string
  readonly token: string
  readonly typed: string | null
}

interface Planned extends PlannedPublication {
  readonly blocked: readonly PublishGate[]
  readonly until: number
}

const planLastsMs = 30 * 60_000
const mostPlans = 20

export function createPublishing(parts: PublishParts, subjects: Subjects): Publishing {
  const plans = new Map<string, Planned>()
  const publication = createPublication(parts, subjects, publishable)

  async function publishable(environment: string, bundle: string): Promise<PublishableBundle> {
    const own = (await parts.configured(environment)).find(({ settings }) => settings.name === bundle)
    if (own !== undefined && own.store !== null) return { ...own, store: own.store }
    throw new Failure(
      'invalid',
      bundle,
      `environment.yaml of ${environment} names no store that ${bundle} is published to.`,
      'Add it to policy.bundles.',
    )
  }

  async function plan(
    environment: string,
    bundle: string,
    of: PolicySubject,
    signal: AbortSignal,
  ): Promise<PublishPlan> {
    const { store } = await publishable(environment, bundle)
    const [live, subject] = await Promise.all([
      subjects.live(environment, bundle, signal),
      subjects.find(environment, bundle, of, signal),
    ])
    if (subject.from.kind === 'policy-api') {
      throw new Failure(
        'invalid',
        bundle,
        `Revision ${subject.id.revision} cannot be published: its data is not known, only the modules that OPA has loaded.`,
      )
    }
    const [refused] = subject.problems
    if (refused !== undefined) {
      throw new Failure(
        'invalid',
        bundle,
        `Revision ${subject.id.revision} cannot be published again: not all of it was read. ${refused}.`,
      )
    }
    const isRollBack = subject.from.kind === 'bundle'
    const revision = await nameOf(environment, bundle, subject, live)
    const opa = await parts.opa()
    const signing = await parts.signer(environment, bundle)
    const { folder, release } = await subjects.folder(subject)
    try {
      const built = await buildBundle(opa, { folder, roots: subject.roots, revision, signing }, signal)
      // Alone: beside the tools it would take longer than it will when it is published.
      const readMs = await readingMs(store, signal)
      const [gates, guard, overview] = await Promise.all([
        gatesOf(
          {
            opa,
            regal: await parts.regal(),
            folder,
            bytes: built.bytes,
            key: await (await publishable(environment, bundle)).verificationKey(),
            isRollBack,
          },
          signal,
        ),
        store.guard(signal),
        bundlesOf(environment, parts, subjects, signal),
      ])
      const changeMode = changeModeGate(environment)
      const opas = overview.find(({ name }) => name === bundle)?.opas ?? []
      const from = live?.id ?? null
      const to = { revision, digest: built.archive.digest }
      const token = createHash('sha256')
        .update(JSON.stringify([environment, bundle, from, to]))
        .digest('hex')
      const behind = opas.filter(
        ({ activeRevision }) =>
          !activeRevision.known || activeRevision.stale || activeRevision.value !== from?.revision,
      )
      remember(token, {
        environment,
        bundle,
        bytes: built.bytes,
        from,
        to,
        rollsBackTo: isRollBack ? subject.id.revision : null,
        blocked: gates.filter(({ blocks, outcome }) => blocks && outcome === 'failed'),
        until: parts.clock.now() + planLastsMs,
      })
      return {
        from,
        to,
        differences: differenceOf(withoutTests(live?.files ?? new Map()), built.archive.files),
        gates: [...gates, changeMode],
        opas: opas.map(({ opa: id }) => id),
        warnings: [
          ...(guard.kind === 'conditional'
            ? []
            : [
                // Read, moved, read again: three times there and back.
                { code: 'publish-last-writer-wins', params: { detail: guard.detail, windowMs: 3 * readMs } },
              ]),
          ...behind.map(({ opa: id, activeRevision }) => ({
            code: 'publish-opa-behind',
            params: { opa: id, revision: activeRevision.known ? activeRevision.value : null },
          })),
          ...(opas.length === 0 ? [{ code: 'publish-no-opas', params: { bundle } }] : []),
          ...(signing === null ? [{ code: 'publish-unsigned', params: { bundle } }] : []),
        ],
        token,
      }
    } finally {
      await release()
    }
  }

  /** How long one reading of the pointer takes here, milliseconds, at least 1. */
  async function readingMs(store: BundleStore, signal: AbortSignal): Promise<number> {
    const startedAt = parts.clock.now()
    await store.readPointer(signal)
    return Math.max(1, parts.clock.now() - startedAt)
  }

  /** A draft has the name that it was given, unless that is taken; what is rolled back to gets a new one. */
  async function nameOf(environment: string, bundle: string, subject: Subject, live: Subject | null): Promise<string> {
    const taken = new Set((await parts.kept.list(environment, bundle)).map(({ revision }) => revision))
    if (live !== null) taken.add(live.id.revision)
    const wanted = subject.id.revision
    if (subject.from.kind === 'draft' && !taken.has(wanted)) return wanted
    return nextRevision(live?.id.revision ?? wanted, taken)
  }

  function changeModeGate(environment: string): PublishGate {
    try {
      parts.demandChangeMode(environment)
      return { gate: 'change-mode', outcome: 'passed', blocks: true, detail: '' }
    } catch (reason) {
      return {
        gate: 'change-mode',
        outcome: 'failed',
        blocks: true,
        detail: reason instanceof Error ? reason.message : String(reason),
      }
    }
  }

  function remember(token: string, planned: Planned): void {
    const now = parts.clock.now()
    for (const [old, { until }] of plans) if (until < now || plans.size >= mostPlans) plans.delete(old)
    plans.set(token, planned)
  }

  function planned({ environment, bundle, token, typed }: PublishRequest): Planned {
    parts.demandChangeMode(environment)
    const found = plans.get(token)
    if (
      found === undefined ||
      found.environment !== environment ||
      found.bundle !== bundle ||
      found.until < parts.clock.now()
    ) {
      throw new Failure(
        'conflict',
        bundle,
        'What was confirmed is no longer planned here.',
        'Look at the plan again and confirm that one.',
      )
    }
    if (parts.isProduction(environment) && typed !== environment) {
      throw new Failure(
        'invalid',
        environment,
        `${environment} is production: its name has to be typed to publish.`,
        `Type ${environment}.`,
      )
    }
    const [blocked] = found.blocked
    if (blocked !== undefined)
      throw new Failure('invalid', bundle, `${bundle} cannot be published: ${blocked.gate} failed. ${blocked.detail}`)
    return found
  }

  return {
    plan,
    publish: (request, signal) => publication.run(planned(request), signal),
    convergence: publication.convergence,
  }
}

function withoutTests(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  return new Map([...files].filter(([path]) => !path.endsWith('_test.rego')))
}
