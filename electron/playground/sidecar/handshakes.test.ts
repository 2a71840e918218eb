import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Line, lineOf, linesOf, type SidecarPair, startPair } from '../../../test/builders/sidecar-pair.ts'
import type { Svid } from '../parts.ts'

const callerId = 'spiffe://pipeline.example/ns/ai/sa/gateway'
const calleeId = 'spiffe://pipeline.example/ns/ai/sa/prompt-firewall'
const ingress = 'listener.10.244.1.13_15008'
const cluster = 'cluster.to_prompt-firewall'

let pair: SidecarPair
beforeEach(async () => {
  pair = await startPair()
})
afterEach(async () => {
  await pair.stop()
  expect(pair.problems).toEqual([])
})

async function counted(of: 'caller' | 'callee', name: string): Promise<number | undefined> {
  const answer = await fetch(`http://127.0.0.1:${pair[of].ports.admin}/stats?format=json`)
  const { stats } = (await answer.json()) as { stats: { name: string; value: number }[] }
  return stats.find((stat) => stat.name === name)?.value
}

async function svid(spiffeId: string, fromSeconds: number, toSeconds: number): Promise<Svid> {
  const now = Date.now()
  return pair.world.authority.issue({
    spiffeId,
    notBefore: now + fromSeconds * 1000,
    notAfter: now + toSeconds * 1000,
  })
}

/** Everybody but this stage is told of a new authority, which from then on issues. */
async function rotateUntoldTo(stage: string): Promise<void> {
  pair.world.holdBack(stage, true)
  await pair.world.authority.prepare()
  pair.world.authority.activate()
  await pair.world.rotate()
}

const isFailure = (line: Line) => line['down_tls_err'] !== null
const verify = (words: string) =>
  `TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_${words}:TLS_error_end`
const chain = (words: string) => verify(`X509_verify_cert:_certificate_verification_error_at_depth_0:_${words}`)
const unknownAlert = 'TLS_error:|268436502:SSL_routines:OPENSSL_internal:SSLV3_ALERT_CERTIFICATE_UNKNOWN:TLS_error_end'

test('a request goes over mutual TLS, and both sides and the connection say so', async () => {
  expect((await pair.ask({ 'x-request-id': 'r-1', traceparent: '00-a-b-01' })).status).toBe(200)
  const { caller, callee } = pair
  const [callerSvid, calleeSvid] = ['gateway', 'prompt-firewall'].map((stage) => pair.world.delivered(stage).svid)
  const outbound = await lineOf(caller.accessLog, () => true)
  expect(outbound).toMatchObject({
    hop: 'gateway',
    direction: 'outbound',
    request_id: 'r-1',
    traceparent: '00-a-b-01',
    method: 'POST',
    path: '/v1/inspections',
    code: 200,
    code_details: 'via_upstream',
    flags: '-',
    up_cluster: 'to_prompt-firewall',
    up_host: '10.244.1.13:15008',
    up_tls: 'TLSv1.3',
    up_local_uri_san: callerId,
    up_peer_uri_san: calleeId,
    up_peer_not_after: new Date(calleeSvid?.notAfter ?? 0).toISOString(),
    up_fail: null,
    down_tls: null,
  })
  const inbound = await lineOf(callee.accessLog, () => true)
  const peer = {
    down_tls: 'TLSv1.3',
    down_local: '10.244.1.13:15008',
    down_local_uri_san: calleeId,
    down_peer_uri_san: callerId,
    down_peer_serial: callerSvid?.serial,
    down_fp: callerSvid?.fingerprint,
    down_peer_not_before: new Date(callerSvid?.notBefore ?? 0).toISOString(),
    down_peer_not_after: new Date(callerSvid?.notAfter ?? 0).toISOString(),
    down_tls_err: null,
  }
  expect(inbound).toMatchObject({
    ...peer,
    request_id: 'r-1',
    code: 200,
    up_cluster: 'local_app',
    up_host: '10.244.1.13:8080',
    client_cert_header: `By=${calleeId};Hash=${callerSvid?.fingerprint};URI=${callerId}`,
    decision_id: null,
    ext_authz_us: null,
  })
  expect(inbound['down_remote']).toMatch(/^10\.244\.1\.12:\d+$/)
  // The connection's line is written when it ends.
  caller.clockSkew(0)
  expect(await lineOf(callee.connectionLog, () => true)).toMatchObject({ ...peer, direction: 'inbound', connection: 1 })
  expect([
    await counted('caller', `${cluster}.ssl.handshake`),
    await counted('callee', `${ingress}.ssl.handshake`),
  ]).toEqual([1, 1])
})

