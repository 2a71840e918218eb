import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { packTar } from 'modern-tar'
import { beforeEach, expect, test } from 'vitest'
import type { JournalEntry } from '../../shared/contract/changes.ts'
import type { PublishProgress } from '../../shared/contract/policy.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
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
const stored = (bytes: Uint8Array): Stored => ({ bytes, version: digestOf(bytes), writtenAt: null })

const working: BundleStore = {
  place: { kind: 'directory', place: '/store', pointer: 'bundle.tar.gz' },
  readPointer: async () => stored(pointer),
  list: async () => [],
  readObject: async () => null,
  putObject: async () => {},
  movePointer: async (bytes) => {
    pointer = bytes
  },
  guard: async () => ({ kind: 'last-writer-wins', detail: '' }),
}

function publication(store: Partial<BundleStore> = {}) {
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
    opaFacts: async () => ({ bundles: [], instances: [] }),
  }
  const planned: PlannedPublication = {
    environment: 'dev',
    bundle: 'hops',
    bytes: ours,
    from: { revision: 'r1', digest: digestOf(before) },
    to: { revision: 'r2', digest: digestOf(ours) },
    rollsBackTo: null,
  }
  const subjects = { liveId: async () => ({ revision: 'r2', digest: digestOf(pointer) }) }
  return createPublication(parts, subjects, async () => own).run(planned, never)
}

async function stepsOf(run: AsyncIterable<PublishProgress>): Promise<readonly PublishProgress[]> {
  const steps: PublishProgress[] = []
  for await (const step of run) steps.push(step)
  return steps
}

test('what is published is written, pointed to, read again, and stands in the journal before and after', async () => {
  const steps = await stepsOf(publication())
  expect(steps.map(({ step }) => step)).toEqual(['built', 'uploaded', 'pointed', 'verified', 'convergence'])
  expect(digestOf(pointer)).toBe(digestOf(ours))
  expect(journal.map(({ phase }) => phase)).toEqual(['begun', 'succeeded', 'noted'])
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
  expect(steps.map(({ step }) => step)).toEqual(['built', 'uploaded', 'pointed', 'lost-update', 'failed'])
  expect(steps.at(-2)).toEqual({ step: 'lost-update', found: { revision: 'r9', digest: digestOf(theirs) } })
  expect(journal.at(-1)).toMatchObject({ phase: 'failed', details: { pointer: 'moved' } })
})

test('a publication whose window closes after the first step goes on to its end, and into the journal', async () => {
  const run = publication()
  const first = await run.next()
  expect(first.value).toMatchObject({ step: 'built' })
  await run.return()
  await expect.poll(() => journal.map(({ phase }) => phase)).toEqual(['begun', 'succeeded'])
  expect(digestOf(pointer)).toBe(digestOf(ours))
})
