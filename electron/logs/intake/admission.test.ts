import { expect, test } from 'vitest'
import { admissionOf, imagesOf } from './admission.ts'

const none = { status: 201, message: null, annotations: {} }

test.each([
  [
    `pods "x" is forbidden: ValidatingAdmissionPolicy 'images' with binding 'images-ai' denied request: image a:1 is not of registry.example`,
    { kind: 'policy', policy: 'images', binding: 'images-ai', message: 'image a:1 is not of registry.example' },
  ],
  [
    'admission webhook "policy.sigstore.dev" denied the request: validation failed: no matching signatures: spec.containers[0].image',
    {
      kind: 'webhook',
      policy: 'policy.sigstore.dev',
      binding: null,
      message: 'validation failed: no matching signatures: spec.containers[0].image',
    },
  ],
  [
    'admission webhook "a.example" denied the request without explanation',
    { kind: 'webhook', policy: 'a.example', binding: null, message: 'without explanation' },
  ],
  [
    'Internal error occurred: failed calling webhook "a.example": failed to call webhook: Post "https://a.x.svc:443/": connection refused',
    {
      kind: 'webhook',
      policy: 'a.example',
      binding: null,
      message: 'failed to call webhook: Post "https://a.x.svc:443/": connection refused',
    },
  ],
  [
    'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
    {
      kind: 'pod-security',
      policy: 'restricted:latest',
      binding: null,
      message: 'allowPrivilegeEscalation != false',
    },
  ],
  [
    'pods "x" is forbidden: image policy webhook backend denied one or more images: not signed',
    { kind: 'image-policy', policy: null, binding: null, message: 'not signed' },
  ],
])('of %j it is told who refused', (message, expected) => {
  expect(admissionOf({ status: 403, message, annotations: {} })).toEqual({ action: 'deny', ...expected })
  // Whoever names a pod so has not been refused.
  expect(admissionOf({ ...none, message })).toBeNull()
})

test('what would have been refused, and went on, is told by the annotation of the policy', () => {
  const failure = (actions: unknown, policy = 'images') => ({
    message: 'image a:1 is not of registry.example',
    policy,
    binding: 'images-ai',
    expressionIndex: 0,
    validationActions: actions,
  })
  const of = (...failures: readonly object[]) =>
    admissionOf({
      ...none,
      annotations: { 'validation.policy.admission.k8s.io/validation_failure': JSON.stringify(failures) },
    })
  expect(of(failure(['Audit']))).toEqual({
    kind: 'policy',
    policy: 'images',
    binding: 'images-ai',
    action: 'audit',
    message: 'image a:1 is not of registry.example',
  })
  expect(of(failure(['Audit']), failure(['Warn', 'Audit'], 'digests'))).toMatchObject({
    action: 'warn',
    policy: 'digests',
  })
  expect(of(failure('Audit'))).toMatchObject({ action: 'audit' })
  expect(of()).toBeNull()
  expect(of({ policy: 7 })).toBeNull()
  const violation = { 'validation.policy.admission.k8s.io/validation_failure': 'no JSON' }
  expect(admissionOf({ ...none, annotations: violation })).toBeNull()
})

test('who did not answer and was passed over, and what Pod Security noted, is told by annotations', () => {
  const of = (annotations: object) => admissionOf({ ...none, annotations: { ...annotations } })
  expect(
    of({ 'failed-open.validating.webhook.admission.k8s.io/round_0_index_1': 'policy.sigstore.dev' }),
  ).toMatchObject({
    kind: 'webhook',
    policy: 'policy.sigstore.dev',
    action: 'failed-open',
  })
  expect(of({ 'failed-open.mutation.webhook.admission.k8s.io/round_0_index_1': 'a' })).toMatchObject({
    action: 'failed-open',
  })
  expect(of({ 'imagepolicywebhook.image-policy.k8s.io/failed-open': 'true' })).toMatchObject({
    kind: 'image-policy',
    action: 'failed-open',
  })
  expect(
    of({
      'pod-security.kubernetes.io/audit-violations': 'would violate PodSecurity "baseline:v1.30": host namespaces',
    }),
  ).toEqual({
    kind: 'pod-security',
    policy: 'baseline:v1.30',
    binding: null,
    action: 'audit',
    message: 'host namespaces',
  })
  expect(of({ 'mutation.webhook.admission.k8s.io/round_0_index_0': '{"mutated":true}', number: 7 })).toBeNull()
})

test('words of others are masked and cut', () => {
  const found = admissionOf({
    status: 403,
    message: `admission webhook "a" denied the request: token=hunter2hunter2 \u001b[31m${'x'.repeat(1000)}`,
    annotations: {},
  })
  expect(found?.message).toHaveLength(400)
  expect(found?.message).not.toMatch(/hunter2|\p{Cc}/u)
})

test('images are read of pods, of what makes pods, and of nothing else', () => {
  const spec = { initContainers: [{ image: 'i' }], containers: [{ image: 'a' }, { image: 'a' }, {}, { image: 7 }] }
  expect(imagesOf({ spec })).toEqual(['i', 'a'])
  expect(imagesOf({ spec: { template: { spec } } })).toEqual(['i', 'a'])
  expect(imagesOf({ spec: { jobTemplate: { spec: { template: { spec } } } } })).toEqual(['i', 'a'])
  expect(imagesOf({ spec: { ephemeralContainers: [{ image: 'e' }] } })).toEqual(['e'])
  for (const other of [
    undefined,
    null,
    'x',
    {},
    { spec: null },
    { spec: {} },
    { spec: { containers: 'a' } },
    { data: { image: 'a' } },
  ])
    expect(imagesOf(other)).toEqual([])
  const many = Array.from({ length: 80 }, (_, number) => ({ image: `${number}` }))
  expect(imagesOf({ spec: { containers: many } })).toHaveLength(50)
})
