import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { callInput, pipelinePolicy, policyOf, policyTrials } from '../../test/builders/policy-trials.ts'
import { ensureBinaries } from '../../test/lab/provision/binaries.ts'
import { spiffeIdOf, stageOf } from '../playground/pipeline/topology.ts'
import { type OpaCommand, opaCommand } from '../tools/opa-command.ts'
import { changeFinder } from './change.ts'
import { evaluator } from './evaluate.ts'

/** A first run builds OPA. */
const buildMs = 10 * 60_000
const never = new AbortController().signal
/** However busy the machine is: that the time is kept is held elsewhere. */
const limits = { evaluations: 30, tryingMs: 60_000 }
let opa: OpaCommand
let folder: string

beforeAll(async () => {
  const { 'opa-envoy': found } = await ensureBinaries(['opa-envoy'], { log: (line) => console.log(line) })
  opa = opaCommand(found.path, found.version)
}, buildMs)
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-change-'))
})
afterEach(async () => {
  // Whatever was tried, nothing of it stays.
  expect(await readdir(folder)).toEqual([])
  await rm(folder, { recursive: true, force: true })
})

const model = spiffeIdOf(stageOf('model-server'))
const tool = spiffeIdOf(stageOf('tool-runtime'))
const clock = { sleep: (ms: number, signal: AbortSignal) => wait(ms, undefined, { signal }) }
const asked = { environment: 'lab', decisionId: 'd-1' }

type Of = Parameters<typeof policyTrials>[2]
const rule = async (of: Of) => {
  const evaluate = evaluator(policyTrials(opa, folder, of))
  return (await evaluate('lab', 'd-1', never, () => {})).evaluation
}
const change = (of: Of) => changeFinder(policyTrials(opa, folder, of), clock, limits)(asked, never)

describe('a caller that the data no longer lets call', () => {
  const denied = async (): Promise<Of> => ({
    decisionPath: 'pipeline/authz/result',
    revisions: [await pipelinePolicy('r2', [{ from: 'model-server', to: 'tool-runtime' }]), await pipelinePolicy('r1')],
    recorded: { input: callInput({ caller: model, callee: tool, path: '/v1/tool-calls' }) },
  })

  test('the line that looks for it is named, with what it looked for and where; the revision before allowed it', async () => {
    const evaluation = await rule(await denied())
    expect(evaluation).toMatchObject({
      outcome: 'deny',
      before: { revision: 'r1', outcome: 'allow' },
      rule: {
        file: 'authz.rego',
        name: 'pipeline/authz/calls',
        decidedBy: 'failed',
        alternatives: 0,
        lookedFor: { at: `data.pipeline.adjacency[${JSON.stringify(tool)}]`, json: JSON.stringify(model) },
      },
    })
    const line = evaluation?.rule?.lines.find(({ outcome }) => outcome === 'failed')
    expect(line?.text).toBe('calls := data.pipeline.adjacency[callee][caller]')
    expect(line?.values).toContainEqual({ name: 'caller', json: JSON.stringify(model), masked: false })
    expect(line?.values).toContainEqual({ name: 'data.pipeline.adjacency[callee]', json: '{}', masked: false })
  })

  test('the smallest change gives the data what it had, and is a draft of one small difference', async () => {
    const { changes, isComplete, evaluations } = await change(await denied())
    const [first] = changes
    expect(first).toMatchObject({ kind: 'data', proven: true, loosens: false, file: 'data.json' })
    expect(first?.reason.code).toBe('change-data-as-before')
    expect(first?.difference.filter(({ kind }) => kind === 'added').map(({ text }) => text.trim())).toContain(
      `"${model}": [`,
    )
    expect(first?.draft?.changes.map(({ path }) => path)).toEqual(['data.json'])
    expect(changes.at(-1)).toMatchObject({ kind: 'rule', loosens: true, proven: true })
    expect(isComplete).toBe(true)
    expect(evaluations).toBeLessThanOrEqual(limits.evaluations)
  })

  test('where nobody knows what it had, it is made of what others have and of the request', async () => {
    const of = await denied()
    const { changes } = await change({ ...of, revisions: of.revisions.slice(0, 1) })
    expect(changes[0]).toMatchObject({ kind: 'data', proven: true })
    expect(changes[0]?.after).toBe('[{"method":"POST","path":["v1","tool-calls"]}]')
  })
})

