import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { SpireFailure } from './failure.ts'
import type { TcpSource } from './source-kinds.ts'

/** The X509-SVID that Everyhop presents; texts are PEM. The key goes to TLS and nowhere else. */
export interface OwnIdentity {
  readonly spiffeId: string | null
  readonly certificate: string
  readonly key: string
  readonly bundle: string
  readonly notBefore: EpochMs
  readonly notAfter: EpochMs
}

/**
 * null while the SVID has time; else words. It is late when a third of its life or ten minutes are left, whichever comes first:
 * enough to mint one by hand, and later than an agent renews one.
 */
export function expiryWarning(identity: OwnIdentity, source: TcpSource, now: EpochMs): string | null {
  const left = identity.notAfter - now
  const life = identity.notAfter - identity.notBefore
  if (left >= life / 3 && left >= 600_000) return null
  // An agent renews at half of the life, however short that is.
  if ('workloadApi' in source.identity && left >= life / 3) return null
  const end = new Date(identity.notAfter).toISOString()
  return `the SVID that Everyhop presents runs out at ${end}; ${renewalAdvice(source)}`
}

/** Throws when the SVID is past its end: every server would refuse it, so none is asked. */
export function refuseExpired(identity: OwnIdentity, source: TcpSource, now: EpochMs): void {
  if (now < identity.notAfter) return
  const end = new Date(identity.notAfter).toISOString()
  throw new SpireFailure('forbidden', `the SVID that Everyhop presents ran out at ${end}; ${renewalAdvice(source)}`)
}

/** Words that tell how a new SVID comes: the operator's own command where environment.yaml has one. */
export function renewalAdvice({ identity }: TcpSource): string {
  if ('workloadApi' in identity) {
    return `the SPIRE agent at ${identity.workloadApi} has not renewed it: its log says why`
  }
  return identity.mintCommand === undefined
    ? 'mint a new one with `spire-server x509 mint` into these files'
    : `mint a new one: ${identity.mintCommand}`
}
