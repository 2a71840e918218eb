import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { PolicySubject } from '../../shared/contract/policy.ts'
import type { BundleContent, RevisionId } from '../../shared/domain/model/policy.ts'
import { Failure } from '../core/failure.ts'
import {
  type BundleArchive,
  BundleFailure,
  digestOf,
  type Manifest,
  policyFileOf,
  readBundle,
  writeBundleFolder,
} from './bundle-archive.ts'
import { createDraftFiles } from './draft-files.ts'
import type { LoadedModule, PolicyParts } from './parts.ts'
import { type BundleStore, objectName, type Stored } from './stores/store.ts'
import { verifyBundle } from './verify-bundle.ts'

/** A policy with all its files, wherever they came from. */
export interface Subject {
  readonly id: RevisionId
  readonly from: BundleContent['from'] | { readonly kind: 'draft'; readonly draft: string }
  readonly roots: readonly string[]
  /** The rest of its manifest. */
  readonly manifest: Manifest
  readonly files: ReadonlyMap<string, Uint8Array>
  /** What it lacks: of a draft, what the revision that it is based on holds and the draft does not. */
  readonly problems: readonly string[]
  /** The bytes as published; null: there are none, of a draft or of what a policy API told. */
  readonly bytes: Uint8Array | null
}

/** What the store's pointer leads to, also when that is no bundle that can be read. */
export interface Live {
  /** The revision is empty where it cannot be read. */
  readonly id: RevisionId
  readonly subject: Subject | null
  /** Why it cannot be read; null: it can. */
  readonly problem: string | null
}

export interface Subjects {
  /** Rejects with `not-found` when the revision is held nowhere; says where it was looked for. */
  find(environment: string, bundle: string, subject: PolicySubject, signal: AbortSignal): Promise<Subject>
  /** Bytes that are in memory, by their digest: what they are does not change, only where else they are held. */
  held(subject: PolicySubject): Subject | null
  /** A draft as it is now. Rejects with `not-found`, and with `exhausted` for a file that is too large to be worked on. */
  draft(id: string): Promise<Subject>
  /** What the store's pointer leads to now, kept for later; null: there is no pointer. Rejects with `StoreFailure`. */
  live(environment: string, bundle: string, signal: AbortSignal): Promise<Live | null>
  /**
   * Only which revision that is: what has not changed is not read again, and who asks at the same time is answered by one look.
   * Rejects with `BundleFailure` where it is no bundle, and with `StoreFailure`.
   */
  liveId(environment: string, bundle: string, signal: AbortSignal): Promise<RevisionId | null>
  content(environment: string, bundle: string, subject: PolicySubject, signal: AbortSignal): Promise<BundleContent>
  /** A folder with the files of a subject, for tools: it stays as it is until `release`. A draft is its own folder. */
  folder(subject: Subject): Promise<{ readonly folder: string; release(): Promise<void> }>
}

/** Bundles that stay unpacked in memory, and bytes of the largest of them. */
const mostHeld = 4
const mostHeldBytes = 16 * 1024 ** 2
/** A store that has not answered after so long is not waited for. */
const longestLookMs = 120_000

