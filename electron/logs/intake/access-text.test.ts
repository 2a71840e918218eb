import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mostLineCharacters } from '../../../shared/contract/diagnosis.ts'
import { observationsOf } from '../activity/hop-sum.ts'
import { readPastedLine } from '../pasted-line.ts'
import { maskText } from '../stores/mask-record.ts'
import { readUpload } from '../stores/read-upload.ts'
import { isAccessText } from './access-text.ts'
import { type AccessRecord, parseAccessLine } from './envoy-access.ts'
import { isMeantAs } from './mixed-log.ts'

const ends = '"203.0.113.7" "curl/8.5.0" "4273c09c-2534-962a-b7da-04a04cf39e01" "model-server:8443" "10.0.0.7:8443"'
const noEnds = '"-" "-" "-" "-" "-"'
const refusedText = `[2026-11-22T00:06:33.795Z] "POST /v1/chat?token=canary HTTP/2" 403 UAEX 12 34 5 - ${ends}`
const istioEnd = 'outbound|8443||model.svc.cluster.local 10.0.0.1:40312 10.96.0.9:8443 10.0.0.1:51000 - default'
const istioText = `[2026-11-22T00:06:33.795Z] "GET /v1/chat HTTP/1.1" 503 UF,URX upstream_reset_before_response_started{remote_connection_failure} - "TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end" 0 152 4 - ${ends} ${istioEnd}`

describe('Envoy’s default text', () => {
  test('every field that it has is read, and of the rest nothing is said', () => {
    expect(record(refusedText)).toEqual({
      at: Date.parse('2026-11-22T00:06:33.795Z'),
      direction: null,
      request: {
        requestId: '4273c09c-2534-962a-b7da-04a04cf39e01',
        method: 'POST',
        path: '/v1/chat?…',
        status: 403,
        details: null,
        flags: ['UAEX'],
        decisionId: null,
        wasAsked: false,
        failureModeAllowed: false,
        durationMs: 5,
        authorisationMs: null,
      },
      downstream: {
        use: 'unsaid',
        tlsVersion: null,
        cipher: null,
        peerSpiffeId: null,
        ownSpiffeId: null,
        peerSerial: null,
        peerNotAfter: null,
        remoteAddress: null,
        localAddress: null,
        failure: null,
      },
      upstream: {
        use: 'unsaid',
        tlsVersion: null,
        cipher: null,
        peerSpiffeId: null,
        ownSpiffeId: null,
        peerNotAfter: null,
        cluster: null,
        host: '10.0.0.7:8443',
        failure: null,
      },
      identityClaim: null,
    })
  })

  test('its line is neither the caller’s nor the called side’s, and no pass of the authorisation', () => {
    expect(observationsOf(record(refusedText))).toEqual([])
    expect(readPastedLine(`  ${refusedText}\n`, 1)).toMatchObject({
      outcome: 'read',
      access: { direction: null, status: 403, authorisation: 'unsaid', callerAddress: null, calleeAddress: null },
    })
  })

  test('a dash is Envoy’s “there is none”', () => {
    const line = `[2026-11-22T00:06:33Z] "- - HTTP/1.1" 0 DC 0 0 - - ${noEnds}`
    expect(parseAccessLine(line)).toMatchObject({ record: { request: null, upstream: { host: null } } })
    expect(record(line.replace('"- -', '"GET -')).request).toMatchObject({ path: null, requestId: null, status: 0 })
  })
})

describe('Istio’s default text', () => {
  test('details, failure, cluster, addresses and the direction that its cluster names are read besides', () => {
    expect(record(istioText)).toMatchObject({
      direction: 'outbound',
      request: { details: 'upstream_reset_before_response_started{remote_connection_failure}', flags: ['UF', 'URX'] },
      downstream: { remoteAddress: '10.0.0.1', localAddress: '10.96.0.9:8443', use: 'unsaid' },
      upstream: {
        host: '10.0.0.7:8443',
        cluster: 'outbound|8443||model.svc.cluster.local',
        failure: 'TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end',
      },
    })
  })

  test.each([
    ['inbound|8080||', 'inbound'],
    ['InboundPassthroughCluster', 'inbound'],
    ['PassthroughCluster', 'outbound'],
    ['BlackHoleCluster', null],
    ['-', null],
  ])('cluster %s means %s', (cluster, direction) => {
    const line = istioText.replace('outbound|8443||model.svc.cluster.local', cluster)
    expect(record(line).direction).toBe(direction)
  })

  test('a connection’s line is no request', () => {
    const line = `[2026-11-22T00:06:33.795Z] "- - -" 0 - - - "-" 10 20 30 - "-" "-" "-" "-" "10.0.0.7:5432" ${istioEnd}`
    expect(record(line)).toMatchObject({ request: null, direction: 'outbound' })
  })
})

describe('quotes in what callers send', () => {
  test('a path with quotes is read whole', () => {
    const line = refusedText.replace('/v1/chat?token=canary', '/a"b"403')
    expect(record(line).request).toMatchObject({ path: '/a"b"403', status: 403, requestId: expect.any(String) })
  })

  test.each(['curl" "forged-id', '" "-" "forged-id" "-" "192.0.2.1:1', '"', 'a "quoted" agent'])(
    'behind a user agent of %s nothing is told, and what stands before it is',
    (agent) => {
      const read = record(refusedText.replace('curl/8.5.0', agent))
      expect(read).toMatchObject({ request: { status: 403, requestId: null }, upstream: { host: null } })
      const istio = record(istioText.replace('curl/8.5.0', agent))
      expect(istio).toMatchObject({ direction: null, request: { status: 503, requestId: null } })
      expect(istio.upstream).toMatchObject({ host: null, cluster: null, failure: expect.stringContaining('TLS_error') })
    },
  )

  test('a path that plays the rest of a line forges no code: the line is refused', () => {
    const forged = `/ HTTP/1.1" 200 - 0 0 1 1 ${ends.slice(0, -1)}`
    const parsed = parseAccessLine(refusedText.replace('/v1/chat?token=canary', forged))
    expect(parsed).toEqual({ kind: 'refused', why: expect.stringContaining('where the request line ends') })
  })
})

