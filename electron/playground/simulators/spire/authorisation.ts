/** The identity that Everyhop reads with. */
export function readerIdOf(trustDomain: string): string {
  return `spiffe://${trustDomain}/console/reader`
}

const bundle = '/spire.api.server.bundle.v1.Bundle/GetBundle'

/** What the rule of docs/rights/spire.md lets the reader call, as data: the manual is not there at run time. A test holds that both say the same. */
export const shippedMethods: readonly string[] = [
  '/spire.api.server.entry.v1.Entry/ListEntries',
  '/spire.api.server.agent.v1.Agent/ListAgents',
  bundle,
  '/spire.api.server.bundle.v1.Bundle/ListFederatedBundles',
  '/spire.api.server.trustdomain.v1.TrustDomain/ListFederationRelationships',
  '/spire.api.server.localauthority.v1.LocalAuthority/GetX509AuthorityState',
  '/spire.api.server.localauthority.v1.LocalAuthority/GetJWTAuthorityState',
]

/** By SPIFFE ID, which methods a caller may call that is neither an agent nor an admin. */
export type Readers = ReadonlyMap<string, readonly string[]>

/** SPIRE's own rules for such a caller (the bundle is for everybody), with a rule for each reader appended. */
export function mayCall(callerId: string | null, path: string, readers: Readers): boolean {
  return path === bundle || (callerId !== null && readers.get(callerId)?.includes(path) === true)
}
