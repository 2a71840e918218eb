import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { resources } from './resources.ts'

const rule = z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) })
const role = z.object({ kind: z.literal('ClusterRole'), rules: z.array(rule) })

const manifest = readFileSync(new URL('../../../docs/rights/kubernetes.yaml', import.meta.url), 'utf8')
const documents = parseAllDocuments(manifest).map((document): unknown => document.toJS())
const { rules } = role.parse(documents[0])
const verbsOf = (group: string, resource: string): readonly string[] =>
  rules.filter((one) => one.apiGroups.includes(group) && one.resources.includes(resource)).flatMap(({ verbs }) => verbs)

/** Every verb that is ever used, by what is asked for: lists and watches, logs that are followed, ports that are forwarded. */
const used: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...Object.values(resources).map(({ group, plural }) => [`${group}/${plural}`, ['list', 'watch']] as const),
  ['/pods/log', ['get']],
  ['/pods/portforward', ['create', 'get']],
])

test('the shipped role gives exactly the verbs that are used: each of them, and none besides', () => {
  const given = rules.flatMap(({ apiGroups, resources: named }) =>
    apiGroups.flatMap((group) => named.map((resource) => [group, resource] as const)),
  )
  expect(given.map((place) => place.join('/')).toSorted()).toEqual([...used.keys()].toSorted())
  for (const [group, resource] of given) {
    expect([resource, verbsOf(group, resource).toSorted()]).toEqual([resource, used.get(`${group}/${resource}`)])
  }
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
