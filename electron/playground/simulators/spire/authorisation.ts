/** The identity that Everyhop reads with. */
export function readerIdOf(trustDomain: string): string {
  return `spiffe://${trustDomain}/console/reader`
}

/**
 * SPIRE's own rules for a caller that is neither an agent nor an admin (the bundle is for everybody), with the rule of
 * docs/rights/spire.md appended.
 */
export function mayCall(callerId: string | null, path: string, trustDomain: string): boolean {
  if (path === '/spire.api.server.bundle.v1.Bundle/GetBundle') return true
  if (callerId !== readerIdOf(trustDomain)) return false
  return /^(List|Get|Count)[A-Z]/.test(path.split('/')[2] ?? '') && !path.endsWith('/GetAuthorizedEntries')
}
