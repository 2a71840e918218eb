import { expect, test } from 'vitest'
import { vaultAuditLine } from '../../../test/builders/log-records.ts'
import { createVaultActivity } from '../activity/vault-activity.ts'
import { createVaultLeases } from '../activity/vault-leases.ts'
import { parseVaultAudit, rawLine } from './vault-audit.ts'

type Line = Record<string, unknown> & { request: Record<string, unknown>; auth: Record<string, unknown> }

const hash = (letter: string): string => `hmac-sha256:${letter.repeat(8)}`
const at = Date.parse('2026-11-22T12:00:00Z')

/** An answered request, as recorded from Vault 1.21. */
function line(
  path: string,
  over: { after?: number; request?: object; response?: object; auth?: object; error?: string } = {},
): Line {
  const built = vaultAuditLine(1) as Line
  return {
    ...built,
    time: new Date(at + (over.after ?? 0)).toISOString(),
    auth: { ...built.auth, client_token: hash('a'), ...over.auth },
    request: { ...built.request, path, client_token: hash('b'), operation: 'update', ...over.request },
    response: over.response ?? {},
    ...(over.error === undefined ? {} : { error: over.error }),
  }
}

function record(object: Line) {
  const parsed = parseVaultAudit(object)
  if (parsed.kind !== 'record') throw new Error(JSON.stringify(parsed))
  return parsed.record
}

function activityOf(...lines: readonly Line[]) {
  const activity = createVaultActivity('audit', 'vault')
  for (const one of lines) activity.remember?.(record(one))
  return factsOf(activity)
}

function factsOf(activity: ReturnType<typeof createVaultActivity>, now = at + 60_000) {
  const from = { source: 'logs', instance: 'audit', locator: 'x', observedAt: now, basis: 'measured' } as const
  return activity.facts({ scope: 'logs/audit/activity', from, windowFrom: at, windowTo: now })
}

const issuance = (id: string, after = 0) => line('database/creds/ro', { after, response: { secret: { lease_id: id } } })
const leasesIn = (facts: ReturnType<typeof factsOf>) => facts.filter((fact) => fact.kind === 'vault-lease')

test('a renewal is told by the lease in its answer, by its path, and of a lease that began before the log', () => {
  const renewal = (after: number, path: string, response: object) => line(path, { after, response })
  const facts = activityOf(
    issuance('database/creds/ro/one'),
    renewal(1000, 'sys/leases/renew', { secret: { lease_id: 'database/creds/ro/one' } }),
    renewal(2000, 'sys/leases/renew/database/creds/ro/old', {}),
  )
  expect(leasesIn(facts)).toMatchObject([
    { leaseId: 'database/creds/ro/one', lastRenewedAt: at + 1000, issuedAt: at, renewable: true },
    {
      leaseId: 'database/creds/ro/old',
      lastRenewedAt: at + 2000,
      issuedAt: null,
      holder: null,
      path: 'database/creds/ro',
    },
  ])
})

test('revoke-force and the end of a mount end what is below them, and nothing else', () => {
  const facts = activityOf(
    issuance('database/creds/ro/one'),
    issuance('database/creds/rw/two'),
    issuance('aws/creds/x/three'),
    line('sys/leases/revoke-force/database/creds/ro', { after: 10 }),
    line('sys/mounts/aws', { after: 20, request: { operation: 'delete' } }),
  )
  expect(leasesIn(facts).map(({ leaseId, state, revokedAt }) => [leaseId, state, revokedAt])).toEqual([
    ['database/creds/ro/one', 'revoked', at + 10],
    ['database/creds/rw/two', 'active', null],
    ['aws/creds/x/three', 'revoked', at + 20],
  ])
})

test('a request that Vault refused changes no lease', () => {
  const facts = activityOf(
    issuance('database/creds/ro/one'),
    line('sys/leases/revoke-prefix/database/', { error: '1 error occurred:\n\t* permission denied\n\n' }),
    line('sys/leases/revoke/database/creds/ro/one', { response: { data: { error: hash('e') } } }),
  )
  expect(leasesIn(facts)).toMatchObject([{ state: 'active', doubt: 'expiry-unknown' }])
})

