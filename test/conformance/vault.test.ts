import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { vaultParts } from '../../electron/connectors/vault/reading.ts'
import { spiffeIdOf, stageOf } from '../../electron/playground/pipeline/topology.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { vaultConnector, vaultSource } from '../builders/vault-observation.ts'
import { startSimulatedVault } from '../builders/vault-simulator.ts'
import { connectorSuite } from './connector-suite.ts'
import { checkSuite } from './vault-check-suite.ts'
import { vaultSuite } from './vault-suite.ts'
import { auditTold } from './vault-under-test.ts'

connectorSuite({
  name: 'Vault, on the playground,',
  connector: vaultConnector,
  ports: () => connectorPorts({ vaultLog: { told: () => [auditTold] } }),
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

vaultSuite("the playground's Vault", async () => {
  const vault = await startSimulatedVault()
  const { simulator, world } = vault
  return {
    ...vault,
    workload: {
      spiffeId: spiffeIdOf(stageOf('model-server')),
      role: 'model-server',
      path: 'pki/issue/model-server',
      body: { common_name: 'model-server.ai.svc.cluster.local' },
    },
    // There is no role of tokens.
    idleRights: ['auth/token/roles/+'],
    tokenWith: async (policy) => simulator.tokenWith(policy),
    jwt: (spiffeId, audience) => world.authority.issueJwt(spiffeId, [audience], Date.now() + 600_000),
    auditLines: async () => simulator.auditLog.lines().map(({ text }) => text),
    seal: async () => simulator.seal(true),
    unseal: async () => simulator.seal(false),
  }
})

checkSuite("the playground's Vault", async () => {
  const vault = await startSimulatedVault()
  vault.simulator.mount('postgres/', 'database')
  return { ...vault, tokenWith: async (policy: string) => vault.simulator.tokenWith(policy) }
})
