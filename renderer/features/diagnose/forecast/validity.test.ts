import { expect, test } from 'vitest'
import type { Forecast, ForecastIdentity } from '../../../../shared/domain/diagnosis/forecast/model.ts'
import type { FactReference } from '../../../../shared/domain/model/graph.ts'
import { validityOf } from './validity.ts'

const now = Date.UTC(2026, 10, 22, 12, 4, 31)
const minute = 60_000
const fact: FactReference = {
  factId: 'f',
  source: 'envoy',
  instance: 'e',
  locator: 'GET /certs',
  observedAt: now,
  basis: 'measured',
}
const reason = { code: 'not-reached', params: {} }
const unsaid = { known: false, reason } as const

function identity(
  name: string,
  dates: readonly [from: number, to: number] | null,
  more: Partial<ForecastIdentity> = {},
): ForecastIdentity {
  const [notBefore, notAfter] = dates ?? [null, null]
  const value = { spiffeId: null, serial: null, issuer: null, notBefore, notAfter }
  return {
    workload: `workload/${name}`,
    name,
    spiffeId: null,
    svid: dates === null ? unsaid : { known: true, fact, stale: false, value },
    rotation: { state: 'on-course', reason, restsOn: [] },
    renewsBy: null,
    failsAt: null,
    agent: null,
    authority: null,
    cause: null,
    ...more,
  }
}

const rotation = (state: ForecastIdentity['rotation']['state']) => ({ rotation: { state, reason, restsOn: [] } })

function validity(...identities: readonly ForecastIdentity[]) {
  const forecast: Forecast = { at: now, identities, failures: [], causes: [], authorities: [], open: [] }
  return validityOf(forecast, new Set(identities.map(({ workload }) => workload)))
}

test('bars lie in the order of time, and the next to fail is the first after now', () => {
  const drawn = validity(
    identity('old', [now - 60 * minute, now - 3 * minute], { failsAt: now - 3 * minute, ...rotation('expired') }),
    identity('soon', [now - 40 * minute, now + 18 * minute], { failsAt: now + 18 * minute, ...rotation('overdue') }),
    identity('late', [now - 40 * minute, now + 20 * minute], { failsAt: now + 20 * minute, ...rotation('stopped') }),
  )
  const [old, soon] = drawn?.rows ?? []
  expect(old).toMatchObject({ tone: 'fail', words: 'expired 12:01:31, not replaced' })
  expect(soon).toMatchObject({ tone: 'warn', words: 'valid to 12:22:31, its renewal is overdue' })
  expect(old?.bar?.to).toBeLessThan(drawn?.now.at ?? 0)
  expect(soon?.bar?.to).toBeGreaterThan(drawn?.now.at ?? 1)
  expect(drawn?.next?.text).toBe('next to fail 12:22:31')
})

test('a certificate whose dates are not known has no bar, and says so', () => {
  const row = validity(identity('a', [now - minute, now + minute]), identity('b', null, rotation('unknown')))?.rows[1]
  expect(row).toMatchObject({ bar: null, tone: 'unknown' })
  expect(row?.words).toContain('not known')
  expect(validity(identity('b', null))).toBeNull()
})

test('a silent agent is drawn up to what it last delivered, and dotted from there to now', () => {
  const lastIssued = { known: true, value: now - 10 * minute, fact, stale: false } as const
  const agent = { id: 'spiffe://x/agent', name: 'node-b', state: 'silent', svidNotAfter: unsaid, lastIssued } as const
  const row = validity(identity('a', [now - 10 * minute, now + minute], { agent }))?.rows.at(-1)
  expect(row?.bar?.to).toBe(row?.silent?.from)
  expect(row?.words).toBe('silent, last delivered 11:54:31, 10 m 00 s ago')
})

test.each([30_000, 2 * minute, 60 * minute, 1440 * minute, 90 * 1440 * minute])(
  'over %d ms there are round times between the edges, and never more than seven',
  (length) => {
    const ticks = validity(identity('a', [now - length / 2, now + length / 2]))?.ticks ?? []
    expect(ticks.length).toBeGreaterThan(1)
    expect(ticks.length).toBeLessThanOrEqual(7)
    expect(ticks.every(({ at }) => at >= 0 && at <= 1)).toBe(true)
    expect(new Set(ticks.map(({ at }) => at)).size).toBe(ticks.length)
  },
)
