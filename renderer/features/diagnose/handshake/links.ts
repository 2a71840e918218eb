import type { NextStep } from '../../../../shared/domain/diagnosis/model.ts'

/** Places in the window by their addresses: the other screens are other features. */
export function linkTo(environment: string, open: NonNullable<NextStep['open']>): string {
  switch (open.kind) {
    case 'hop':
      return graphLink(environment, open.hop)
    case 'workload':
      return graphLink(environment, open.workload)
    case 'simulate':
      return address('policy', { env: environment, decision: open.decisionId })
    case 'handshake':
      return handshakeLink(environment, open.from, open.to)
    case 'identity':
      return identityLink(environment, open.workload)
  }
}

/** Selected on the graph: a hop or a workload by its graph id. */
export function graphLink(environment: string, selected: string): string {
  return address('graph', { env: environment, selected })
}

export function handshakeLink(environment: string, from: string, to: string): string {
  return address('diagnose', { env: environment, tab: 'handshakes', from, to })
}

export function identityLink(environment: string, workload: string): string {
  return address('diagnose', { env: environment, tab: 'identities', workload })
}

/** The router reads values as JSON where they are JSON: a workload called "7" is written so that it stays a text. */
function address(screen: string, search: Readonly<Record<string, string>>): string {
  const written = Object.entries(search).map(([name, value]) => [name, isJson(value) ? JSON.stringify(value) : value])
  return `#/${screen}?${new URLSearchParams(written).toString()}`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
