import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import type { ContractRouterClient } from '@orpc/contract'
import type { Contract } from '../../shared/contract/index.ts'

/** Everything the window may ask; derived from the contract, whatever door it goes through. */
export type Client = ContractRouterClient<Contract>

/** The web host's door: same origin, so that its cookie and its Content-Security-Policy apply. */
export function createWebClient(origin: string): Client {
  return createORPCClient(new RPCLink({ url: `${origin}/rpc` }))
}
