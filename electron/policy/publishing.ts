import { createHash } from 'node:crypto'
import type { PolicySubject, PublishGate, PublishPlan, PublishProgress } from '../../shared/contract/policy.ts'
import type { Convergence } from '../../shared/domain/model/policy.ts'
import { nextRevision } from '../../shared/domain/policy/convergence.ts'
import { Failure } from '../core/failure.ts'
import type { Journal } from '../core/journal.ts'
import { type Signing, signBundle } from './build-bundle.ts'
import { withManifest } from './bundle-archive.ts'
import { bundlesOf } from './deployed.ts'
import { differenceOf } from './difference.ts'
import { gatesOf, type RegalLint, signatureGate } from './gates.ts'
import type { PolicyParts } from './parts.ts'
import { warningsOf } from './plan-warnings.ts'
import { createPublication, type PlannedPublication, type PublishableBundle } from './publication.ts'
import type { BundleStore } from './stores/store.ts'
import { type Live, nameOf, type Subject, type Subjects } from './subjects.ts'

export interface PublishParts extends PolicyParts {
  readonly journal: Journal
  /** Throws `read-only` when change mode is off. */
  demandChangeMode(environment: string): void
  isProduction(environment: string): boolean
  /** Account of the operating system, for kept bundles. */
  readonly actor: string
  /** null: environment.yaml names no signing key. Rejects with a `Failure` when the key cannot be had. */
  signer(environment: string, bundle: string): Promise<Signing | null>
  /** null: Regal is not there. */
  regal(): Promise<RegalLint | null>
  /** Has these OPAs asked every few seconds until it is called again. */
  attend(environment: string, opas: readonly string[]): Promise<() => void>
}

export interface Publishing {
  plan(environment: string, bundle: string, of: PolicySubject, signal: AbortSignal): Promise<PublishPlan>
  publish(request: PublishRequest, signal: AbortSignal): AsyncGenerator<PublishProgress, void>
  convergence(environment: string, bundle: string, revision: string, signal: AbortSignal): Promise<Convergence>
  /** What is being written comes to its end, and how far the OPAs came is written down. */
  close(): Promise<void>
}

export interface PublishRequest {
  readonly environment: string
  readonly bundle: string
  readonly token: string
  readonly typed: string | null
  /** Codes of warnings that somebody said they have read. */
  readonly accepted: readonly string[]
}

interface Planned extends PlannedPublication {
  readonly blocked: readonly PublishGate[]
  readonly toAccept: readonly string[]
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
    const { store, verificationKey } = await publishable(environment, bundle)
    const [live, subject, key] = await Promise.all([
      subjects.live(environment, bundle, signal),
      subjects.find(environment, bundle, of, signal),
      verificationKey(),
    ])
    refuseUnwhole(bundle, subject)
    const isRollBack = subject.from.kind === 'bundle'
    const basedOn = 'draft' in of ? (await parts.drafts.folderOf(of.draft)).basedOn : null
    const revision = await nameFor(environment, bundle, subject, live)
    const [opa, regal, signing] = await Promise.all([parts.opa(), parts.regal(), parts.signer(environment, bundle)])
    // Alone: beside the tools it would take longer than it will when it is published.
    const readMs = await readingMs(store, signal)
    const { folder, release } = await subjects.folder(subject)
    try {
      const { roots } = subject
      const [{ gates, built }, overview] = await Promise.all([
        gatesOf({ opa, regal, folder, roots, revision, signing, key, isRollBack }, signal),
        bundlesOf(environment, parts, subjects, signal),
      ])
      const changeMode = changeModeGate(environment)
      const opas = overview.find(({ name }) => name === bundle)?.opas ?? []
      const from = live?.id ?? null
      const isSignedLater = signing?.asksElsewhere === true
      const digest = built?.archive.digest ?? null
      const to = { revision, digest: isSignedLater ? null : digest }
      const guard = store.knownGuard()
      const leftOut = subject.problems
      const isSigned = signing !== null
      const warnings = warningsOf({ bundle, live, guard, readMs, opas, leftOut, basedOn, isSigned })
      const token = createHash('sha256')
        .update(JSON.stringify([environment, bundle, from, to, digest]))
        .digest('hex')
      remember(token, {
        environment,
        bundle,
        from,
        to,
        rollsBackTo: isRollBack ? nameOf(subject.id) : null,
        signedWith: signing?.keyName ?? null,
        complete: async (atPublication) => {
          if (built === null) throw new Failure('invalid', bundle, `${bundle} was not built.`)
          if (signing === null || !signing.asksElsewhere) return built.bytes
          const { bytes } = await signBundle(built, signing)
          const { outcome, detail } = await signatureGate(opa, bytes, key, atPublication)
          if (outcome === 'failed') throw new Failure('invalid', bundle, `The signature does not hold: ${detail}.`)
          return bytes
        },
        blocked: gates.filter(({ blocks, outcome }) => blocks && outcome === 'failed'),
        toAccept: warnings.filter(({ mustBeAccepted }) => mustBeAccepted).map(({ code }) => code),
        until: parts.clock.now() + planLastsMs,
      })
      const after = built?.archive ?? subject
      return {
        from,
        to,
        differences:
          live !== null && live.subject === null ? null : differenceOf(shown(live?.subject ?? null), shown(after)),
        gates: [...gates, changeMode],
        opas: opas.map(({ opa: id }) => id),
        warnings,
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
  async function nameFor(environment: string, bundle: string, subject: Subject, live: Live | null): Promise<string> {
    const taken = new Set((await parts.kept.list(environment, bundle)).map(({ revision }) => revision))
    if (live !== null) taken.add(live.id.revision)
    const wanted = subject.id.revision
    if (subject.from.kind === 'draft' && !taken.has(wanted)) return wanted
    return nextRevision(live?.subject?.id.revision ?? wanted, taken)
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

  function planned({ environment, bundle, token, typed, accepted }: PublishRequest): Planned {
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
    const open = found.toAccept.find((code) => !accepted.includes(code))
    if (open !== undefined) {
      throw new Failure(
        'invalid',
        bundle,
        `${bundle} is not published before somebody accepts what would be lost (${open}).`,
        'Look at the plan, and accept what it warns of.',
      )
    }
    return found
  }

  return {
    plan,
    publish: (request, signal) => publication.run(planned(request), signal),
    convergence: publication.convergence,
    close: publication.close,
  }
}

/** Bytes that are not all read, or modules without their data, are no bundle to publish: a draft of them is, and says what it lacks. */
function refuseUnwhole(bundle: string, { id, from, problems }: Subject): void {
  if (from.kind === 'draft') return
  if (from.kind === 'policy-api') {
    throw new Failure(
      'invalid',
      bundle,
      `Revision ${nameOf(id)} cannot be published: its data is not known, only the modules that OPA has loaded.`,
    )
  }
  const [refused] = problems
  if (refused === undefined) return
  throw new Failure(
    'invalid',
    bundle,
    `Revision ${nameOf(id)} cannot be published again: not all of it was read. ${refused}.`,
  )
}

/** Files that are compared: with the manifest, and without tests, which are not published. */
function shown(policy: Pick<Subject, 'files' | 'roots' | 'manifest'> | null): ReadonlyMap<string, Uint8Array> {
  if (policy === null) return new Map()
  return new Map([...withManifest(policy)].filter(([path]) => !path.endsWith('_test.rego')))
}
