import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { VaultPart } from '../../electron/connectors/vault/reading.ts'
import { parseVaultAudit } from '../../electron/logs/intake/vault-audit.ts'
import type { VaultLeaseFact } from '../../shared/domain/model/vault-facts.ts'
import { invalidToken, refusals } from './vault-refusals.ts'
import { askVault, leaseTold, readWith, shippedPolicy, shippedRules, type VaultUnderTest } from './vault-under-test.ts'

/** What is unknown without each: the gap, and the part whose facts are then last known; null: facts of others stay. */
const gapWithout: Readonly<Record<string, { readonly what: string; readonly unread: VaultPart | null } | null>> = {
  'sys/mounts': { what: 'mounts', unread: 'mounts' },
  'sys/auth': { what: 'auth-methods', unread: 'auth-methods' },
  'auth/+/role': { what: 'roles', unread: null },
  'auth/+/role/+': { what: 'roles', unread: null },
  'auth/token/roles': { what: 'roles', unread: null },
  'auth/token/roles/+': { what: 'roles', unread: null },
  'kubernetes/roles': { what: 'roles', unread: null },
  'kubernetes/roles/+': { what: 'roles', unread: null },
  'database/roles': { what: 'roles', unread: null },
  'database/roles/+': { what: 'roles', unread: null },
  'pki/roles': { what: 'roles', unread: null },
  'pki/roles/+': { what: 'roles', unread: null },
  'sys/policies/acl': { what: 'policies', unread: 'policies' },
  'sys/policies/acl/+': { what: 'policy-text', unread: null },
  'identity/entity/id/+': { what: 'entities', unread: 'entities' },
  'sys/leases/lookup': { what: 'lease-lookup', unread: 'leases' },
  'auth/token/lookup-self': { what: 'token', unread: 'token' },
  'sys/capabilities-self': { what: 'capabilities', unread: null },
  'auth/token/renew-self': null,
  'auth/token/revoke-self': null,
}

const signedIn = z.object({ auth: z.object({ client_token: z.string(), entity_id: z.string() }) })
const leased = z.object({ lease_id: z.string(), lease_duration: z.number(), renewable: z.boolean() })
const withData = z.object({ data: z.record(z.string(), z.unknown()) })

