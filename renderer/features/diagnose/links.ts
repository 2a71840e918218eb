import type { NextStep } from '../../../shared/domain/diagnosis/model.ts'
import { addressOf } from '../../ui/address-of.ts'

/** Places in the window by their addresses: the other screens are other features. */
export function linkTo(environment: string, open: NonNullable<NextStep['open']>): string {
  switch (open.kind) {
    case 'hop':
      return graphLink(environment, open.hop)
    case 'workload':
      return graphLink(environment, open.workload)
    case 'simulate':
      return addressOf('policy', { env: environment, decision: open.decisionId })
    case 'handshake':
      return handshakeLink(environment, open.from, open.to)
    case 'identity':
      return identityLink(environment, open.workload)
  }
}

/** Selected on the graph: a hop or a workload by its graph id. */
export function graphLink(environment: string, selected: string): string {
  return addressOf('graph', { env: environment, selected })
}

export function handshakeLink(environment: string, from: string, to: string): string {
  return addressOf('diagnose', { env: environment, tab: 'handshakes', from, to })
}

export function identityLink(environment: string, workload: string): string {
  return addressOf('diagnose', { env: environment, tab: 'identities', workload })
}
