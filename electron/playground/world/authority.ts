import { randomUUID, webcrypto } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Clock } from '../../core/ports.ts'
import type { Authority, Root } from '../parts.ts'
import { type CertificateAuthority, createCertificateAuthority } from './certificates.ts'

export interface AuthorityOptions {
  readonly trustDomain: string
  readonly clock: Clock
  /** Of X509-SVIDs that are ordered without an end. */
  readonly svidSeconds: number
  /** Of roots and of JWT keys; SPIRE's `ca_ttl`. */
  readonly rootSeconds?: number
}

const daySeconds = 24 * 60 * 60
/** SPIRE dates certificates back, so that clocks which are a little late take them. */
export const backdateMs = 10_000

interface RootRecord {
  readonly certificates: CertificateAuthority
  readonly from: number
  status: Root['status']
}

interface JwtRecord {
  readonly keyId: string
  readonly privateKey: webcrypto.CryptoKey
  readonly publicKeyDer: Uint8Array
  readonly from: number
  readonly notAfter: number
}

/** The trust domain's certificate authority, and its JWT keys. Private keys are in memory and nowhere else. */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const { trustDomain, clock, svidSeconds } = options
  const lifeMs = (options.rootSeconds ?? daySeconds) * 1000
  let roots: readonly RootRecord[] = [await createRoot('active')]
  let jwtKeys: readonly JwtRecord[] = [await createJwtKey()]

  async function createRoot(status: Root['status']): Promise<RootRecord> {
    const now = clock.now()
    const certificates = await createCertificateAuthority({
      name: 'C=US, O=SPIFFE',
      trustDomain,
      notBefore: now - backdateMs,
      notAfter: now + lifeMs,
    })
    return { certificates, from: now, status }
  }

  async function createJwtKey(): Promise<JwtRecord> {
    const now = clock.now()
    const pair = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
    return {
      keyId: randomUUID().replaceAll('-', ''),
      privateKey: pair.privateKey,
      publicKeyDer: new Uint8Array(await webcrypto.subtle.exportKey('spki', pair.publicKey)),
      from: now,
      notAfter: now + lifeMs,
    }
  }

  function active(): RootRecord {
    const found = roots.find((root) => root.status === 'active')
    if (found === undefined) throw new Error(`the trust domain ${trustDomain} has no active authority`)
    return found
  }

  async function prepare(): Promise<void> {
    const prepared = await createRoot('prepared')
    roots = [prepared, ...roots.filter((root) => root.status !== 'prepared')]
  }

  function activate(): void {
    const prepared = roots.find((root) => root.status === 'prepared')
    if (prepared === undefined) throw new Error('there is no prepared authority to activate: prepare one first')
    active().status = 'old'
    prepared.status = 'active'
  }

  return {
    trustDomain,
    roots: () =>
      roots.map(({ certificates, status }) => ({
        id: certificates.keyId,
        certificate: certificates.certificate,
        notAfter: certificates.notAfter,
        status,
      })),
    bundle: () => roots.map((root) => root.certificates.certificate.trimEnd()).join('\n'),
    async issue(order) {
      const now = clock.now()
      const { spiffeId, dnsNames = [], addresses = [] } = order
      const leaf = await active().certificates.issue({
        spiffeId,
        dnsNames,
        addresses,
        notBefore: order.notBefore ?? now - backdateMs,
        notAfter: order.notAfter ?? now + svidSeconds * 1000,
      })
      const { certificate, ...rest } = leaf
      return { spiffeId, certificates: certificate, ...rest }
    },
    async issueJwt(spiffeId, audience, notAfter) {
      const [key] = jwtKeys
      if (key === undefined) throw new Error(`the trust domain ${trustDomain} has no JWT key`)
      return await new SignJWT({})
        .setProtectedHeader({ alg: 'ES256', kid: key.keyId, typ: 'JWT' })
        .setSubject(spiffeId)
        .setAudience([...audience])
        .setIssuedAt(Math.floor(clock.now() / 1000))
        .setExpirationTime(Math.floor(notAfter / 1000))
        .sign(key.privateKey)
    },
    jwtKeys: () => jwtKeys.map(({ keyId, publicKeyDer, notAfter }) => ({ keyId, publicKeyDer, notAfter })),
    prepare,
    activate,
    taintOld() {
      for (const root of roots) if (root.status === 'old') root.status = 'tainted'
    },
    revokeOld() {
      roots = roots.filter((root) => root.status !== 'old' && root.status !== 'tainted')
    },
    async renew() {
      const now = clock.now()
      const { from } = active()
      if (now >= from + lifeMs / 2 && !roots.some((root) => root.status === 'prepared')) await prepare()
      if (now >= from + (lifeMs * 5) / 6) activate()
      roots = roots.filter((root) => root.certificates.notAfter > now)
      if (now >= (jwtKeys[0]?.from ?? 0) + lifeMs / 2) jwtKeys = [await createJwtKey(), ...jwtKeys]
      jwtKeys = jwtKeys.filter((key) => key.notAfter > now)
    },
  }
}
