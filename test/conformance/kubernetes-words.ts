import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import type { ClusterUnderTest } from './kubernetes-suite.ts'

const kubeconfigWire = z.object({
  clusters: z.tuple([z.object({ cluster: z.object({ 'certificate-authority-data': z.string() }) })]),
  users: z.tuple([z.object({ user: z.object({ token: z.string() }) })]),
})
const statusWire = z.object({
  kind: z.literal('Status'),
  status: z.literal('Failure'),
  message: z.string(),
  reason: z.string(),
  code: z.number(),
})

interface Question {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: object
  /** null: none is shown. */
  readonly token?: string | null
}

/** What an API server says when it refuses: the playground's must say what a real one says. */
export function kubernetesWords(start: () => Promise<ClusterUnderTest>): void {
  async function refused({ method = 'GET', path, body, token }: Question): Promise<readonly [number, string, string]> {
    const { address, tokenKubeconfig } = await start()
    const { clusters, users } = kubeconfigWire.parse(parse(await readFile(tokenKubeconfig, 'utf8')))
    const ca = Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64').toString('utf8')
    const shown = token === undefined ? users[0].user.token : token
    const headers = {
      ...(shown === null ? {} : { authorization: `Bearer ${shown}` }),
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const call = request({ ...address, path, method, ca, headers, agent: false })
    call.end(body === undefined ? undefined : JSON.stringify(body))
    const [response] = await once(call, 'response')
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    const { code, reason, message } = statusWire.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')))
    expect(response.statusCode, path).toBe(code)
    return [code, reason, message]
  }

  test('credentials that nobody knows are refused', async () => {
    expect(await refused({ path: '/api/v1/pods', token: 'wrong' })).toEqual([401, 'Unauthorized', 'Unauthorized'])
  })

  test('who shows no credentials may nothing', async () => {
    const message =
      'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope'
    expect(await refused({ path: '/api/v1/pods', token: null })).toEqual([403, 'Forbidden', message])
  })

  test('what the rights do not give is forbidden, with verb, resource, group and place', async () => {
    const { user } = await start()
    const cannot = (what: string, subject: string): readonly unknown[] => [
      403,
      'Forbidden',
      `${subject === '' ? '' : `${subject} is `}forbidden: User "${user}" cannot ${what}`,
    ]
    const core = 'in API group ""'
    expect(await refused({ path: '/api/v1/secrets' })).toEqual(
      cannot(`list resource "secrets" ${core} at the cluster scope`, 'secrets'),
    )
    expect(await refused({ path: '/api/v1/namespaces/ai/configmaps/trust' })).toEqual(
      cannot(`get resource "configmaps" ${core} in the namespace "ai"`, 'configmaps "trust"'),
    )
    expect(await refused({ path: '/apis/apps/v1/namespaces/ai/deployments/gateway' })).toEqual(
      cannot('get resource "deployments" in API group "apps" in the namespace "ai"', 'deployments.apps "gateway"'),
    )
    expect(await refused({ path: '/apis/apps/v1/replicasets?watch=1' })).toEqual(
      cannot('watch resource "replicasets" in API group "apps" at the cluster scope', 'replicasets.apps'),
    )
    expect(await refused({ method: 'DELETE', path: '/api/v1/namespaces/ai/pods/x' })).toEqual(
      cannot(`delete resource "pods" ${core} in the namespace "ai"`, 'pods "x"'),
    )
    const token = '/api/v1/namespaces/ai/serviceaccounts/gateway/token'
    expect(await refused({ method: 'POST', path: token, body: {} })).toEqual(
      cannot(`create resource "serviceaccounts/token" ${core} in the namespace "ai"`, 'serviceaccounts "gateway"'),
    )
    expect(await refused({ path: '/api/v1/namespaces/ai/pods/x/exec?command=ls' })).toEqual(
      cannot(`get resource "pods/exec" ${core} in the namespace "ai"`, 'pods "x"'),
    )
    expect(await refused({ path: '/metrics' })).toEqual(cannot('get path "/metrics"', ''))
  })

  test('what is not there is not found', async () => {
    // Of the rights that are asked for, a log is the only thing of one object.
    const gone = [404, 'NotFound', 'pods "gone" not found']
    expect(await refused({ path: '/api/v1/namespaces/ai/pods/gone/log' })).toEqual(gone)
  })

  test('a log needs the name of a container that the pod has', async () => {
    const { pods } = await start()
    const { namespace, name, containers } = pods.find(({ workload }) => workload === 'gateway') ?? { name: '' }
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/log`
    expect(await refused({ path: `${path}?container=nope` })).toEqual([
      400,
      'BadRequest',
      `container nope is not valid for pod ${name}`,
    ])
    expect(await refused({ path })).toEqual([
      400,
      'BadRequest',
      `a container name must be specified for pod ${name}, choose one of: [${containers?.map((each) => each.name).join(' ')}]`,
    ])
  })

  test('a review of rights needs a namespace', async () => {
    const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: {} }
    expect(await refused({ method: 'POST', path, body })).toEqual([400, 'BadRequest', 'no namespace on request'])
  })

  test('a list goes on from a token that makes sense', async () => {
    expect(await refused({ path: '/api/v1/pods?limit=1&continue=nonsense' })).toEqual([
      400,
      'BadRequest',
      expect.stringContaining('continue key is not valid'),
    ])
  })
}