describe('the caller refuses the callee, which sees an alert', () => {
  const other = 'spiffe://pipeline.example/ns/ai/sa/other'
  test.for<[string, string, string, () => Promise<void> | void]>([
    [
      'that has another SPIFFE ID than it requires',
      verify('SAN_match'),
      'fail_verify_san',
      () => pair.caller.requireOfCallee('prompt-firewall', [other]),
    ],
    [
      'whose SVID has expired',
      chain('certificate_has_expired'),
      'fail_verify_error',
      async () => pair.world.override('prompt-firewall', await svid(calleeId, -60, -5)),
    ],
    [
      'whose SVID is not valid yet',
      chain('certificate_is_not_yet_valid'),
      'fail_verify_error',
      async () => pair.world.override('prompt-firewall', await svid(calleeId, 60, 120)),
    ],
    [
      'whose authority it was never told of',
      chain('unable_to_get_local_issuer_certificate'),
      'fail_verify_error',
      () => rotateUntoldTo('gateway'),
    ],
    [
      'because its own clock is ahead',
      chain('certificate_has_expired'),
      'fail_verify_error',
      () => pair.caller.clockSkew(600_000),
    ],
    [
      'because its own clock is behind',
      chain('certificate_is_not_yet_valid'),
      'fail_verify_error',
      () => pair.caller.clockSkew(-600_000),
    ],
  ])('%s', async ([, words, counter, breakIt]) => {
    await breakIt()
    const answer = await pair.ask()
    expect([answer.status, answer.body]).toEqual([
      503,
      'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure',
    ])
    expect(await lineOf(pair.caller.accessLog, () => true)).toMatchObject({
      code: 503,
      code_details: `upstream_reset_before_response_started{remote_connection_failure|${words}}`,
      flags: 'UF',
      up_fail: words,
      up_tls: null,
      up_peer_uri_san: null,
    })
    expect(await lineOf(pair.callee.connectionLog, isFailure)).toMatchObject({
      down_tls_err: unknownAlert,
      down_tls: 'TLSv1.3',
      down_local_uri_san: calleeId,
      down_peer_uri_san: null,
    })
    expect(linesOf(pair.callee.accessLog)).toEqual([])
    expect(await counted('caller', `${cluster}.ssl.${counter}`)).toBe(1)
    expect(await counted('caller', `${cluster}.ssl.handshake`)).toBe(0)
    expect(await counted('callee', `${ingress}.ssl.connection_error`)).toBe(1)
    expect(await counted('callee', `${ingress}.ssl.handshake`)).toBe(0)
  })
})

describe('the callee refuses the caller, whose handshake is through by then', () => {
  test.for<[string, string, string, () => Promise<void> | void]>([
    [
      'that is none of those it accepts',
      verify('SAN_match'),
      'fail_verify_san',
      () => pair.callee.acceptCallers(['spiffe://pipeline.example/ns/ai/sa/nobody']),
    ],
    [
      'whose SVID has expired',
      chain('certificate_has_expired'),
      'fail_verify_error',
      async () => pair.world.override('gateway', await svid(callerId, -60, -5)),
    ],
    [
      'whose authority it was never told of',
      chain('unable_to_get_local_issuer_certificate'),
      'fail_verify_error',
      () => rotateUntoldTo('prompt-firewall'),
    ],
    [
      'because its own clock is ahead',
      chain('certificate_has_expired'),
      'fail_verify_error',
      () => pair.callee.clockSkew(600_000),
    ],
  ])('%s', async ([, words, counter, breakIt]) => {
    await breakIt()
    expect((await pair.ask()).status).toBe(503)
    expect(await lineOf(pair.caller.accessLog, () => true)).toMatchObject({
      code: 503,
      code_details: 'upstream_reset_before_response_started{connection_termination}',
      flags: 'UC',
      up_fail: null,
      up_tls: 'TLSv1.3',
      up_peer_uri_san: calleeId,
    })
    expect(await lineOf(pair.callee.connectionLog, isFailure)).toMatchObject({
      down_tls_err: words,
      down_peer_uri_san: callerId,
      down_peer_serial: pair.world.delivered('gateway').svid?.serial,
    })
    expect(linesOf(pair.callee.accessLog)).toEqual([])
    expect(await counted('callee', `${ingress}.ssl.${counter}`)).toBe(1)
    expect(await counted('callee', `${ingress}.ssl.handshake`)).toBe(0)
    expect(await counted('caller', `${cluster}.ssl.handshake`)).toBe(1)
    expect(await counted('caller', `${cluster}.ssl.connection_error`)).toBe(1)
  })
})

