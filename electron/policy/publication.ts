import type { PublishProgress } from '../../shared/contract/policy.ts'
import type { BundleOnOpa, Convergence, RevisionId } from '../../shared/domain/model/policy.ts'
import { convergenceOf } from '../../shared/domain/policy/convergence.ts'
import { Failure } from '../core/failure.ts'
import type { Journal } from '../core/journal.ts'
import { digestOf, readBundle } from './bundle-archive.ts'
import { bundlesOf } from './deployed.ts'
import type { ConfiguredBundle, PolicyParts } from './parts.ts'
import { objectName, StoreFailure } from './stores/store.ts'
import type { Subjects } from './subjects.ts'

/** A plan that was shown: exactly this content may be published, on exactly that pointer. */
export interface PlannedPublication {
  readonly environment: string
  readonly bundle: string
  readonly from: RevisionId | null
  /** Its digest is null as long as it is not signed. */
  readonly to: RevisionId
  /** Revision that comes back; null: it is no roll-back. */
  readonly rollsBackTo: string | null
  /** Name of the key; null: it is not signed. */
  readonly signedWith: string | null
  /** The bytes as they are published; whoever keeps the key elsewhere signs them now. Rejects when that fails. */
  complete(signal: AbortSignal): Promise<Uint8Array>
}

type Tell = (step: PublishProgress) => void

interface Moved {
  readonly to: RevisionId
  readonly movedAt: number
}

export type PublishableBundle = ConfiguredBundle & { readonly store: NonNullable<ConfiguredBundle['store']> }

export interface PublicationParts extends Pick<PolicyParts, 'clock' | 'kept' | 'configured' | 'opaFacts'> {
  readonly journal: Journal
  /** Account of the operating system, for kept bundles. */
  readonly actor: string
  /** Has these OPAs asked every few seconds until it is called again. */
  attend(environment: string, opas: readonly string[]): Promise<() => void>
}

export interface Publication {
  /**
   * Writes it to the store, then follows the OPAs. What was begun goes on to its end, and into the journal, also when whoever
   * asked goes away in the middle.
   */
  run(planned: PlannedPublication, signal: AbortSignal): AsyncGenerator<PublishProgress, void>
  convergence(environment: string, bundle: string, revision: string, signal: AbortSignal): Promise<Convergence>
  /** Nobody follows OPAs any more. Resolves when what was being written is, and how far they came stands in the journal. */
  close(): Promise<void>
}

const lookAgainMs = 1_000

