import type { EnvoyListenerFact } from '../model/envoy-facts.ts'

/** Takes calls from other workloads. A listener that does not say its direction does so when it ends TLS or asks for authorisation. */
export function isInbound(listener: EnvoyListenerFact): boolean {
  if (listener.direction !== null) return listener.direction === 'inbound'
  return listener.filterChains.some(
    (chain) => chain.tls !== null || chain.http.some((filters) => filters.extAuthz !== null),
  )
}
