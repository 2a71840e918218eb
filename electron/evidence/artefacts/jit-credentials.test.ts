import { describe, expect, test } from 'vitest'
import {
  type EvidenceParts,
  evidencePeriod,
  evidenceSources,
  spanOf,
  writtenArtefact,
} from '../../../test/builders/evidence-sources.ts'
import { noon, vaultAuditLine } from '../../../test/builders/log-records.ts'
import { vaultAudit, vaultLease } from '../../../test/builders/vault-facts.ts'
import { jitCredentials } from './jit-credentials.ts'

const minute = 60_000
const signal = new AbortController().signal
const configured = { logs: [{ id: 'vault', record: 'vault-audit' as const, file: 'audit.log' }] }

/** An answer of Vault, at some minute after noon. */
function answered(
  atMinute: number,
  more: { readonly request?: object; readonly response?: object; readonly error?: string } = {},
) {
  const base = vaultAuditLine(atMinute)
  const at = noon + atMinute * minute
  const value = {
    ...base,
    time: new Date(at).toISOString(),
    ...(more.error === undefined ? {} : { error: more.error }),
    request: { ...(base['request'] as object), id: `request-${atMinute}`, ...more.request },
    response: more.response ?? base['response'],
  }
  return { value, at, source: 'vault' }
}

const issue = (atMinute: number) => answered(atMinute)
const renewal = (atMinute: number, of: number) =>
  answered(atMinute, {
    request: { path: 'sys/leases/renew', operation: 'update' },
    response: { secret: { lease_id: `database/creds/ro/lease${of}` } },
  })
const revocation = (atMinute: number, of: number) =>
  answered(atMinute, {
    request: { path: `sys/leases/revoke/database/creds/ro/lease${of}`, operation: 'update' },
    response: {},
  })
const device = (atMinute: number, operation: string, name = 'file') =>
  answered(atMinute, { request: { path: `sys/audit/${name}`, operation }, response: {} })

async function collected(parts: EvidenceParts) {
  const to = writtenArtefact()
  const found = await jitCredentials.collect(evidenceSources({ configured, ...parts }), evidencePeriod, to, signal)
  return { found, to, codes: found.limitations.map(({ code }) => code) }
}

const whole: EvidenceParts = { lines: { 'vault-audit': [issue(1), renewal(5, 1), revocation(9, 1)] } }

