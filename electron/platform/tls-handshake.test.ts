import { type AddressInfo, createServer, type Server } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createTestAuthority, type TestAuthority, type TestLeaf } from '../../test/builders/test-authority.ts'
import type { TlsHandshakeOptions } from '../core/ports.ts'
import { dial } from './dial.ts'
import { readCertificate, tlsHandshake } from './tls-handshake.ts'

const serverId = 'spiffe://test.example/ns/tools/sa/tool-runtime'
let authority: TestAuthority
let leaf: TestLeaf
let own: TestLeaf
const servers: Server[] = []

beforeAll(async () => {
  authority = await createTestAuthority()
  leaf = await authority.issue({ spiffeId: serverId, serial: '0b77' })
  own = await authority.issue({ spiffeId: 'spiffe://test.example/everyhop' })
})
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const any: TlsHandshakeOptions = { version: null, identity: null }
const never = new AbortController().signal

async function listening(server: Server): Promise<number> {
  servers.push(server)
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  return (server.address() as AddressInfo).port
}

/** A TLS server, with what it decrypted from its clients. */
async function tlsServer(options: TlsOptions = {}): Promise<{ readonly port: number; readonly received: number[] }> {
  const received: number[] = []
  const server = createTlsServer({ cert: leaf.certificate, key: leaf.key, ca: authority.certificate, ...options })
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => received.push(bytes.length))
  })
  server.on('tlsClientError', () => {})
  return { port: await listening(server), received }
}

async function look(port: number, options: Partial<TlsHandshakeOptions> = {}, signal = never) {
  const stream = await dial({ kind: 'tcp', host: '127.0.0.1', port }, never)
  return tlsHandshake(stream, { ...any, ...options }, signal)
}

describe('a handshake that is looked at', () => {
  test('shows the chain and the version, and sends nothing', async () => {
    const { port, received } = await tlsServer()
    const sight = await look(port)
    expect(sight).toMatchObject({ outcome: 'accepted', version: 'TLSv1.3', alert: null })
    expect(sight.chain[0]).toMatchObject({ spiffeId: serverId, serial: '0b77', authorityKeyId: expect.any(String) })
    expect(sight.chain[0]?.notAfter).toBeGreaterThan(Date.now())
    expect(received).toEqual([])
  })

  test('names the alert of a server that does not speak the version', async () => {
    const { port } = await tlsServer({ minVersion: 'TLSv1.3' })
    expect(await look(port, { version: 'TLSv1.2' })).toMatchObject({ outcome: 'refused', version: null, alert: 70 })
    expect(await look(port, { version: 'TLSv1.3' })).toMatchObject({ outcome: 'accepted', version: 'TLSv1.3' })
  })

  test('is refused after it was through, by a server that wants a client certificate, and accepted with one', async () => {
    const { port } = await tlsServer({ requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' })
    const refused = await look(port)
    expect(refused).toMatchObject({ outcome: 'refused', version: 'TLSv1.3' })
    expect(refused.chain[0]?.spiffeId).toBe(serverId)
    const identity = { spiffeId: null, certificate: own.certificate, key: own.key }
    expect(await look(port, { identity })).toMatchObject({ outcome: 'accepted' })
  })

  test('tells a server that speaks plaintext', async () => {
    const port = await listening(
      createServer((socket) => {
        socket.on('error', () => {})
        socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
      }),
    )
    expect(await look(port)).toMatchObject({ outcome: 'plaintext', chain: [], version: null })
  })

  test('ends with the signal when nothing comes', async () => {
    const port = await listening(createServer((socket) => socket.on('error', () => {})))
    const late = new AbortController()
    const looking = look(port, {}, late.signal)
    late.abort(new Error('too late'))
    await expect(looking).rejects.toThrow('too late')
  })

  test('is refused by a server that hangs up', async () => {
    const port = await listening(createServer((socket) => socket.destroy()))
    expect(await look(port)).toMatchObject({ outcome: 'refused', alert: null, chain: [] })
  })
})

test('bytes that are no certificate are none', () => {
  expect(readCertificate(new Uint8Array([0x30, 0x03, 1, 2, 3]))).toBeNull()
})
