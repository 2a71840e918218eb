import { describe, expect, test } from 'vitest'
import {
  type EvidenceParts,
  evidencePeriod,
  evidenceSources,
  writtenArtefact,
} from '../../../test/builders/evidence-sources.ts'
import { noon } from '../../../test/builders/log-records.ts'
import type { Artefact } from '../artefact.ts'
import { actions } from './actions.ts'
import { diagnoses } from './diagnoses.ts'

const signal = new AbortController().signal

function entry(number: number, action: string, phase = 'noted', more: Readonly<Record<string, unknown>> = {}) {
  const at = noon + number
  const value = {
    number,
    at,
    environment: 'test',
    action,
    phase,
    begunBy: null,
    actor: 'ana',
    details: {},
    hash: '',
    previous: '',
    ...more,
  }
  return { value, at, source: 'journal' }
}

const verdict = (number: number, environment = 'test') =>
  entry(number, 'diagnosis.verdict', 'noted', {
    environment,
    details: { kind: 'request', cause: 'policy-denied', confidence: 'high' },
  })

const lines = [
  entry(1, 'policy.publish', 'begun'),
  entry(2, 'policy.publish', 'succeeded'),
  verdict(3),
  entry(4, 'policy.publish', 'begun', { environment: 'production' }),
  verdict(5, 'production'),
  entry(6, 'seal.head'),
]
const damaged = async () => ({
  entries: 6,
  intact: false,
  problem: { number: 4, message: 'its hash is not that of its content' },
  head: null,
  unfinished: [],
})

async function collected(artefact: Artefact, parts: EvidenceParts) {
  const to = writtenArtefact()
  const found = await artefact.collect(evidenceSources(parts), evidencePeriod, to, signal)
  return { found, to }
}

const withoutLeaves: EvidenceParts = {
  lines: { journal: lines },
  leafless: [
    {
      number: 9,
      from: evidencePeriod.from - 1000,
      to: evidencePeriod.from + 5000,
      sealedAt: evidencePeriod.from + 5000,
      streams: [{ stream: 'journal', size: 3, root: '00' }],
      masking: 'mask-1',
      previous: '00',
      key: '00',
      signature: '',
    },
  ],
}

test.each([actions, diagnoses])('a head of which nothing is held but its root is a gap', async (artefact) => {
  const { found } = await collected(artefact, withoutLeaves)
  const { from } = evidencePeriod
  expect(found.population.gaps).toMatchObject([{ source: 'everyhop', from, to: from + 5000, why: 'retention' }])
  expect(found.result.state).toBe('insufficient')
})

describe('actions', () => {
  test('entries of this environment are whole, of others and of no action only leaves', async () => {
    const { found, to } = await collected(actions, { lines: { journal: lines } })
    expect(to.taken.get('journal')?.map(({ take }) => take)).toEqual(['line', 'line', 'leaf', 'leaf', 'leaf', 'leaf'])
    expect(found.population).toMatchObject({ count: 2, expected: 1, reporting: 1 })
    expect(found.result.state).toBe('operated')
  })

  test('a failed action, and one whose end nobody knows, are exceptions', async () => {
    const { found } = await collected(actions, {
      lines: { journal: [...lines, entry(7, 'policy.publish', 'failed'), entry(8, 'journal.unfinished')] },
    })
    expect(found.result).toMatchObject({ state: 'exception', reason: { params: { exceptions: 2 } } })
  })

  test('that nothing was done is known where the journal is whole', async () => {
    const { found } = await collected(actions, {})
    expect([found.population.count, found.result.state]).toEqual([0, 'operated'])
  })

  test('a journal that was changed proves nothing, and says where', async () => {
    const { found } = await collected(actions, { lines: { journal: lines }, journal: { verify: damaged } })
    expect(found.population.gaps).toMatchObject([
      { source: 'everyhop/journal', detail: '4: its hash is not that of its content' },
    ])
    expect(found.result.state).toBe('insufficient')
  })

  test('a sealed entry that is not what it was is named', async () => {
    const changed = { ...entry(1, 'policy.publish', 'begun'), changed: true }
    const { found, to } = await collected(actions, { lines: { journal: [changed] } })
    expect(to.records('changed-after-sealing')).toHaveLength(1)
    expect(found.result.state).toBe('insufficient')
  })

  test('a line that is no entry counts as damaged, and stays out', async () => {
    const { found } = await collected(actions, { lines: { journal: [{ value: '{"number":', source: 'journal' }] } })
    expect(found.population.dropped).toEqual({ 'everyhop.journal-damaged': 1 })
  })
})

describe('diagnoses', () => {
  test('verdicts of this environment are whole, all else is only leaves', async () => {
    const { found, to } = await collected(diagnoses, { lines: { journal: lines } })
    expect(to.taken.get('journal')?.map(({ take }) => take)).toEqual(['leaf', 'leaf', 'line', 'leaf', 'leaf', 'leaf'])
    expect(to.tables.get('counts')).toEqual([
      ['kind', 'cause', 'confidence', 'verdicts'],
      ['request', 'policy-denied', 'high', 1],
    ])
    expect(found.result.state).toBe('operated')
  })

  test('entries of which only the seal is left may have been verdicts', async () => {
    const gone = { ...entry(7, 'policy.publish', 'begun'), gone: true }
    const { found } = await collected(diagnoses, { lines: { journal: [gone] } })
    expect(found.result.state).toBe('insufficient')
    expect(found.population.dropped).toEqual({ 'everyhop.retention': 1 })
  })

  test('that nobody asked shows neither good nor bad', async () => {
    const { found } = await collected(diagnoses, { lines: { journal: lines.filter((_, index) => index !== 2) } })
    expect(found.result).toMatchObject({ state: 'not-evaluated', reason: { code: 'result.nobody-asked' } })
  })
})
