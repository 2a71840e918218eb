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
