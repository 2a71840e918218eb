import { join } from 'node:path'
import { expect, test } from 'vitest'
import { markOf } from '../../../test/builders/program-mark.ts'
import { findSecrets } from '../../../test/builders/secrets.ts'
import { KubernetesFailure } from './failure.ts'
import { kubeconfigPaths, readKubeconfig } from './kubeconfig.ts'

type Source = Parameters<typeof readKubeconfig>[0]

const cluster = { name: 'one', cluster: { server: 'https://one.example:6443', 'certificate-authority': 'ca.pem' } }
const user = { name: 'viewer', user: { token: 'canary-token' } }
const context = { name: 'work', context: { cluster: 'one', user: 'viewer' } }
const whole = { 'current-context': 'work', contexts: [context], clusters: [cluster], users: [user] }

function read(
  files: Readonly<Record<string, unknown>>,
  source: Partial<Source> = {},
  variables: Record<string, string> = {},
) {
  return readKubeconfig(
    { id: 'c', ...('/etc/config' in files ? { kubeconfig: '/etc/config' } : {}), ...source },
    { baseDirectory: '/home/me' },
    {
      files: {
        readText(path) {
          const file = files[path]
          if (file === undefined) return Promise.reject(Object.assign(new Error('not there'), { code: 'not-found' }))
          return Promise.resolve(typeof file === 'string' ? file : JSON.stringify(file))
        },
        watch() {},
      },
    },
    variables,
  )
}

async function failureOf(promise: Promise<unknown>): Promise<KubernetesFailure> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof KubernetesFailure)) throw new Error(`expected a KubernetesFailure, got ${String(error)}`)
  expect(findSecrets(error.message, ['canary-token'])).toEqual([])
  return error
}

const withUser = (fields: object) => ({ '/etc/config': { ...whole, users: [{ name: 'viewer', user: fields }] } })
const withCluster = (fields: object) => ({
  '/etc/config': { ...whole, clusters: [{ name: 'one', cluster: { ...cluster.cluster, ...fields } }] },
})

test('the current context chooses cluster and user, and paths are relative to the file', async () => {
  const found = await read({ '/etc/config': whole })
  expect(found).toMatchObject({
    place: '/etc/config',
    cluster: { server: 'https://one.example:6443', caFile: '/etc/ca.pem', skipTLSVerify: false },
    user: { name: 'viewer', token: 'canary-token' },
    files: ['/etc/config', '/etc/ca.pem'],
  })
})

test('the source may name another context', async () => {
  const other = { name: 'other', context: { cluster: 'one' } }
  const found = await read({ '/etc/config': { ...whole, contexts: [context, other] } }, { context: 'other' })
  expect(found.user).toEqual({ name: '' })
})

test('several files of KUBECONFIG are merged as kubectl does it: the first that has a name decides', async () => {
  const second = {
    'current-context': 'unused',
    contexts: [context],
    clusters: [{ name: 'one', cluster: { server: 'https://second.example' } }],
    users: [user],
  }
  const files = { '/a': { 'current-context': 'work', clusters: [cluster] }, '/b': second }
  const found = await read(files, {}, { KUBECONFIG: '/a:/b' })
  expect([found.cluster.server, found.user.name]).toEqual(['https://one.example:6443', 'viewer'])
})

test('without anything said it is the file of the home folder; in a pod none', () => {
  expect(kubeconfigPaths({ id: 'c' }, '/x', {})[0]?.endsWith(join('.kube', 'config'))).toBe(true)
  expect(kubeconfigPaths({ id: 'c', kubeconfig: 'k.yaml' }, '/x', { KUBECONFIG: '/a' })).toEqual(['/x/k.yaml'])
  expect(kubeconfigPaths({ id: 'c', inCluster: true }, '/x', { KUBECONFIG: '/a' })).toEqual([])
})

const exec = {
  apiVersion: 'client.authentication.k8s.io/v1',
  command: 'aws',
  args: ['eks', 'get-token'],
  env: [{ name: 'AWS_PROFILE', value: 'canary-token' }],
}
const allowed = { allowExec: markOf(exec, '/etc/config') }

test('a program that fetches credentials is used while it is exactly the one that was allowed', async () => {
  const found = await read(withUser({ exec }), allowed)
  expect(found.user).toEqual({ name: 'viewer', exec: { config: exec, file: '/etc/config' } })
})

