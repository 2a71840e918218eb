import { createCertificateAuthority } from '../../electron/playground/world/certificates.ts'

const hourMs = 60 * 60 * 1000

export interface TestAuthority {
  readonly certificate: string
  readonly derBase64: string
  issue(options: LeafOptions): Promise<TestLeaf>
}

export interface LeafOptions {
  readonly spiffeId?: string
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  readonly serial?: string
  readonly notBefore?: Date
  readonly notAfter?: Date
}

export interface TestLeaf {
  readonly certificate: string
  readonly key: string
}

/** The playground's certificate authority with times and serial numbers that suit tests. */
export async function createTestAuthority(trustDomain = 'test.example'): Promise<TestAuthority> {
  const now = Date.now()
  const { certificate, derBase64, issue } = await createCertificateAuthority({
    name: `O=${trustDomain}`,
    trustDomain,
    serial: '0a01',
    notBefore: now - hourMs,
    notAfter: now + 24 * hourMs,
  })
  return {
    certificate,
    derBase64,
    issue: ({ notBefore, notAfter, ipAddresses = [], ...options }) =>
      issue({
        serial: '0b02',
        ...options,
        addresses: ipAddresses,
        notBefore: notBefore?.getTime() ?? Date.now() - 60_000,
        notAfter: notAfter?.getTime() ?? Date.now() + hourMs,
      }),
  }
}
