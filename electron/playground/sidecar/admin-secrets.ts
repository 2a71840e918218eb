import { X509Certificate } from 'node:crypto'
import { spiffeIdOf, trustDomain } from '../pipeline/topology.ts'
import type { SidecarState } from './state.ts'

const tlsTypes = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3'
const dayMs = 24 * 60 * 60 * 1000

/** envoy.admin.v3.CertificateDetails. */
export function certificateDetails(certificate: X509Certificate, path: string, now: number): object {
  const uris = (certificate.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('URI:'))
  const left = certificate.validToDate.getTime() - now
  return {
    path,
    serial_number: certificate.serialNumber.toLowerCase(),
    subject_alt_names: uris.map((name) => ({ uri: name.slice('URI:'.length) })),
    days_until_expiration: String(Math.max(0, Math.floor(left / dayMs))),
    valid_from: rfc3339(certificate.validFromDate),
    expiration_time: rfc3339(certificate.validToDate),
  }
}

export function authorityDetails(bundle: string, now: number): readonly object[] {
  const [first] = bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/) ?? []
  return first === undefined ? [] : [certificateDetails(new X509Certificate(first), `${trustDomain}: <inline>`, now)]
}

function rfc3339(time: Date): string {
  return time.toISOString().replace('.000Z', 'Z')
}

/** What SDS has delivered and what it is waited for. The private key is never in it, as it never is in Envoy's. */
export function secretDump(state: SidecarState): {
  readonly names: { readonly own: string; readonly trust: string }
  readonly active: readonly object[]
  readonly warming: readonly object[]
} {
  const { svid, bundle, at } = state.identity
  const names = { own: spiffeIdOf(state.stage), trust: `spiffe://${trustDomain}` }
  const updated = new Date(svid === null ? state.startedAt : at).toISOString()
  const own = svid === null ? null : { tls_certificate: { certificate_chain: inline(svid.certificates), ...redacted } }
  const trust = bundle === '' ? null : { validation_context: validationOf(bundle) }
  const all = [
    [names.own, own],
    [names.trust, trust],
  ] as const
  return {
    names,
    active: all.flatMap(([name, content]) => (content === null ? [] : [secret(name, updated, content)])),
    warming: all.flatMap(([name, content]) =>
      content === null ? [{ ...secret(name, updated, {}), version_info: 'uninitialized' }] : [],
    ),
  }
}

const redacted = { private_key: { inline_bytes: Buffer.from('[redacted]').toString('base64') } }

function secret(name: string, last_updated: string, content: object): object {
  return {
    '@type': 'type.googleapis.com/envoy.admin.v3.SecretsConfigDump.DynamicSecret',
    name,
    last_updated,
    secret: { '@type': `${tlsTypes}.Secret`, name, ...content },
  }
}

function validationOf(bundle: string): object {
  return {
    custom_validator_config: {
      name: 'envoy.tls.cert_validator.spiffe',
      typed_config: {
        '@type': `${tlsTypes}.SPIFFECertValidatorConfig`,
        trust_domains: [{ name: trustDomain, trust_bundle: inline(bundle) }],
      },
    },
  }
}

function inline(text: string): object {
  return { inline_bytes: Buffer.from(text).toString('base64') }
}