test.each([
  ['nothing allowed', exec, {}, 'nobody allowed yet'],
  ['an environment of before marks', exec, { allowExec: true }, 'did not keep what it allowed'],
  ['an environment that says no', exec, { allowExec: false }, 'nobody allowed yet'],
  ['another program', { ...exec, command: 'evil' }, allowed, 'not the program'],
  ['other arguments', { ...exec, args: ['eks', 'get-token', '--debug'] }, allowed, 'not with the arguments'],
  ['one more variable', { ...exec, env: [...exec.env, { name: 'PATH', value: '/tmp' }] }, allowed, 'not the program'],
  ['another value of a variable', { ...exec, env: [{ name: 'AWS_PROFILE', value: 'x' }] }, allowed, 'not the program'],
  ['variables taken away', { ...exec, env: null }, allowed, 'not the program'],
])('after %s it is refused, and said what to do', async (_name, changed, source, words) => {
  const failure = await failureOf(read(withUser({ exec: changed }), source))
  expect(failure.reason).toBe('forbidden')
  expect(failure.message).toContain(`running ${changed.command}`)
  expect(failure.message).toContain(words)
  expect(failure.message).toContain('everyhop env allow')
})

test('a command that is relative to the kubeconfig is another one in another folder, a bare name is not', () => {
  const relative = { command: './bin/fetch' }
  expect(markOf(relative, '/a/config')).not.toBe(markOf(relative, '/b/config'))
  expect(markOf(exec, '/a/config')).toBe(markOf(exec, '/b/config'))
})

test.each([
  ['gcp', { name: 'gcp', config: { 'cmd-path': '/bin/gcloud' } }, 'gke-gcloud-auth-plugin'],
  ['azure', { name: 'azure', config: {} }, 'kubelogin'],
  ['exec inside of another', { name: 'oidc', config: { exec: { command: 'y' } } }, 'exec plugin'],
  ['an unknown one', { name: 'x' }, 'exec plugin'],
])(
  'an auth-provider of the old kind (%s) is refused, also where a program is allowed',
  async (_name, provider, words) => {
    for (const source of [{}, { allowExec: true }, allowed]) {
      const failure = await failureOf(read(withUser({ 'auth-provider': provider }), source))
      expect([failure.reason, failure.message.includes(words)]).toEqual(['unsupported', true])
    }
    await expect(read(withUser({ 'auth-provider': { name: 'oidc', config: {} } }))).resolves.toBeDefined()
  },
)

test('a token file is read again by whoever uses it, beside a token it does not count', async () => {
  const found = await read(withUser({ tokenFile: 'token' }))
  expect(found.user).toEqual({
    name: 'viewer',
    authProvider: { name: 'tokenFile', config: { tokenFile: '/etc/token' } },
  })
  expect((await read(withUser({ tokenFile: 'token', token: ' t\n' }))).user).toEqual({ name: 'viewer', token: 't' })
})

test.each([
  ['http', { server: 'http://one.example' }, 'https only'],
  ['unverified TLS', { 'insecure-skip-tls-verify': true }, 'insecure-skip-tls-verify'],
])('a cluster by %s is not read', async (_name, fields, words) => {
  const failure = await failureOf(read(withCluster(fields)))
  expect([failure.reason, failure.message.includes(words)]).toEqual(['unsupported', true])
})

test.each([
  ['no file', {}, { kubeconfig: '/etc/none' }, 'not-configured', '/etc/none: there is no such kubeconfig'],
  ['no context of that name', { '/etc/config': whole }, { context: 'x' }, 'not-configured', 'there is no context x'],
  [
    'no current context',
    { '/etc/config': { ...whole, 'current-context': '' } },
    {},
    'not-configured',
    'no current-context',
  ],
  ['no cluster', { '/etc/config': { ...whole, clusters: [] } }, {}, 'not-configured', 'there is no cluster one'],
  ['no user', { '/etc/config': { ...whole, users: null } }, {}, 'not-configured', 'there is no user viewer'],
  ['no YAML', { '/etc/config': 'a: [\ntoken: canary-token' }, {}, 'invalid', 'not YAML'],
  ['another shape', { '/etc/config': { clusters: 'x' } }, {}, 'invalid', 'at clusters'],
  ['nothing', { '/etc/config': '' }, {}, 'invalid', 'at its top'],
  ['as-groups', withUser({ as: 'me', 'as-groups': ['x'] }), {}, 'unsupported', 'as-groups'],
  ['not in a pod', {}, { inCluster: true as const }, 'not-configured', 'does not run in a pod'],
])('%s is said in words', async (_name, files, source, reason, words) => {
  const failure = await failureOf(read(files, source))
  expect(failure.reason).toBe(reason)
  expect(failure.message).toContain(words)
})

test('in a pod the service account is used, also when the cluster speaks IPv6', async () => {
  const found = await read(
    {},
    { inCluster: true },
    { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' },
  )
  expect(found.cluster).toMatchObject({ server: 'https://[fd00::1]:443', caFile: expect.stringContaining('ca.crt') })
})
