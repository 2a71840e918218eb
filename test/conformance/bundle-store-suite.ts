import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BundleStore, objectName } from '../../electron/policy/stores/store.ts'

export interface StoreUnderTest {
  readonly store: BundleStore
  /** Writes the pointer as another publisher would, past Everyhop. */
  overwrite(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

const never = new AbortController().signal
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

/** What every bundle store must do, whatever it is made of. */
export function bundleStoreSuite(
  name: string,
  open: () => Promise<StoreUnderTest>,
  guard: 'conditional' | 'last-writer-wins',
): void {
  describe(`bundle store: ${name}`, () => {
    let subject: StoreUnderTest
    let store: BundleStore
    beforeEach(async () => {
      subject = await open()
      store = subject.store
    })
    afterEach(() => subject.close())

    test('there is no pointer until one is published, and then it is what was published', async () => {
      expect(await store.readPointer(never)).toBeNull()
      await store.movePointer(bytesOf('one'), null, never)
      const first = await store.readPointer(never)
      expect(textOf(first?.bytes)).toBe('one')
      await store.movePointer(bytesOf('two'), first, never)
      const second = await store.readPointer(never)
      expect(textOf(second?.bytes)).toBe('two')
      expect(second?.version).not.toBe(first?.version)
    })

    test('an object is written once: the same again is fine, another content is a conflict', async () => {
      const object = objectName('r 43/../x', digestOf(bytesOf('content')))
      expect(await store.readObject(object, never)).toBeNull()
      await store.putObject(object, bytesOf('content'), never)
      await store.putObject(object, bytesOf('content'), never)
      expect(textOf((await store.readObject(object, never))?.bytes)).toBe('content')
      await expect(store.putObject(object, bytesOf('other'), never)).rejects.toMatchObject({ reason: 'conflict' })
      expect(textOf((await store.readObject(object, never))?.bytes)).toBe('content')
      const listed = await store.list(never)
      if (listed !== null) expect(listed.map((each) => each.name)).toEqual([object])
    })

    test('a pointer that another publisher moved meanwhile is not overwritten', async () => {
      await store.movePointer(bytesOf('one'), null, never)
      const seen = await store.readPointer(never)
      await subject.overwrite(bytesOf('theirs'))
      await expect(store.movePointer(bytesOf('ours'), seen, never)).rejects.toMatchObject({ reason: 'conflict' })
      expect(textOf((await store.readPointer(never))?.bytes)).toBe('theirs')
    })

    test('a pointer that another publisher made meanwhile is not overwritten', async () => {
      await subject.overwrite(bytesOf('theirs'))
      await expect(store.movePointer(bytesOf('ours'), null, never)).rejects.toMatchObject({ reason: 'conflict' })
      expect(textOf((await store.readPointer(never))?.bytes)).toBe('theirs')
    })

    test('whether conditional writes hold is found out, and the probe leaves nothing', async () => {
      expect(await store.guard(never)).toMatchObject({ kind: guard, detail: expect.stringMatching(/\w/) })
      const listed = await store.list(never)
      if (listed !== null) expect(listed).toEqual([])
    })

    test('who looks again is told of every other content, and asks for no bytes of what cannot have changed', async () => {
      await store.movePointer(bytesOf('one'), null, never)
      const first = await store.readPointer(never)
      const again = await store.lookAtPointer(first?.mark ?? null, never)
      // Without a mark, as within the second in which it was written, it is read as a whole.
      if (first?.mark === null) expect(again).toMatchObject({ version: first.version })
      else expect(again).toBe('unchanged')
      await subject.overwrite(bytesOf('two'))
      const other = await store.lookAtPointer(first?.mark ?? null, never)
      expect(other === null || other === 'unchanged' ? other : textOf(other.bytes)).toBe('two')
    })

    test('what is known of conditional writes is known without writing', async () => {
      const before = store.knownGuard()
      const found = await store.guard(never)
      expect(store.knownGuard()).toEqual(found)
      expect(before === null || before === found).toBe(true)
    })

    test('names that lead elsewhere are refused', async () => {
      for (const bad of ['../x', 'a/b', '', '..', 'x.tar.gz', `${'a'.repeat(81)}-${'0'.repeat(16)}.tar.gz`]) {
        await expect(store.readObject(bad, never)).rejects.toMatchObject({ reason: 'invalid' })
        await expect(store.putObject(bad, bytesOf('x'), never)).rejects.toMatchObject({ reason: 'invalid' })
      }
    })

    test('of two publications at once from the same state at most one is told that it succeeded', async () => {
      await store.movePointer(bytesOf('one'), null, never)
      const seen = await store.readPointer(never)
      const results = await Promise.allSettled(
        ['left', 'right'].map((text) => store.movePointer(bytesOf(text), seen, never)),
      )
      const winners = results.filter(({ status }) => status === 'fulfilled').length
      if (guard === 'conditional' || store.place.kind === 'directory') expect(winners).toBe(1)
      else expect(winners).toBeGreaterThanOrEqual(1) // such a store cannot promise more: a lost update is found afterwards
      expect(['left', 'right']).toContain(textOf((await store.readPointer(never))?.bytes))
    })
  })
}