test('a classification above the limit: the limit, what the request says, or the rule', async () => {
  const of: Of = {
    decisionPath: 'pipeline/authz/result',
    revisions: [await pipelinePolicy('r1')],
    recorded: {
      input: callInput({ caller: model, callee: tool, path: '/v1/tool-calls', classification: 'restricted' }),
    },
  }
  expect((await rule(of))?.rule).toMatchObject({ decidedBy: 'held', name: 'pipeline/authz/reasons' })
  const { changes } = await change(of)
  expect(changes.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['data', 'input', 'rule']))
  expect(changes.find(({ kind }) => kind === 'input')).toMatchObject({
    before: '"restricted"',
    at: 'input.attributes.request.http.headers["x-data-classification"]',
    draft: null,
  })
})

const written = `package app.authz

default allow := false

# a caller may only send what it is cleared for
allow if {
	caller := input.source
	caller in data.hops["model"].callers
	input.class in data.clearance[caller]
}
`
const data = JSON.stringify({ hops: { model: { callers: ['a'] } }, clearance: { a: ['public'] } })
const app = (input: unknown, rego = written): Of => ({
  decisionPath: 'app/authz/allow',
  revisions: [policyOf('r1', { 'app/authz.rego': rego, 'data.json': data })],
  recorded: { input },
})

test('of a set the member that is missing is added, and of the request what the set has is offered', async () => {
  const of = app({ source: 'a', class: 'secret' })
  const evaluation = await rule(of)
  expect(evaluation?.rule?.lines.map(({ row, outcome }) => [row, outcome])).toEqual([
    [5, null],
    [6, null],
    [7, 'held'],
    [8, 'held'],
    [9, 'failed'],
    [10, null],
  ])
  expect(evaluation?.rule?.lookedFor).toEqual({ at: 'data.clearance.a', json: '"secret"' })
  const { changes } = await change(of)
  expect(changes.map(({ kind, after }) => [kind, after])).toEqual([
    ['data', '["public","secret"]'],
    ['input', '"public"'],
    ['rule', null],
  ])
  expect(
    changes
      .at(-1)
      ?.difference.filter(({ kind }) => kind === 'removed')
      .map(({ text }) => text.trim()),
  ).toEqual(['input.class in data.clearance[caller]'])
})

test('what the record masks is not shown, and that it decides is said', async () => {
  const rego = 'package app.authz\n\ndefault allow := false\n\nallow if {\n\tinput.token == "let me in"\n}\n'
  const of = { ...app({ token: '***' }, rego) }
  const masked: Of = { ...of, recorded: { ...of.recorded, masked: ['/input/token'] } }
  const values = (await rule(masked))?.rule?.lines.flatMap((line) => line.values)
  expect(values).toEqual([{ name: 'input.token', json: '', masked: true }])
  const { changes, none } = await change(masked)
  expect(changes.map(({ kind }) => kind)).toEqual(['rule'])
  expect(none).toBeNull()
})

test('a live revision that allows it needs no change; one that OPA does not take is said', async () => {
  const before = app({ source: 'a', class: 'secret' }, written)
  const live = policyOf('r2', { 'app/authz.rego': 'package app.authz\n\nallow := true\n' })
  const needless = await change({
    ...before,
    revisions: [live, ...before.revisions],
    recorded: { ...before.recorded, revision: 'r1' },
  })
  expect(needless).toMatchObject({ changes: [], none: { code: 'change-live-allows', params: { revision: 'r2' } } })
  const broken = await change(app({}, 'package app.authz\n\nallow := http.send({"url": "http://127.0.0.1"})\n'))
  expect(broken).toMatchObject({ changes: [], none: { code: 'change-not-evaluated' } })
})

test('a decision that allowed needs no change', async () => {
  const of = app({ source: 'a', class: 'public' })
  const found = await change({ ...of, recorded: { ...of.recorded, answer: { allowed: true } } })
  expect(found).toMatchObject({ changes: [], none: { code: 'change-not-denied' }, evaluations: 0 })
})

test('a trial that takes too long ends in time, with what was found', async () => {
  const now = { sleep: async () => {} }
  const of = app({ source: 'a', class: 'secret' })
  const found = await changeFinder(policyTrials(opa, folder, of), now, limits)(asked, never)
  expect(found).toMatchObject({ isComplete: false, none: { code: 'change-out-of-time' } })
})
