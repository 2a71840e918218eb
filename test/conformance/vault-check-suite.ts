import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { roleText } from '../../electron/core/environment-role.ts'
import type { VaultLog } from '../../electron/core/ports.ts'
import { reportOf } from '../../electron/core/source-test-reports.ts'
import type { SourceTestReport } from '../../shared/contract/environments.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { vaultConnector, vaultSource } from '../builders/vault-observation.ts'
import { auditTold, shippedPolicy, shippedRules, type VaultUnderTest } from './vault-under-test.ts'

type Checked = Pick<VaultUnderTest, 'address' | 'folder' | 'tokenWith' | 'stop'>

const logged: VaultLog = { told: () => [auditTold] }
const rights = join(import.meta.dirname, '..', '..', 'docs', 'rights')

/** What the check of a source says of a Vault with an engine at `postgres/`, and that giving what it asks for is enough. */
export function checkSuite(name: string, start: () => Promise<Checked>): void {
  describe(`${name}, checked as a source,`, () => {
    let vault: Checked
    beforeAll(async () => {
      vault = await start()
    }, 60_000)
    afterAll(() => vault?.stop())

    async function check(
      policy: string,
      vaultLog: VaultLog,
      listLeasesOf: readonly string[] = [],
    ): Promise<SourceTestReport> {
      await writeFile(join(vault.folder, 'token'), await vault.tokenWith(policy))
      const source = vaultSource(vault.address, { listLeasesOf: [...listLeasesOf] })
      const settings = { baseDirectory: vault.folder, windowSeconds: 60 }
      const test = await vaultConnector.test(
        source,
        settings,
        connectorPorts({ vaultLog }),
        new AbortController().signal,
      )
      const { id, address, signIn } = source
      const environment = { apiVersion: 'everyhop.dev/v1', kind: 'Environment', name: 'a' }
      return reportOf(test, environmentSchema.parse({ ...environment, sources: { vault: [{ id, address, signIn }] } }))
    }

    /** The policy that the screen gives for what this check misses. */
    async function given({ ask }: SourceTestReport): Promise<string> {
      expect(ask).not.toBeNull()
      const { kind = 'vault', rights: asked = null } = ask ?? {}
      const input = { kind, rights: asked === null ? null : [...asked], user: null, trustDomain: null }
      return (await roleText(input, (file) => readFile(join(rights, file), 'utf8'))).text
    }

    test('an engine of another name and a listing that is turned on lack rights, and what is given for them is enough', async () => {
      const lacking = await check(shippedPolicy, logged, ['database/'])
      expect(lacking.outcome).toBe('partly')
      expect(lacking.ask?.rights).toEqual([
        'list postgres/roles',
        'read postgres/roles/+',
        'list+sudo sys/leases/lookup/database/*',
      ])
      const policy = await given(lacking)
      expect(policy).not.toContain('sys/mounts')
      const whole = await check(`${shippedPolicy}\n${policy}`, logged, ['database/'])
      expect(whole.steps.filter(({ outcome }) => outcome !== 'read')).toEqual([])
      expect(whole).toMatchObject({ outcome: 'usable', ask: null, unknown: [] })
    })

    test('with no right at all, what is given twice is enough: then its engines are known', async () => {
      const first = await given(await check('path "nothing" {\n  capabilities = ["read"]\n}\n', logged))
      const second = await given(await check(first, logged))
      expect(second).toContain('path "postgres/roles"')
      expect(await check(`${first}\n${second}`, logged)).toMatchObject({ outcome: 'usable', ask: null })
    })

    test('without what is mounted, its right alone is asked for', async () => {
      const mounts = shippedRules.find(({ path }) => path === 'sys/mounts')?.text ?? ''
      const { ask } = await check(shippedPolicy.replace(mounts, ''), logged)
      expect(ask?.rights).toEqual(['read sys/mounts'])
    })

    test.each<readonly [string, VaultLog, RegExp]>([
      [
        'no audit log',
        { told: () => [] },
        /^no audit log of this Vault is read, .*record: vault-audit and writtenBy: vault/,
      ],
      [
        'a log without audit lines',
        { told: () => [{ ...auditTold, lines: 0, since: null }] },
        /^audit has no audit line of this Vault/,
      ],
      [
        'a log that cannot be read',
        { told: () => [], unread: ['pods/log is forbidden'] },
        /could be read, so .*: pods\/log is forbidden$/,
      ],
    ])(
      'with %s who holds which lease is unknown, and said, also where leases are listed',
      async (_name, vaultLog, words) => {
        const listing = 'path "sys/leases/lookup/database/*" {\n  capabilities = ["list", "sudo"]\n}\n'
        const policy = `${shippedPolicy}\n${await given(await check(shippedPolicy, vaultLog))}\n${listing}`
        const report = await check(policy, vaultLog, ['database/'])
        expect(report).toMatchObject({ outcome: 'partly', unknown: ['lineage'], ask: null })
        expect(report.steps.find(({ what }) => what === 'lineage')?.detail).toMatch(words)
        expect(report.steps.find(({ what }) => what === 'leases')?.detail).not.toContain('audit')
        expect(report.leaseMounts?.find(({ mount }) => mount === 'postgres/')).toEqual({
          mount: 'postgres/',
          type: 'database',
          listed: false,
          estimate: null,
          walk: null,
        })
      },
    )

    test('what a listing costs is told by the audit log before it is turned on, and by the walk after', async () => {
      const lease = (leaseId: string) => ({ ...auditTold, ...leaseFields, id: `x#${leaseId}`, leaseId })
      const told = () => [
        auditTold,
        lease('database/creds/a/1'),
        lease('database/creds/a/2'),
        lease('database/creds/b/3'),
      ]
      const before = await check(shippedPolicy, { told })
      expect(before.leaseMounts?.find(({ mount }) => mount === 'database/')).toMatchObject({
        listed: false,
        // database/, database/creds/, and a folder for each of two roles.
        estimate: { leases: 3, requests: 4 },
        walk: null,
      })
      expect(before.leaseMounts?.map(({ type }) => type)).not.toContain('system')
      const after = await check(
        `${shippedPolicy}\npath "sys/leases/lookup/database/*" {\n  capabilities = ["list", "sudo"]\n}\n`,
        { told },
        ['database'],
      )
      expect(after.leaseMounts?.find(({ mount }) => mount === 'database/')).toMatchObject({
        listed: true,
        walk: { complete: true, requests: expect.any(Number), leases: expect.any(Number) },
      })
    })
  })
}

const leaseFields = {
  kind: 'vault-lease',
  mount: 'database/',
  path: 'database/creds/a',
  state: 'active',
  doubt: null,
  issuedAt: 1,
  expiresAt: null,
  lastRenewedAt: null,
  revokedAt: null,
  renewable: null,
  ttlSeconds: null,
  holder: null,
  learntFrom: 'audit',
} as const
