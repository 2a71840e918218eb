import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureBinaries } from '../../test/lab/provision/binaries.ts'
import { startManagedOpa } from './managed-opa.ts'
import { type OpaCommand, opaCommand } from './opa-command.ts'
import { decideManaged, evaluate, evaluateManaged } from './opa-evaluate.ts'

let opa: OpaCommand
let folder: string
const ends: (() => Promise<void>)[] = []

const authz = `package pipeline.authz

default allow := false

allow if {
	caller := input.caller
	caller in data.callers
	count(caller) > 2
}

reason := "unknown caller" if not input.caller in data.callers
`

beforeAll(async () => {
  const { 'opa-envoy': found } = await ensureBinaries(['opa-envoy'], { log: (line) => console.log(line) })
  opa = opaCommand(found.path, found.version)
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-opa-'))
  await put('pipeline/authz.rego', authz)
  await put('data.json', '{"callers":["abc","xyz"]}')
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await rm(folder, { recursive: true, force: true })
})

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), text)
}

async function managed(limits?: Parameters<typeof startManagedOpa>[2]) {
  const running = await startManagedOpa(opa.path, folder, limits)
  ends.push(() => running.stop())
  return running
}

test('a policy that is in order has no problem; one that does not compile or parse has one with its place', async () => {
  expect(await opa.check(folder)).toEqual([])
  await put('pipeline/bad.rego', 'package pipeline.authz\n\nother if {\n\tx := 1\n}\n')
  expect(await opa.check(folder)).toMatchObject([
    { path: 'pipeline/bad.rego', row: 4, code: 'rego_compile_error', message: expect.stringContaining('x unused') },
  ])
  await put('pipeline/bad.rego', 'package pipeline.authz\n\nallow := := 1\n')
  expect(await opa.check(folder)).toMatchObject([
    {
      path: 'pipeline/bad.rego',
      row: 3,
      column: 10,
      code: 'rego_parse_error',
      message: expect.stringContaining('unexpected assign token'),
    },
  ])
})

test('a schema of the input finds a misspelt path', async () => {
  const schemas = join(`${folder}-schema`, 'input.json')
  ends.push(() => rm(dirname(schemas), { recursive: true }))
  await mkdir(dirname(schemas))
  await writeFile(
    schemas,
    JSON.stringify({ type: 'object', properties: { caller: { type: 'string' } }, additionalProperties: false }),
  )
  await put('pipeline/typo.rego', 'package pipeline.typo\n\nok if input.calller == "x"\n')
  const found = await opa.check(folder, { schemas })
  expect(found).toMatchObject([{ path: 'pipeline/typo.rego', row: 3, code: 'rego_type_error' }])
})

test('tests are told apart, and lines that no test reaches are known', async () => {
  await put(
    'pipeline/authz_test.rego',
    `package pipeline.authz_test

import data.pipeline.authz

test_known if authz.allow with input as {"caller": "abc"}

test_wrong if {
	print("looked at q")
	authz.allow with input as {"caller": "q"}
}

todo_test_later if false
`,
  )
  const { results, coverage, problem } = await opa.test(folder)
  expect(problem).toBeNull()
  expect(Object.fromEntries(results.map(({ name, outcome }) => [name, outcome]))).toEqual({
    test_known: 'passed',
    test_wrong: 'failed',
    todo_test_later: 'skipped',
  })
  expect(results.find(({ name }) => name === 'test_wrong')?.output).toContain('looked at q')
  const file = coverage.find(({ path }) => path === 'pipeline/authz.rego')
  expect(file?.covered).toContain(8)
  expect(file?.notCovered).toContain(11)
})

