import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { exitCodes } from './command.ts'
import { envRole } from './env-role.ts'

async function printed(...words: readonly string[]): Promise<string> {
  let text = ''
  const output = { out: (more: string) => void (text += more), err: () => {} }
  expect(await envRole.run(words, output, new AbortController().signal)).toBe(exitCodes.done)
  return text
}

test('the rights in a cluster are a manifest that can be applied', async () => {
  const kinds = parseAllDocuments(await printed('kubernetes')).map((document) => document.get('kind'))
  expect(kinds).toEqual(['ClusterRole', 'ClusterRoleBinding'])
})

test('the rights on a SPIRE server are the rule alone, ready to be appended', async () => {
  const rule = await printed('spire')
  expect(rule).toMatch(/^allow = true if \{\n/)
  expect(rule).toMatch(/\n\}\n$/)
  expect(rule).not.toContain('```')
})

test('other words are a mistake of the caller', async () => {
  const output = { out: () => {}, err: () => {} }
  await expect(envRole.run(['nomad'], output, new AbortController().signal)).rejects.toThrow('env role kubernetes')
})

test('of a cluster only what is missing can be asked for, for one user', async () => {
  const text = await printed('kubernetes', '--only', 'pods/log', '--user', 'reader')
  const [role, binding] = parseAllDocuments(text).map((document) => document.toJS())
  expect(role.rules).toEqual([{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }])
  expect(binding.subjects).toMatchObject([{ kind: 'User', name: 'reader' }])
})
