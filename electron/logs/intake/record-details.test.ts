import { expect, test } from 'vitest'
import { accessLine, decisionEvent } from '../../../test/builders/log-records.ts'
import { accessDetails, decisionDetails } from './record-details.ts'

test('how long a request and its authorisation took is read of the record itself', () => {
  const line = JSON.stringify(accessLine({ number: 1, extra: { duration: 12 } }))
  expect(accessDetails(line)).toEqual({ durationMs: 12, authorisationMs: 0.42 })
  const unsaid = JSON.stringify(accessLine({ number: 1, extra: { ext_authz_us: '{"latency_us":4}', duration: '-' } }))
  expect(accessDetails(unsaid)).toEqual({ durationMs: null, authorisationMs: null })
})

test('of a decision its error, what was masked, and when the token ends', () => {
  const event = {
    ...decisionEvent({ number: 1 }),
    error: { code: 'eval_conflict_error', message: 'password=hunter2 in rule' },
    erased: ['/input/attributes/request/http/headers/authorization'],
    masked: ['/input/attributes/request/http/headers/authorization', '/input/body'],
  }
  const attributes = {
    metadata_context: { filter_metadata: { 'envoy.filters.http.jwt_authn': { user: { exp: 1_795_348_800 } } } },
  }
  expect(decisionDetails(JSON.stringify({ ...event, input: { attributes } }))).toEqual({
    error: { code: 'eval_conflict_error', message: 'password=*** in rule' },
    masked: ['/input/attributes/request/http/headers/authorization', '/input/body'],
    tokenExpiresAt: 1_795_348_800_000,
    user: { state: 'masked' },
    actor: { state: 'absent' },
  })
})

test('an error is read from OPA’s console too, where it is its message alone', () => {
  const event = { ...decisionEvent({ number: 1 }), error: 'undefined decision' }
  expect(decisionDetails(JSON.stringify(event)).error).toEqual({ code: null, message: 'undefined decision' })
})

test('the token’s end and its user are read as protojson names them, which is how OPA has Envoy’s question', () => {
  const verified = { 'envoy.filters.http.jwt_authn': { user: { sub: 'alice', exp: 1_795_348_800 } } }
  const input = { attributes: { metadataContext: { filterMetadata: verified } } }
  const details = decisionDetails(JSON.stringify({ ...decisionEvent({ number: 1 }), input }))
  expect(details.tokenExpiresAt).toBe(1_795_348_800_000)
  expect(details.user).toMatchObject({ state: 'known', value: 'alice' })
})

test.each([
  '',
  'null',
  '[]',
  '{',
  '{"error":7,"erased":{"a":1},"masked":[{}],"input":{"attributes":[]}}',
  '{"input":{"attributes":{"metadata_context":{"filter_metadata":{"envoy.filters.http.jwt_authn":{"exp":"never"}}}}}}',
])('%j tells nothing, and breaks nothing', (text) => {
  expect(accessDetails(text)).toEqual({ durationMs: null, authorisationMs: null })
  const { masked, tokenExpiresAt } = decisionDetails(text)
  expect({ masked, tokenExpiresAt }).toEqual({ masked: [], tokenExpiresAt: null })
})
