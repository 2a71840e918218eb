import { expect, test } from 'vitest'
import { createGate } from './gate.ts'

const never = new AbortController().signal

/** Work that ends when told to; says what runs. */
function works() {
  const running = new Set<string>()
  const ends = new Map<string, () => void>()
  return {
    running: () => [...running],
    end: (name: string) => ends.get(name)?.(),
    work: (name: string) => async () => {
      running.add(name)
      await new Promise<void>((resolve) => ends.set(name, resolve))
      running.delete(name)
      return name
    },
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

test('only so many are inside, of one kind fewer, and the others come in the order in which they asked', async () => {
  const gate = createGate({ inAll: 3, perKind: 2 })
  const { running, end, work } = works()
  const all = ['a1', 'a2', 'a3', 'b1', 'b2'].map((name) => gate.pass(name[0] ?? '', never, work(name)))
  await settle()
  expect(running()).toEqual(['a1', 'a2', 'b1'])
  end('b1')
  await settle()
  expect(running()).toEqual(['a1', 'a2', 'b2'])
  end('a1')
  await settle()
  expect(running()).toEqual(['a2', 'b2', 'a3'])
  for (const name of ['a2', 'a3', 'b2']) end(name)
  expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2'])
})

test('who stops waiting takes no place, and work that fails leaves its own', async () => {
  const gate = createGate({ inAll: 1, perKind: 1 })
  const { running, end, work } = works()
  const stop = new AbortController()
  const first = gate.pass('a', never, work('first'))
  const given = gate.pass('a', stop.signal, work('given up'))
  stop.abort(new Error('not wanted any more'))
  await expect(given).rejects.toThrow('not wanted any more')
  end('first')
  await first
  await expect(gate.pass('a', never, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  const last = gate.pass('a', never, work('last'))
  await settle()
  expect(running()).toEqual(['last'])
  end('last')
  await last
})