export function createSubjects(parts: PolicyParts, workFolder: string): Subjects {
  async function bundleOf(environment: string, bundle: string) {
    return (await parts.configured(environment)).find(({ settings }) => settings.name === bundle) ?? null
  }

  const draftFiles = createDraftFiles(parts.clock)
  /** By digest, the last read last: the same revisions are asked for again and again. */
  const archives = new Map<string, BundleArchive>()

  async function unpacked(bytes: Uint8Array): Promise<BundleArchive> {
    const digest = digestOf(bytes)
    const archive = archives.get(digest) ?? (await readBundle(bytes))
    archives.delete(digest)
    // A large one is read again: memory is worth more than the second it takes.
    if (sizeOf(archive) <= mostHeldBytes) archives.set(digest, archive)
    const oldest = archives.size > mostHeld ? archives.keys().next().value : undefined
    if (oldest !== undefined) archives.delete(oldest)
    return archive
  }

  /** By environment, bundle and store: the last that was found live, and its mark. */
  const lastLive = new Map<string, { readonly id: RevisionId; readonly mark: string | null }>()
  /** Looks that are under way. */
  const looks = new Map<string, Promise<RevisionId | null>>()

  async function liveId(environment: string, bundle: string, signal: AbortSignal): Promise<RevisionId | null> {
    const store = (await bundleOf(environment, bundle))?.store ?? null
    if (store === null) return null
    const key = keyOf(environment, bundle, store)
    const look = looks.get(key) ?? lookAgain(environment, bundle, store).finally(() => looks.delete(key))
    looks.set(key, look)
    return orAborted(look, signal)
  }

  /** Not by the signal of whoever asked first: others wait for the same answer. */
  async function lookAgain(environment: string, bundle: string, store: BundleStore): Promise<RevisionId | null> {
    const askedAt = parts.clock.now()
    const known = lastLive.get(keyOf(environment, bundle, store))
    const stored = await store.lookAtPointer(known?.mark ?? null, AbortSignal.timeout(longestLookMs))
    if (stored === null) return null
    if (known !== undefined && (stored === 'unchanged' || known.id.digest === digestOf(stored.bytes))) {
      if (stored !== 'unchanged') lastLive.set(keyOf(environment, bundle, store), { ...known, mark: stored.mark })
      return known.id
    }
    if (stored === 'unchanged') throw new BundleFailure('the store says that what was never read has not changed')
    return (await keptLive(environment, bundle, store, stored, askedAt)).id
  }

  async function live(environment: string, bundle: string, signal: AbortSignal): Promise<Live | null> {
    const store = (await bundleOf(environment, bundle))?.store ?? null
    const askedAt = parts.clock.now()
    const stored = (await store?.readPointer(signal)) ?? null
    if (store === null || stored === null) return null
    try {
      const subject = await keptLive(environment, bundle, store, stored, askedAt)
      return { id: subject.id, subject, problem: null }
    } catch (reason) {
      if (!(reason instanceof BundleFailure)) throw reason
      return { id: { revision: '', digest: digestOf(stored.bytes) }, subject: null, problem: reason.message }
    }
  }

  async function keptLive(
    environment: string,
    bundle: string,
    store: BundleStore,
    stored: Stored,
    askedAt: number,
  ): Promise<Subject> {
    const archive = await unpacked(stored.bytes)
    const id = { revision: archive.revision, digest: archive.digest }
    lastLive.set(keyOf(environment, bundle, store), { id, mark: stored.mark })
    const about = { revision: archive.revision, keptAt: askedAt, author: null, rollsBackTo: null }
    await parts.kept.keep(environment, bundle, { ...about, publishedAt: stored.writtenAt }, stored.bytes)
    return {
      ...subjectOf(archive, stored.bytes),
      from: { kind: 'bundle', held: 'store' },
    }
  }

  async function kept(
    environment: string,
    bundle: string,
    wanted: RevisionId,
    held: 'store' | 'kept',
  ): Promise<Subject | null> {
    const entry = (await parts.kept.list(environment, bundle)).find((each) => isWanted(each, wanted))
    const bytes = entry === undefined ? null : await parts.kept.read(environment, bundle, entry.digest)
    if (bytes === null) return null
    return { ...subjectOf(await unpacked(bytes), bytes), from: { kind: 'bundle', held } }
  }

  async function inStore(
    environment: string,
    bundle: string,
    wanted: RevisionId,
    signal: AbortSignal,
  ): Promise<Subject | null> {
    if (wanted.digest === null) return null
    const store = (await bundleOf(environment, bundle))?.store ?? null
    const stored = (await store?.readObject(objectName(wanted.revision, wanted.digest), signal)) ?? null
    if (stored === null) return null
    const archive = await unpacked(stored.bytes)
    return archive.digest === wanted.digest
      ? { ...subjectOf(archive, stored.bytes), from: { kind: 'bundle', held: 'store' } }
      : null
  }

  /** Of an OPA that has it active: its modules, without data and tests. */
  async function loaded(
    environment: string,
    bundle: string,
    wanted: RevisionId,
    signal: AbortSignal,
  ): Promise<Subject | null> {
    if (wanted.digest !== null) return null // an OPA does not tell the digest
    const { bundles } = await parts.opaFacts(environment)
    const there = bundles.find(
      ({ fact, current }) => current && fact.name === bundle && fact.activeRevision === wanted.revision,
    )
    if (there === undefined) return null
    const modules = ofBundle(await parts.loadedModules(environment, there.fact.opa, signal), bundle)
    const encoder = new TextEncoder()
    return {
      id: wanted,
      from: { kind: 'policy-api', opa: there.fact.opa },
      roots: [''],
      manifest: {},
      files: new Map(modules.map(({ path, text }) => [path, encoder.encode(text)])),
      problems: ['Data and tests are not among what OPA tells of its policies, nor the roots of the bundle.'],
      bytes: null,
    }
  }

  async function draft(id: string): Promise<Subject> {
    const { folder, roots, manifest, leftOut, revision } = await parts.drafts.folderOf(id)
    return {
      id: { revision, digest: null },
      from: { kind: 'draft', draft: id },
      roots,
      manifest,
      files: await draftFiles.read(id, folder),
      problems: leftOut,
      bytes: null,
    }
  }

  async function find(
    environment: string,
    bundle: string,
    subject: PolicySubject,
    signal: AbortSignal,
  ): Promise<Subject> {
    if ('draft' in subject) return draft(subject.draft)
    const wanted = { revision: subject.revision, digest: subject.digest ?? null }
    // The store may be down, or hold no bundle: what was kept is the same.
    const now = await liveId(environment, bundle, signal).catch(() => null)
    const isLive = now?.digest !== undefined && now.digest !== null && isWanted({ ...now, digest: now.digest }, wanted)
    const found =
      (isLive ? await kept(environment, bundle, now, 'store') : null) ??
      (await kept(environment, bundle, wanted, 'kept')) ??
      (await inStore(environment, bundle, wanted, signal)) ??
      (await loaded(environment, bundle, wanted, signal))
    if (found !== null) return found
    throw new Failure(
      'not-found',
      nameOf(wanted),
      `The bytes of revision ${nameOf(wanted)} of ${bundle} are held nowhere: not in the store, not among what Everyhop kept, and no OPA has it.`,
      'Revisions are kept from the first time that Everyhop sees them.',
    )
  }

  return {
    find,
    held(subject) {
      const archive = 'draft' in subject || subject.digest === null ? undefined : archives.get(subject.digest)
      return archive === undefined ? null : { ...subjectOf(archive, null), from: { kind: 'bundle', held: 'kept' } }
    },
    draft,
    live,
    liveId,
    async content(environment, bundle, subject, signal) {
      const found = await find(environment, bundle, subject, signal)
      const { id, roots, files, problems, bytes } = found
      return {
        id,
        from: found.from.kind === 'draft' ? { kind: 'bundle', held: 'kept' } : found.from,
        roots,
        files: [...files].map(([path, content]) => policyFileOf(path, content.length)).toSorted(byPath),
        signature: bytes === null ? { state: 'missing' } : await signatureOf(environment, bundle, bytes, signal),
        problems,
      }
    },
    async folder(subject) {
      if (subject.from.kind === 'draft') {
        return { folder: (await parts.drafts.folderOf(subject.from.draft)).folder, release: async () => {} }
      }
      await mkdir(workFolder, { recursive: true, mode: 0o700 })
      const folder = await mkdtemp(join(workFolder, 'policy-'))
      await writeBundleFolder(folder, subject)
      return { folder, release: () => rm(folder, { recursive: true, force: true }) }
    },
  }

  async function signatureOf(environment: string, bundle: string, bytes: Uint8Array, signal: AbortSignal) {
    const key = (await (await bundleOf(environment, bundle))?.verificationKey()) ?? null
    const opa = await parts.opa().catch(() => null)
    if (opa === null) return { state: 'unknown' as const, why: 'OPA is needed to verify it, and is not there' }
    return verifyBundle(opa, bytes, key, signal)
  }
}

