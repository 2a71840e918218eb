import { expect, test } from 'vitest'
import type { Forecast } from './forecast/model.ts'
import { handshakeCauses, requestCauses } from './model.ts'
import { identityCauses } from './no-identity/model.ts'
import {
  conditions,
  conditionsWithRunbook,
  identityStep,
  runbookOf,
  runbookSteps,
  runbooksOfForecast,
} from './runbooks.ts'

const quiet: Forecast = { at: 0, identities: [], failures: [], causes: [], authorities: [], open: [] }
const rotating = (state: 'on-course' | 'overdue' | 'stopped' | 'expired') =>
  ({ rotation: { state } }) as Forecast['identities'][number]

test('every condition that leads to a page is one that can be told', () => {
  const known: readonly string[] = [...requestCauses, ...handshakeCauses, ...identityCauses, ...conditions]
  expect(conditionsWithRunbook.filter((condition) => !known.includes(condition))).toEqual([])
  expect(conditions.filter((condition) => runbookOf(condition) === null)).toEqual([])
})

test('what needs no page leads to none, and what is unknown to none either', () => {
  for (const cause of ['not-refused', 'not-failing', 'has-identity', 'unknown'] as const) {
    expect([cause, runbookSteps(cause)]).toEqual([cause, []])
  }
})

test('of a forecast each page is named once, and none while all is on course', () => {
  expect(runbooksOfForecast({ ...quiet, identities: [rotating('on-course')] })).toEqual([])
  const late = [rotating('overdue'), rotating('expired'), rotating('stopped')]
  expect(runbooksOfForecast({ ...quiet, identities: late })).toEqual(['svid-rotation-failure'])
  const tainted = { state: 'tainted' } as Forecast['authorities'][number]
  const prepared = { state: 'prepared' } as Forecast['authorities'][number]
  expect(runbooksOfForecast({ ...quiet, authorities: [tainted, prepared] })).toEqual(['ca-compromise'])
  expect(runbooksOfForecast({ ...quiet, authorities: [prepared] })).toEqual([])
})

test('the step to a missing identity opens its diagnosis', () => {
  expect(identityStep({ id: 'workload/x', name: 'x' }).open).toEqual({ kind: 'identity', workload: 'workload/x' })
})