describe('TLS on one side only', () => {
  test('a caller without it is taken for HTTP where a handshake should be', async () => {
    pair.caller.plaintext({ to: 'prompt-firewall' }, true)
    expect((await pair.ask()).status).toBe(503)
    expect(await lineOf(pair.caller.accessLog, () => true)).toMatchObject({
      flags: 'UC',
      code_details: 'upstream_reset_before_response_started{connection_termination}',
      up_tls: null,
      up_fail: null,
    })
    expect(await lineOf(pair.callee.connectionLog, isFailure)).toMatchObject({
      down_tls_err: 'TLS_error:|268435612:SSL_routines:OPENSSL_internal:HTTP_REQUEST:TLS_error_end',
      down_peer_uri_san: null,
    })
    expect(await counted('callee', `${ingress}.ssl.connection_error`)).toBe(1)
  })

  test('a callee without it answers a handshake as HTTP that it does not understand', async () => {
    pair.callee.plaintext('ingress', true)
    expect((await pair.ask()).status).toBe(503)
    const words = 'TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end'
    expect(await lineOf(pair.caller.accessLog, () => true)).toMatchObject({ flags: 'UF', up_fail: words })
    expect(await lineOf(pair.callee.accessLog, () => true)).toMatchObject({
      code: 400,
      code_details: 'http1.codec_error',
      flags: 'DPE',
      method: null,
      down_tls: null,
    })
    expect(await counted('caller', `${cluster}.ssl.connection_error`)).toBe(1)
  })

  test('without it on both sides requests pass, and nobody is proved to be anybody', async () => {
    pair.caller.plaintext({ to: 'prompt-firewall' }, true)
    pair.callee.plaintext('ingress', true)
    expect((await pair.ask()).status).toBe(200)
    expect(await lineOf(pair.callee.accessLog, () => true)).toMatchObject({
      code: 200,
      down_tls: null,
      down_peer_uri_san: null,
      client_cert_header: null,
    })
    expect(await lineOf(pair.caller.accessLog, () => true)).toMatchObject({ code: 200, up_tls: null })
    pair.caller.plaintext({ to: 'prompt-firewall' }, false)
    pair.callee.plaintext('ingress', false)
    expect((await pair.ask()).status).toBe(200)
    expect(linesOf(pair.caller.accessLog).at(-1)).toMatchObject({ up_tls: 'TLSv1.3' })
  })
})

describe('an identity that is not delivered', () => {
  test('to the callee: it closes connections, and says it waits for a secret', async () => {
    pair.world.removeEntry('prompt-firewall')
    await pair.callee.setUp(false)
    await pair.callee.setUp(true)
    expect((await pair.ask()).status).toBe(503)
    expect(await lineOf(pair.callee.connectionLog, isFailure)).toMatchObject({
      down_tls_err: 'TLS_error:_Secret_is_not_supplied_by_SDS',
      down_tls: null,
    })
    expect((await lineOf(pair.caller.accessLog, () => true))['up_fail']).toMatch(/^TLS_error:\|\d+:system_library/)
    const counter = `${ingress}.server_ssl_socket_factory.downstream_context_secrets_not_ready`
    expect(await counted('callee', counter)).toBe(1)
    expect(await counted('callee', `${ingress}.ssl.handshake`)).toBeUndefined()
    pair.world.restoreEntry('prompt-firewall')
    await expect.poll(async () => (await pair.ask()).status, { timeout: 20_000 }).toBe(200)
  })

  test('to the caller: it cannot begin a handshake', async () => {
    pair.world.removeEntry('gateway')
    await pair.caller.setUp(false)
    await pair.caller.setUp(true)
    expect((await pair.ask()).status).toBe(503)
    expect(await lineOf(pair.caller.accessLog, () => true)).toMatchObject({
      flags: 'UF',
      up_fail: 'TLS_error:_Secret_is_not_supplied_by_SDS',
    })
    expect(await lineOf(pair.callee.connectionLog, () => true)).toMatchObject({
      down_tls: 'TLSv1.2',
      down_tls_err: null,
    })
    const counter = `${cluster}.client_ssl_socket_factory.upstream_context_secrets_not_ready`
    expect(await counted('caller', counter)).toBe(1)
  })
})

test('a rotation is seen at the next request, over a new connection', async () => {
  await pair.ask()
  const before = pair.world.delivered('gateway').svid?.serial
  await pair.world.rotate()
  await pair.ask()
  const serials = linesOf(pair.callee.accessLog).map((line) => line['down_peer_serial'])
  expect(serials).toEqual([before, pair.world.delivered('gateway').svid?.serial])
  expect(serials[1]).not.toBe(serials[0])
})

test('requests one after another share a connection; a knob ends it', async () => {
  for (let count = 0; count < 3; count += 1) await pair.ask()
  expect(await counted('caller', `${cluster}.upstream_cx_total`)).toBe(1)
  pair.callee.acceptCallers(null)
  await pair.ask()
  await pair.ask()
  expect(await counted('caller', `${cluster}.upstream_cx_total`)).toBe(2)
  expect(await counted('caller', `${cluster}.upstream_rq_total`)).toBe(5)
})

test('a callee that is down refuses connections, and is found again at the same port', async () => {
  const { ingress: port } = pair.callee.ports
  await pair.ask()
  await pair.callee.setUp(false)
  expect(pair.callee.ports.ingress).toBeNull()
  expect((await pair.ask()).status).toBe(503)
  const words = 'delayed_connect_error:_Connection_refused'
  expect(linesOf(pair.caller.accessLog).at(-1)).toMatchObject({ flags: 'UF', up_fail: words })
  await pair.callee.setUp(true)
  expect(pair.callee.ports.ingress).toBe(port)
  expect((await pair.ask()).status).toBe(200)
})
