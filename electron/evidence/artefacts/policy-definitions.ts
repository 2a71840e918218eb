import { createHash } from 'node:crypto'
import { within } from '../../../shared/domain/evidence/gaps.ts'
import { heldValues } from '../../../shared/domain/evidence/growth.ts'
import type { Limitation, Population } from '../../../shared/domain/evidence/model.ts'
import { type Activation, activationsIn } from '../../../shared/domain/evidence/policy-in-force.ts'
import type { EnvoyListenerFact } from '../../../shared/domain/model/envoy-facts.ts'
import type { OpaInstanceFact, OpaPolicyFact } from '../../../shared/domain/model/opa-facts.ts'
import { artefactOf, controlTotal, limitation, type Making, timeText } from './artefact-of.ts'
import { archiveAbout } from './bundle-about.ts'
import { factSpans } from './fact-spans.ts'
import { knownOpas } from './known-opas.ts'
import { gapsOf } from './log-population.ts'

const longestPauseMs = 600_000
/** Revisions that can be told apart in the decision logs of a period. */
const mostRevisions = 10_000

/** Every revision of a policy bundle that decided, by OPA, with its bytes where they are kept, and how it was enforced. */
export const policyDefinitions = artefactOf('policy-definitions', true, async (making) => {
  const { sources, period } = making
  const { configured, history } = sources
  const bundleSpans = factSpans(history, period, 'opa-bundle')
  const staleSeconds = configured?.bundleStaleAfterSeconds
  const signing = new Set(
    (configured?.policy?.bundles ?? [])
      .filter(({ signing, verification }) => signing !== undefined || verification !== undefined)
      .map(({ name }) => name),
  )
  const activations = activationsIn(bundleSpans, period, {
    staleAfterMs: staleSeconds === undefined ? null : staleSeconds * 1000,
    wantsSignature: (bundle) => signing.has(bundle),
  })
  for (const activation of activations) await writeActivation(making, activation)
  await writeInstances(making, factSpans(history, period, 'opa-instance'))
  await writePolicies(making, factSpans(history, period, 'opa-policy'))
  await writeEnforcement(making, factSpans(history, period, 'envoy-listener'))
  const notKept = await writeBundles(making, activations)

  const expected = [...knownOpas(making).keys()]
  const told = new Set(activations.map(({ opa }) => opa))
  const gaps = gapsOf(sources, period, ({ source }) => source === 'opa')
  const limitations: Limitation[] = [
    limitation('policy-status-polled'),
    ...(notKept > 0 ? [limitation('bundles-not-kept', { bundles: notKept })] : []),
    ...(signing.size === 0 ? [limitation('signing-not-configured')] : []),
  ]
  const isNothing = expected.length === 0 && bundleSpans.length === 0
  return {
    asked: expected.map((id) => ({
      source: 'opa',
      instance: id,
      asked: 'GET /v1/status, GET /v1/config, GET /v1/policies',
    })),
    population: {
      count: isNothing ? null : activations.length,
      method: 'method.opa-status',
      control: await revisionsThatDecided(making, activations),
      dropped: {},
      expected: isNothing ? null : expected.length,
      reporting: isNothing ? null : expected.filter((id) => told.has(id)).length,
      gaps: isNothing
        ? [...gaps, { source: 'opa', from: period.from, to: period.to, why: 'not-configured', detail: '' }]
        : gaps,
    },
    limitations,
    notEvaluated: isNothing ? limitation('result.not-configured', { what: 'opa' }) : null,
  }
})

async function writeActivation({ to }: Making, activation: Activation): Promise<void> {
  const { opa, bundle, revision, from, to: end, activatedAt, askedAt, signed, error, why } = activation
  const record = {
    opa,
    bundle,
    revision,
    inForceFrom: timeText(from),
    inForceTo: timeText(end),
    activatedAt: timeText(activatedAt),
    lastAskedAt: timeText(askedAt),
    signed,
    error,
    deviations: why,
  }
  await to.line('activations', record, why.length > 0)
  await to.row(
    'activations',
    ['opa', 'bundle', 'revision', 'in force from', 'in force to', 'activated at', 'signed', 'deviations'],
    [
      opa,
      bundle,
      revision,
      record.inForceFrom,
      record.inForceTo,
      record.activatedAt,
      signed === null ? 'unknown' : signed ? 'yes' : 'no',
      why.join(' '),
    ],
  )
}

/** Decisions of an OPA that runs dry do not count. */
async function writeInstances(
  { period, to }: Making,
  spans: readonly { readonly fact: OpaInstanceFact; readonly from: number; readonly to: number | null }[],
): Promise<void> {
  const byOpa = Map.groupBy(spans, ({ fact }) => fact.opa)
  for (const [opa, readings] of byOpa) {
    const held = heldValues(
      readings.map(({ fact, from, to: end }) => ({ value: fact, from, to: end })),
      (one, other) =>
        one.instanceId === other.instanceId &&
        one.version === other.version &&
        JSON.stringify(one.extAuthz) === JSON.stringify(other.extAuthz),
      longestPauseMs,
    )
    for (const each of held) {
      const clipped = within(each, period)
      if (clipped === null) continue
      const { instanceId, version, extAuthz, statusConfigured } = each.value
      const isDry = extAuthz?.dryRun === true
      const record = {
        opa,
        instanceId,
        version,
        path: extAuthz?.path ?? null,
        dryRun: extAuthz?.dryRun ?? null,
        statusConfigured,
        from: timeText(clipped.from),
        to: timeText(clipped.to),
        deviations: isDry ? ['dry-run'] : [],
      }
      await to.line('instances', record, isDry)
    }
  }
}

