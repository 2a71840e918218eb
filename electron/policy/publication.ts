import { createHash } from 'node:crypto'
import type { PublishProgress } from '../../shared/contract/policy.ts'
import type { BundleOnOpa, Convergence, RevisionId } from '../../shared/domain/model/policy.ts'
import { convergenceOf } from '../../shared/domain/policy/convergence.ts'
import { Failure } from '../core/failure.ts'
import type { Journal } from '../core/journal.ts'
import { readBundle } from './bundle-archive.ts'
import { bundlesOf } from './deployed.ts'
import type { ConfiguredBundle, PolicyParts } from './parts.ts'
import { objectName, StoreFailure } from './stores/store.ts'
import type { Subjects } from './subjects.ts'

/** A plan that was shown: exactly these bytes may be published, on exactly that pointer. */
export interface PlannedPublication {
  readonly environment: string
  readonly bundle: string
  readonly bytes: Uint8Array
  readonly from: RevisionId | null
  readonly to: RevisionId
  /** Revision that comes back; null: it is no roll-back. */
  readonly rollsBackTo: string | null
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
}

const lookAgainMs = 1_000

export function createPublication(
  parts: PublicationParts,
  subjects: Pick<Subjects, 'liveId'>,
  publishable: (environment: string, bundle: string) => Promise<PublishableBundle>,
): Publication {
  const { journal, clock } = parts

  /** Answers with when the pointer moved; null: what was published is not live. Rejects only when the journal cannot be written. */
  async function write(planned: PlannedPublication, tell: (step: PublishProgress) => void): Promise<number | null> {
    const { environment, bundle, bytes, from, to, rollsBackTo } = planned
    // Not the signal of whoever asked: a half-done publication is worse than one that nobody watches.
    const signal = new AbortController().signal
    const { store } = await publishable(environment, bundle)
    const action = rollsBackTo === null ? 'policy.publish' : 'policy.rollback'
    const details = { bundle, from, to, rollsBackTo, store: store.place }
    const begun = await journal.begin({ environment, action, details })
    let pointer: 'unmoved' | 'moved' | 'unknown' = 'unmoved'
    try {
      tell({ step: 'built', at: clock.now(), detail: `${bytes.length} bytes, SHA-256 ${to.digest ?? ''}` })
      const before = await store.readPointer(signal)
      if (digestOf(before?.bytes) !== (from?.digest ?? null)) throw changedMeanwhile(bundle)
      const name = objectName(to.revision, to.digest ?? '')
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
      if (digestOf(after?.bytes) !== to.digest) {
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
      return movedAt
    } catch (reason) {
      const message = reason instanceof Error ? reason.message : String(reason)
      if (reason instanceof StoreFailure && pointer === 'unknown' && !reason.mayHaveHappened) pointer = 'unmoved'
      await journal.end(begun, 'failed', { ...details, message, pointer })
      tell({ step: 'failed', message, pointer })
      return null
    }
  }

  async function* run(planned: PlannedPublication, signal: AbortSignal): AsyncGenerator<PublishProgress, void> {
    const { environment, bundle } = planned
    // What OPAs complain of already is none of this publication; OPAs that nobody can ask keep nobody from publishing.
    const before = await opasOf(environment, bundle, signal).catch(() => [])
    const told: PublishProgress[] = []
    let wake = (): void => {}
    let isOver = false
    const writing = write(planned, (step) => {
      told.push(step)
      wake()
    }).finally(() => {
      isOver = true
      wake()
    })
    writing.catch(() => {}) // told below, to whoever is still there
    for (;;) {
      yield* told.splice(0)
      if (told.length > 0) continue
      if (isOver) break
      await new Promise<void>((resolve) => (wake = resolve))
    }
    const movedAt = await writing
    if (movedAt !== null) yield* converge(planned, before, movedAt, signal)
  }

  async function* converge(
    { environment, bundle, to }: PlannedPublication,
    before: readonly BundleOnOpa[],
    startedAt: number,
    signal: AbortSignal,
  ): AsyncGenerator<PublishProgress, void> {
    const first = await opasOf(environment, bundle, signal)
    const release = await parts.attend(
      environment,
      first.map(({ opa }) => opa),
    )
    try {
      let last = ''
      for (;;) {
        const opas = await opasOf(environment, bundle, signal)
        const found = convergenceOf(to.revision, startedAt, opas, clock.now(), before)
        const text = JSON.stringify(found)
        if (text !== last) yield { step: 'convergence', convergence: found }
        last = text
        if (found.state !== 'converging') {
          const details = { bundle, to, state: found.state, opas: found.opas }
          await journal.note({ environment, action: 'policy.convergence', details })
          return
        }
        const live = await subjects.liveId(environment, bundle, signal).catch(() => null)
        if (live !== null && live.digest !== to.digest) {
          await journal.note({ environment, action: 'policy.lost-update', details: { bundle, to, found: live } })
          yield { step: 'lost-update', found: live }
          return
        }
        await clock.sleep(lookAgainMs, signal)
      }
    } finally {
      release()
    }
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

async function identify(bytes: Uint8Array | null): Promise<RevisionId> {
  if (bytes === null) return { revision: '', digest: null }
  const archive = await readBundle(bytes).catch(() => null)
  return { revision: archive?.revision ?? '', digest: digestOf(bytes) }
}

function digestOf(bytes: Uint8Array | undefined | null): string | null {
  return bytes === undefined || bytes === null ? null : createHash('sha256').update(bytes).digest('hex')
}
