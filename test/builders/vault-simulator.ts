import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { World } from '../../electron/playground/parts.ts'
import { startVaultSimulator, type VaultSimulator } from '../../electron/playground/simulators/vault/index.ts'
import { createTestWorld } from './spire-simulator.ts'

/** The playground's Vault on a world of its own; its token is in `<folder>/vault-token`. */
export interface SimulatedVault {
  readonly world: World
  readonly simulator: VaultSimulator
  readonly folder: string
  readonly address: { readonly host: string; readonly port: number }
  stop(): Promise<void>
}

export async function startSimulatedVault(): Promise<SimulatedVault> {
  const folder = await mkdtemp(join(tmpdir(), 'eh-vault-'))
  const world = await createTestWorld(folder)
  const simulator = await startVaultSimulator(world)
  return {
    world,
    simulator,
    folder,
    address: { host: '127.0.0.1', port: simulator.port },
    async stop() {
      await simulator.stop()
      await world.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
