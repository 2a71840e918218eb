import { expect, test } from 'vitest'
import type { Forecast } from './forecast/model.ts'
import { handshakeCauses, requestCauses } from './model.ts'
import { identityCauses } from './no-identity/model.ts'
import {
  conditions,
  conditionsWithRunbook,
  identityStep,
  isManyAtOnce,
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

test('a forecast with many hops that fail at once, or a SPIRE that tells nothing, names the pages for that', () => {
  const fails = (from: string, to: string) =>
    ({ from: { workload: from }, to: { workload: to }, isFailing: true }) as Forecast['failures'][number]
  const shared = [fails('a', 'b'), fails('b', 'c'), fails('d', 'e')]
  expect(runbooksOfForecast({ ...quiet, failures: shared })).toEqual(['mesh-failure'])
  expect(runbooksOfForecast({ ...quiet, failures: shared.map((each) => ({ ...each, isFailing: false })) })).toEqual([])
  // One workload in all of them: its own trouble.
  expect(isManyAtOnce([fails('a', 'b'), fails('b', 'c'), fails('d', 'b')])).toBe(false)
  expect(isManyAtOnce(shared.slice(1))).toBe(false)
  const silent = { code: 'spire-tells-nothing', params: { instance: 'spire' } }
  expect(runbooksOfForecast({ ...quiet, open: [silent] })).toEqual(['spire-server-unavailable'])
})

test('a caller or a workload that nobody declared leads to the page of an unknown image too', () => {
  for (const cause of ['caller-unexpected', 'no-cluster-spiffeid'] as const) {
    const [own, image, ...more] = runbookSteps(cause)
    expect([own?.reason.code, image?.reason.code, image?.runbook]).toEqual([
      'follow-runbook',
      'runbook-of-image',
      'binary-authorisation-failure',
    ])
    expect(more).toEqual([])
  }
})
