import type { EnvoyCertificateFact } from '../../../shared/domain/model/envoy-facts.ts'
import { envoyReads, locatorOf } from './client.ts'
import { type Asked, attempt, measured, type Problem, parse, type Translated } from './problem.ts'
import { time, uniqueById } from './values.ts'
import { certificateEntry, certificates } from './wire.ts'

/**
 * Own certificates that are really loaded. One entry per TLS context, so that the same leaf comes again and again;
 * a context that is not ready has no entry. Envoy's own count of days is never used: it says 0 for a day and for expired.
 */
export function translateCertificates(asked: Asked, answer: unknown): Translated<EnvoyCertificateFact> {
  const problems: Problem[] = []
  const facts = parse(certificates, answer, 'certs').certificates.flatMap((element) => {
    const fact = attempt('certificate', problems, () => translateCertificate(asked, element))
    return fact ?? []
  })
  return { facts: uniqueById(facts), problems }
}

function translateCertificate(asked: Asked, element: unknown): EnvoyCertificateFact | null {
  const [leaf] = parse(certificateEntry, element, 'certificate').cert_chain
  if (leaf === undefined) return null
  const uris = leaf.subject_alt_names.flatMap((name) => name.uri ?? [])
  const spiffeId = uris.find((uri) => uri.startsWith('spiffe://')) ?? null
  const serial = leaf.serial_number.replace(/[^0-9a-f]/gi, '').toLowerCase()
  return {
    kind: 'envoy-certificate',
    id: `envoy/${asked.envoy}/certificates#envoy-certificate/${spiffeId ?? 'no-spiffe-id'}/${serial}`,
    from: measured(asked, locatorOf(envoyReads.certificates)),
    envoy: asked.envoy,
    certificate: {
      spiffeId,
      dnsNames: leaf.subject_alt_names.flatMap((name) => name.dns ?? []),
      serial,
      notBefore: time(leaf.valid_from),
      notAfter: time(leaf.expiration_time),
      issuer: null,
      authorityKeyId: null,
      sha256: null,
    },
  }
}
