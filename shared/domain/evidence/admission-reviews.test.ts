import { expect, test } from 'vitest'
import { isAdmissionReview } from './admission-reviews.ts'

const request = { stage: 'ResponseComplete', verb: 'create', resource: 'pods', subresource: null }

test.each([
  ['a new pod', {}, true],
  ['a changed Deployment', { resource: 'deployments', verb: 'patch' }, true],
  ['a debug container', { subresource: 'ephemeralcontainers', verb: 'update' }, true],
  ['a request that crashed the server', { stage: 'Panic' }, true],
  ['the beginning of a request', { stage: 'RequestReceived' }, false],
  ['the status of a pod', { subresource: 'status', verb: 'update' }, false],
  ['a pod that is put on a node', { subresource: 'binding' }, false],
  ['a shell in a pod', { subresource: 'exec' }, false],
  ['a listing', { verb: 'list' }, false],
  ['a deletion', { verb: 'delete' }, false],
  ['a ConfigMap', { resource: 'configmaps' }, false],
  ['something without a resource', { resource: null }, false],
])('%s: %s', (_, values, isReview) => {
  expect(isAdmissionReview({ ...request, ...values })).toBe(isReview)
})
