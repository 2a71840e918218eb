import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { roleInput } from '../../shared/contract/environment-setup.ts'
import { roleText } from './environment-role.ts'

const rights = join(import.meta.dirname, '..', '..', 'docs', 'rights')
const ask = (input: Record<string, unknown>) =>
  roleText(roleInput.parse(input), (file) => readFile(join(rights, file), 'utf8'))

test('of a cluster only the missing rights are asked for, for the user that was refused', async () => {
  const { text } = await ask({ kind: 'kubernetes', rights: ['networkpolicies', 'pods/log'], user: 'everyhop-reader' })
  const [role, binding] = parseAllDocuments(text).map((document) => document.toJS())
  expect(role.rules).toEqual([
    { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list', 'watch'] },
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  ])
  expect(binding.roleRef.name).toBe(role.metadata.name)
  expect(binding.subjects).toEqual([{ kind: 'User', name: 'everyhop-reader', apiGroup: 'rbac.authorization.k8s.io' }])
})

test('a service account is bound as one, and all rights are the shipped file as it is', async () => {
  const { text } = await ask({ kind: 'kubernetes', user: 'system:serviceaccount:ops:everyhop' })
  expect(text).toContain('kind: ServiceAccount')
  expect((await ask({ kind: 'kubernetes' })).text).toBe(await readFile(join(rights, 'kubernetes.yaml'), 'utf8'))
})

test('the rule of SPIRE names the trust domain that it is for', async () => {
  const { text } = await ask({ kind: 'spire', trustDomain: 'pipeline.example' })
  expect(text).toContain('spiffe://pipeline.example/')
  expect(text).not.toContain('TRUST-DOMAIN')
})

test('what is not shipped is said, and rights that nobody knows are refused', async () => {
  await expect(ask({ kind: 'kubernetes', rights: ['nothing'] })).rejects.toMatchObject({ code: 'not-found' })
  await expect(
    roleText(roleInput.parse({ kind: 'vault' }), () => Promise.reject(new Error('gone'))),
  ).rejects.toMatchObject({
    code: 'not-found',
  })
})

test('of a Vault only the missing rights are asked for, by the paths of its own mounts, and nothing else can be slipped in', async () => {
  const rights = ['list postgres/roles', 'read postgres/roles/+', 'list+sudo sys/leases/lookup/postgres/*']
  const { text, language } = await ask({ kind: 'vault', rights })
  expect(language).toBe('hcl')
  expect(text.replaceAll(/^#.*\n/gm, '')).toBe(
    [
      'path "postgres/roles" {\n  capabilities = ["list"]\n}\n',
      'path "postgres/roles/+" {\n  capabilities = ["read"]\n}\n',
      'path "sys/leases/lookup/postgres/*" {\n  capabilities = ["list", "sudo"]\n}\n',
    ].join(''),
  )
  for (const right of ['delete secret/x', 'read', 'read a" { capabilities = ["sudo"] } path "b', 'read a\npath "b"'])
    await expect(ask({ kind: 'vault', rights: [right] })).rejects.toMatchObject({ code: 'invalid' })
})
