import { describe, expect, test } from 'vitest'
import { accessLine, connectionLine } from '../../../test/builders/log-lines.ts'
import { accessLogKeys } from './access-log-keys.ts'
import { type AccessRecord, parseAccessLine } from './envoy-access.ts'

describe('a line of an Envoy that forwards by mTLS', () => {
  test('every field that is read is read', () => {
    expect(record(accessLine())).toEqual({
      at: Date.parse('2026-11-22T00:06:33.795Z'),
      direction: null,
      request: {
        requestId: 'req-0001',
        method: 'GET',
        path: '/v1/chat',
        status: 200,
        details: 'via_upstream',
        flags: [],
        decisionId: '42bc8edf-6717-40a7-9a2a-fee9d4701e41',
        wasAsked: true,
        failureModeAllowed: false,
        durationMs: null,
        authorisationMs: 1.663,
      },
      downstream: {
        use: 'mutual',
        tlsVersion: 'TLSv1.3',
        cipher: 'TLS_AES_256_GCM_SHA384',
        peerSpiffeId: 'spiffe://pipeline.example/app/chat',
        ownSpiffeId: 'spiffe://pipeline.example/hop/gateway',
        peerSerial: 'fe4a302fc248',
        peerNotAfter: Date.parse('2026-11-22T01:06:09.000Z'),
        remoteAddress: '127.1.0.1',
        localAddress: '127.1.0.2:19001',
        failure: null,
      },
      upstream: {
        use: 'mutual',
        tlsVersion: 'TLSv1.3',
        cipher: null,
        peerSpiffeId: 'spiffe://pipeline.example/hop/prompt-firewall',
        ownSpiffeId: 'spiffe://pipeline.example/hop/gateway',
        peerNotAfter: null,
        cluster: 'hop_prompt-firewall',
        host: '127.0.0.1:19002',
        failure: null,
      },
      identityClaim: null,
    })
  })

  test('the decision id is found in the whole metadata when it has no key of its own', () => {
    expect(record(accessLine({ decision_id: undefined, authz: { decision_id: 'd-7' } })).request?.decisionId).toBe(
      'd-7',
    )
  })
})

test('an operator may name each key after its command, in any case', () => {
  const operatorNamed = {
    START_TIME: '2026-11-22T00:06:33.795Z',
    RESPONSE_CODE: '403',
    'response-code-details': 'ext_authz_denied',
    RESPONSE_FLAGS: 'UAEX',
    DOWNSTREAM_PEER_URI_SAN: 'spiffe://pipeline.example/a',
    DOWNSTREAM_TLS_VERSION: 'TLSv1.3',
    UPSTREAM_TRANSPORT_FAILURE_REASON: '-',
    method: 'GET',
  }
  expect(record(JSON.stringify(operatorNamed))).toMatchObject({
    request: { status: 403, details: 'ext_authz_denied', flags: ['UAEX'] },
    downstream: { peerSpiffeId: 'spiffe://pipeline.example/a', use: 'mutual' },
    upstream: { failure: null },
  })
})

test('the line of a failed handshake is no request and carries its reason', () => {
  expect(
    record(connectionLine({ down_tls_err: 'TLS_error:|CERTIFICATE_VERIFY_FAILED', down_peer_uri_san: null })),
  ).toMatchObject({
    request: null,
    downstream: { failure: 'TLS_error:|CERTIFICATE_VERIFY_FAILED', remoteAddress: '127.1.0.1' },
  })
})

test.each([
  ['a peer certificate', {}, 'mutual'],
  ['TLS without a peer certificate', { down_peer_uri_san: null, down_peer_serial: null }, 'one-sided'],
  ['no TLS', { down_tls: null, down_peer_uri_san: null, down_peer_serial: null }, 'plaintext'],
  [
    'a format without TLS keys',
    { down_tls: undefined, down_peer_uri_san: undefined, down_peer_serial: undefined },
    'unsaid',
  ],
  ['a format without peer keys', { down_peer_uri_san: undefined, down_peer_serial: undefined }, 'unsaid'],
] as const)('%s is read as what it proves', (_words, changes, use) => {
  expect(record(accessLine(changes)).downstream.use).toBe(use)
})

test.each([
  ['', 'neither a JSON object'],
  ['plain text', 'neither a JSON object'],
  ['[1,2]', 'neither a JSON object'],
  ['{"ts":"2026-11-22T00:06', 'neither a JSON object'],
  ['{}', 'no time'],
  ['{"ts":"yesterday"}', 'ISO 8601'],
  ['{"ts":{"a":1}}', 'no time'],
  ['{"ts":"2026-13-45T99:99:99Z"}', 'ISO 8601'],
])('%j is refused, with the reason', (line, why) => {
  expect(parseAccessLine(line)).toEqual({ kind: 'refused', why: expect.stringContaining(why) })
})

test('values of the wrong type are read as absent, never as something', () => {
  const parsed = record(accessLine({ code: { a: 1 }, method: ['GET'], down_tls: { v: 1 }, up_host: [], path: 7 }))
  expect(parsed.request).toBeNull()
  expect(parsed.downstream.tlsVersion).toBeNull()
  expect(parsed.upstream.host).toBeNull()
})

test('a query in the path is not kept', () => {
  expect(record(accessLine({ path: '/v1/chat?token=canary' })).request?.path).toBe('/v1/chat?…')
})

test.each([
  ['127.1.0.1:44331', '127.1.0.1'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['10.0.0.7', '10.0.0.7'],
])('the caller at %s has the address %s', (remote, address) => {
  expect(record(accessLine({ down_remote: remote })).downstream.remoteAddress).toBe(address)
})

test('no key stands for two fields', () => {
  const keys = Object.values(accessLogKeys).flatMap((field) => field.keys)
  expect(new Set(keys).size).toBe(keys.length)
})

function record(line: string): AccessRecord {
  const parsed = parseAccessLine(line)
  if (parsed.kind !== 'record') throw new Error(`not a record: ${JSON.stringify(parsed)}`)
  return parsed.record
}

test('of x-forwarded-client-cert only what it says about the sender is kept; a format without it says nothing', () => {
  const [chat, other] = ['spiffe://pipeline.example/app/chat', 'spiffe://pipeline.example/hop/orchestrator']
  const claimOf = (changes: Readonly<Record<string, unknown>>) => record(accessLine(changes)).identityClaim
  expect(claimOf({})).toBeNull()
  expect(claimOf({ xfcc: null })).toEqual({ state: 'unclaimed', claimed: null })
  expect(claimOf({ 'X-Forwarded-Client-Cert': `By=x;URI=${chat}` })?.state).toBe('consistent')
  const spoofed = record(accessLine({ client_cert_header: `Hash=secret;URI=${other},By=x;URI=${chat}` }))
  expect(spoofed.identityClaim).toEqual({ state: 'contradicted', claimed: other })
  expect(JSON.stringify(spoofed)).not.toContain('secret')
  const plaintext = { down_tls: null, down_peer_uri_san: null, down_peer_serial: null }
  expect(claimOf({ ...plaintext, xfcc: `URI=${other}` })).toEqual({ state: 'contradicted', claimed: other })
})
