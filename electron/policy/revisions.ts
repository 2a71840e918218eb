import type { BundleRevision, RevisionId, SignatureState } from '../../shared/domain/model/policy.ts'
import { readBundle } from './bundle-archive.ts'
import type { ConfiguredBundle, PolicyParts } from './parts.ts'
import { type BundleStore, objectName, type StoredObject } from './stores/store.ts'
import type { Subjects } from './subjects.ts'
import { verifyBundle } from './verify-bundle.ts'

/** Objects of a store that were never live here: that many of the latest are read. */
const mostUnseen = 50
/** More are not told by a store: what is not among them may still be there. */
const mostListed = 1_000

/**
 * Revisions of a bundle: what OPAs say they have and nobody has the bytes of, then what was live here, the latest first, then what
 * the store holds besides, the latest written first.
 */
export async function revisionsOf(
  environment: string,
  name: string,
  parts: PolicyParts,
  subjects: Pick<Subjects, 'liveId'>,
  signal: AbortSignal,
): Promise<readonly BundleRevision[]> {
  const [configured, facts] = await Promise.all([parts.configured(environment), parts.opaFacts(environment)])
  const own = configured.find(({ settings }) => settings.name === name) ?? null
  const store = own?.store ?? null
  // First: what is live now is then among what is kept.
  const live = await subjects.liveId(environment, name, signal).catch(() => null)
  const kept = await parts.kept.list(environment, name)
  const listed = (await store?.list(signal).catch(() => null)) ?? null
  const unseen = store === null || listed === null ? [] : await unseenIn(store, listed, kept, signal)
  const active = new Map<string, string[]>()
  for (const { fact } of facts.bundles) {
    if (fact.name !== name || fact.activeRevision === null) continue
    active.set(fact.activeRevision, [...(active.get(fact.activeRevision) ?? []), fact.opa])
  }
  const readable = [
    ...kept.map(({ digest }) => ({ digest, read: () => parts.kept.read(environment, name, digest) })),
    ...unseen.map(({ digest, object }) => ({
      digest,
      read: async () => (await store?.readObject(object, signal))?.bytes ?? null,
    })),
  ]
  const signatures = await signaturesOf(own, readable.slice(0, mostVerified), parts, signal)
  const signatureOf = (digest: string): SignatureState =>
    signatures.get(digest) ?? { state: 'unknown', why: 'it was not looked at: there are many revisions' }
  const all = [
    ...kept.map((entry) => ({ ...entry, held: heldBy(listed, live, entry.digest) })),
    ...unseen.map((entry) => ({ ...entry, author: null, rollsBackTo: null, held: 'store' as const })),
  ]
  // Of two with one name OPAs do not tell which they have: the latest is taken.
  const latest = new Map(all.toReversed().map(({ revision, digest }) => [revision, digest]))
  const known = all.map(
    ({ revision, digest, publishedAt, author, bytes, held, rollsBackTo }): BundleRevision => ({
      revision,
      digest,
      publishedAt,
      author,
      bytes,
      signature: signatureOf(digest),
      held,
      activeOn: latest.get(revision) === digest ? (active.get(revision) ?? []) : [],
      rollsBackTo,
    }),
  )
  const seen = [...active]
    .filter(([revision]) => !latest.has(revision))
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

/** Whether the store has what Everyhop kept. What nobody listed is not known to be gone. */
function heldBy(
  listed: readonly StoredObject[] | null,
  live: RevisionId | null,
  digest: string,
): BundleRevision['held'] {
  if (live?.digest === digest) return 'store'
  if (listed?.some(({ name }) => digestPart(name) === digest.slice(0, 16)) === true) return 'store'
  return listed === null || listed.length >= mostListed ? 'unlisted' : 'kept'
}

/** Of `r42-0123456789abcdef.tar.gz`. */
function digestPart(object: string): string {
  return object.slice(-23, -7)
}

interface Unseen {
  readonly object: string
  readonly revision: string
  readonly digest: string
  readonly bytes: number
  readonly publishedAt: number | null
}

/** By place and name: an object never changes. null: it is no bundle of that name. */
const unseenBundles = new Map<string, Pick<Unseen, 'revision' | 'digest'> | null>()

/** What another Everyhop put there, or this one before its data folder was new. */
async function unseenIn(
  store: BundleStore,
  listed: readonly StoredObject[],
  kept: readonly { readonly digest: string }[],
  signal: AbortSignal,
): Promise<readonly Unseen[]> {
  const known = new Set(kept.map(({ digest }) => digest.slice(0, 16)))
  const found: Unseen[] = []
  for (const { name, bytes, writtenAt } of listed) {
    if (known.has(digestPart(name))) continue
    if (found.length >= mostUnseen) break
    const key = `${store.place.place} ${store.place.pointer} ${name}`
    const read = unseenBundles.get(key)
    const about = read === undefined ? await bundleIn(store, name, signal) : read
    if (unseenBundles.size > mostListed) unseenBundles.clear()
    if (about !== undefined) unseenBundles.set(key, about)
    if (about !== null && about !== undefined) found.push({ ...about, object: name, bytes, publishedAt: writtenAt })
  }
  return found
}

/** undefined: it could not be read this time. null: what is there is not what its name says. */
async function bundleIn(
  store: BundleStore,
  name: string,
  signal: AbortSignal,
): Promise<Pick<Unseen, 'revision' | 'digest'> | null | undefined> {
  const stored = await store.readObject(name, signal).catch(() => null)
  if (stored === null) return undefined
  const archive = await readBundle(stored.bytes).catch(() => null)
  if (archive === null || objectName(archive.revision, archive.digest) !== name) return null
  return { revision: archive.revision, digest: archive.digest }
}

/** Each takes an OPA some hundredths of a second. */
const mostVerified = 20
/** Neither the bytes nor the key of one change, so that the answer stays. */
const verified = new Map<string, SignatureState>()

async function signaturesOf(
  own: ConfiguredBundle | null,
  revisions: readonly { readonly digest: string; read(): Promise<Uint8Array | null> }[],
  parts: Pick<PolicyParts, 'opa'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SignatureState>> {
  const opa = await parts.opa().catch(() => null)
  const key = (await own?.verificationKey().catch(() => null)) ?? null
  const found = new Map<string, SignatureState>()
  for (const { digest, read } of revisions) {
    const once = `${digest} ${key?.keyId ?? ''} ${key?.pem ?? ''}`
    const known = verified.get(once)
    if (known !== undefined) {
      found.set(digest, known)
      continue
    }
    const bytes = await read().catch(() => null)
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
