import { createServer } from 'node:http'
import { z } from 'zod'
import type { SpireTool } from '../spire/server-tool.ts'
import type { VaultPlan } from './plan.ts'

/** Serves the keys of the trust domain, by which Vault verifies JWT-SVIDs, as SPIRE's OIDC discovery provider would. */
export interface JwtKeys {
  readonly url: string
  close(): Promise<void>
}

const bundleWire = z.object({ keys: z.array(z.looseObject({ kty: z.string(), use: z.string() })) })
/** Longer than the asking takes, shorter than a new key is published before it is used. */
const keptForMs = 10_000

export function startJwtKeys(vault: VaultPlan, tool: SpireTool): Promise<JwtKeys> {
  let kept: { readonly at: number; readonly text: Promise<string> } | undefined
  const read = async (): Promise<string> => {
    const { keys } = bundleWire.parse(JSON.parse(await tool.spiffeBundle()))
    return JSON.stringify({ keys: keys.filter((key) => key.use === 'jwt-svid').map((key) => ({ ...key, use: 'sig' })) })
  }
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/keys') {
      response.writeHead(404).end()
      return
    }
    if (kept === undefined || Date.now() - kept.at > keptForMs) kept = { at: Date.now(), text: read() }
    kept.text.then(
      (text) => response.writeHead(200, { 'content-type': 'application/json' }).end(text),
      () => {
        kept = undefined
        response.writeHead(503).end()
      },
    )
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(vault.keysPort, vault.address, () =>
      resolve({
        url: `http://${vault.address}:${vault.keysPort}/keys`,
        close: () => {
          server.closeAllConnections()
          return new Promise((done) => server.close(() => done()))
        },
      }),
    )
  })
}