describe('what is refused says what was expected, and quotes nothing', () => {
  test.each([
    ['an own format', '[2026-11-22T00:06:33.795Z] "GET /canary HTTP/2" 403', 'a response code'],
    ['a field more', `${refusedText} canary`, 'no more'],
    ['a field less', refusedText.replace(' "10.0.0.7:8443"', ''), 'each in quotes'],
    ['a word more of Istio', `${istioText} canary`, 'cluster, three addresses'],
    ['no flags', refusedText.replace(' UAEX', ''), 'bytes received'],
    ['words for numbers', refusedText.replace(' 34 5 ', ' canary 5 '), 'bytes received'],
    ['a terminal escape', refusedText.replace('curl', '\u001b[2Jcanary'), 'a control character'],
    ['two lines', `${refusedText}\n${refusedText}`, 'more than one line'],
    ['no text format', 'GET /canary 403', 'neither a JSON object'],
    ['Envoy’s own log', '[2026-11-22 00:06:33.795][1][info][main] canary', 'neither a JSON object'],
    ['a time that is none', refusedText.replace('2026-11-22T', '2026-13-45T'), 'ISO 8601'],
  ])('%s', (_words, line, why) => {
    const pasted = readPastedLine(line, 1)
    expect(pasted).toEqual({ outcome: 'refused', why: expect.stringContaining(why) })
    expect(JSON.stringify(pasted)).not.toContain('canary')
  })
})

test('a file of text and JSON lines is read line by line; what is not understood is counted', () => {
  const json = '{"ts":"2026-11-22T00:06:33.795Z","method":"GET","code":200}'
  const upload = { record: 'envoy-access', source: 'envoy', receivedAt: 1, form: 'lines' } as const
  const text = `${refusedText}\n${json}\n${istioText}\nnothing\n`
  const read = readUpload(text, upload, { segment: 0, offset: 0 })
  expect([read.records.length, read.refused]).toEqual([3, 1])
  expect(read.records.map(({ stored }) => stored.at)).toHaveLength(3)
})

test('among a program’s own lines those of the text formats are meant as records', () => {
  expect(isMeantAs('envoy-access', refusedText)).toBe(true)
  expect(isMeantAs('opa-decisions', refusedText)).toBe(false)
  expect(isMeantAs('envoy-access', '[2026-11-22 00:06:33.795][1][info][main] starting')).toBe(false)
  expect(isAccessText('[2026-11-22T00:06:33.795Z] starting')).toBe(false)
})

test('secrets and invisible characters in text are taken out as they are of JSON', () => {
  const line = refusedText
    .replace('/v1/chat?token=canary', '/password=canary/\u2066')
    .replace('4273c09c', '\u202e\u009bx')
  expect(JSON.stringify(record(line))).not.toMatch(/canary|[\u009b\u202e\u2066]/)
})

test.each([
  '-----BEGIN KEY----- canary',
  'token=canary '.repeat(3000),
  'Bearer canary',
  'password:canary',
  '{"password": "canary"}',
])('a line that is kept without its %.40s is still the line of that request', (secret) => {
  const text = maskText(refusedText.replace('curl/8.5.0', secret), 'lines')
  expect(text).not.toContain('canary')
  expect(record(text).request).toMatchObject({ status: 403, flags: ['UAEX'], durationMs: 5 })
})

test('whatever a line holds, reading it does not throw, and what is kept of it is bounded', () => {
  const piece = fc.constantFrom('"', ' ', '-', '" "', ' HTTP/2" ', '0', 'UAEX', '|', '\u0000', '[', ']', '\\', 'é', '{')
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.array(piece).map((all) => all.join('')),
  )
  const replaced = fc.tuple(fc.constantFrom(refusedText, istioText), value, fc.nat(400), fc.nat(80))
  const line = fc.oneof(
    value,
    replaced.map(([text, with_, at, length]) => text.slice(0, at) + with_ + text.slice(at + length)),
  )
  fc.assert(
    fc.property(line, (text) => {
      const read = readPastedLine(text, 1)
      expect(JSON.stringify(read).length).toBeLessThan(20_000)
      if (read.outcome === 'read') expect(Number.isFinite(read.access.at)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test.each(['"', '" "', ' ', ' HTTP/2" ', ' -" ', '[', 'bearer ', '-----BEGIN ', 'token= '])(
  'a line of 64 KiB made of %j is read or refused, and little of it kept',
  (piece) => {
    const long = piece.repeat(Math.floor((mostLineCharacters - 400) / piece.length))
    for (const part of ['/v1/chat?token=canary', 'curl/8.5.0', 'UAEX', '4273c09c', '10.0.0.7:8443']) {
      const read = readPastedLine(refusedText.replace(part, long), 1)
      expect(JSON.stringify(read).length).toBeLessThan(20_000)
    }
  },
)

function record(line: string): AccessRecord {
  const parsed = parseAccessLine(line)
  if (parsed.kind !== 'record') throw new Error(`not a record: ${JSON.stringify(parsed)}`)
  return parsed.record
}
