import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { resources } from './resources.ts'
import { kubernetesRole } from './role.ts'

const rule = z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) })
const role = z.object({ kind: z.literal('ClusterRole'), rules: z.array(rule) })

const documents = parseAllDocuments(kubernetesRole()).map((document): unknown => document.toJS())
const { rules } = role.parse(documents[0])
const verbsOf = (group: string, resource: string): readonly string[] =>
  rules.filter((one) => one.apiGroups.includes(group) && one.resources.includes(resource)).flatMap(({ verbs }) => verbs)

test('the shipped role lets everything be listed and watched that the connector follows', () => {
  for (const { group, plural } of Object.values(resources)) {
    expect(verbsOf(group, plural), plural).toEqual(expect.arrayContaining(['list', 'watch']))
  }
  expect(verbsOf('', 'pods/log')).toEqual(['get'])
  expect(verbsOf('', 'pods/portforward').toSorted()).toEqual(['create', 'get'])
})

test('the shipped role can change nothing and reads no secrets', () => {
  const reading = new Set(['get', 'list', 'watch'])
  for (const { resources: named, verbs, apiGroups } of rules) {
    expect([...named, ...verbs, ...apiGroups]).not.toContain('*')
    expect(named).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(secrets|configmaps|pods\/exec|pods\/attach)$/)]),
    )
    if (!named.includes('pods/portforward')) expect(verbs.filter((verb) => !reading.has(verb))).toEqual([])
  }
})
