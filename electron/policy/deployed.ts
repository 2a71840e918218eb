import type { FactOf } from '../../shared/domain/model/fact.ts'
import type { BundleOnOpa, BundleOverview } from '../../shared/domain/model/policy.ts'
import { BundleFailure } from './bundle-archive.ts'
import type { ConfiguredBundle, OpaFacts, PolicyParts } from './parts.ts'
import type { Subjects } from './subjects.ts'

/** What is deployed: every bundle that environment.yaml names or an OPA has, with each OPA's own account of it. */
export async function bundlesOf(
  environment: string,
  parts: Pick<PolicyParts, 'clock' | 'configured' | 'opaFacts'>,
  subjects: Pick<Subjects, 'liveId'>,
  signal: AbortSignal,
): Promise<readonly BundleOverview[]> {
  const [configured, facts] = await Promise.all([parts.configured(environment), parts.opaFacts(environment)])
  const names = new Set([
    ...configured.map(({ settings }) => settings.name),
    ...facts.bundles.map(({ fact }) => fact.name),
  ])
  return Promise.all(
    [...names].toSorted().map(async (name) => {
      const own = configured.find(({ settings }) => settings.name === name) ?? null
      const opas = facts.bundles.filter(({ fact }) => fact.name === name).map(onOpa)
      return {
        name,
        store: own?.store?.place ?? null,
        live: await liveOf(environment, own, () => subjects.liveId(environment, name, signal), parts.clock.now()),
        opas: opas.toSorted((one, other) => (one.opa < other.opa ? -1 : 1)),
        decisionPath: own?.settings.decision ?? decisionPathOf(name, facts),
      }
    }),
  )
}

/** The rule that decides for a bundle, such as `pipeline/authz/result`; null: not known. */
export async function decisionPathFor(
  environment: string,
  name: string,
  parts: Pick<PolicyParts, 'configured' | 'opaFacts'>,
): Promise<string | null> {
  const configured = await parts.configured(environment)
  const own = configured.find(({ settings }) => settings.name === name)?.settings.decision
  // Facts are looked through only where nobody has said it: there are many.
  return own ?? decisionPathOf(name, await parts.opaFacts(environment))
}

async function liveOf(
  environment: string,
  own: ConfiguredBundle | null,
  read: () => ReturnType<Subjects['liveId']>,
  askedAt: number,
): Promise<BundleOverview['live']> {
  const store = own?.store ?? null
  if (own === null || store === null) return { known: false, reason: { code: 'policy-no-store', params: {} } }
  try {
    const live = await read()
    if (live === null)
      return { known: false, reason: { code: 'policy-no-pointer', params: { pointer: own.settings.pointer } } }
    const { place } = store
    return {
      known: true,
      value: live,
      stale: false,
      fact: {
        factId: `policy/${environment}/${own.settings.name}/pointer`,
        source: 'opa',
        instance: own.settings.name,
        locator: `${place.place} ${place.pointer}`,
        observedAt: askedAt,
        basis: 'measured',
      },
    }
  } catch (reason) {
    const detail = reason instanceof Error ? reason.message.slice(0, 400) : String(reason)
    const code = reason instanceof BundleFailure ? 'policy-live-unreadable' : 'policy-store-unreadable'
    return { known: false, reason: { code, params: { detail } } }
  }
}

function onOpa({ fact, current }: OpaFacts['bundles'][number]): BundleOnOpa {
  const reference = referenceTo(fact)
  return {
    opa: fact.opa,
    activeRevision: { known: true, value: fact.activeRevision, fact: reference, stale: !current },
    lastRequestAt: fact.lastRequestAt,
    lastDownloadAt: fact.lastSuccessfulDownloadAt,
    lastActivationAt: fact.lastSuccessfulActivationAt,
    code: fact.code,
    message: fact.message,
    errors: fact.errors,
    maxPollSeconds: fact.maxPollSeconds,
    fact: reference,
  }
}

function referenceTo({ id, from }: FactOf<'opa-bundle'>) {
  const { source, instance, locator, observedAt, basis } = from
  return { factId: id, source, instance, locator, observedAt, basis }
}

/** The path that the Envoy plugins of the OPAs with this bundle ask for, when all ask for the same. */
function decisionPathOf(name: string, { bundles, instances }: OpaFacts): string | null {
  const opas = new Set(bundles.filter(({ fact }) => fact.name === name).map(({ fact }) => fact.opa))
  const paths = new Set(
    instances.flatMap(({ fact }) => (opas.has(fact.opa) && fact.extAuthz !== null ? [fact.extAuthz.path] : [])),
  )
  return paths.size === 1 ? ([...paths][0] ?? null) : null
}