test('a test reaches no host, and may still put a function of its own in the place of http.send', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as AddressInfo
    const call = `http.send({"method": "GET", "url": "http://127.0.0.1:${port}/out", "raise_error": false}).status_code == 200`
    const mocked = `fake(_) := {"status_code": 200}\n\ntest_mocked if ${call} with http.send as fake`
    await put('out_test.rego', `package out_test\n\ntest_out if ${call}\n\n${mocked}\n`)
    const { results } = await opa.test(folder)
    expect(Object.fromEntries(results.map(({ name, outcome }) => [name, outcome]))).toEqual({
      test_out: 'failed',
      test_mocked: 'passed',
    })
    expect(asked).toEqual([])
  } finally {
    server.close()
  }
})

test('formatting keeps a text that does not parse, and says where', async () => {
  expect(await opa.format('package a\nallow   if {input.x}\n')).toEqual({
    text: 'package a\n\nallow if input.x\n',
    problem: null,
  })
  const text = 'package a\n\nallow := := 1\n'
  expect(await opa.format(text)).toMatchObject({ text, problem: { row: 3 } })
})

test('an evaluation shows the rules with the values they saw', async () => {
  const found = await evaluate(opa, { folder, query: 'data.pipeline.authz.allow', input: { caller: 'q' }, of: 'draft' })
  expect(found).toMatchObject({ decision: 'deny', result: false, error: null })
  const failing = found.trace.find(({ event }) => event === 'fail')
  expect(failing).toMatchObject({
    path: 'pipeline/authz.rego',
    row: 7,
    expression: 'caller in data.callers',
    values: { caller: 'q' },
  })
  const none = await evaluate(opa, { folder, query: 'data.pipeline.nothing', input: {}, of: 'draft' })
  expect(none).toMatchObject({ decision: 'undefined', result: null })
  const wrong = await evaluate(opa, { folder, query: '1 +', input: {}, of: 'draft' })
  expect(wrong).toMatchObject({ decision: 'error', error: expect.stringContaining('unexpected') })
})

test('a policy that would reach out is not evaluated, and says why', async () => {
  await put(
    'pipeline/out.rego',
    'package pipeline.out\n\nr := http.send({"method": "get", "url": "http://127.0.0.1:9/"})\n',
  )
  const found = await evaluate(opa, { folder, query: 'data.pipeline.out.r', input: {}, of: 'draft' })
  expect(found).toMatchObject({ decision: 'error', error: expect.stringContaining('http.send') })
})

test('a policy that runs and runs is stopped, and so is one that fills the memory', async () => {
  await put(
    'pipeline/long.rego',
    'package pipeline.long\n\nn := count([1 | some a in numbers.range(1, 20000); some b in numbers.range(1, 20000); a == b])\n',
  )
  const slow = await evaluate(opa, { folder, query: 'data.pipeline.long.n', input: {}, of: 'draft', timeoutMs: 1_000 })
  expect(slow).toMatchObject({ decision: 'error', error: expect.stringMatching(/took longer|memory|length/) })
  const server = await managed({ decisionMs: 500, memoryBytes: 1024 ** 3, startMs: 20_000 })
  await expect(server.decide('pipeline/long/n', {})).rejects.toThrow(/took longer than 500 ms|memory/)
})

test('a managed OPA decides on a private socket, and tells undefined from false', async () => {
  const server = await managed()
  expect(await server.decide('pipeline/authz/allow', { caller: 'abc' })).toMatchObject({
    result: true,
    isDefined: true,
  })
  expect(await server.decide('pipeline/authz/allow', { caller: 'q' })).toMatchObject({ result: false, isDefined: true })
  expect(await server.decide('pipeline/authz/nothing', {})).toMatchObject({ isDefined: false })
  await server.stop()
  expect(server.alive).toBe(false)
  await expect(server.decide('pipeline/authz/allow', {})).rejects.toThrow(/OPA was stopped/)
})

test('a managed OPA that does not compile its policy says so in OPA’s words', async () => {
  await put('pipeline/bad.rego', 'package pipeline.authz\n\nallow if nosuch(1)\n')
  await expect(managed()).rejects.toThrow(/undefined function nosuch/)
})

