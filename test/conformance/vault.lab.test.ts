import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createVaultConnector } from '../../electron/connectors/vault/index.ts'
import { vaultParts } from '../../electron/connectors/vault/reading.ts'
import { createHttpExchange } from '../../electron/platform/http-exchange.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { startVault } from '../builders/vault-server.ts'
import { connectorSuite } from './connector-suite.ts'
import { auditTold } from './vault-under-test.ts'

const policyFile = join(import.meta.dirname, '..', '..', 'docs', 'rights', 'vault.hcl')

connectorSuite({
  name: 'Vault',
  connector: createVaultConnector(createHttpExchange),
  ports: () => connectorPorts({ vaultLog: { told: () => [auditTold] } }),
  gapWithinMs: 5500,
  async startReal() {
    const vault = await startVault({ tls: true })
    const token = await vault.tokenWith(await readFile(policyFile, 'utf8'))
    await writeFile(join(vault.folder, 'token'), token)
    return {
      address: vault.address,
      sourceAt: ({ host, port }) => ({
        id: 'vault',
        address: `https://${host}:${port}`,
        caFile: 'ca.pem',
        signIn: { tokenFile: 'token' },
        listLeasesOf: [],
        lookupsPerMinute: 30,
      }),
      settings: { baseDirectory: vault.folder, windowSeconds: 60 },
      scopes: vaultParts.map((part) => `vault/vault/${part}`),
      canaries: vault.canaries,
      stop: () => vault.stop(),
    }
  },
})
