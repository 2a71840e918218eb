import type { VaultSource } from '../../../shared/domain/model/environment.ts'
import type { Report } from '../../../shared/domain/model/fact.ts'
import type { Connector, ConnectorPorts, Dial, HttpExchange, ObserveSettings } from '../../core/ports.ts'
import { createVaultClient } from './client.ts'
import { lendVault } from './lend.ts'
import { createVaultMemory, readVault } from './reading.ts'
import { createVaultSession } from './sign-in.ts'
import { testVault } from './test-source.ts'

/** Reads Vaults: what is configured in them and who holds which lease, from a closed list of paths. Never a secret. */
export function createVaultConnector(exchangeOver: (dial: Dial) => HttpExchange): Connector<VaultSource> {
  return {
    kind: 'vault',
    observe: (source, settings, ports, signal) => observe(source, settings, ports, exchangeOver(ports.dial), signal),
    test: (source, settings, ports, signal) => testVault(source, settings, ports, exchangeOver(ports.dial), signal),
    lend: (source, settings, ports, use, signal) =>
      lendVault(source, settings, ports, exchangeOver(ports.dial), use, signal),
  }
}

async function* observe(
  source: VaultSource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  exchange: HttpExchange,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  const client = createVaultClient(source, settings, ports, exchange)
  const session = createVaultSession(source, settings, ports, client)
  const memory = createVaultMemory(source, ports.clock.now)
  try {
    while (!signal.aborted) {
      await ports.pace.turn(source.id, signal)
      yield* readVault(source, client, session, memory, ports, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await session.end()
  }
}
