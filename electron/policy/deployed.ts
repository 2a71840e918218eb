import type { FactOf } from '../../shared/domain/model/fact.ts'
import type { BundleOnOpa, BundleOverview, BundleRevision, SignatureState } from '../../shared/domain/model/policy.ts'
import { readBundle } from './bundle-archive.ts'
import type { ConfiguredBundle, OpaFacts, PolicyParts } from './parts.ts'
import type { Subjects } from './subjects.ts'
import { verifyBundle } from './verify-bundle.ts'

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
  const [configured, facts] = await Promise.all([parts.configured(environment), parts.opaFacts(environment)])
  return configured.find(({ settings }) => settings.name === name)?.settings.decision ?? decisionPathOf(name, facts)
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
    return { known: false, reason: { code: 'policy-store-unreadable', params: { detail } } }
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

/** Revisions of a bundle: what is kept, what the store still holds, and what OPAs say they have; the latest first. */
export async function revisionsOf(
  environment: string,
  name: string,
  parts: PolicyParts,
  subjects: Subjects,
  signal: AbortSignal,
): Promise<readonly BundleRevision[]> {
  const [configured, facts] = await Promise.all([parts.configured(environment), parts.opaFacts(environment)])
  const own = configured.find(({ settings }) => settings.name === name) ?? null
  // First: what is live now is then among what is kept.
  await subjects.liveId(environment, name, signal).catch(() => null)
  const kept = await parts.kept.list(environment, name)
  const inStore = new Set(
    (await own?.store?.list(signal).catch(() => null))?.map((object) => object.name.slice(-23, -7)) ?? [],
  )
  const active = new Map<string, string[]>()
  for (const { fact } of facts.bundles) {
    if (fact.name !== name || fact.activeRevision === null) continue
    active.set(fact.activeRevision, [...(active.get(fact.activeRevision) ?? []), fact.opa])
  }
  const signatures = await signaturesOf(environment, name, own, kept.slice(0, mostVerified), parts, signal)
  const known = kept.map(
    (entry): BundleRevision => ({
      revision: entry.revision,
      digest: entry.digest,
      publishedAt: entry.publishedAt,
      author: entry.author,
      bytes: entry.bytes,
      signature: signatures.get(entry.digest) ?? {
        state: 'unknown',
        why: 'it was not looked at: there are many revisions',
      },
      held: inStore.has(entry.digest.slice(0, 16)) ? 'store' : 'kept',
      // Of two with one name OPAs do not tell which they have: the latest is taken.
      activeOn:
        kept.find((each) => each.revision === entry.revision) === entry ? (active.get(entry.revision) ?? []) : [],
      rollsBackTo: entry.rollsBackTo,
    }),
  )
  const seen = [...active]
    .filter(([revision]) => !kept.some((entry) => entry.revision === revision))
    .map(
      ([revision, opas]): BundleRevision => ({
        revision,
        digest: null,
        publishedAt: null,
        author: null,
        bytes: null,
        signature: { state: 'unknown', why: 'its bytes were never seen' },
        held: 'seen',
        activeOn: opas,
        rollsBackTo: null,
      }),
    )
  return [...seen, ...known]
}

/** Each takes an OPA some hundredths of a second. */
const mostVerified = 20
/** Neither the bytes nor the key of one change, so that the answer stays. */
const verified = new Map<string, SignatureState>()

async function signaturesOf(
  environment: string,
  name: string,
  own: ConfiguredBundle | null,
  kept: readonly { readonly digest: string }[],
  parts: PolicyParts,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SignatureState>> {
  const opa = await parts.opa().catch(() => null)
  const key = (await own?.verificationKey().catch(() => null)) ?? null
  const found = new Map<string, SignatureState>()
  for (const { digest } of kept) {
    const once = `${digest} ${key?.keyId ?? ''} ${key?.pem ?? ''}`
    const known = verified.get(once)
    if (known !== undefined) {
      found.set(digest, known)
      continue
    }
    const bytes = await parts.kept.read(environment, name, digest)
    if (bytes === null) continue
    const state =
      opa === null
        ? await withoutOpa(bytes)
        : await verifyBundle(opa, bytes, key, signal).catch(
            (reason: unknown): SignatureState => ({ state: 'unknown', why: String(reason) }),
          )
    if (verified.size > 1000) verified.clear()
    if (state.state !== 'unknown') verified.set(once, state)
    found.set(digest, state)
  }
  return found
}

async function withoutOpa(bytes: Uint8Array): Promise<SignatureState> {
  const { signature } = await readBundle(bytes)
  return signature === null
    ? { state: 'missing' }
    : { state: 'unknown', why: 'OPA is needed to verify it, and is not there' }
}
