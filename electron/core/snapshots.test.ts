import { describe, expect, it } from 'vitest'
import type { RefusedAnswer } from '../../shared/contract/logs.ts'
import { builtAt } from '../../test/builders/facts.ts'
import { build, pipeline, settings } from '../../test/builders/small-graph.ts'
import type { EnvironmentRegistry } from './environments.ts'
import { Failure } from './failure.ts'
import type { LineFiles } from './ports.ts'
import { LineFileFailure } from './ports.ts'
import { readSnapshot, type SnapshotContent, snapshotLines } from './snapshot-format.ts'
import { createSnapshots, snapshotSaver, withSnapshots } from './snapshots.ts'

const now = builtAt + 3_600_000
const clock = { now: () => now, sleep: () => Promise.resolve() }
const refused: RefusedAnswer = {
  from: builtAt - 3_600_000,
  to: builtAt,
  heldSince: builtAt - 60_000,
  notAsked: [],
  lost: 0,
  complete: true,
  requests: [
    {
      at: builtAt - 1000,
      why: 'denied',
      requestId: 'r-1',
      traceId: null,
      decisionId: 'd-1',
      callerSpiffeId: null,
      calleeSpiffeId: null,
      callerAddress: null,
      access: null,
      decision: { source: 'opa', opaInstanceId: null, outcome: 'deny', reasons: ['no'], path: 'a/b', revision: 'r42' },
    },
  ],
}
const content: SnapshotContent = { of: 'lab', at: builtAt, gap: null, settings, states: pipeline.scopes, refused }

/** Files in memory. */
function memoryFiles(held: Record<string, readonly string[]> = {}): LineFiles & { readonly held: typeof held } {
  return {
    held,
    async write(path, lines) {
      if (path in held) throw new LineFileFailure('exists', `${path} is there already.`)
      held[path] = [...lines]
      return { bytes: 1 }
    },
    async *read(path) {
      const lines = held[path]
      if (lines === undefined) throw new LineFileFailure('not-found', `${path} cannot be read.`)
      yield* lines
    },
  }
}

async function* given(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines
}

const first = [...snapshotLines(content, '1.0.0')][0] ?? ''

describe('a snapshot file', () => {
  it('is read as it was written', async () => {
    expect(await readSnapshot('f', given([...snapshotLines(content, '1.0.0')]))).toEqual(content)
    const without = { ...content, refused: null, gap: { from: 1, to: null, why: 'asleep' as const } }
    expect(await readSnapshot('f', given([...snapshotLines(without, '1.0.0')]))).toEqual(without)
  })

  it.each<[string, readonly string[], string]>([
    ['nothing', [], 'invalid'],
    ['no JSON', ['x'], 'invalid'],
    ['another file', ['{"a":1}'], 'invalid'],
    ['a newer format', ['{"everyhop":"snapshot","schema":2,"what":"is new"}'], 'unsupported-version'],
    ['a header that lacks something', ['{"everyhop":"snapshot","schema":1}'], 'invalid'],
    ['a line of another kind', [first, '{"else":1}'], 'invalid'],
    ['two things in a line', [first, '{"scope":null,"refused":null}'], 'invalid'],
    ['a scope that is none', [first, '{"scope":{"scope":"x","facts":[]}}'], 'invalid'],
    ['a fact of another scope', [first, foreignFact()], 'invalid'],
    ['a fact without its provenance', [first, bareFact()], 'invalid'],
  ])('with %s is refused', async (_name, lines, code) => {
    await expect(readSnapshot('f', given(lines))).rejects.toMatchObject({ code, subject: 'f' })
  })
})

