import { expect, test } from 'vitest'
import { findSecrets } from '../../../test/builders/secrets.ts'
import { createTestAuthority } from '../../../test/builders/test-authority.ts'
import { translateCertificates } from './translate-certificates.ts'
import { needsStaticSecrets, translateSecrets } from './translate-secrets.ts'

const asked = { envoy: 'gateway', at: 5000 }
const bytes = (text: string) => ({ inline_bytes: Buffer.from(text).toString('base64') })
const element = (name: string, secret: object | undefined) => ({
  name,
  last_updated: '2026-11-22T00:07:34.941Z',
  secret,
})
const spiffe = (trust_domains: object[]) => ({
  validation_context: {
    custom_validator_config: {
      name: 'envoy.tls.cert_validator.spiffe',
      typed_config: { '@type': 'type.googleapis.com/a.v3.SPIFFECertValidatorConfig', trust_domains },
    },
  },
})
const answered = { staticSecrets: null, activeSecrets: {}, warmingSecrets: {} }
const active = (...configs: unknown[]) => translateSecrets(asked, { ...answered, activeSecrets: { configs } })

test('an SVID becomes a fact with its leaf; no key gets past the parser', async () => {
  const authority = await createTestAuthority()
  const leaf = await authority.issue({ spiffeId: 'spiffe://test.example/a' })
  const secret = {
    tls_certificate: {
      certificate_chain: bytes(leaf.certificate + authority.certificate),
      private_key: { inline_string: leaf.key },
    },
  }
  const { facts, problems } = active(element('spiffe://test.example/a', secret))
  expect(problems).toEqual([])
  expect(facts).toMatchObject([
    {
      id: 'envoy/gateway/secrets#envoy-secret/active/spiffe://test.example/a',
      state: 'active',
      lastUpdated: Date.parse('2026-11-22T00:07:34.941Z'),
      certificate: { spiffeId: 'spiffe://test.example/a' },
      trusted: null,
    },
  ])
  expect(findSecrets(facts, [leaf.key.slice(40, 80)])).toEqual([])
})

test('trust domains are read with all their authorities, and a plain CA has no domain', async () => {
  const [one, two] = await Promise.all([createTestAuthority('one.example'), createTestAuthority('two.example')])
  const { facts } = active(
    element(
      'bundles',
      spiffe([
        { name: 'one.example', trust_bundle: bytes(one.certificate + two.certificate) },
        { name: 'two.example', trust_bundle: { inline_string: two.certificate } },
      ]),
    ),
    element('plain', { validation_context: { trusted_ca: bytes(one.certificate) } }),
  )
  expect(facts[0]?.trusted?.map((domain) => [domain.trustDomain, domain.authorities.length])).toEqual([
    ['one.example', 2],
    ['two.example', 1],
  ])
  expect(facts[1]?.trusted?.[0]).toMatchObject({ trustDomain: '', authorities: [{ sha256: expect.any(String) }] })
})

test('one bad CA is a gap for it, and the others stay', async () => {
  const one = await createTestAuthority()
  const bad = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  const { facts, problems } = active(
    element(
      'b',
      spiffe([
        { name: 'd', trust_bundle: bytes(bad + one.certificate) },
        { name: 'file', trust_bundle: { filename: '/x' } },
      ]),
    ),
  )
  expect(facts[0]?.trusted?.map((domain) => domain.authorities.length)).toEqual([1, 0])
  expect(problems.map((problem) => [problem.reason, problem.detail])).toEqual([
    ['invalid', 'secret b, trust domain d: CA 1: a certificate cannot be parsed'],
    ['unsupported', expect.stringContaining('trust domain file')],
  ])
})

test('a secret that is still awaited is warming and has no certificate; other kinds of secret are left alone', () => {
  const warming = { configs: [element('svid', { '@type': 'x/Secret', name: 'svid' }), { name: 'bare' }] }
  const { facts } = translateSecrets(asked, {
    staticSecrets: null,
    activeSecrets: {
      configs: [
        element('token', { generic_secret: { secret: bytes('canary') } }),
        element('t', { session_ticket_keys: {} }),
      ],
    },
    warmingSecrets: warming,
  })
  expect(facts.map((fact) => [fact.name, fact.state, fact.certificate, fact.lastUpdated !== null])).toEqual([
    ['svid', 'warming', null, true],
    ['bare', 'warming', null, false],
  ])
})

