import { createCipheriv, createHmac } from 'node:crypto'
import type { Http2SecureServer } from 'node:http2'
import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'

/** RFC 8446, section 6. */
export const alerts = {
  badCertificate: 42,
  certificateExpired: 45,
  certificateUnknown: 46,
  unknownAuthority: 48,
} as const

/**
 * Turns callers away as other servers do: with a TLS alert that says why. Node verifies a caller's certificate only after the
 * handshake, and then ends the connection without a word, which a caller cannot tell from a broken network. So the alert is
 * sent from here, as the first record after those that OpenSSL sends by itself. TLS 1.3 only.
 */
export interface TlsAlerts {
  /** Sends it, and ends the connection. */
  refuse(socket: TLSSocket, alert: number): void
}

interface Connection {
  readonly raw: Socket
  secret: Buffer | null
}

/** OpenSSL sends two session tickets after the handshake, each in a record of its own. */
const recordsBefore = 2
const ciphers: Readonly<
  Record<string, { readonly cipher: 'aes-128-gcm' | 'aes-256-gcm'; readonly hash: string; readonly keyBytes: number }>
> = {
  TLS_AES_128_GCM_SHA256: { cipher: 'aes-128-gcm', hash: 'sha256', keyBytes: 16 },
  TLS_AES_256_GCM_SHA384: { cipher: 'aes-256-gcm', hash: 'sha384', keyBytes: 32 },
}
/** What the server must be limited to (`ciphers` of its options), so that an alert can be written. */
export const alertCiphers = Object.keys(ciphers).join(':')

/** Before the server takes connections. */
export function createTlsAlerts(server: Server | Http2SecureServer): TlsAlerts {
  const byPort = new Map<string, Connection>()
  const nameOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort} ${socket.localPort}`

  server.prependListener('connection', (raw: Socket) => {
    const name = nameOf(raw)
    byPort.set(name, { raw, secret: null })
    raw.once('close', () => byPort.delete(name))
  })
  server.on('keylog', (line: Buffer, socket: TLSSocket) => {
    const [label, , secret] = line.toString('latin1').trim().split(' ')
    const connection = byPort.get(nameOf(socket))
    if (label === 'SERVER_TRAFFIC_SECRET_0' && connection !== undefined)
      connection.secret = Buffer.from(secret ?? '', 'hex')
  })
  return {
    refuse(socket, alert) {
      const connection = byPort.get(nameOf(socket))
      const cipher = ciphers[socket.getCipher().name]
      if (connection === undefined || connection.secret === null || cipher === undefined) {
        socket.destroy()
        return
      }
      const { raw, secret } = connection
      const record = alertRecord(secret, cipher, alert)
      // What OpenSSL has to say first goes out in this turn.
      setImmediate(() => {
        if (raw.destroyed) return
        raw.write(record, () => socket.destroy())
      })
    },
  }
}

/** A fatal alert as a TLS 1.3 record (RFC 8446, sections 5.2, 5.3 and 7.3). */
function alertRecord(
  secret: Buffer,
  { cipher, hash, keyBytes }: NonNullable<(typeof ciphers)[string]>,
  alert: number,
): Buffer {
  const key = expandLabel(hash, secret, 'key', keyBytes)
  const nonce = expandLabel(hash, secret, 'iv', 12)
  nonce.writeUInt8(nonce.readUInt8(11) ^ recordsBefore, 11)
  const fatal = 2
  const content = Buffer.from([fatal, alert, 0x15])
  const header = Buffer.from([0x17, 0x03, 0x03, 0, content.length + 16])
  const encrypt = createCipheriv(cipher, key, nonce).setAAD(header)
  return Buffer.concat([header, encrypt.update(content), encrypt.final(), encrypt.getAuthTag()])
}

/** HKDF-Expand-Label with an empty context, for results that are no longer than the hash. */
function expandLabel(hash: string, secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`)
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])])
  return createHmac(hash, secret).update(info).digest().subarray(0, length)
}
