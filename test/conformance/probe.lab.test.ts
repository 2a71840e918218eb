import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClientIdentity, TlsHandshakeOptions } from '../../electron/core/ports.ts'
import { dial } from '../../electron/platform/dial.ts'
import { tlsHandshake } from '../../electron/platform/tls-handshake.ts'
import { modelId, type RealEnvoy, startEnvoy } from '../builders/envoy-server.ts'

/** A live handshake with a real Envoy: what BoringSSL shows to a client without, with and with the wrong certificate. */
let envoy: RealEnvoy
beforeAll(async () => {
  envoy = await startEnvoy()
}, 20 * 60_000)
afterAll(() => envoy?.stop())

async function look(options: Partial<TlsHandshakeOptions>) {
  const [host = '', port = ''] = envoy.ingress.split(':')
  const signal = AbortSignal.timeout(20_000)
  const stream = await dial({ kind: 'tcp', host, port: Number(port) }, signal)
  return tlsHandshake(stream, { version: null, identity: null, ...options }, signal)
}
const shown = (leaf: { readonly certificate: string; readonly key: string }): ClientIdentity => ({
  spiffeId: null,
  ...leaf,
})

test('without a client certificate it shows its own, and says that it wants one', async () => {
  const sight = await look({})
  expect(sight).toMatchObject({ outcome: 'refused', version: 'TLSv1.3', alert: 116 })
  expect(sight.chain[0]).toMatchObject({ spiffeId: modelId, serial: '0c22' })
})

test('with the certificate that it wants it keeps the connection', async () => {
  expect(await look({ identity: shown(envoy.leaves.gateway) })).toMatchObject({ outcome: 'accepted', alert: null })
})

test('with another identity than it accepts it refuses, by an alert that names no cause', async () => {
  const sight = await look({ identity: shown(envoy.leaves.model) })
  expect(sight).toMatchObject({ outcome: 'refused', alert: 46 })
})
