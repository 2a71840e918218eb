import type { PublishGate } from '../../shared/contract/policy.ts'
import type { PolicyProblem } from '../../shared/domain/model/policy.ts'
import { type OpaCommand, OpaProblem } from '../tools/opa-command.ts'
import { type BuiltBundle, buildBundle, type Signing, signBundle } from './build-bundle.ts'
import { BundleFailure } from './bundle-archive.ts'
import { type VerificationKey, verifyBundle } from './verify-bundle.ts'

/** Lints a folder. Rejects when Regal itself fails. */
export type RegalLint = (folder: string, signal: AbortSignal) => Promise<readonly PolicyProblem[]>

export interface GateRequest {
  readonly opa: OpaCommand
  readonly regal: RegalLint | null
  readonly folder: string
  readonly roots: readonly string[]
  /** What the bundle is to be called. */
  readonly revision: string
  readonly signing: Signing | null
  readonly key: VerificationKey | null
  /** Of what was published before, tests are not part: they cannot be run again. */
  readonly isRollBack: boolean
}

export interface Gated {
  readonly gates: readonly PublishGate[]
  /** null: a gate says why there is none. Without its real signature where that is made elsewhere. */
  readonly built: BuiltBundle | null
}

/**
 * What must hold before a publication, each with why; what could not be looked at is not evaluated, never passed. What does not
 * pass OPA's check is not built: the check has the better words.
 */
export async function gatesOf(request: GateRequest, signal: AbortSignal): Promise<Gated> {
  const looked = await Promise.all([check(request, signal), tests(request, signal), regal(request, signal)])
  const [{ outcome }] = looked
  const why = 'it was not built: it does not pass OPA’s check'
  if (outcome === 'failed') return { gates: [...looked, notEvaluated('build', why), unsigned(why)], built: null }
  try {
    const built = await build(request, signal)
    return { gates: [...looked, gate('build', true, true, ''), await signature(request, built, signal)], built }
  } catch (reason) {
    if (!isRefusal(reason) || signal.aborted) throw reason
    return {
      gates: [...looked, gate('build', true, false, reason.message), unsigned('it could not be built')],
      built: null,
    }
  }
}

/** OPA or the bundle itself says no; anything else is no finding. */
function isRefusal(reason: unknown): reason is OpaProblem | BundleFailure {
  return reason instanceof OpaProblem || reason instanceof BundleFailure
}

async function build(
  { opa, folder, roots, revision, signing }: GateRequest,
  signal: AbortSignal,
): Promise<BuiltBundle> {
  const built = await buildBundle(opa, { folder, roots, revision, isSigned: signing !== null }, signal)
  return signing === null || signing.asksElsewhere ? built : signBundle(built, signing)
}

async function check({ opa, folder }: GateRequest, signal: AbortSignal): Promise<PublishGate> {
  const problems = await opa.check(folder, {}, signal).catch((reason: unknown) => refusalOf(reason, signal))
  if (typeof problems === 'string') return gate('check', true, false, problems)
  return gate('check', true, problems.length === 0, places(problems))
}

/** What keeps OPA from answering, such as time, blocks as what it finds does: nobody knows that it is in order. */
function refusalOf(reason: unknown, signal: AbortSignal): string {
  if (!(reason instanceof OpaProblem) || signal.aborted) throw reason
  return reason.message
}

async function tests({ opa, folder, isRollBack }: GateRequest, signal: AbortSignal): Promise<PublishGate> {
  const run = await opa.test(folder, signal).catch((reason: unknown) => refusalOf(reason, signal))
  if (typeof run === 'string') return gate('tests', true, false, run)
  const { results, problem } = run
  if (problem !== null) return gate('tests', true, false, problem)
  const failed = results.filter(({ outcome }) => outcome === 'failed' || outcome === 'error')
  const passed = results.filter(({ outcome }) => outcome === 'passed').length
  if (results.length === 0) {
    const why = isRollBack ? 'a published bundle holds no tests' : 'there are no tests'
    return notEvaluated('tests', why)
  }
  const named = failed.map((each) => `${each.package}.${each.name}`).join(', ')
  return gate(
    'tests',
    true,
    failed.length === 0,
    failed.length === 0 ? `${passed} passed` : `${failed.length} failed: ${named}`,
  )
}

async function regal({ regal: lint, folder }: GateRequest, signal: AbortSignal): Promise<PublishGate> {
  if (lint === null) return notEvaluated('regal', 'Regal is not there')
  try {
    const problems = await lint(folder, signal)
    // Findings of style keep nobody from mending an outage: they are shown.
    return gate('regal', false, problems.length === 0, places(problems))
  } catch (reason) {
    return notEvaluated('regal', reason instanceof Error ? reason.message : String(reason))
  }
}

async function signature(
  { opa, key, signing }: GateRequest,
  { bytes }: BuiltBundle,
  signal: AbortSignal,
): Promise<PublishGate> {
  if (signing?.asksElsewhere === true)
    return unsigned(
      `it is signed with ${signing.keyName} when it is published, and verified before anything is written`,
    )
  return signatureGate(opa, bytes, key, signal)
}

/** Of the bytes as they are published. */
export async function signatureGate(
  opa: OpaCommand,
  bytes: Uint8Array,
  key: VerificationKey | null,
  signal: AbortSignal,
): Promise<PublishGate> {
  const found = await verifyBundle(opa, bytes, key, signal)
  if (found.state === 'valid') return gate('signature', true, true, `signed with key ${found.keyId ?? 'default'}`)
  if (found.state === 'invalid') return gate('signature', true, false, found.problem)
  if (found.state === 'missing') {
    // With a key to verify with OPAs refuse what is not signed.
    return key === null
      ? unsigned('the bundle is not signed')
      : gate('signature', true, false, 'the bundle is not signed, and a key to verify it with is configured')
  }
  return unsigned(found.why)
}

function unsigned(why: string): PublishGate {
  return notEvaluated('signature', why)
}

function notEvaluated(name: PublishGate['gate'], detail: string): PublishGate {
  return { gate: name, outcome: 'not-evaluated', blocks: false, detail }
}

function gate(name: PublishGate['gate'], blocks: boolean, isPassed: boolean, detail: string): PublishGate {
  return { gate: name, outcome: isPassed ? 'passed' : 'failed', blocks, detail }
}

function places(problems: readonly PolicyProblem[]): string {
  const shown = problems
    .slice(0, 5)
    .map(({ path, row, message }) =>
      `${path ?? ''}${row === null || path === null || path === '' ? '' : `:${row}`} ${message}`.trim(),
    )
  return [...shown, ...(problems.length > 5 ? [`and ${problems.length - 5} more`] : [])].join('; ')
}
