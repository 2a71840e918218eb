import {
  clientCertificateMissing,
  clientPlaintext,
  clientWithoutSvid,
  noCommonVersion,
  serverPlaintext,
  serverWithoutSvid,
} from './protocol.ts'
import type { HandshakeRule } from './rule.ts'
import { clientIdentity, clientIssuer, serverIdentity, serverIssuer } from './trust.ts'
import { clientExpired, notYetValid, serverExpired } from './validity.ts'

/** Clock before identity before TLS (failure modes, C.5): of rules whose evidence weighs the same, the first wins. */
export const handshakeRules: readonly HandshakeRule[] = [
  notYetValid,
  serverWithoutSvid,
  clientWithoutSvid,
  serverExpired,
  clientExpired,
  serverIssuer,
  clientIssuer,
  serverIdentity,
  clientIdentity,
  clientCertificateMissing,
  serverPlaintext,
  clientPlaintext,
  noCommonVersion,
]
