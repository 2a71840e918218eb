import type { VaultSource } from '../../../shared/domain/model/environment.ts'
import type { ConnectorPorts, HttpExchange, ObserveSettings, VaultLoan } from '../../core/ports.ts'
import { createVaultClient, refuseInTheClear, trusted } from './client.ts'
import { createVaultSession } from './sign-in.ts'

/**
 * Signs in for one action, and out when that has ended. `calls.ts` stays as it is: what the action asks is not of this
 * connector, which only reads. Rejects with `VaultFailure`, with the signal's reason, or with what `use` rejects with.
 */
export async function lendVault<Result>(
  source: VaultSource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  exchange: HttpExchange,
  use: (loan: VaultLoan) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const address = source.address.replace(/\/+$/, '')
  refuseInTheClear(address, ports.place)
  const session = createVaultSession(source, settings, ports, createVaultClient(source, settings, ports, exchange))
  try {
    const { ca = null } = await trusted(source, settings, ports)
    return await use({
      address,
      place: ports.place ?? address,
      token: await session.token(signal),
      namespace: source.namespace ?? null,
      ca,
      exchange,
    })
  } finally {
    await session.end()
  }
}