export function createPublication(
  parts: PublicationParts,
  subjects: Pick<Subjects, 'liveId'>,
  publishable: (environment: string, bundle: string) => Promise<PublishableBundle>,
): Publication {
  const { journal, clock } = parts
  const ending = new AbortController()
  const underWay = new Set<Promise<void>>()

  /** Answers with what is live since when; null: what was published is not. Rejects only when the journal cannot be written. */
  async function write(planned: PlannedPublication, tell: Tell): Promise<Moved | null> {
    const { environment, bundle, from, rollsBackTo, signedWith } = planned
    // Not the signal of whoever asked: a half-done publication is worse than one that nobody watches.
    const signal = new AbortController().signal
    const { store } = await publishable(environment, bundle)
    const action = rollsBackTo === null ? 'policy.publish' : 'policy.rollback'
    let details: Readonly<Record<string, unknown>> = { bundle, from, to: planned.to, rollsBackTo, store: store.place }
    const begun = await journal.begin({ environment, action, details })
    let pointer: 'unmoved' | 'moved' | 'unknown' = 'unmoved'
    try {
      const bytes = await planned.complete(signal)
      const to = { revision: planned.to.revision, digest: digestOf(bytes) }
      details = { ...details, to }
      tell({ step: 'built', at: clock.now(), detail: `${bytes.length} bytes, SHA-256 ${to.digest}` })
      if (signedWith !== null) tell({ step: 'signed', at: clock.now(), detail: `with ${signedWith}` })
      const before = await store.readPointer(signal)
      if (before === null ? from !== null : digestOf(before.bytes) !== from?.digest) throw changedMeanwhile(bundle)
      // It tries that with an object of its own, once for each store.
      details = { ...details, guard: (await store.guard(signal)).kind }
      const name = objectName(to.revision, to.digest)
      await store.putObject(name, bytes, signal)
      tell({ step: 'uploaded', at: clock.now(), detail: name })
      pointer = 'unknown'
      const movedAt = clock.now()
      await store.movePointer(bytes, before, signal)
      pointer = 'moved'
      tell({ step: 'pointed', at: movedAt, detail: store.place.pointer })
      const about = { revision: to.revision, publishedAt: movedAt, author: parts.actor, rollsBackTo }
      await parts.kept.keep(environment, bundle, { ...about, keptAt: clock.now() }, bytes)
      const after = await store.readPointer(signal)
      const windowMs = clock.now() - movedAt
      if (after === null || digestOf(after.bytes) !== to.digest) {
        tell({ step: 'lost-update', found: await identify(after?.bytes ?? null) })
        throw new Failure(
          'conflict',
          bundle,
          `Another publisher overwrote ${to.revision} within ${windowMs} ms.`,
          'Look at what is live now.',
        )
      }
      await journal.end(begun, 'succeeded', { ...details, windowMs })
      tell({ step: 'verified', at: clock.now(), detail: `read again after ${windowMs} ms` })
      return { to, movedAt }
    } catch (reason) {
      const message = wordsOf(reason)
      if (reason instanceof StoreFailure && pointer === 'unknown' && !reason.mayHaveHappened) pointer = 'unmoved'
      await journal.end(begun, 'failed', { ...details, message, pointer })
      tell({ step: 'failed', message, pointer })
      return null
    }
  }

  async function* run(planned: PlannedPublication, signal: AbortSignal): AsyncGenerator<PublishProgress, void> {
    const told: PublishProgress[] = []
    let wake = (): void => {}
    let isOver = false
    const work = carriedOut(planned, (step) => {
      told.push(step)
      wake()
    }).finally(() => {
      isOver = true
      underWay.delete(work)
      wake()
    })
    underWay.add(work)
    work.catch(() => {}) // told below, to whoever is still there
    const leave = (): void => wake()
    signal.addEventListener('abort', leave, { once: true })
    try {
      for (;;) {
        yield* told.splice(0)
        if (told.length > 0) continue
        if (isOver) break
        signal.throwIfAborted()
        await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      signal.removeEventListener('abort', leave)
    }
    await work
  }

  /** To its end and into the journal, whether or not somebody still watches. */
  async function carriedOut(planned: PlannedPublication, tell: Tell): Promise<void> {
    const { environment, bundle } = planned
    // What OPAs complain of already is none of this publication; OPAs that nobody can ask keep nobody from publishing.
    const before = await opasOf(environment, bundle, ending.signal).catch(() => [])
    const moved = await write(planned, tell)
    if (moved !== null) await follow(planned, moved, before, tell)
  }

  async function follow(
    planned: PlannedPublication,
    { to, movedAt }: Moved,
    before: readonly BundleOnOpa[],
    tell: Tell,
  ): Promise<void> {
    const { environment, bundle } = planned
    let last: Convergence | null = null
    const note = (more: Readonly<Record<string, unknown>>): Promise<unknown> => {
      const details = { bundle, to, state: last?.state ?? 'unknown', opas: last?.opas ?? [], ...more }
      return journal.note({ environment, action: 'policy.convergence', details })
    }
    try {
      const first = await opasOf(environment, bundle, ending.signal)
      const release = await parts.attend(
        environment,
        first.map(({ opa }) => opa),
      )
      try {
        for (;;) {
          const opas = await opasOf(environment, bundle, ending.signal)
          const found = convergenceOf(to.revision, movedAt, opas, clock.now(), before)
          if (JSON.stringify(found) !== JSON.stringify(last)) tell({ step: 'convergence', convergence: found })
          last = found
          if (found.state !== 'converging') break
          const other = await otherThan(environment, bundle, to)
          if (other !== null) {
            await journal.note({ environment, action: 'policy.lost-update', details: { bundle, to, found: other } })
            tell({ step: 'lost-update', found: other })
            return
          }
          await clock.sleep(lookAgainMs, ending.signal)
        }
      } finally {
        release()
      }
    } catch (reason) {
      const words = wordsOf(reason)
      const isEnding = ending.signal.aborted
      await note({ message: isEnding ? 'Everyhop ended before this did; what OPAs had until then is told' : words })
      if (isEnding) return
      throw reason
    }
    await note({})
  }

  /** What the pointer leads to instead; null: what was published, or the store does not say. */
  async function otherThan(environment: string, bundle: string, to: RevisionId): Promise<RevisionId | null> {
    const live = await subjects.liveId(environment, bundle, ending.signal).catch(() => null)
    if (live === null || live.digest === to.digest) return null
    // A look that had begun before the pointer moved may answer only now: the store is asked once more.
    const { store } = await publishable(environment, bundle)
    const now = await store.readPointer(ending.signal).catch(() => null)
    return now === null || digestOf(now.bytes) === to.digest ? null : identify(now.bytes)
  }

  async function opasOf(environment: string, bundle: string, signal: AbortSignal): Promise<readonly BundleOnOpa[]> {
    return (await bundlesOf(environment, parts, subjects, signal)).find(({ name }) => name === bundle)?.opas ?? []
  }

  return {
    run,
    async convergence(environment, bundle, revision, signal) {
      const published = (await parts.kept.list(environment, bundle)).find((each) => each.revision === revision)
      const opas = await opasOf(environment, bundle, signal)
      return convergenceOf(revision, published?.publishedAt ?? published?.keptAt ?? 0, opas, clock.now())
    },
    async close() {
      ending.abort()
      await Promise.allSettled(underWay)
    },
  }
}

function changedMeanwhile(bundle: string): Failure {
  return new Failure(
    'conflict',
    bundle,
    `Another revision of ${bundle} went live since this was planned.`,
    'Look at the plan again.',
  )
}

/** What happened, and what to do where that is known. */
function wordsOf(reason: unknown): string {
  if (reason instanceof Failure && reason.advice !== null) return `${reason.message} ${reason.advice}`
  return reason instanceof Error ? reason.message : String(reason)
}

async function identify(bytes: Uint8Array | null): Promise<RevisionId> {
  if (bytes === null) return { revision: '', digest: null }
  const archive = await readBundle(bytes).catch(() => null)
  return { revision: archive?.revision ?? '', digest: digestOf(bytes) }
}