/** OPA calls a module of a bundle `<bundle>/<path>`; the others it has belong to other bundles or were put there by hand. */
function ofBundle(modules: readonly LoadedModule[], bundle: string): readonly LoadedModule[] {
  const prefix = `${bundle}/`
  return modules.flatMap(({ path, text }) =>
    path.startsWith(prefix) ? [{ path: path.slice(prefix.length).replace(/^\//, ''), text }] : [],
  )
}

function subjectOf(archive: BundleArchive, bytes: Uint8Array | null): Omit<Subject, 'from'> {
  const { revision, digest, roots, manifest, files, problems } = archive
  return { id: { revision, digest }, roots, manifest, files, problems, bytes }
}

function isWanted(entry: { readonly revision: string; readonly digest: string }, wanted: RevisionId): boolean {
  return wanted.digest === null ? entry.revision === wanted.revision : entry.digest === wanted.digest
}

function keyOf(environment: string, bundle: string, { place }: BundleStore): string {
  return JSON.stringify([environment, bundle, place.place, place.pointer])
}

/** The answer, unless whoever asked goes away first. */
function orAborted<Value>(asked: Promise<Value>, signal: AbortSignal): Promise<Value> {
  if (signal.aborted) {
    asked.catch(() => {})
    return Promise.reject(signal.reason)
  }
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    asked.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** A revision for people; a bundle without a name by its digest. */
export function nameOf({ revision, digest }: RevisionId): string {
  return revision === '' && digest !== null ? digest.slice(0, 12) : revision
}

function sizeOf({ files }: BundleArchive): number {
  return [...files.values()].reduce((sum, { length }) => sum + length, 0)
}

function byPath(one: { readonly path: string }, other: { readonly path: string }): number {
  return one.path < other.path ? -1 : 1
}
