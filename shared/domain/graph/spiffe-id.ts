/** "pipeline.example" of "spiffe://pipeline.example/ns/ai/sa/gateway"; null for anything that is no SPIFFE ID. */
export function trustDomainOf(spiffeId: string): string | null {
  if (!spiffeId.startsWith('spiffe://')) return null
  const slash = spiffeId.indexOf('/', 9)
  const domain = slash === -1 ? spiffeId.slice(9) : spiffeId.slice(9, slash)
  return domain === '' ? null : domain
}

/** "/ns/ai/sa/gateway"; empty for a trust domain's own ID. */
export function pathOf(spiffeId: string): string {
  const slash = spiffeId.indexOf('/', 9)
  return slash === -1 ? '' : spiffeId.slice(slash)
}

/** A SPIFFE ID of a workload: with a path, and not one of SPIRE's own below `/spire/` (SPIRE reserves it). */
export function isWorkloadId(text: string): boolean {
  if (!text.startsWith('spiffe://')) return false
  // Asked of each logged call, so nothing is cut out of the text.
  const slash = text.indexOf('/', 9)
  return slash > 9 && text.length > slash + 1 && !text.startsWith('/spire/', slash)
}

/** Short forms for cards: `ns/ai/sa/gateway` becomes name `gateway`, label `ai/gateway`; other paths keep their whole path. */
export function shortNames(spiffeId: string): { readonly name: string; readonly label: string } {
  const path = pathOf(spiffeId).slice(1)
  if (path === '') return { name: trustDomainOf(spiffeId) ?? spiffeId, label: spiffeId }
  const parts = path.split('/')
  const last = parts.at(-1) ?? path
  if (parts.length === 4 && parts[0] === 'ns' && parts[2] === 'sa') return { name: last, label: `${parts[1]}/${last}` }
  return { name: last, label: path }
}
