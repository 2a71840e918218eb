import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GraphDifference } from '../../shared/domain/history/model.ts'
import { builtAt } from '../../test/builders/facts.ts'
import { pipeline, settings } from '../../test/builders/small-graph.ts'
import { type SnapshotContent, snapshotLines } from '../core/snapshot-format.ts'
import { createLineFiles } from '../platform/line-files.ts'
import { differenceText } from './graph-diff.ts'
import { runCommandLine } from './main.ts'

const before = process.env['EVERYHOP_HOME']
let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'eh-cli-past-'))
  process.env['EVERYHOP_HOME'] = home
})
afterAll(async () => {
  if (before === undefined) delete process.env['EVERYHOP_HOME']
  else process.env['EVERYHOP_HOME'] = before
  await rm(home, { recursive: true })
})

async function run(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const told = { out: '', err: '' }
  const code = await runCommandLine(words, {
    out: (text) => (told.out += text),
    err: (text) => (told.err += text),
  })
  return { code, ...told }
}

async function saved(name: string, content: Partial<SnapshotContent> = {}): Promise<string> {
  const file = join(home, name)
  const whole = { of: 'lab', at: builtAt, gap: null, settings, states: pipeline.scopes, refused: null, ...content }
  await createLineFiles().write(file, snapshotLines(whole, '1.0.0'))
  return file
}

describe('a snapshot in the terminal', () => {
  it('is shown as the environment that it is of, at its time', async () => {
    const file = await saved('one.everyhop-snapshot')
    const { code, out, err } = await run('graph', 'show', '--snapshot', file)
    expect(err).toMatch(/: all \d+ facts recorded\n/)
    expect(code).toBe(0)
    expect(out).toMatch(/^lab at /)
    expect(out).toContain('gateway → model-server')
    const json = await run('graph', 'show', '--snapshot', file, '--json')
    expect(JSON.parse(json.out)).toMatchObject({ environment: 'lab', asOf: new Date(builtAt).toISOString() })
  })

  it('of a time that nobody watched says so, by its exit code too', async () => {
    const gap = { from: builtAt - 60_000, to: builtAt + 60_000, why: 'asleep' as const }
    const { code, out, err } = await run('graph', 'show', '--snapshot', await saved('asleep', { gap }))
    expect(code).toBe(3)
    expect(err).toContain('nobody watched at')
    expect(err).toContain('the computer slept')
    expect(out).not.toContain('mTLS verified')
  })

  it('that cannot be opened is told by its name', async () => {
    const { code, err } = await run('graph', 'show', '--snapshot', join(home, 'none'))
    expect(code).toBe(1)
    expect(err).toContain(join(home, 'none'))
  })
})

describe('the past in the terminal', () => {
  it.each([
    [['graph', 'show', '--snapshot', 'x', '--env', 'lab'], /--snapshot is of one environment/],
    [['graph', 'show', '--env', 'lab', '--at', 'soonish'], /--at "soonish" is no time/],
    [['graph', 'show', '--env', 'lab', '--at', '-2h', '--live'], /with --live nothing is remembered/],
    [['graph', 'diff', '--env', 'lab'], /say since when/],
    [['graph', 'diff', '--env', 'lab', '--from', 'x'], /--from "x" is no time/],
    [['graph', 'save', '--env', 'lab'], /--out/],
    [['diagnose', 'request', 'r-1', '--env', 'lab', '--at', '-1h', '--change'], /--change is of now/],
    [['diagnose', 'handshake', 'a', 'b', '--env', 'lab', '--at', '-1h', '--probe'], /--probe is of now/],
  ])('%j is wrongly written', async (words, says) => {
    const { code, err } = await run(...words)
    expect(code).toBe(2)
    expect(err).toMatch(says)
  })
})

describe('a difference in the terminal', () => {
  const from = Date.parse('2026-11-21T03:12:07Z')
  const to = Date.parse('2026-11-22T12:04:31Z')
  const hop = { element: { kind: 'hop', id: 'h' }, name: 'model-server → tool-runtime', aspect: 'transport' } as const
  const difference: GraphDifference = {
    from,
    to,
    changes: [
      { ...hop, from: 'verified', to: 'failing', direction: 'worse', at: to - 204_000 },
      { ...hop, name: 'a → b', from: 'plaintext', to: 'verified', direction: 'better', at: null },
    ],
    notComparable: [{ source: 'vault', missingAt: 'from', facts: 8 }],
    gaps: [{ from: from + 60_000, to: from + 120_000, why: 'not-running' }],
  }

  it('says what got worse first, when it did, and what cannot be compared', () => {
    expect(
      differenceText(difference, 'prod', to),
    ).toBe(`prod from 2026-11-21 03:12:07 UTC to 2026-11-22 12:04:31 UTC: 2 changes in 32 h 52 m

Got worse (1)
  model-server → tool-runtime  mTLS verified → handshake failing  2026-11-22 12:01:07 UTC

Got better (1)
  a → b  plaintext → mTLS verified

Not comparable
  8 Vault facts were not recorded at 2026-11-21 03:12:07 UTC
  nothing was watched: From 21 Nov 03:13:07 to 21 Nov 03:14:07 UTC, 1 m 00 s, Everyhop did not run.
`)
  })

  it('of nothing says only that', () => {
    const same = { ...difference, changes: [], notComparable: [], gaps: [] }
    expect(differenceText(same, 'prod', to)).toBe(
      'prod from 2026-11-21 03:12:07 UTC to 2026-11-22 12:04:31 UTC: 0 changes in 32 h 52 m\n',
    )
  })
})