const deep = 'lib/a folder with a long name/and another one in it/and one more to make it long/helpers.rego'
const helpers = `package lib.helpers

bad(x) if x == "bad"

good(v, w) := r if {
	r := [v, w]
	some m in ["a", "b"]
	m == "b"
	trace("a b")
	input.k == v
}
`
const manifold = `package pipeline.manifold

import data.lib.helpers

ok if {
	some i, x in input.xs
	not helpers.bad(x)
	y := {k: v | some k, v in input.o; v != x}
	z := [[a, "b c"] | some a in input.xs; a.not != "x y"]
	every each in z { count(each) > 1 }
	s := {a | some a in input.xs} | set()
	count(s) > i
	helpers.good(x, y) with input.k as x
	regex.match("a.*b", x["b c"])
}
`

test('an OPA that stays up explains as the command does: the same lines, places, depths and values', async () => {
  await put('pipeline/manifold.rego', manifold)
  await put(deep, helpers)
  const server = await managed()
  const names = ['pipeline/authz.rego', 'pipeline/manifold.rego', deep]
  const files = new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)),
  )
  const cases = [
    { path: 'pipeline/authz/allow', input: { caller: 'abc' } },
    { path: 'pipeline/authz/allow', input: { caller: 'q' } },
    { path: 'pipeline/manifold/ok', input: { xs: [{ not: 'd', 'b c': 'ab1' }, 'bad'], o: { k: 1, l: 2 } } },
    { path: 'pipeline/nothing', input: {} },
  ]
  for (const { path, input } of cases) {
    const query = `data.${path.replaceAll('/', '.')}`
    const { metrics: _theirs, ...expected } = await evaluate(opa, { folder, query, input, of: 'draft' })
    for (const found of [1, 2].map(() => evaluateManaged(server, { path, input, of: 'draft', files }))) {
      const { metrics, ...told } = (await found) ?? { metrics: null }
      expect(told).toEqual(expected)
      expect(metrics?.evaluationMs).toBeGreaterThan(0)
    }
    // The same without its explanation.
    const { metrics, ...decided } = await decideManaged(server, { path, input, of: 'draft' })
    expect(decided).toEqual({ ...expected, trace: [], traceCut: false })
    expect(metrics.evaluationMs).toBeGreaterThan(0)
  }
  const many = await evaluateManaged(server, {
    path: 'pipeline/manifold/ok',
    input: cases[2]?.input,
    of: 'draft',
    files,
  })
  expect(many?.trace.find(({ path }) => path === deep)).toMatchObject({ event: 'enter', row: 5 })
  expect(many?.trace.map(({ values }) => Object.keys(values)).flat()).toEqual(
    expect.arrayContaining(['each', 'z', 'w']),
  )
})

test('what fails within the evaluation is said in OPA’s words, by the server as by the command', async () => {
  await put('pipeline/two.rego', 'package pipeline.two\n\nr := x if some x in [1, 2]\n')
  const cold = await evaluate(opa, { folder, query: 'data.pipeline.two.r', input: {}, of: 'draft' })
  expect(cold.decision).toBe('error')
  const asked = { path: 'pipeline/two/r', input: {}, of: 'draft', files: new Map<string, Uint8Array>() } as const
  await expect(evaluateManaged(await managed(), asked)).rejects.toThrow(cold.error ?? 'no error')
})

test('a builtin that fails has no value, as with an OPA of production: a masked token is no error of the policy', async () => {
  const text = 'package pipeline.masked\n\ndefault ok := false\n\nok if io.jwt.decode(input.token)[1].sub == "eve"\n'
  await put('pipeline/masked.rego', text)
  const input = { token: '***' }
  const cold = await evaluate(opa, { folder, query: 'data.pipeline.masked.ok', input, of: 'draft' })
  expect(cold.decision).toBe('deny')
  const asked = {
    path: 'pipeline/masked/ok',
    input,
    of: 'draft',
    files: new Map([['pipeline/masked.rego', Buffer.from(text)]]),
  } as const
  expect((await evaluateManaged(await managed(), asked))?.decision).toBe('deny')
})