test('an SVID that cannot be parsed stays known as a secret, with a gap', () => {
  const { facts, problems } = active(element('svid', { tls_certificate: { certificate_chain: bytes('rubbish') } }))
  expect(facts[0]?.certificate).toBeNull()
  expect(problems).toMatchObject([{ what: 'secret', reason: 'invalid' }])
})

test('a secret of the bootstrap is delivered from the start; a chain in a file is left to /certs without a gap', async () => {
  const authority = await createTestAuthority()
  const leaf = await authority.issue({ spiffeId: 'spiffe://test.example/a' })
  const filed = { tls_certificate: { certificate_chain: { filename: '/etc/envoy/leaf.pem' } } }
  const { facts, problems } = translateSecrets(asked, {
    ...answered,
    staticSecrets: {
      configs: [
        element('inline', { tls_certificate: { certificate_chain: bytes(leaf.certificate) } }),
        element('filed', filed),
      ],
    },
  })
  expect(problems).toEqual([])
  expect(facts).toMatchObject([
    {
      name: 'inline',
      state: 'active',
      certificate: { spiffeId: 'spiffe://test.example/a' },
      from: { locator: 'GET /config_dump?resource=static_secrets' },
    },
    { name: 'filed', state: 'active', certificate: null },
  ])
})

test.each([
  [true, { tls_certificate_sds_secret_configs: [{ name: 'sds', sds_config: { ads: {} } }, { name: 'own' }] }],
  [true, { combined_validation_context: { validation_context_sds_secret_config: { name: 'peers' } } }],
  [false, { tls_certificate_sds_secret_configs: [{ name: 'sds', sds_config: { ads: {} } }] }],
  [false, { validation_context: {} }],
])('that secrets of the bootstrap are named is %s of %o', (isNamed, common_tls_context) => {
  expect(needsStaticSecrets({ configs: [] }, { configs: [{ cluster: { common_tls_context } }] })).toBe(isNamed)
})

test('names that a validation secret demands are handed on', () => {
  const match_typed_subject_alt_names = [{ san_type: 'URI', matcher: { exact: 'spiffe://a' } }]
  const { matchers } = active(element('ca', { validation_context: { match_typed_subject_alt_names } }))
  expect(matchers.get('ca')).toEqual([{ sanType: 'URI', match: 'exact', value: 'spiffe://a' }])
})

const detail = (more: object = {}) => ({
  path: '<inline>',
  serial_number: '0AFC',
  subject_alt_names: [{ dns: 'a.b' }, { uri: 'spiffe://a/b' }],
  days_until_expiration: '0',
  valid_from: '2026-11-22T00:06:41Z',
  expiration_time: '2026-11-22T00:16:51Z',
  ...more,
})

test('loaded certificates are told once each, by their own times', () => {
  const { facts, problems } = translateCertificates(asked, {
    certificates: [
      { ca_cert: [detail({ serial_number: '1' })], cert_chain: [detail()] },
      { cert_chain: [detail()] },
      { ca_cert: [detail({ serial_number: '2' })] },
      { cert_chain: [detail({ serial_number: '02', subject_alt_names: [] })] },
    ],
  })
  expect(problems).toEqual([])
  expect(facts).toMatchObject([
    {
      id: 'envoy/gateway/certificates#envoy-certificate/spiffe://a/b/0afc',
      certificate: {
        spiffeId: 'spiffe://a/b',
        dnsNames: ['a.b'],
        serial: '0afc',
        notBefore: Date.parse('2026-11-22T00:06:41Z'),
        notAfter: Date.parse('2026-11-22T00:16:51Z'),
      },
    },
    { id: 'envoy/gateway/certificates#envoy-certificate/no-spiffe-id/02' },
  ])
})

test('an Envoy that is not ready has no certificates, which is not an error; a bad time is one', () => {
  expect(translateCertificates(asked, {})).toEqual({ facts: [], problems: [] })
  const { facts, problems } = translateCertificates(asked, {
    certificates: [{ cert_chain: [detail({ expiration_time: 'soon' })] }, { cert_chain: [detail()] }],
  })
  expect([facts.length, problems]).toEqual([
    1,
    [{ what: 'certificate', reason: 'invalid', detail: expect.stringContaining('"soon"') }],
  ])
})
