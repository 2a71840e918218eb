import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { EvidencePlan } from '../../shared/contract/evidence.ts'
import { artefactIds } from '../../shared/domain/evidence/model.ts'
import { type ExitCode, exitCodes, UsageError } from './command.ts'
import { artefactsOf, keyOf, periodOf } from './evidence-options.ts'
import { planText, progressLine } from './evidence-text.ts'
import { runCommandLine } from './main.ts'

const now = Date.UTC(2026, 9, 2)
const hour = 3_600_000

async function run(...words: readonly string[]): Promise<{ readonly code: ExitCode; readonly err: string }> {
  let err = ''
  const code = await runCommandLine(words, { out: () => {}, err: (text) => (err += text) })
  return { code, err }
}

describe('the period', () => {
  test.each([
    [{ last: '24h' }, { from: now - 24 * hour, to: now }],
    [{ from: '2026-10-01T00:00:00Z' }, { from: now - 24 * hour, to: now }],
    [
      { from: '2026-10-01', to: '2026-10-01T12:00:00Z' },
      { from: now - 24 * hour, to: now - 12 * hour },
    ],
    [
      { from: '-3h', to: '-1h' },
      { from: now - 3 * hour, to: now - hour },
    ],
  ])('%j', (values, period) => {
    expect(periodOf(values, now)).toEqual(period)
  })

  test.each([{}, { last: '1h', from: '-2h' }, { to: '-1h' }, { from: '-1h', to: '-2h' }, { last: 'yesterday' }])(
    '%j is written wrongly',
    (values) => {
      expect(() => periodOf(values, now)).toThrow(UsageError)
    },
  )
})

test('artefacts are named, in whatever order', () => {
  expect(artefactsOf(undefined)).toEqual(artefactIds)
  expect(artefactsOf('actions, decisions')).toEqual(['decisions', 'actions'])
  expect(() => artefactsOf('decisions,certificates')).toThrow('there is no artefact certificates')
})

describe('the key', () => {
  test('is a file, a key of a Vault, a program, or what environment.yaml names', () => {
    expect(keyOf({})).toBeNull()
    expect(keyOf({ key: 'k.pem' })).toEqual({ kind: 'file', file: resolve('k.pem') })
    expect(keyOf({ transit: 'main/a/b/evidence' })).toEqual({
      kind: 'transit',
      vault: 'main',
      transitMount: 'a/b',
      keyName: 'evidence',
    })
    expect(keyOf({ 'sign-command': ['./sign', '-k', '1'], 'public-key': 'org.pem' })).toEqual({
      kind: 'command',
      command: ['./sign', '-k', '1'],
      publicKeyFile: resolve('org.pem'),
    })
  })

  test.each([{ key: 'a', transit: 'a/b/c' }, { transit: 'a/b' }, { 'sign-command': ['a'] }, { 'public-key': 'a' }])(
    '%j is written wrongly',
    (values) => {
      expect(() => keyOf(values)).toThrow(UsageError)
    },
  )
})

test.each([
  [['evidence', 'create', '--last', '24h'], 'say which environment'],
  [['evidence', 'create', '--env', 'lab'], 'say which time with --last'],
  [['evidence', 'create', '--env', 'lab', '--last', '1h', '--sample', '-1'], '--sample'],
  [['evidence', 'create', '--env', 'lab', '--last', '1h', '--sample', '5000'], '--sample takes a number up to 1000'],
  [['evidence', 'plan', '--env', 'lab', '--last', '1h', 'more'], '"more" is too much'],
  [['evidence', 'list'], 'say which environment'],
])('%j is a usage error', async (words, sentence) => {
  const { code, err } = await run(...words)
  expect(code).toBe(exitCodes.usage)
  expect(err).toContain(sentence)
})

test('progress is a line that names what is collected', () => {
  const fresh = { population: null, exceptions: 0, reason: null }
  const done = { ...fresh, id: 'actions', records: 3, bytes: 100, state: 'operated' } as const
  const going = { ...fresh, id: 'decisions', records: 120_000, bytes: 71_000_000, state: null } as const
  const event = { type: 'progress', packId: 'EP-2026-0001', elapsedMs: 9000 } as const
  expect(progressLine({ ...event, step: 'collect', artefacts: [done, going] })).toBe(
    'collecting: decisions 120,000 records, 71 MB (9 s)',
  )
  expect(progressLine({ ...event, step: 'seal', artefacts: [done] })).toBe('sealing, signing and verifying (9 s)')
})

test('a plan says what will be missing, and which key would sign', () => {
  const plan: EvidencePlan = {
    period: { from: now - hour, to: now },
    trustDomains: [],
    artefacts: [
      {
        id: 'decisions',
        title: 'Authorisation decisions',
        from: 'OPA',
        records: null,
        population: { count: null, method: '', control: null, dropped: {}, expected: null, reporting: null, gaps: [] },
        expected: { state: 'insufficient', reason: { code: 'result.not-counted', params: {} } },
        limitations: [],
      },
    ],
    controls: [],
    gaps: [{ source: 'everyhop', from: now - hour, to: now, why: 'not-running', detail: 'a\u202eb' }],
    heads: { sealed: 0, since: null },
    masking: { rules: 'mask-1', fields: 5 },
    signing: null,
    bytesNeeded: 5_000_000,
    bytesFree: null,
  }
  const text = planText(plan)
  expect(text).toContain('Authorisation decisions  not known  Insufficient')
  expect(text).toContain('What will be missing:\n  everyhop: nothing from 2026-10-01 23:00:00 UTC')
  expect(text).toContain('No key is configured')
  expect(text).not.toContain('\u202e')
})
