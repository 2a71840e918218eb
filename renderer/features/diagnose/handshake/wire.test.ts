import { expect, test } from 'vitest'
import { leafInPlaces, noSights } from '../../../../shared/domain/diagnosis/handshake/leaf.ts'
import type { HandshakeCause, HandshakeDiagnosis, HandshakeSide } from '../../../../shared/domain/diagnosis/model.ts'
import { alertName, wireOf } from './wire.ts'

const reason = { code: 'not-reached', params: {} }
const expired =
  'TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_certificate_has_expired'
const expiredAlert = 'TLS_error:|268436501:SSL routines:OPENSSL_internal:SSLV3_ALERT_CERTIFICATE_EXPIRED:TLS_error_end'

function side(name: string, literal: string | null): HandshakeSide {
  return {
    workload: `workload/${name}`,
    name,
    rows: [],
    leaf: leafInPlaces(name, noSights),
    says: literal === null ? null : { literal, decoded: reason, at: 1 },
  }
}

function diagnosisOf(cause: HandshakeCause, client: string | null, server: string | null): HandshakeDiagnosis {
  return {
    from: 'workload/a',
    to: 'workload/b',
    client: side('a', client),
    server: side('b', server),
    wrongSide: null,
    verdict: { cause, reason, confidence: 'high', because: reason, wouldRaise: [], restsOn: [] },
    failingSince: null,
    attempts: null,
    ruledOut: [],
    open: [],
    next: [],
  }
}

const drawn = (diagnosis: HandshakeDiagnosis): readonly string[] =>
  wireOf(diagnosis).steps.map(({ by, text, state }) => `${by}: ${text} (${state})`)

test('a client that refuses ends it before its own certificate, and the alert is the one that the server logged', () => {
  expect(drawn(diagnosisOf('server-certificate-expired', expired, expiredAlert))).toEqual([
    'client: ClientHello (follows)',
    'server: ServerHello (follows)',
    'server: Certificate (wrong)',
    'client: client verifies, refuses (wrong)',
    'client: alert 45, certificate expired (wrong)',
    'client: client certificate not sent (not-reached)',
  ])
})

test('an alert that nobody logged is drawn as not known, never as one that was sent', () => {
  expect(drawn(diagnosisOf('server-certificate-expired', expired, null))).toContain(
    'client: alert, not logged (unknown)',
  )
})

test('the alert alone tells who refused, and that the refusing side said nothing', () => {
  const wire = wireOf(diagnosisOf('unknown', null, expiredAlert))
  expect(wire.steps.at(3)).toEqual({ kind: 'check', by: 'client', text: 'client verifies, refuses', state: 'wrong' })
  expect(wire.note).toMatch(/^a logged nothing of it, b logged the alert/)
})

test('a server that refuses has seen the client accept its certificate first', () => {
  const steps = drawn(diagnosisOf('client-certificate-expired', null, expired))
  expect(steps).toContain('client: client accepts it (follows)')
  expect(steps).toContain('server: server verifies, refuses (wrong)')
  expect(steps.some((step) => step.includes('not sent'))).toBe(false)
})

test('plaintext is no ClientHello', () => {
  const plain = 'TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end'
  expect(drawn(diagnosisOf('client-speaks-plaintext', null, plain))[0]).toBe('client: plaintext (wrong)')
})

test('where no log tells, every message is unknown and it is said', () => {
  const wire = wireOf(diagnosisOf('unknown', null, 'connection reset by peer'))
  expect(new Set(wire.steps.map(({ state }) => state))).toEqual(new Set(['unknown']))
  expect(wire.note).toBe('No log tells how far it came.')
  const configured = wireOf(diagnosisOf('server-identity-unexpected', null, null))
  expect(configured.steps.at(-1)).toMatchObject({ text: 'client would refuse', state: 'unknown' })
})

test('an old failure in a log is not drawn once both verify each other', () => {
  expect(drawn(diagnosisOf('not-failing', expired, expiredAlert)).some((step) => step.includes('refuses'))).toBe(false)
})

test('alerts have their numbers of RFC 8446; one that is not known stays without', () => {
  expect(alertName('TLSV1_ALERT_UNKNOWN_CA')).toBe('alert 48, unknown CA')
  expect(alertName('TLSV1_ALERT_CERTIFICATE_REQUIRED')).toBe('alert 116, certificate required')
  expect(alertName('TLSV1_ALERT_INAPPROPRIATE_FALLBACK')).toBe('an alert')
})
