import { MessageChannel } from 'node:worker_threads'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/message-port'
import type { ContractRouterClient } from '@orpc/contract'
import type { Contract } from '../../shared/contract/index.ts'
import type { Log } from '../core/ports.ts'
import { servePort } from './port.ts'
import type { ServiceRouter } from './router.ts'

export type ServiceClient = ContractRouterClient<Contract>

/**
 * The door for the command line: the service in the same process, behind the same port as a window's, so that
 * answers, errors and cancellation are the same for both. Close it, or the process does not end.
 */
export function connectInProcess(
  router: ServiceRouter,
  log: Log,
  viewer = 'command-line',
): { readonly client: ServiceClient; close(): void } {
  const { port1, port2 } = new MessageChannel()
  servePort(router, port1, viewer, log)
  const client: ServiceClient = createORPCClient(new RPCLink({ port: port2 }))
  port2.start()
  return {
    client,
    close() {
      port2.close()
    },
  }
}
