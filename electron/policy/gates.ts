import type { PublishGate } from '../../shared/contract/policy.ts'
import type { PolicyProblem } from '../../shared/domain/model/policy.ts'
import type { OpaCommand } from '../tools/opa-command.ts'
import { type VerificationKey, verifyBundle } from './verify-bundle.ts'

/** Lints a folder. Rejects when Regal itself fails. */
export type RegalLint = (folder: string, signal: AbortSignal) => Promise<readonly PolicyProblem[]>

export interface GateRequest {
  readonly opa: OpaCommand
  readonly regal: RegalLint | null
  readonly folder: string
  /** The bundle as it is to be published. */
  readonly bytes: Uint8Array
  readonly key: VerificationKey | null
  /** Of what was published before, tests are not part: they cannot be run again. */
  readonly isRollBack: boolean
}

/** What must hold before a publication, each with why; what could not be looked at is not evaluated, never passed. */
export async function gatesOf(request: GateRequest, signal: AbortSignal): Promise<readonly PublishGate[]> {
  return Promise.all([
    check(request, signal),
    tests(request, signal),
    regal(request, signal),
    signature(request, signal),
  ])
}

async function check({ opa, folder }: GateRequest, signal: AbortSignal): Promise<PublishGate> {
  const problems = await opa.check(folder, {}, signal)
  return gate('check', true, problems.length === 0, places(problems))
}

async function tests({ opa, folder, isRollBack }: GateRequest, signal: AbortSignal): Promise<PublishGate> {
  const { results, problem } = await opa.test(folder, signal)
  if (problem !== null) return gate('tests', true, false, problem)
  const failed = results.filter(({ outcome }) => outcome === 'failed' || outcome === 'error')
  const passed = results.filter(({ outcome }) => outcome === 'passed').length
  if (results.length === 0) {
    const why = isRollBack ? 'a published bundle holds no tests' : 'there are no tests'
    return { gate: 'tests', outcome: 'not-evaluated', blocks: false, detail: why }
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
  if (lint === null) return { gate: 'regal', outcome: 'not-evaluated', blocks: false, detail: 'Regal is not there' }
  try {
    const problems = await lint(folder, signal)
    // Findings of style keep nobody from mending an outage: they are shown.
    return gate('regal', false, problems.length === 0, places(problems))
  } catch (reason) {
    return {
      gate: 'regal',
      outcome: 'not-evaluated',
      blocks: false,
      detail: reason instanceof Error ? reason.message : String(reason),
    }
  }
}

async function signature({ opa, bytes, key }: GateRequest, signal: AbortSignal): Promise<PublishGate> {
  const found = await verifyBundle(opa, bytes, key, signal)
  if (found.state === 'valid') return gate('signature', true, true, `signed with key ${found.keyId ?? 'default'}`)
  if (found.state === 'invalid') return gate('signature', true, false, found.problem)
  if (found.state === 'missing') {
    // With a key to verify with OPAs refuse what is not signed.
    return key === null
      ? { gate: 'signature', outcome: 'not-evaluated', blocks: false, detail: 'the bundle is not signed' }
      : gate('signature', true, false, 'the bundle is not signed, and a key to verify it with is configured')
  }
  return { gate: 'signature', outcome: 'not-evaluated', blocks: false, detail: found.why }
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
