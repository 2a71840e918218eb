import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StoredKubernetesAudit } from '../../electron/core/log-store.ts'
import { understoodLine } from '../../electron/logs/stores/understood-line.ts'
import { waitFor } from '../lab/processes.ts'
import { type OwnApiServer, startOwnApiServer } from './api-server.ts'

/** What admission refuses, warns of and lets through, and how a real API server's audit log tells it. */

/** A first run builds the servers. */
const buildMs = 20 * 60_000
const registry = 'registry.example'
const digest = `@sha256:${'a'.repeat(64)}`
let folder: string
let server: OwnApiServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'admission-'))
  server = await startOwnApiServer({
    folder,
    auditPolicy: {
      omitStages: ['RequestReceived'],
      rules: [
        { level: 'Request', verbs: ['create'], resources: [{ group: '', resources: ['pods'] }] },
        { level: 'Metadata', resources: [{ group: 'apps' }] },
        { level: 'None' },
      ],
    },
    options: { 'audit-log-path': join(folder, 'audit.ndjson'), 'audit-log-mode': 'blocking' },
  })
  const name = 'admission'
  for (const [space, labels] of Object.entries({
    open: {},
    denying: { mode: 'deny' },
    warning: { mode: 'warn' },
    noting: { mode: 'note' },
    passing: { hook: 'passing' },
    failing: { hook: 'failing' },
    restricted: { 'pod-security.kubernetes.io/enforce': 'restricted' },
    watched: { 'pod-security.kubernetes.io/audit': 'restricted' },
  }))
    await made('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: space, labels } })
  await made('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies', {
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      validations: [
        {
          expression: `object.spec.containers.all(c, c.image.startsWith('${registry}/') && c.image.contains('@sha256:'))`,
          messageExpression: `'image ' + object.spec.containers[0].image + ' is not of ${registry}, or has no digest'`,
        },
      ],
    },
  })
  for (const [mode, validationActions] of Object.entries({ deny: ['Deny'], warn: ['Warn', 'Audit'], note: ['Audit'] }))
    await made('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings', {
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: `${name}-${mode}` },
      spec: { policyName: name, validationActions, matchResources: selecting({ mode }) },
    })
  const hook = (failurePolicy: 'Ignore' | 'Fail') => ({
    name: `${failurePolicy.toLowerCase()}.images.example`,
    // Nothing listens there.
    clientConfig: { url: 'https://127.0.0.1:1/review' },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    failurePolicy,
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 2,
    ...selecting({ hook: failurePolicy === 'Ignore' ? 'passing' : 'failing' }),
  })
  await made('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [hook('Ignore'), hook('Fail')],
  })
  // Policies and webhooks hold a moment after they are made.
  let tries = 0
  for (const [namespace, status] of [
    ['denying', 422],
    ['failing', 500],
  ] as const)
    await waitFor(
      `${namespace} is held to its rule`,
      async () => (await run(namespace, `try-${(tries += 1)}`, 'elsewhere.example/a:1')).status === status,
      { timeoutMs: 60_000, everyMs: 200 },
    )
}, buildMs)
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

function selecting(matchLabels: object): object {
  return { namespaceSelector: { matchLabels } }
}

async function made(path: string, body: object): Promise<void> {
  const apiVersion = path.startsWith('/apis/') ? path.split('/').slice(2, 4).join('/') : 'v1'
  const { status, body: text } = await server.ask(path, { apiVersion, ...body })
  expect({ path, status, text: status === 201 ? '' : text }).toEqual({ path, status: 201, text: '' })
}

/** Gives the status, and the id of the audit event. */
async function run(
  namespace: string,
  name: string,
  image: string,
): Promise<{ readonly status: number; readonly id: string }> {
  const { status, headers } = await server.ask(`/api/v1/namespaces/${namespace}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'c', image }], automountServiceAccountToken: false },
  })
  return { status, id: String(headers['audit-id']) }
}

async function audited(id: string): Promise<StoredKubernetesAudit> {
  const lines = (await readFile(join(folder, 'audit.ndjson'), 'utf8')).split('\n').filter((line) => line !== '')
  const records = lines.map((line) => understoodLine('kubernetes-audit', line))
  const found = records.filter((record) => record?.record === 'kubernetes-audit' && record.auditId === id)
  expect(found).toHaveLength(1)
  const [record] = found
  if (record?.record !== 'kubernetes-audit') throw new Error('it is no audit event')
  return record
}

const signed = `${registry}/a${digest}`
const other = 'elsewhere.example/a:1'

test.each([
  ['open', other, 201, null],
  ['denying', signed, 201, null],
  [
    'denying',
    other,
    422,
    {
      kind: 'policy',
      policy: 'admission',
      binding: 'admission-deny',
      action: 'deny',
      message: `image ${other} is not of ${registry}, or has no digest`,
    },
  ],
  [
    'warning',
    other,
    201,
    {
      kind: 'policy',
      policy: 'admission',
      binding: 'admission-warn',
      action: 'warn',
      message: `image ${other} is not of ${registry}, or has no digest`,
    },
  ],
  ['noting', other, 201, { kind: 'policy', policy: 'admission', binding: 'admission-note', action: 'audit' }],
  ['passing', other, 201, { kind: 'webhook', policy: 'ignore.images.example', action: 'failed-open' }],
  [
    'failing',
    other,
    500,
    { kind: 'webhook', policy: 'fail.images.example', action: 'deny', message: expect.stringContaining('refused') },
  ],
  ['restricted', other, 403, { kind: 'pod-security', policy: 'restricted:latest', action: 'deny' }],
  ['watched', other, 201, { kind: 'pod-security', policy: 'restricted:latest', action: 'audit' }],
] as const)(
  'in the namespace %s the image %s is answered with %i, and the audit event tells why',
  async (namespace, image, status, admission) => {
    const answer = await run(namespace, `pod-${image === signed ? 'signed' : 'other'}`, image)
    expect(answer.status).toBe(status)
    const record = await audited(answer.id)
    expect(record).toMatchObject({
      verb: 'create',
      stage: 'ResponseComplete',
      resource: 'pods',
      namespace,
      status,
      user: 'auditor',
      images: [image],
      admission,
    })
  },
)

test('a workload is audited without its images where the level is Metadata', async () => {
  const labels = { app: 'a' }
  const answer = await server.ask('/apis/apps/v1/namespaces/denying/deployments', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'a' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: other }] } },
    },
  })
  expect(answer.status).toBe(201)
  expect(await audited(String(answer.headers['audit-id']))).toMatchObject({
    apiGroup: 'apps',
    resource: 'deployments',
    images: [],
    admission: null,
  })
})
