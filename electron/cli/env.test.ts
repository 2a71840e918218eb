import { expect, test } from 'vitest'
import { loadedEnvironment } from '../../test/builders/core-parts.ts'
import { reportOf } from '../core/source-test-reports.ts'
import { reportText } from './env.ts'

const source = { id: 'vault', address: 'https://vault.example:8200', signIn: { tokenFile: 'token' } }
const { environment } = loadedEnvironment({ sources: { vault: [source] } })

test('of a Vault the TTL of the own token is told, what listing leases costs, and what to ask for as a command', () => {
  const report = reportOf(
    {
      source: 'vault',
      instance: 'vault',
      address: source.address,
      outcome: 'partly',
      version: '1.21.4',
      tookMs: 1,
      steps: [
        { what: 'identity', locator: 'GET auth/token/lookup-self', outcome: 'read', detail: 'reader; TTL 14 m 10 s' },
        { what: 'lineage', locator: 'sources.logs', outcome: 'not-configured', detail: 'no audit log is read' },
        { what: 'roles', locator: 'list postgres/roles', outcome: 'forbidden', detail: 'the token may not' },
        { what: 'roles', locator: 'read postgres/roles/+', outcome: 'forbidden', detail: 'the token may not' },
      ],
      leaseMounts: [{ mount: 'postgres/', type: 'database', listed: false, estimate: null, walk: null }],
    },
    environment,
  )
  const lines = reportText(report).split('\n')
  expect(lines).toContain('  Token: reader; TTL 14 m 10 s')
  expect(lines).toContain(
    '  Leases of postgres/ are not listed. What a walk costs is not known: no audit log tells of this Vault.',
  )
  expect(lines).toContain('  Which workload holds which lease will be unknown.')
  expect(lines).toContain("  To ask for it: everyhop env role vault --only 'list postgres/roles,read postgres/roles/+'")
  // Who tells of leases is no right of the token.
  expect(lines).toContain('  Rights: 0 of 2 held, 2 missing.')
})