test('lines that are repeated change nothing; a lease that is issued after its revocation was told is a new one', () => {
  const lines = [issuance('database/creds/ro/one'), line('sys/leases/revoke/database/creds/ro/one', { after: 5 })]
  expect(leasesIn(activityOf(...lines, ...lines))).toEqual(leasesIn(activityOf(...lines)))
})

test('missed lines put what was told before in doubt, from the first line after them on', () => {
  const leases = createVaultLeases()
  const activity = createVaultActivity('audit', 'vault', leases)
  activity.remember?.(record(issuance('database/creds/ro/one')))
  activity.skipped?.()
  activity.remember?.(record(issuance('database/creds/ro/two', 9000)))
  expect(leasesIn(factsOf(activity))).toMatchObject([
    { leaseId: 'database/creds/ro/one', doubt: 'lines-missed', from: { observedAt: at + 9000 } },
    { leaseId: 'database/creds/ro/two', doubt: 'expiry-unknown' },
  ])
  // A stream that is opened anew goes on with the same leases, and does not know what it missed.
  const again = createVaultActivity('audit', 'vault', leases)
  again.remember?.(record(issuance('database/creds/ro/three', 20_000)))
  expect(leasesIn(factsOf(again)).map(({ doubt }) => doubt)).toEqual(['lines-missed', 'lines-missed', 'expiry-unknown'])
})

test('a lease whose token should have ended is in doubt since then', () => {
  const [lease] = leasesIn(
    factsOf(
      (() => {
        const activity = createVaultActivity('audit', 'vault')
        const auth = { token_issue_time: new Date(at).toISOString(), token_ttl: 30 }
        activity.remember?.(
          record(line('database/creds/ro', { auth, response: { secret: { lease_id: 'database/creds/ro/one' } } })),
        )
        return activity
      })(),
    ),
  )
  expect(lease).toMatchObject({ doubt: 'expiry-passed', from: { observedAt: at + 30_000 } })
})

test('more leases than are held push out ended ones, then the oldest, and are counted', () => {
  const leases = createVaultLeases(100)
  for (let number = 0; number < 100; number += 1) leases.take(record(issuance(`a/creds/x/${number}`, number)))
  leases.take(record(line('sys/leases/revoke/a/creds/x/99', { after: 200 })))
  leases.take(record(issuance('a/creds/x/100', 300)))
  const from = { source: 'logs', instance: 'audit', locator: 'x', observedAt: at, basis: 'measured' } as const
  const held = leases.facts('vault', 'logs/audit/activity', from).map(({ leaseId }) => leaseId)
  expect([leases.held, leases.dropped]).toEqual([91, 10])
  expect(held).not.toContain('a/creds/x/99')
  expect(held).not.toContain('a/creds/x/8')
  expect(held).toContain('a/creds/x/9')
})

test.each([
  ['a token', { auth: { ...(vaultAuditLine(1) as Line).auth, client_token: 'hvs.CAESIJ' } }],
  ['a password', { response: { data: { password: 'hunter2' } } }],
  ['a wrapping token', { response: { wrap_info: { token: 'hvs.CAESIJ' } } }],
  ['a deep private key', { response: { data: { keys: [{ private_key: 'MII' }] } } }],
])('a line with %s in the clear is refused, and not to be quoted', (_what, over) => {
  expect(parseVaultAudit({ ...vaultAuditLine(1), ...over })).toEqual({
    kind: 'refused',
    why: rawLine,
    unquotable: true,
  })
})

test('a line that our own masking went over is a record like any other', () => {
  const auth = { ...(vaultAuditLine(1) as Line).auth, client_token: '***' }
  expect(parseVaultAudit({ ...vaultAuditLine(1), auth }).kind).toBe('record')
})

test('lines of the server’s own log are passed over, and others are refused without their content', () => {
  expect(parseVaultAudit({ '@level': 'info', '@message': 'core: vault is unsealed' })).toEqual({ kind: 'passed-over' })
  const wrong = parseVaultAudit({ ...vaultAuditLine(1), time: 'hvs.secret' })
  expect(wrong).toMatchObject({ kind: 'refused', unquotable: true })
  expect(JSON.stringify(wrong)).not.toContain('hvs.secret')
})
