import { expect, test } from 'vitest'
import { tlsContextOf } from './translate-tls.ts'
import { transportSocket } from './wire-tls.ts'

const package3 = 'type.googleapis.com/envoy.extensions.transport_sockets'
const none = new Map()

function read(kind: string, config: object, secrets: Parameters<typeof tlsContextOf>[1] = none) {
  const typed_config = { '@type': `${package3}.${kind}`, ...config }
  return tlsContextOf(transportSocket.parse({ name: 'tls', typed_config }), secrets)
}
const downstream = (common: object, more: object = {}) =>
  read('tls.v3.DownstreamTlsContext', { common_tls_context: common, ...more })
const upstream = (common: object, more: object = {}) =>
  read('tls.v3.UpstreamTlsContext', { common_tls_context: common, ...more })

test('no transport socket and a raw buffer are plaintext', () => {
  expect(tlsContextOf(undefined, none)).toBeNull()
  expect(tlsContextOf({ name: 'envoy.transport_sockets.raw_buffer', typed_config: undefined }, none)).toBeNull()
  expect(read('raw_buffer.v3.RawBuffer', {})).toBeNull()
})

test('a SPIFFE listener is read whole', () => {
  expect(
    downstream(
      {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
        tls_certificate_sds_secret_configs: [{ name: 'spiffe://a/self', sds_config: { ads: {} } }],
        combined_validation_context: {
          default_validation_context: {
            match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: 'spiffe://a/peer' } }],
          },
          validation_context_sds_secret_config: { name: 'spiffe://a' },
        },
      },
      { require_client_certificate: true },
    ),
  ).toEqual({
    side: 'downstream',
    minimumVersion: 'TLSv1_3',
    maximumVersion: 'TLSv1_3',
    certificateSecrets: ['spiffe://a/self'],
    staticCertificates: 0,
    validationSecret: 'spiffe://a',
    staticTrustedCa: false,
    requireClientCertificate: true,
    peerMatchers: [{ sanType: 'URI', match: 'exact', value: 'spiffe://a/peer' }],
    sni: null,
    weakened: [],
  })
})

test('an empty context requires nothing, trusts nothing and says nothing about versions', () => {
  expect(downstream({})).toEqual({
    side: 'downstream',
    minimumVersion: null,
    maximumVersion: null,
    certificateSecrets: [],
    staticCertificates: 0,
    validationSecret: null,
    staticTrustedCa: false,
    requireClientCertificate: false,
    peerMatchers: null,
    sni: null,
    weakened: [],
  })
  expect(read('tls.v3.UpstreamTlsContext', {})?.requireClientCertificate).toBeNull()
})

test('every way of matching a name is read, the deprecated one and pins too', () => {
  const context = upstream({
    validation_context: {
      trusted_ca: { filename: '/etc/ca.pem' },
      match_typed_subject_alt_names: [
        { san_type: 'DNS', matcher: { suffix: '.example' } },
        { san_type: 'URI', matcher: { prefix: 'spiffe://a/' } },
        { san_type: 'URI', matcher: { contains: 'x' } },
        { san_type: 'URI', matcher: { safe_regex: { regex: '.*' } } },
      ],
      match_subject_alt_names: [{ exact: 'spiffe://old' }],
      verify_certificate_hash: ['ab12'],
      verify_certificate_spki: ['NvqY='],
    },
  })
  expect(context?.staticTrustedCa).toBe(true)
  expect(context?.peerMatchers?.map((matcher) => `${matcher.sanType} ${matcher.match} ${matcher.value}`)).toEqual([
    'DNS suffix .example',
    'URI prefix spiffe://a/',
    'URI contains x',
    'URI regex .*',
    'ANY exact spiffe://old',
    'CERTIFICATE_SHA256 exact ab12',
    'PUBLIC_KEY_SHA256 exact NvqY=',
  ])
})

test('a matcher of an unknown kind is not understood: ignoring it would say that any peer is accepted', () => {
  const matcher = { custom: { name: 'x' } }
  expect(() =>
    upstream({ validation_context: { match_typed_subject_alt_names: [{ san_type: 'URI', matcher }] } }),
  ).toThrow('not known')
})

test('names that SDS adds count with the configured ones', () => {
  const secrets = new Map([['ca', [{ sanType: 'URI', match: 'exact', value: 'spiffe://a/b' } as const]]])
  const common_tls_context = { validation_context_sds_secret_config: { name: 'ca' } }
  expect(read('tls.v3.UpstreamTlsContext', { common_tls_context }, secrets)?.peerMatchers?.length).toBe(1)
  expect(read('tls.v3.UpstreamTlsContext', { common_tls_context })?.peerMatchers).toBeNull()
})

test('an upstream that checks the name it asks for constrains its peer', () => {
  const context = upstream({}, { sni: 'model.example', auto_sni_san_validation: true })
  expect([context?.sni, context?.peerMatchers]).toEqual([
    'model.example',
    [{ sanType: 'DNS', match: 'exact', value: 'model.example' }],
  ])
})

test('verification that was weakened is said', () => {
  const validation_context = { trust_chain_verification: 'ACCEPT_UNTRUSTED', allow_expired_certificate: true }
  expect(downstream({ validation_context })?.weakened).toEqual(['accept-untrusted', 'allow-expired'])
})

test('inline certificates are counted, and their keys never reach the result', () => {
  const context = downstream({
    tls_certificates: [{ certificate_chain: { inline_string: 'c' }, private_key: { inline_string: 'canary' } }],
  })
  expect(context?.staticCertificates).toBe(1)
  expect(JSON.stringify(context)).not.toContain('canary')
})

test('a wrapped socket is unwrapped, and an unknown one is not taken for plaintext', () => {
  const inner = { name: 'tls', typed_config: { '@type': `${package3}.tls.v3.UpstreamTlsContext`, sni: 'a' } }
  expect(read('proxy_protocol.v3.ProxyProtocolUpstreamTransport', { transport_socket: inner })?.sni).toBe('a')
  expect(read('quic.v3.QuicDownstreamTransport', { downstream_tls_context: {} })?.side).toBe('downstream')
  expect(() => read('alts.v3.Alts', {})).toThrow('Alts')
  expect(() => read('starttls.v3.StartTlsConfig', {})).toThrow('StartTlsConfig')
})

test('a field of another type is not understood, with its place', () => {
  expect(() => downstream({ tls_certificate_sds_secret_configs: 'all' })).toThrow(
    'common_tls_context.tls_certificate_sds_secret_configs',
  )
})
