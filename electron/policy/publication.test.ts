import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { packTar } from 'modern-tar'
import { beforeEach, expect, test } from 'vitest'
import type { JournalEntry } from '../../shared/contract/changes.ts'
import type { PublishProgress } from '../../shared/contract/policy.ts'
import { opaBundle } from '../../test/builders/facts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import type { OpaFacts } from './parts.ts'
import { createPublication, type PlannedPublication, type PublicationParts } from './publication.ts'
import { type BundleStore, type Stored, StoreFailure } from './stores/store.ts'

const never = new AbortController().signal
let pointer: Uint8Array
let before: Uint8Array
let ours: Uint8Array
let theirs: Uint8Array
let journal: { phase: string; details: Readonly<Record<string, unknown>> }[]

beforeEach(async () => {
  ;[before, ours, theirs] = await Promise.all([bundleOf('r1'), bundleOf('r2'), bundleOf('r9')])
  pointer = before
  journal = []
})

async function bundleOf(revision: string): Promise<Uint8Array> {
  const body = new TextEncoder().encode(JSON.stringify({ revision, roots: [''] }))
  return gzipSync(await packTar([{ header: { name: '/.manifest', size: body.length }, body }]))
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const stored = (bytes: Uint8Array): Stored => ({ bytes, version: digestOf(bytes), writtenAt: null, mark: null })

const working: BundleStore = {
  place: { kind: 'directory', place: '/store', pointer: 'bundle.tar.gz' },
  readPointer: async () => stored(pointer),
  lookAtPointer: async () => stored(pointer),
  list: async () => [],
  readObject: async () => null,
  putObject: async () => {},
  movePointer: async (bytes) => {
    pointer = bytes
  },
  knownGuard: () => null,
  guard: async () => ({ kind: 'last-writer-wins', detail: '' }),
}

interface Around {
  readonly plan?: Partial<PlannedPublication>
  readonly opas?: OpaFacts['bundles']
  /** What a look at the pointer answers while the OPAs are followed. */
  readonly looked?: () => Uint8Array
}

function publicationOf(
  store: Partial<BundleStore> = {},
  { plan = {}, opas = [], looked = () => pointer }: Around = {},
) {
  const settings = { name: 'hops', pointer: 'bundle.tar.gz' }
  const own = { settings, store: { ...working, ...store }, verificationKey: async () => null }
  const entry =
    (phase: JournalEntry['phase']) =>
    async (details: JournalEntry['details']): Promise<JournalEntry> => {
      journal.push({ phase, details })
      const number = journal.length
      const common = { at: 0, environment: 'dev', action: 'policy.publish', actor: 'ann', hash: '', previous: '' }
      return { ...common, number, phase, details, begunBy: null }
    }
  const parts: PublicationParts = {
    clock: createManualClock(1_000),
    actor: 'ann',
    journal: {
      begin: ({ details }) => entry('begun')(details),
      end: (_begun, phase, details) => entry(phase)(details),
      note: ({ details }) => entry('noted')(details),
      list: async () => [],
      lines: async () => [],
      verify: () => Promise.reject(new Error('not asked')),
      close: async () => {},
    },
    kept: {
      keep: async (_environment, _bundle, about, bytes) => ({ ...about, digest: digestOf(bytes), bytes: bytes.length }),
      list: async () => [],
      read: async () => null,
    },
    attend: async () => () => {},
    configured: async () => [own],
    opaFacts: async () => ({ bundles: opas, instances: [] }),
  }
  const planned: PlannedPublication = {
    environment: 'dev',
    bundle: 'hops',
    from: { revision: 'r1', digest: digestOf(before) },
    to: { revision: 'r2', digest: null },
    rollsBackTo: null,
    signedWith: 'lab',
    complete: async () => ours,
    ...plan,
  }
  const subjects = { liveId: async () => ({ revision: '', digest: digestOf(looked()) }) }
  const made = createPublication(parts, subjects, async () => own)
  return { run: (signal = never) => made.run(planned, signal), close: () => made.close() }
}

const publication = (store: Partial<BundleStore> = {}, around: Around = {}) => publicationOf(store, around).run()

/** An OPA that has what was live before, and has not asked since. */
const waiting = (): OpaFacts['bundles'] => [
  { current: true, fact: opaBundle('a', { name: 'hops', activeRevision: 'r1' }) },
]

async function stepsOf(run: AsyncIterable<PublishProgress>): Promise<readonly PublishProgress[]> {
  const steps: PublishProgress[] = []
  for await (const step of run) steps.push(step)
  return steps
}

test('what is published is written, pointed to, read again, and stands in the journal before and after', async () => {
  const steps = await stepsOf(publication())
  expect(steps.map(({ step }) => step)).toEqual(['built', 'signed', 'uploaded', 'pointed', 'verified', 'convergence'])
  expect(digestOf(pointer)).toBe(digestOf(ours))
  expect(journal.map(({ phase }) => phase)).toEqual(['begun', 'succeeded', 'noted'])
  expect(journal[0]?.details).toMatchObject({ to: { revision: 'r2', digest: null } })
  expect(journal[1]?.details).toMatchObject({ to: { revision: 'r2', digest: digestOf(ours) } })
})

const gone = (mayHaveHappened: boolean) => () =>
  Promise.reject(new StoreFailure('unreachable', 'store.example: connection reset', mayHaveHappened))

test.each([
  ['when the object cannot be written', { putObject: gone(true) }, 'unmoved'],
  ['when the pointer is refused', { movePointer: gone(false) }, 'unmoved'],
  ['when nobody knows whether the pointer was written', { movePointer: gone(true) }, 'unknown'],
  [
    'when the store goes away after it',
    {
      readPointer: async () => (digestOf(pointer) === digestOf(ours) ? gone(false)() : stored(pointer)),
    },
    'moved',
  ],
] as const)(
  'a store that fails in the middle: %s, what became of the pointer is said and written down',
  async (_when, store, became) => {
    const steps = await stepsOf(publication(store))
    const failed = { step: 'failed', pointer: became, message: 'store.example: connection reset' }
    expect(steps.at(-1)).toEqual(failed)
    expect(journal.map(({ phase }) => phase)).toEqual(['begun', 'failed'])
    expect(journal.at(-1)?.details).toMatchObject({ pointer: became, message: failed.message })
  },
)

test('another publisher who was there between the plan and now is not overwritten', async () => {
  pointer = theirs
  const steps = await stepsOf(publication())
  expect(steps.at(-1)).toMatchObject({
    step: 'failed',
    pointer: 'unmoved',
    message: expect.stringContaining('went live since'),
  })
  expect(digestOf(pointer)).toBe(digestOf(theirs))
})

test('another publisher who overwrites at once is named by revision', async () => {
  const overwritten = { movePointer: async () => void (pointer = theirs) }
  const steps = await stepsOf(publication(overwritten))
  expect(steps.map(({ step }) => step)).toEqual(['built', 'signed', 'uploaded', 'pointed', 'lost-update', 'failed'])
  expect(steps.at(-2)).toEqual({ step: 'lost-update', found: { revision: 'r9', digest: digestOf(theirs) } })
  expect(journal.at(-1)).toMatchObject({ phase: 'failed', details: { pointer: 'moved' } })
})

test('a publication whose window closes after the first step goes on to its end, and into the journal', async () => {
  const run = publication()
  const first = await run.next()
  expect(first.value).toMatchObject({ step: 'built' })
  await run.return()
  await expect.poll(() => journal.map(({ phase }) => phase)).toEqual(['begun', 'succeeded', 'noted'])
  expect(digestOf(pointer)).toBe(digestOf(ours))
})

test('what cannot be signed when it is published is not written, and that is written down', async () => {
  const written: string[] = []
  const putObject = async (name: string) => void written.push(name)
  const plan = { complete: () => Promise.reject(new Error('Vault does not sign: permission denied')) }
  const steps = await stepsOf(publication({ putObject }, { plan }))
  expect(steps).toEqual([{ step: 'failed', pointer: 'unmoved', message: 'Vault does not sign: permission denied' }])
  expect(written).toEqual([])
  expect(journal.map(({ phase }) => phase)).toEqual(['begun', 'failed'])
})

test('how far the OPAs came is written down also when whoever watched went away, and when Everyhop ends', async () => {
  const gone = new AbortController()
  const made = publicationOf({}, { opas: waiting() })
  const run = made.run(gone.signal)
  for await (const step of run) if (step.step === 'convergence') break
  gone.abort()
  expect(journal.map(({ phase }) => phase)).toEqual(['begun', 'succeeded'])
  await made.close()
  expect(journal.at(-1)).toMatchObject({
    phase: 'noted',
    details: { state: 'converging', opas: [{ opa: 'a', state: 'waiting' }], message: expect.stringContaining('ended') },
  })
})

test('a look that began before the pointer moved and answers late is no lost update', async () => {
  let looks = 0
  const looked = () => {
    looks += 1
    return before
  }
  const made = publicationOf({}, { opas: waiting(), looked })
  const steps = stepsOf(made.run())
  await expect.poll(() => looks).toBe(1)
  await made.close()
  expect((await steps).map(({ step }) => step)).not.toContain('lost-update')
  expect(journal.map(({ phase }) => phase)).toEqual(['begun', 'succeeded', 'noted'])
  expect(journal.at(-1)?.details).toMatchObject({ state: 'converging' })
})
