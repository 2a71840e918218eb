import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { vaultParts } from '../../electron/connectors/vault/reading.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { vaultConnector, vaultSource } from '../builders/vault-observation.ts'
import { startSimulatedVault } from '../builders/vault-simulator.ts'
import { connectorSuite } from './connector-suite.ts'

connectorSuite({
  name: 'Vault, on the playground,',
  connector: vaultConnector,
  ports: () => connectorPorts(),
  gapWithinMs: 5500,
  async startReal() {
    const vault = await startSimulatedVault()
    return {
      address: vault.address,
      sourceAt: (address) => vaultSource(address, { signIn: { tokenFile: 'vault-token' } }),
      settings: { baseDirectory: vault.folder, windowSeconds: 60 },
      scopes: vaultParts.map((part) => `vault/vault/${part}`),
      canaries: [await readFile(join(vault.folder, 'vault-token'), 'utf8')],
      stop: () => vault.stop(),
    }
  },
})