describe('an open snapshot', () => {
  it('has the graph of its time under a name of its own, that no environment has', async () => {
    const files = memoryFiles({ '/one': [...snapshotLines(content, '1.0.0')] })
    const snapshots = createSnapshots(files, clock, () => ['snapshot-1', 'lab'])
    expect(await snapshots.open('/one')).toEqual({ environment: 'snapshot-2', at: builtAt, of: 'lab' })
    const past = snapshots.past('snapshot-2')
    expect(past?.graph).toEqual({ ...build(pipeline.scopes), environment: 'snapshot-2' })
    expect(past?.logs).toEqual({ refused })
    expect(snapshots.summaries()).toMatchObject([
      { name: 'snapshot-2', production: false, file: '/one', snapshot: { of: 'lab', at: builtAt } },
    ])
    for (const _more of [1, 2, 3, 4]) await snapshots.open('/one')
    expect(snapshots.summaries()).toHaveLength(4)
    expect(snapshots.past('snapshot-2')).toBe(null)
  })

  it('that cannot be opened is told by its path, and none is listed', async () => {
    const broken = { scope: 'envoy/a/listeners', facts: [], gaps: [], readAt: null, triedAt: 'x', current: true }
    const files = memoryFiles({ '/broken': [first, JSON.stringify({ scope: broken })] })
    const snapshots = createSnapshots(files, clock, () => [])
    await expect(snapshots.open('/broken')).rejects.toMatchObject({ code: 'invalid', subject: '/broken' })
    await expect(snapshots.open('/none')).rejects.toMatchObject({ code: 'not-found' })
    await expect(snapshots.open('relative')).rejects.toMatchObject({ code: 'invalid' })
    expect(snapshots.summaries()).toEqual([])
  })

  it('whose facts are hollow makes a graph with defects, or is refused, and never fails otherwise', async () => {
    const hollow = pipeline.scopes.map((state) => ({
      ...state,
      facts: state.facts.map(({ kind, id, from }) => ({ kind, id, from })),
    }))
    const files = memoryFiles({ '/hollow': [first, ...hollow.map((scope) => JSON.stringify({ scope }))] })
    const snapshots = createSnapshots(files, clock, () => [])
    const opened = await snapshots.open('/hollow').catch((reason: unknown) => reason)
    if (opened instanceof Error) expect(opened).toMatchObject({ code: 'invalid', subject: '/hollow' })
    else expect(snapshots.past('snapshot-1')?.graph.defects).not.toEqual([])
  })

  it('is listed with the environments, and asked for its servers it is read-only', async () => {
    const files = memoryFiles({ '/one': [...snapshotLines(content, '1.0.0')] })
    const snapshots = createSnapshots(files, clock, () => [])
    await snapshots.open('/one')
    const registry: EnvironmentRegistry = {
      ready: async () => {},
      summaries: () => [],
      get: (name) => {
        throw new Failure('not-found', name, 'There is none.')
      },
      subscribe: () => () => {},
    }
    const all = withSnapshots(registry, snapshots)
    expect(all.summaries().map(({ name }) => name)).toEqual(['snapshot-1'])
    expect(() => all.get('snapshot-1')).toThrow(expect.objectContaining({ code: 'read-only' }))
    expect(() => all.get('other')).toThrow(expect.objectContaining({ code: 'not-found' }))
  })
})

describe('saving a snapshot', () => {
  function saver(files: LineFiles) {
    const past = {
      environment: 'lab',
      at: builtAt,
      graph: build(pipeline.scopes),
      states: new Map(pipeline.scopes.map((state) => [state.scope, state])),
      settings,
      gap: null,
      logs: 'kept' as const,
    }
    return snapshotSaver({
      files,
      clock,
      version: '1.0.0',
      sessions: { use: () => Promise.reject(new Error('now is not asked for')) },
      registry: {
        get() {
          throw new Error('nor are settings of now')
        },
      },
      pasts: { asked: async () => past },
      refused: async () => refused,
    })
  }

  it('writes what was known then, and what was refused before', async () => {
    const files = memoryFiles()
    const save = saver(files)
    expect(await save({ environment: 'lab', at: builtAt, file: '/new' })).toEqual({
      file: '/new',
      bytes: 1,
      at: builtAt,
    })
    expect(await readSnapshot('/new', files.read('/new'))).toEqual(content)
  })

  it('never writes over a file, and needs a whole path', async () => {
    const save = saver(memoryFiles({ '/new': [] }))
    await expect(save({ environment: 'lab', at: builtAt, file: '/new' })).rejects.toMatchObject({ code: 'conflict' })
    await expect(save({ environment: 'lab', at: builtAt, file: 'new' })).rejects.toMatchObject({ code: 'invalid' })
  })
})

function foreignFact(): string {
  const [state] = pipeline.scopes
  return JSON.stringify({ scope: { ...state, scope: 'spire/other/server' } })
}

function bareFact(): string {
  const [state] = pipeline.scopes
  return JSON.stringify({ scope: { ...state, facts: [{ kind: 'x', id: `${state?.scope}#x/y` }] } })
}