describe('JIT credentials', () => {
  test('a lease is followed from issue to revocation, and nothing deviates', async () => {
    const { found, to } = await collected(whole)
    expect(found.result.state).toBe('operated')
    expect(found.population).toMatchObject({ count: 3, expected: 1, reporting: 1 })
    expect(to.records('leases')).toMatchObject([
      {
        lease: 'database/creds/ro/lease1',
        state: 'revoked',
        holder: 'jwt-spiffe://pipeline.example/hop/gateway',
        deviations: [],
      },
    ])
    expect(to.records('counts')).toHaveLength(3)
  })

  test('a lease that ends by time is inferred from what Vault told, and said to be', async () => {
    const lease = vaultLease('lease1', null, {
      issuedAt: noon + minute,
      expiresAt: noon + 11 * minute,
      ttlSeconds: 600,
    })
    const { found, to, codes } = await collected({ lines: { 'vault-audit': [issue(1)] }, facts: [lease] })
    expect(to.records('leases')).toMatchObject([{ state: 'expired', expiry: 'inferred from issue and time to live' }])
    expect(codes).toContain('vault-expiry-inferred')
    expect(found.result.state).toBe('operated')
  })

  test('one that lasts longer than an hour is an exception; one whose end is still to come is none, and is said to be unclear', async () => {
    const lease = vaultLease('lease2', null, {
      issuedAt: noon + 2 * minute,
      expiresAt: noon + 400 * minute,
      ttlSeconds: 86_400,
    })
    const { found, to } = await collected({ lines: { 'vault-audit': [issue(1), issue(2)] }, facts: [lease] })
    expect(to.records('leases').map(({ deviations }) => deviations)).toEqual([[], ['long']])
    expect(to.records('leases').map(({ state }) => state)).toEqual(['unclear', 'active'])
    expect(found.result).toMatchObject({ state: 'exception', reason: { params: { exceptions: 1 } } })
  })

  test('a refusal is one exception, though both its lines have the error', async () => {
    const refused = answered(3, { error: '1 error occurred:\n\t* permission denied\n\n', response: {} })
    const asked = { ...refused, value: { ...(refused.value as object), type: 'request' } }
    const { to, found } = await collected({ lines: { 'vault-audit': [issue(1), revocation(9, 1), asked, refused] } })
    expect(to.exceptions()).toBe(1)
    expect(found.result.state).toBe('exception')
  })

  test('a lease that Vault lists and that no line tells of makes the counts differ', async () => {
    const listed = vaultLease('lease7', null, {
      issuedAt: noon + minute,
      expiresAt: noon + 90 * minute,
      learntFrom: 'list',
    })
    const { found, to } = await collected({ ...whole, facts: [listed] })
    expect(found.population.control).toEqual({ value: 1, source: 'vault', difference: 1 })
    expect(to.records('leases').map(({ deviations }) => deviations)).toContainEqual(['no-issuance'])
    expect(found.result.state).toBe('insufficient')
  })

  test('an audit device that was off for an hour is a gap until the next line', async () => {
    const { found, to } = await collected({
      lines: { 'vault-audit': [issue(1), revocation(2, 1), device(10, 'delete'), device(50, 'update')] },
    })
    expect(found.population.gaps).toEqual([
      { source: 'logs/vault', from: noon + 10 * minute, to: noon + 50 * minute, why: 'disabled', detail: 'file' },
    ])
    expect(to.records('audit-devices').map(({ change }) => change)).toEqual(['disabled', 'enabled'])
    expect(found.result.state).toBe('insufficient')
  })

  test('with a second device the log goes on: the change is told, and is no gap', async () => {
    const { found, to } = await collected({
      lines: { 'vault-audit': [issue(1), revocation(2, 1), device(10, 'delete'), answered(10.5, { response: {} })] },
    })
    expect(found.population.gaps).toEqual([])
    expect(to.exceptions()).toBe(1)
  })

  test('a Vault whose log is read only since within the period has a gap before', async () => {
    const { found } = await collected({ ...whole, facts: [vaultAudit({ since: noon + 20 * minute })] })
    expect(found.population.gaps).toMatchObject([{ source: 'vault/vault', from: noon, to: noon + 20 * minute }])
  })

  test('lines that come twice and out of order tell the same lease', async () => {
    const { to } = await collected({
      lines: { 'vault-audit': [revocation(9, 1), renewal(5, 1), issue(1), renewal(5, 1)] },
    })
    expect(to.records('leases')).toMatchObject([
      { state: 'revoked', renewedAt: [new Date(noon + 5 * minute).toISOString()] },
    ])
  })

  test('no data is insufficient, and no audit log is not evaluated', async () => {
    const empty = await collected({})
    expect([empty.found.result.state, empty.found.population.gaps[0]?.why]).toEqual(['insufficient', 'silent'])
    const none = await collected({ configured: {} })
    expect([none.found.result.state, none.found.population.gaps[0]?.why]).toEqual(['not-evaluated', 'not-configured'])
  })

  test('a counter of lines that were refused makes it insufficient when it grew', async () => {
    const intake = (refused: number, from: number) =>
      spanOf(
        {
          kind: 'log-intake',
          id: 'logs/vault/intake#log-intake/vault',
          from: { source: 'logs', instance: 'vault', locator: 'audit.log', observedAt: from, basis: 'measured' },
          record: 'vault-audit',
          accepted: 10,
          refused,
          sampleRefused: null,
          lastRecordAt: from,
          since: from,
        },
        from,
        from + minute,
      )
    const grown = await collected({ ...whole, spans: [intake(1, noon), intake(3, noon + minute)] })
    expect(grown.found.population.dropped).toEqual({ 'everyhop.refused': 2 })
    // It counts on while nothing else of it changes.
    const on = await collected({ ...whole, spans: [{ ...intake(3, noon), latest: intake(10, noon).fact }] })
    expect(on.found.population.dropped).toEqual({ 'everyhop.refused': 7 })
    expect(grown.found.result.reason.code).toBe('result.dropped')
    const still = await collected({ ...whole, spans: [intake(3, noon), intake(3, noon + minute)] })
    expect(still.found.result.state).toBe('operated')
  })
})