async function writePolicies(
  { period, to }: Making,
  spans: readonly { readonly fact: OpaPolicyFact; readonly from: number; readonly to: number | null }[],
): Promise<void> {
  const byPolicy = Map.groupBy(spans, ({ fact }) => `${fact.opa}\n${fact.policyId}`)
  for (const readings of byPolicy.values()) {
    const held = heldValues(
      readings.map(({ fact, from, to: end }) => ({ value: fact, from, to: end })),
      (one, other) => one.sha256 === other.sha256,
      longestPauseMs,
    )
    for (const each of held) {
      const clipped = within(each, period)
      if (clipped === null) continue
      const { opa, policyId, package: name, sha256 } = each.value
      await to.line('policies', {
        opa,
        policy: policyId,
        package: name,
        sha256,
        from: timeText(clipped.from),
        to: timeText(clipped.to),
      })
    }
  }
}

/** Whether requests passed without a decision: a policy in force that is not asked decides nothing. */
async function writeEnforcement(
  { period, to }: Making,
  spans: readonly { readonly fact: EnvoyListenerFact; readonly from: number; readonly to: number | null }[],
): Promise<void> {
  const settings = spans.flatMap(({ fact, from, to: end }) =>
    fact.filterChains.flatMap(({ http }) =>
      http.flatMap(({ statPrefix, extAuthz }) =>
        extAuthz === null ? [] : [{ envoy: fact.envoy, listener: fact.name, statPrefix, extAuthz, from, to: end }],
      ),
    ),
  )
  const byFilter = Map.groupBy(settings, (each) => JSON.stringify([each.envoy, each.listener, each.statPrefix]))
  for (const readings of byFilter.values()) {
    const held = heldValues(
      readings.map((value) => ({ value, from: value.from, to: value.to })),
      (one, other) => JSON.stringify(one.extAuthz) === JSON.stringify(other.extAuthz),
      longestPauseMs,
    )
    for (const each of held) {
      const clipped = within({ from: each.from, to: each.to }, period)
      if (clipped === null) continue
      const { envoy, listener, statPrefix, extAuthz } = each.value
      const deviations = [
        ...(extAuthz.failureModeAllow ? ['failure-mode-allow'] : []),
        ...(extAuthz.alwaysEnabled ? [] : ['not-always-enabled']),
      ]
      await to.line(
        'enforcement',
        {
          envoy,
          listener,
          statPrefix,
          asks: extAuthz.cluster ?? extAuthz.targetUri,
          timeoutMs: extAuthz.timeoutMs,
          failureModeAllow: extAuthz.failureModeAllow,
          alwaysEnabled: extAuthz.alwaysEnabled,
          disabledRoutes: extAuthz.disabledRoutes,
          from: timeText(clipped.from),
          to: timeText(clipped.to),
          deviations,
        },
        deviations.length > 0,
      )
    }
  }
}

/** Bytes of each revision that was in force, where they are kept. Gives how many are not. */
async function writeBundles({ sources, to, isPlan }: Making, activations: readonly Activation[]): Promise<number> {
  const revisions = new Map<string, { readonly bundle: string; readonly revision: string }>()
  for (const { bundle, revision } of activations) {
    if (revision !== null) revisions.set(JSON.stringify([bundle, revision]), { bundle, revision })
  }
  let missing = 0
  for (const { bundle, revision } of revisions.values()) {
    const bytes = revision === '' ? null : await sources.bundle({ bundle, revision })
    if (bytes === null) {
      missing += 1
      await to.line('bundles', { bundle, revision, kept: false, file: null, sha256: null, bytes: null })
      continue
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const file = `bundles/${sha256.slice(0, 32)}.tar.gz`
    const about = isPlan ? null : await archiveAbout(bytes)
    await to.file(file, bytes)
    await to.line('bundles', { bundle, revision, kept: true, file, sha256, bytes: bytes.length, ...about })
  }
  return missing
}

/** What the decision logs say that decided, held against what the status of the OPAs said was active. */
async function revisionsThatDecided(
  { sources, period }: Making,
  activations: readonly Activation[],
): Promise<Population['control']> {
  const window = { from: period.from, to: period.to - 1 }
  const { counts } = await sources.logs.decisionCounts({ window, by: ['revision'], limit: mostRevisions })
  const decided = counts.flatMap(({ revision }) => (revision === null || revision === undefined ? [] : [revision]))
  if (decided.length === 0) return null
  const told = new Set(
    activations.flatMap(({ bundle, revision }) => (revision === null ? [] : [revision, `${bundle}=${revision}`])),
  )
  // The log of an OPA with several bundles names all of them: `one=r1 other=r2`.
  const isTold = (text: string): boolean => told.has(text) || text.split(' ').every((part) => told.has(part))
  const without = decided.filter((revision) => !isTold(revision)).length
  return controlTotal('opa-decisions', decided.length, without, activations.length)
}
