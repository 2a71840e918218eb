import { expect, test } from 'vitest'
import type { ArtefactPlan } from '../../../shared/contract/evidence.ts'
import type { Progress } from '../../api/evidence.tsx'
import { rowsOf } from './rows.ts'

const plan: ArtefactPlan = {
  id: 'decisions',
  title: 'Authorisation decisions',
  from: 'OPA decision logs',
  records: 100,
  population: { count: 100, method: 'lines', control: null, dropped: {}, expected: 2, reporting: 1, gaps: [] },
  expected: { state: 'insufficient', reason: { code: 'x', params: {} } },
  limitations: [],
}

const progress = (over: Partial<Progress['artefacts'][number]>): Progress => ({
  type: 'progress',
  packId: 'EP-2026-0001',
  step: 'collect',
  elapsedMs: 10,
  artefacts: [
    { id: 'decisions', records: 50, population: 100, bytes: 1, state: null, exceptions: 0, reason: null, ...over },
  ],
})

test('before it is made a row says what it will be at best', () => {
  const [row] = rowsOf([plan], null)
  expect(row).toMatchObject({
    records: 100,
    state: 'insufficient',
    isForecast: true,
    exceptions: null,
    collected: null,
  })
})

test('while it is collected its share is that of the population, and it has no state', () => {
  const [row] = rowsOf([plan], progress({}))
  expect(row).toMatchObject({
    collected: { done: 0.5, lacking: 0 },
    state: null,
    exceptions: null,
    from: 'OPA decision logs',
  })
})

test('what is insufficient is never drawn as whole, and without a record as nothing', () => {
  const whole = rowsOf([plan], progress({ records: 100, state: 'insufficient' }))[0]
  expect(whole?.collected?.lacking).toBeGreaterThan(0)
  const none = rowsOf([plan], progress({ records: 0, state: 'insufficient' }))[0]
  expect(none?.collected).toEqual({ done: 0, lacking: 1 })
  const unknown = rowsOf([plan], progress({ population: null, state: 'insufficient' }))[0]
  expect(unknown?.collected?.lacking).toBeGreaterThan(0)
})

test('what was not looked at is drawn as lacking', () => {
  expect(rowsOf([plan], progress({ records: 0, state: 'not-evaluated' }))[0]?.collected).toEqual({
    done: 0,
    lacking: 1,
  })
})

test('an unknown population is no progress', () => {
  expect(rowsOf([plan], progress({ population: null }))[0]?.collected).toEqual({ done: 0, lacking: 0 })
})
