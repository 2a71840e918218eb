import { expect, test } from 'vitest'
import { readShippedRights, rulesWithout } from './rights.ts'

test('the shipped rights only read: objects are listed and watched, and nothing but logs and a port-forward is got', async () => {
  const { role, binding, group } = await readShippedRights()
  expect(binding.roleRef.name).toBe(role.metadata.name)
  expect(group).toBe('everyhop-viewers')
  for (const rule of role.rules) {
    const [first] = rule.resources
    const reading =
      first === 'pods/portforward' ? ['get', 'create'] : first === 'pods/log' ? ['get'] : ['list', 'watch']
    expect(rule.verbs.filter((verb) => !reading.includes(verb))).toEqual([])
    expect([...rule.resources, ...rule.verbs, ...rule.apiGroups]).not.toContain('*')
    expect(rule.resources).not.toContain('secrets')
  }
})

test('takes whole resources and single verbs away, and leaves the rest', () => {
  const rules = [
    { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  ]
  expect(rulesWithout(rules, ['nodes', 'watch pods', 'pods/log'])).toEqual([
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
  ])
  expect(rulesWithout(rules, ['get pods/log'])).toHaveLength(2)
})

test('refuses to take away what was never given', () => {
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]
  for (const right of ['secrets', 'list pods', 'pods/log']) {
    expect(() => rulesWithout(rules, [right])).toThrow(right)
  }
})
