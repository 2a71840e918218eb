import { tell } from '../../reasons.ts'
import { endLine, isEnded, ofDetails } from '../evidence.ts'
import { found, type RequestRule } from './rule.ts'

/** NP-02, TLS-19: the caller's Envoy could not connect, and no TLS was spoken. */
export const networkUnreachable: RequestRule = {
  id: 'network-unreachable',
  cause: 'network-unreachable',
  faults: [],
  examine(view) {
    const line = endLine(view)
    const arrived = view.focus?.inbound ?? null
    if (line === null || line.direction !== 'outbound' || arrived !== null) return null
    const text = `${line.failure ?? ''} ${line.details ?? ''}`
    if (/TLS|SSL/.test(text)) return null
    // Who ends a connection was reached; where the hop speaks TLS, that is a refused handshake.
    const isOverTls = view.hop !== null && view.hop.transport.state !== 'plaintext'
    if (isEnded(line) && isOverTls) return null
    const isUnconnected =
      /upstream_reset_before_response_started\{(remote_)?connection_(failure|timeout|termination)/.test(
        line.details ?? '',
      ) || line.flags.includes('UF')
    if (!isUnconnected) return null
    const network = view.hop?.network
    const blocked =
      network?.known === true && network.value.verdict === 'blocked'
        ? ({
            class: 'configuration',
            reason: tell('network-policy-says', { verdict: 'blocked', policies: network.value.policies.join(', ') }),
            literal: null,
            from: { kind: 'fact', fact: network.fact },
          } as const)
        : null
    const reason =
      network?.known === true && blocked !== null
        ? tell('blocked-by-network-policy', { ...view.names, policies: network.value.policies.join(', ') })
        : tell('never-arrived', { ...view.names, text: line.failure })
    return found(reason, [ofDetails(line, 'contradiction'), blocked])
  },
}
