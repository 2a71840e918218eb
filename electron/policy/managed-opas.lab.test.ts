import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureBinaries } from '../../test/lab/provision/binaries.ts'
import type { ManagedOpa } from '../tools/managed-opa.ts'
import { type OpaCommand, opaCommand } from '../tools/opa-command.ts'
import { createManagedOpas, type ManagedOpas, PolicyRefused } from './managed-opas.ts'
import type { Subject } from './subjects.ts'

/** A first run builds OPA. */
const buildMs = 10 * 60_000
let opa: OpaCommand
let folder: string
let opas: ManagedOpas

beforeAll(async () => {
  const { 'opa-envoy': found } = await ensureBinaries(['opa-envoy'], { log: (line) => console.log(line) })
  opa = opaCommand(found.path, found.version)
}, buildMs)
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-managed-'))
  opas = createManagedOpas(async () => opa, folder)
})
afterEach(async () => {
  await opas.close()
  await rm(folder, { recursive: true, force: true })
})

function draftOf(draft: string, rego: string): Subject {
  return {
    id: { revision: 'next', digest: null },
    from: { kind: 'draft', draft },
    roots: [''],
    manifest: {},
    files: new Map([['a.rego', new TextEncoder().encode(rego)]]),
    problems: [],
    bytes: null,
  }
}

const itself = async (running: ManagedOpa) => running
const answering = (answer: number) => `package a\n\nanswer := ${answer}\n`
const running = async () => (await readdir(folder)).filter((name) => name.startsWith('managed-')).length

test('the same policy is asked of the same OPA; an edited draft gets another, and the one before it ends', async () => {
  const first = await opas.use(draftOf('d', answering(1)), itself)
  expect(await opas.use(draftOf('d', answering(1)), itself)).toBe(first)
  const edited = await opas.use(draftOf('d', answering(2)), async (now) => ({
    now,
    found: await now.decide('a/answer', {}),
  }))
  expect(edited.now).not.toBe(first)
  expect(edited.found.result).toBe(2)
  await expect.poll(() => first.alive).toBe(false)
  await expect.poll(running).toBe(1)
})

test('one that is in use does not end, however many others are asked', async () => {
  const [held, others] = await opas.use(draftOf('held', answering(0)), async (mine) => {
    const found: ManagedOpa[] = []
    for (let at = 1; at <= 6; at += 1) found.push(await opas.use(draftOf(`d${at}`, answering(at)), itself))
    return [await mine.decide('a/answer', {}), found] as const
  })
  expect(held.result).toBe(0)
  expect(others.at(-1)?.alive).toBe(true)
  await expect.poll(() => others.filter(({ alive }) => alive).length).toBeLessThanOrEqual(4)
  await opas.close()
  expect(others.filter(({ alive }) => alive)).toEqual([])
  expect(await running()).toBe(0)
})

test('one that has ended by itself is started again', async () => {
  const first = await opas.use(draftOf('d', answering(1)), itself)
  await first.stop()
  expect(await opas.use(draftOf('d', answering(1)), (again) => again.decide('a/answer', {}))).toMatchObject({
    result: 1,
  })
})

test('what does not compile, or would reach out, is refused with its place and nothing of it stays', async () => {
  const reaching = draftOf('d', 'package a\n\nr := http.send({"method": "get", "url": "http://127.0.0.1:9"})\n')
  for (const _again of [1, 2]) {
    const refused = opas.use(reaching, itself)
    await expect(refused).rejects.toThrow(PolicyRefused)
    await expect(refused).rejects.toThrow(/a\.rego:3: .*http\.send/)
  }
  await expect(opas.use(draftOf('e', 'package a\n\nr if nosuch(1)\n'), itself)).rejects.toThrow(/nosuch/)
  // What only the strict check finds keeps nobody from asking.
  const untidy = draftOf('f', 'package a\n\nr if {\n\tx := 1\n}\n')
  expect(await opas.use(untidy, (now) => now.decide('a/r', {}))).toMatchObject({ result: true })
  expect(await running()).toBe(1)
})
