import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { markOf } from '../../test/builders/program-mark.ts'
import { listContexts } from './kube-contexts.ts'

const good = `
current-context: prod
contexts:
  - { name: prod, context: { cluster: eu, user: reader } }
  - { name: cloud, context: { cluster: eu, user: plugin } }
  - { name: open, context: { cluster: unverified, user: reader } }
  - { name: lost, context: { cluster: nowhere, user: reader } }
clusters:
  - { name: eu, cluster: { server: "https://eu.example:6443" } }
  - { name: unverified, cluster: { server: "https://x.example", insecure-skip-tls-verify: true } }
users:
  - { name: reader, user: { token: sekrit-8f3a } }
  - name: plugin
    user:
      exec: { apiVersion: client.authentication.k8s.io/v1, command: aws, args: [eks, get-token], env: [{ name: AWS_PROFILE, value: sekrit-8f3a }] }
`

const digest = (text: string) => createHash('sha256').update(text).digest('hex')

function machineOf(texts: Readonly<Record<string, string>>, named = Object.keys(texts)) {
  return {
    machine: { files: named, podServer: null, absolute: (path: string) => path, digest },
    files: {
      async readText(path: string) {
        const text = texts[path]
        if (text === undefined) throw Object.assign(new Error('gone'), { code: 'not-found' })
        return text
      },
    },
  }
}

test('each context tells its server, its user, and the program that would run, and never a credential', async () => {
  const { machine, files } = machineOf({ '/kube': good })
  const { contexts, broken } = await listContexts(machine, null, files)
  expect(broken).toEqual([])
  expect(contexts.map(({ name, user, problem }) => [name, user.kind, problem?.code ?? null])).toEqual([
    ['prod', 'token', null],
    ['cloud', 'exec', null],
    ['open', 'token', 'tls-not-verified'],
    ['lost', 'token', 'no-cluster'],
  ])
  expect(contexts[0]).toMatchObject({ current: true, server: 'https://eu.example:6443', program: null })
  expect(contexts[1]?.program).toEqual({
    command: 'aws',
    arguments: ['eks', 'get-token'],
    variables: ['AWS_PROFILE'],
    // The very text that a source keeps and a connection compares.
    mark: markOf(
      { command: 'aws', args: ['eks', 'get-token'], env: [{ name: 'AWS_PROFILE', value: 'sekrit-8f3a' }] },
      '/kube',
    ),
  })
  expect(JSON.stringify(contexts)).not.toContain('sekrit')
})

test('what is confirmed changes its fingerprint when the program or its variables change, and only then', async () => {
  const printOf = async (text: string): Promise<string | undefined> => {
    const { machine, files } = machineOf({ '/kube': text })
    return (await listContexts(machine, null, files)).contexts.find(({ name }) => name === 'cloud')?.fingerprint
  }
  const before = await printOf(good)
  expect(await printOf(`${good}\n# a word\n`)).toBe(before)
  expect(await printOf(good.replace('get-token', 'steal-token'))).not.toBe(before)
  expect(await printOf(good.replace('value: sekrit', 'value: other'))).not.toBe(before)
})

test('a broken kubeconfig is told with line and column, without its words, beside the others', async () => {
  const { machine, files } = machineOf({
    '/a': good,
    '/b': 'users:\n  - name: x\n    user: { token: "sekrit-8f3a\n',
    '/c': 'contexts:\n  - { name: 3 }\n',
  })
  const { contexts, broken } = await listContexts(machine, null, files)
  expect(contexts.length).toBe(4)
  expect(broken.map(({ file, line }) => [file, line])).toEqual([
    ['/b', expect.any(Number)],
    ['/c', 2],
  ])
  expect(broken[1]?.message).toContain('contexts.0')
  expect(JSON.stringify(broken)).not.toContain('sekrit')
})

test('what several files say together needs all of them, and what one says needs that one', async () => {
  const parts = {
    '/one': 'contexts:\n  - { name: split, context: { cluster: eu, user: reader } }\n',
    '/two': good,
  }
  const { machine, files } = machineOf(parts)
  const { contexts } = await listContexts(machine, null, files)
  expect(contexts.find(({ name }) => name === 'split')?.choice.kubeconfig).toBeNull()
  expect(contexts.find(({ name }) => name === 'prod')?.choice.kubeconfig).toBe('/two')
})

test('a file that is not there is said, and the pod’s own account is offered in a pod only', async () => {
  const { machine, files } = machineOf({}, ['/none'])
  expect(await listContexts(machine, null, files)).toEqual({
    contexts: [],
    broken: [],
    lookedAt: [{ file: '/none', found: false }],
  })
  const inPod = await listContexts({ ...machine, podServer: 'https://10.0.0.1:443' }, null, files)
  expect(inPod.contexts).toMatchObject([{ name: 'in-cluster', choice: { kubeconfig: null, context: null } }])
})
