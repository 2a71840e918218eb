/** As the graph calls it; what the graph does not have by its SPIFFE ID without the trust domain. */
export function workloadName(id: string, names: ReadonlyMap<string, string>): string {
  return names.get(id) ?? id.replace(/^workload\//, '').replace(/^spiffe:\/\/[^/]+\//, '')
}