/** What a Vault refuses, and how it says and logs that; and what Everyhop makes of each right that is missing. */
export function vaultSuite(name: string, start: () => Promise<VaultUnderTest>): void {
  describe(`${name}, as Everyhop and its log know it`, () => {
    let vault: VaultUnderTest
    let reader: string
    let workload: string
    let lease: VaultLeaseFact

    beforeAll(async () => {
      vault = await start()
      reader = await vault.tokenWith(shippedPolicy)
      const { spiffeId, role, path, body } = vault.workload
      const jwt = await vault.jwt(spiffeId, 'vault')
      const login = await askVault(vault, 'POST', 'auth/jwt/login', { body: { role, jwt } })
      const { auth } = signedIn.parse(login.body)
      workload = auth.client_token
      const issued = leased.parse((await askVault(vault, 'POST', path, { token: workload, body })).body)
      lease = leaseTold(issued.lease_id, auth.entity_id, vault.workload)
    }, 60_000)
    afterAll(() => vault?.stop())

    /** The audit lines of our last request to a path. */
    async function logged(path: string) {
      const lines = (await vault.auditLines()).flatMap((text) => {
        const parsed = parseVaultAudit(JSON.parse(text) as Record<string, unknown>)
        return parsed.kind === 'record' && parsed.record.remoteAddress === '127.0.0.1' ? [parsed.record] : []
      })
      return lines.filter((line) => line.path.replace(/\/$/, '') === path.replace(/\/?\?.*$/, '')).slice(-2)
    }

    test('each right that is shipped is held here', () => {
      expect(shippedRules.map(({ path }) => path).toSorted()).toEqual(Object.keys(gapWithout).toSorted())
    })

    test('with exactly the shipped rights everything is read, and nothing is missing', async () => {
      const read = await readWith(vault, shippedPolicy, lease)
      expect([...read.latest.values()].flatMap(({ gaps }) => gaps)).toEqual([])
      expect(read.facts('vault-policy').find((policy) => policy.name === 'everyhop')?.rules?.length).toBe(
        shippedRules.length,
      )
      expect(read.facts('vault-entity')).toMatchObject([
        { aliases: [{ name: vault.workload.spiffeId, mountPath: 'auth/jwt/' }] },
      ])
      expect(read.facts('vault-lease')).toMatchObject([
        { leaseId: lease.leaseId, state: 'active', doubt: null, learntFrom: 'lookup' },
      ])
      const [found] = read.facts('vault-lease')
      expect((found?.expiresAt ?? 0) - (found?.issuedAt ?? 0)).toBeGreaterThan(590_000)
    })

    for (const { path, text } of shippedRules) {
      test(`without ${path} exactly what it is for is unknown`, async () => {
        const read = await readWith(vault, shippedPolicy.replace(text, ''), lease)
        const expected = vault.idleRights.includes(path) ? null : (gapWithout[path] ?? null)
        const gaps = [...read.latest.values()].flatMap(({ gaps: own }) => own)
        expect(gaps.map(({ what, reason }) => [what, reason])).toEqual(
          expected === null ? [] : gaps.map(() => [expected.what, 'forbidden']),
        )
        expect(gaps.length > 0).toBe(expected !== null)
        for (const { detail } of gaps)
          expect(detail).toMatch(/answered HTTP 403: 1 error occurred: \* permission denied/)
        const unread = [...read.latest].flatMap(([part, { facts }]) => (facts === null ? [part] : []))
        expect(unread).toEqual(expected?.unread === null || expected === null ? [] : [expected.unread])
        // No lease is called anything that was not read.
        for (const one of read.facts('vault-lease'))
          expect(one).toMatchObject({ state: 'active', learntFrom: 'lookup' })
      })
    }

    for (const each of refusals) {
      test(`refuses ${each.name}`, async () => {
        const [method, path] = each.asked
        const token = { reader, workload, wrong: 'hvs.none', nobody: null }[each.as]
        const body = each.body === undefined ? {} : { body: each.body }
        expect(await askVault(vault, method, path, { token, ...body })).toEqual({
          status: each.status,
          body: { errors: each.errors },
        })
        const lines = await logged(path)
        expect(lines.map(({ type, outcome, error }) => [type, outcome, error])).toEqual([
          ['request', ...each.logged[0]],
          ['response', ...each.logged[1]],
        ])
        expect(
          lines.every(({ subject }) => subject === (each.as === 'workload' ? vault.workload.spiffeId : null)),
        ).toBe(true)
      })
    }

    test('refuses a path below which nothing is mounted', async () => {
      const token = await vault.tokenWith('path "nowhere/roles" {\n  capabilities = ["list"]\n}\n')
      expect(await askVault(vault, 'GET', 'nowhere/roles?list=true', { token })).toEqual({
        status: 404,
        body: { errors: ['no handler for route "nowhere/roles/". route entry not found.'] },
      })
    })

    test('refuses to renew a certificate, and logs whose it is', async () => {
      const asked = { token: workload, body: { lease_id: lease.leaseId, increment: 600 } }
      expect(await askVault(vault, 'PUT', 'sys/leases/renew', asked)).toEqual({
        status: 400,
        body: { errors: ['lease is not renewable'] },
      })
      expect((await logged('sys/leases/renew')).at(-1)).toMatchObject({
        subject: vault.workload.spiffeId,
        role: vault.workload.role,
        mount: 'sys/',
        mountType: 'system',
        outcome: 'failed',
        error: '1 error occurred: * invalid request',
        effect: null,
      })
    })

    test('refuses logins in its own words, which the log hides', async () => {
      const { spiffeId, role } = vault.workload
      const jwt = await vault.jwt(spiffeId, 'vault')
      const cases: readonly (readonly [object, string])[] = [
        [{ role: 'everyhop', jwt }, 'error validating token: invalid subject (sub) claim'],
        [{ role: 'none', jwt }, 'role "none" could not be found'],
        [
          { role, jwt: await vault.jwt(spiffeId, 'other') },
          'error validating token: invalid audience (aud) claim: audience claim does not match any expected audience',
        ],
        [
          { role, jwt: `${jwt.slice(0, -6)}AAAAAA` },
          'error validating token: error verifying token signature: no known key successfully validated the token signature',
        ],
        [{ role }, 'missing token'],
        [
          { role, jwt: 'nonsense' },
          'error validating token: error verifying token signature: go-jose/go-jose: compact JWS format must have three parts',
        ],
      ]
      for (const [body, words] of cases) {
        expect(await askVault(vault, 'POST', 'auth/jwt/login', { body })).toEqual({
          status: 400,
          body: { errors: [words] },
        })
        expect((await logged('auth/jwt/login')).map(({ outcome, error }) => [outcome, error])).toEqual([
          ['done', null],
          ['denied', null],
        ])
      }
      expect(await askVault(vault, 'POST', 'auth/none/login', { body: { role, jwt } })).toEqual({
        status: 403,
        body: { errors: ['permission denied'] },
      })
    })

    test('a login, a lease and their end are logged with what they do, and with nothing in the clear', async () => {
      const { spiffeId, role, path, body } = vault.workload
      const jwt = await vault.jwt(spiffeId, 'vault')
      const login = await askVault(vault, 'POST', 'auth/jwt/login', { body: { role, jwt } })
      const token = signedIn.parse(login.body).auth.client_token
      const made = (await logged('auth/jwt/login')).at(-1)
      expect(made).toMatchObject({ subject: spiffeId, role, effect: { kind: 'token-issued', parent: null } })
      const hash = made?.effect?.kind === 'token-issued' ? made.effect.hash : ''
      const issued = leased.parse((await askVault(vault, 'POST', path, { token, body })).body)
      const line = (await logged(path)).at(-1)
      expect(line).toMatchObject({
        operation: 'update',
        mount: 'pki/',
        mountType: 'pki',
        subject: spiffeId,
        effect: { kind: 'issued', leaseId: issued.lease_id },
        token: { hash },
      })
      // What is sent is hashed apart from what is kept.
      expect(line?.token.sentHash).toMatch(/^hmac-sha256:[0-9a-f]{64}$/)
      expect(line?.token.sentHash).not.toBe(hash)
      expect((line?.token.endsAt ?? 0) - Date.now()).toBeGreaterThan(60_000)
      await askVault(vault, 'POST', 'auth/token/renew-self', { token, body: {} })
      expect((await logged('auth/token/renew-self')).at(-1)?.effect).toMatchObject({ kind: 'token-renewed', hash })
      const looked = withData.parse((await askVault(vault, 'GET', 'auth/token/lookup-self', { token })).body).data
      expect(looked).toMatchObject({
        display_name: `jwt-${spiffeId}`,
        orphan: true,
        meta: { role },
        path: 'auth/jwt/login',
      })
      expect(await askVault(vault, 'POST', 'auth/token/revoke-self', { token, body: {} })).toEqual({
        status: 204,
        body: null,
      })
      expect((await logged('auth/token/revoke-self')).at(-1)?.effect).toEqual({ kind: 'revoked-token', hash })
      expect(await askVault(vault, 'GET', 'auth/token/lookup-self', { token })).toEqual({
        status: 403,
        body: { errors: [invalidToken] },
      })
      // What hung on the token has ended with it; Vault does so in its own time.
      const ended = () =>
        askVault(vault, 'PUT', 'sys/leases/lookup', { token: reader, body: { lease_id: issued.lease_id } })
      await expect.poll(ended, { timeout: 20_000 }).toEqual({ status: 400, body: { errors: ['invalid lease'] } })
      const whole = (await vault.auditLines()).join('\n')
      for (const secret of [token, jwt, reader, workload]) expect(whole.includes(secret)).toBe(false)
    })

    test('tells its own token, its capabilities and a lease in the same fields', async () => {
      const looked = withData.parse(
        (await askVault(vault, 'GET', 'auth/token/lookup-self', { token: workload })).body,
      ).data
      const fields = Object.keys(looked).filter((key) => key !== 'period')
      expect(fields.toSorted()).toEqual(
        'accessor creation_time creation_ttl display_name entity_id expire_time explicit_max_ttl id issue_time meta num_uses orphan path policies renewable ttl type'.split(
          ' ',
        ),
      )
      const asked = {
        paths: ['sys/mounts', 'secret/x', 'sys/policies/acl', 'database/roles/x', 'sys/leases/lookup/pki/'],
      }
      const held = await askVault(vault, 'POST', 'sys/capabilities-self', { token: reader, body: asked })
      expect(withData.parse(held.body).data).toEqual({
        'sys/mounts': ['read'],
        'secret/x': ['deny'],
        'sys/policies/acl': ['list'],
        'database/roles/x': ['read'],
        'sys/leases/lookup/pki/': ['deny'],
      })
      const found = await askVault(vault, 'PUT', 'sys/leases/lookup', {
        token: reader,
        body: { lease_id: lease.leaseId },
      })
      expect(withData.parse(found.body).data).toEqual({
        id: lease.leaseId,
        expire_time: expect.any(String),
        issue_time: expect.any(String),
        last_renewal: null,
        renewable: false,
        ttl: expect.any(Number),
      })
    })

    test('leases are listed as folders by whoever may, and the whole by nobody', async () => {
      const token = await vault.tokenWith('path "sys/leases/lookup/pki/*" {\n  capabilities = ["list", "sudo"]\n}\n')
      const list = async (prefix: string) => askVault(vault, 'GET', `sys/leases/lookup/${prefix}?list=true`, { token })
      expect(withData.parse((await list('pki/')).body).data).toEqual({ keys: ['issue/'] })
      const folder = lease.leaseId.slice(0, lease.leaseId.lastIndexOf('/') + 1)
      const names = z.array(z.string()).parse(withData.parse((await list(folder)).body).data['keys'])
      expect(names).toContain(lease.leaseId.slice(folder.length))
      expect(await list('pki/none/')).toEqual({ status: 404, body: { errors: [] } })
      expect((await list('')).status).toBe(403)
      const blunt = await vault.tokenWith('path "sys/leases/lookup/pki/*" {\n  capabilities = ["list"]\n}\n')
      expect((await askVault(vault, 'GET', 'sys/leases/lookup/pki/?list=true', { token: blunt })).status).toBe(403)
    })

    test('while it is sealed it says only that, and afterwards everything as before', async () => {
      await vault.seal()
      try {
        const sealed = { status: 503, body: { errors: ['Vault is sealed'] } }
        expect(await askVault(vault, 'GET', 'sys/mounts', { token: reader })).toEqual(sealed)
        expect(await askVault(vault, 'POST', 'auth/jwt/login', { body: { role: 'x', jwt: 'y' } })).toEqual(sealed)
        expect(await askVault(vault, 'GET', 'sys/health')).toMatchObject({
          status: 503,
          body: { initialized: true, sealed: true, standby: true },
        })
        expect(await askVault(vault, 'GET', 'sys/seal-status')).toMatchObject({ status: 200, body: { sealed: true } })
      } finally {
        await vault.unseal()
      }
      expect((await askVault(vault, 'GET', 'sys/mounts', { token: reader })).status).toBe(200)
    })
  })
}
