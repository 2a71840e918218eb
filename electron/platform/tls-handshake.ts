import { X509Certificate } from 'node:crypto'
import { type ConnectionOptions, connect, type PeerCertificate, type TLSSocket } from 'node:tls'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import type { ProbedCertificate } from '../../shared/domain/diagnosis/handshake/probe.ts'
import type { TlsHandshake, TlsHandshakeSight, TlsVersion } from '../core/ports.ts'

/**
 * With TLS 1.3 a client is through before the server has judged its certificate: its refusal comes after. So long a connection must
 * last to count as accepted. Milliseconds.
 */
const judgingMs = 700
/** An alert may still be on its way from the stream to TLS when the stream has ended. Milliseconds. */
const lastWordMs = 50
/** Longer chains are cut. */
const mostCertificates = 10

export const tlsHandshake: TlsHandshake = (stream, { version, identity }, signal) =>
  new Promise((resolve, reject) => {
    const options: ConnectionOptions = {
      socket: stream,
      // It is looked at, not trusted: nothing is sent over it, and nothing that comes is used.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      minVersion: version ?? 'TLSv1.2',
      maxVersion: version ?? 'TLSv1.3',
      ...(identity === null ? {} : { cert: identity.certificate, key: identity.key }),
    }
    const socket = connect(options)
    let seen: Pick<TlsHandshakeSight, 'version' | 'cipher' | 'chain'> = { version: null, cipher: null, chain: [] }
    let judging: NodeJS.Timeout | null = null
    let ending: NodeJS.Timeout | null = null
    let isOver = false

    const end = (sight: Omit<TlsHandshakeSight, 'version' | 'cipher' | 'chain'>): void => {
      finish()
      resolve({ ...seen, ...sight })
    }
    const abandon = (): void => {
      finish()
      reject(signal.reason)
    }
    const finish = (): void => {
      isOver = true
      if (judging !== null) clearTimeout(judging)
      if (ending !== null) clearTimeout(ending)
      signal.removeEventListener('abort', abandon)
      socket.removeAllListeners('end').removeAllListeners('close')
      socket.destroy()
      stream.destroy()
    }
    if (signal.aborted) {
      abandon()
      return
    }
    signal.addEventListener('abort', abandon, { once: true })
    socket.once('secureConnect', () => {
      seen = { version: versionOf(socket), cipher: socket.getCipher().name, chain: chainOf(socket) }
      judging = setTimeout(() => end({ outcome: 'accepted', alert: null, words: null }), judgingMs)
    })
    // Stays: what comes after the first error must not end the process.
    socket.on('error', (error: Error & { readonly code?: string; readonly reason?: string }) => {
      if (seen.chain.length === 0) seen = { ...seen, chain: chainOf(socket) }
      const words = error.reason ?? error.message
      const isPlaintext = /wrong[ _]version[ _]number|packet length too long|http[ _]request/i.test(words)
      end({ outcome: isPlaintext ? 'plaintext' : 'refused', alert: alertOf(error.message), words })
    })
    // Through a port-forward the end comes, and no close after it; in the middle of a handshake not even that, but of the stream.
    const hungUp = (): void => end({ outcome: 'refused', alert: null, words: null })
    for (const event of ['end', 'close']) {
      socket.once(event, hungUp)
      stream.once(event, () => {
        if (!isOver) ending ??= setTimeout(hungUp, lastWordMs)
      })
    }
    // Reads, so that an alert is seen; what else comes is thrown away.
    socket.resume()
  })

function versionOf(socket: TLSSocket): TlsVersion | null {
  const version = socket.getProtocol()
  return version === 'TLSv1.3' || version === 'TLSv1.2' ? version : null
}

/** OpenSSL ends its message with `SSL alert number 116`. */
function alertOf(message: string): number | null {
  const number = /SSL alert number (\d{1,3})/.exec(message)?.[1]
  return number === undefined ? null : Number(number)
}

function chainOf(socket: TLSSocket): readonly ProbedCertificate[] {
  const chain: ProbedCertificate[] = []
  let next: PeerCertificate | null = peerOf(socket)
  while (next?.raw instanceof Uint8Array && chain.length < mostCertificates) {
    const certificate = readCertificate(next.raw)
    if (certificate === null || chain.some(({ sha256 }) => sha256 === certificate.sha256)) break
    chain.push(certificate)
    next = 'issuerCertificate' in next ? (next.issuerCertificate as PeerCertificate) : null
  }
  return chain
}

function peerOf(socket: TLSSocket): PeerCertificate | null {
  try {
    return socket.getPeerCertificate(true)
  } catch {
    return null // the connection is gone, and its certificate with it
  }
}

/** null: bytes that are no certificate, which a server may send. */
export function readCertificate(der: Uint8Array): ProbedCertificate | null {
  try {
    const native = new X509Certificate(der)
    const parsed = new x509.X509Certificate(new Uint8Array(der))
    const names = parsed.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON() ?? []
    return {
      spiffeId: names.find(({ type, value }) => type === 'url' && value.startsWith('spiffe://'))?.value ?? null,
      serial: native.serialNumber.toLowerCase(),
      notBefore: native.validFromDate.getTime(),
      notAfter: native.validToDate.getTime(),
      issuer: native.issuer.split('\n').join(', ') || null,
      sha256: native.fingerprint256.replaceAll(':', '').toLowerCase(),
      subjectKeyId: parsed.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId.toLowerCase() ?? null,
      authorityKeyId: parsed.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId?.toLowerCase() ?? null,
    }
  } catch {
    return null
  }
}
