/** The identity that Everyhop reads with. */
export function readerIdOf(trustDomain: string): string {
  return `spiffe://${trustDomain}/console/reader`
}

const readable: ReadonlySet<string> = new Set([
  '/spire.api.server.entry.v1.Entry/ListEntries',
  '/spire.api.server.agent.v1.Agent/ListAgents',
  '/spire.api.server.bundle.v1.Bundle/ListFederatedBundles',
  '/spire.api.server.trustdomain.v1.TrustDomain/ListFederationRelationships',
  '/spire.api.server.localauthority.v1.LocalAuthority/GetX509AuthorityState',
  '/spire.api.server.localauthority.v1.LocalAuthority/GetJWTAuthorityState',
])

/**
 * SPIRE's own rules for a caller that is neither an agent nor an admin (the bundle is for everybody), with the rule of
 * docs/rights/spire.md appended.
 */
export function mayCall(callerId: string | null, path: string, trustDomain: string): boolean {
  if (path === '/spire.api.server.bundle.v1.Bundle/GetBundle') return true
  if (callerId !== readerIdOf(trustDomain)) return false
  return readable.has(path)
}
