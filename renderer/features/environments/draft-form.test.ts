import { describe, expect, it } from 'vitest'
import type { EnvironmentDraft } from '../../../shared/contract/environment-setup.ts'
import { draftOf, formOf } from './draft-form.ts'

const cluster: EnvironmentDraft = {
  apiVersion: 'everyhop.dev/v1',
  kind: 'Environment',
  name: 'prod-eu',
  sources: { kubernetes: [{ id: 'cluster', context: 'prod' }] },
}
const saved = (form: Parameters<typeof draftOf>[0]): EnvironmentDraft => {
  const result = draftOf(form)
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.draft
}

describe('the form of an environment', () => {
  it('says back what it was given', () => {
    expect(saved(formOf(cluster))).toMatchObject(cluster)
  })

  it('keeps what has no field', () => {
    const rich: EnvironmentDraft = {
      ...cluster,
      requestBudget: 3,
      sources: {
        ...cluster.sources,
        spire: [
          {
            id: 'mine',
            cluster: 'cluster',
            trustDomain: 'a.example',
            identity: { certificate: 'a', key: 'b', bundle: 'c', mintCommand: 'mint' },
          },
          { id: 'other', socket: '/tmp/api.sock', trustDomain: 'b.example' },
        ],
        vault: [
          {
            id: 'v',
            address: 'https://vault:8200',
            signIn: { jwt: { role: 'r', mount: 'spiffe', from: { file: 'jwt' } } },
            listLeasesOf: ['database/'],
          },
        ],
        opa: [{ id: 'o', api: 'http://h:8181' }],
      },
    }
    expect(saved(formOf(rich))).toEqual(rich)
  })

  it('turns listing of leases on for a mount, and off again', () => {
    const vault = { ...formOf(cluster).vault, way: 'token-file', tokenFile: 't' } as const
    const on = formOf(saved({ ...formOf(cluster), vault: { ...vault, listLeasesOf: ['postgres/'] } }))
    expect(saved(on).sources.vault).toMatchObject([{ listLeasesOf: ['postgres/'] }])
    const [source] = saved({ ...on, vault: { ...on.vault, listLeasesOf: [] } }).sources.vault ?? []
    expect(source).not.toHaveProperty('listLeasesOf')
  })

  it('says how Everyhop signs in to Vault: mount, audience, namespace, name and where the token is', () => {
    const vault = { ...formOf(cluster).vault, way: 'jwt', role: 'r', jwtFile: 'svid.jwt' } as const
    const form = (more: object) => ({ ...formOf(cluster), vault: { ...vault, ...more } })
    const given = saved(form({ mount: 'spiffe', audience: 'hop', namespace: 'team', serverName: 'vault.internal' }))
    expect(given.sources.vault).toEqual([
      {
        id: 'vault',
        cluster: 'cluster',
        namespace: 'team',
        serverName: 'vault.internal',
        signIn: { jwt: { mount: 'spiffe', role: 'r', audience: 'hop', from: { file: 'svid.jwt' } } },
      },
    ])
    expect(saved(formOf(given))).toEqual(given)
    // A name in a certificate is of the Vault in the cluster; an address says its own.
    const elsewhere = saved(form({ address: 'https://v:8200', serverName: 'vault.internal' }))
    expect(elsewhere.sources.vault?.[0]).not.toHaveProperty('serverName')
    const kubernetes = { way: 'kubernetes', serviceAccountNamespace: 'ai', serviceAccount: 'reader' } as const
    expect(saved(form({ ...kubernetes, mount: 'eu', audience: 'hop' })).sources.vault).toMatchObject([
      { signIn: { kubernetes: { mount: 'eu', audience: 'hop', from: { cluster: 'cluster', namespace: 'ai' } } } },
    ])
    expect(saved(form({ jwtFile: '', socket: '/run/agent.sock' })).sources.vault).toMatchObject([
      { signIn: { jwt: { role: 'r', from: { workloadApi: '/run/agent.sock' } } } },
    ])
  })

  it('adds, changes and removes the audit log of its Vault, and leaves other logs alone', () => {
    const other = { id: 'vault-audit', record: 'vault-audit', file: 'other.log', writtenBy: 'another' } as const
    const base = formOf({ ...cluster, sources: { ...cluster.sources, logs: [other] } })
    const vault = { ...base.vault, way: 'token-file', tokenFile: 't', auditLog: '/var/audit.log' } as const
    const added = saved({ ...base, vault })
    const own = { id: 'vault-audit-2', record: 'vault-audit', file: '/var/audit.log', writtenBy: 'vault' }
    expect(added.sources.logs?.[0]).toEqual(other)
    expect(added.sources.logs?.[1]).toMatchObject({ ...own, id: expect.stringMatching(/^vault-audit-/) })
    const again = formOf(added)
    expect(again.vault.auditLog).toBe('/var/audit.log')
    const moved = saved({ ...again, vault: { ...again.vault, auditLog: '/log/a' } })
    expect(moved.sources.logs?.map(({ file }) => file)).toEqual(['other.log', '/log/a'])
    for (const gone of [{ auditLog: '' }, { way: 'none' as const }]) {
      expect(saved({ ...again, vault: { ...again.vault, ...gone } }).sources.logs).toEqual([other])
    }
  })

  it('puts namespaces, production and an identity where environment.yaml has them', () => {
    const form = formOf(cluster)
    const files = {
      way: 'files',
      trustDomain: 'a.example',
      certificate: 'c.pem',
      key: 'k.pem',
      bundle: 'b.pem',
    } as const
    expect(
      saved({ ...form, production: true, namespaces: 'edge, ai', spire: { ...form.spire, ...files } }),
    ).toMatchObject({
      production: true,
      sources: {
        kubernetes: [{ namespaces: ['edge', 'ai'] }],
        spire: [{ id: 'spire', cluster: 'cluster', trustDomain: 'a.example', identity: { key: 'k.pem' } }],
      },
    })
  })

  it('says of each field what is wrong, in words', () => {
    const form = formOf(cluster)
    const result = draftOf({
      ...form,
      name: 'Prod EU',
      namespaces: 'a b/c',
      spire: { ...form.spire, way: 'files', trustDomain: 'a.example' },
      vault: { ...form.vault, way: 'token-file', address: 'vault:8200' },
    })
    expect(result).toEqual({
      problems: {
        name: expect.stringContaining('Small letters'),
        namespaces: expect.stringContaining('separated by commas'),
        spire: expect.stringContaining('all three files'),
        vault: expect.stringContaining('where the token is'),
      },
    })
  })

  it('removes what is taken out again', () => {
    const form = formOf({ ...cluster, production: true, intent: 'i.yaml' })
    const draft = saved({ ...form, production: false, intent: '' })
    expect([draft.production, draft.intent]).toEqual([undefined, undefined])
  })
})
