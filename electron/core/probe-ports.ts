import type { Duplex } from 'node:stream'
import type { ProbedCertificate } from '../../shared/domain/diagnosis/handshake/probe.ts'

/** One TLS handshake as a client, for looking at a server: nothing is verified, and no application data is sent. */
export type TlsHandshake = (
  stream: Duplex,
  options: TlsHandshakeOptions,
  signal: AbortSignal,
) => Promise<TlsHandshakeSight>

export interface TlsHandshakeOptions {
  /** The only version that is offered; null: 1.2 and 1.3. */
  readonly version: TlsVersion | null
  /** Shown when the server asks for a client certificate; null: none. */
  readonly identity: ClientIdentity | null
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

export interface TlsHandshakeSight {
  /** accepted: through, and the server kept the connection. refused: it ended it. plaintext: what came is not TLS. */
  readonly outcome: 'accepted' | 'refused' | 'plaintext'
  /** The version agreed on; null: none was. */
  readonly version: TlsVersion | null
  readonly cipher: string | null
  /** As the server presented it, the leaf first; empty: it was not seen. */
  readonly chain: readonly ProbedCertificate[]
  /** Number of the alert that the server sent (RFC 8446, section 6); null: none came. */
  readonly alert: number | null
  /** The TLS library's words; null: none. */
  readonly words: string | null
}

/** An X509-SVID with its key, as PEM. The key goes to TLS and nowhere else. */
export interface ClientIdentity {
  readonly spiffeId: string | null
  readonly certificate: string
  readonly key: string
}

export interface X509Svids {
  /** From the Workload API at `socket`; `spiffeId` chooses one of several. Rejects with an error whose `reason` is a `GapReason`. */
  fetch(socket: string, spiffeId: string | null, signal: AbortSignal): Promise<ClientIdentity>
}
