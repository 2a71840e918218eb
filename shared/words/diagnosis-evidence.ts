const records: Readonly<Record<string, string>> = {
  'envoy-access': 'access log',
  'opa-decisions': 'OPA log',
  'integrity-events': 'stage report',
  'spire-audit': 'SPIRE log',
  'kubernetes-audit': 'audit log',
  'vault-audit': 'Vault audit',
}

/** "access log", "OPA log": kinds of records as short as a margin needs them; a kind of a newer service is shown as itself. */
export function recordLabel(record: string): string {
  return Object.hasOwn(records, record) ? (records[record] ?? record) : record
}

/** Which sources were asked, and what silence of some means. */
export const askedWords = {
  name: label,
  /** "5 of 6 sources had an answer; none from Vault". */
  counts(asked: readonly { readonly source: string; readonly answered: boolean }[]): string {
    const silent = asked.filter(({ answered }) => !answered).map(({ source }) => label(source))
    const counts = `${asked.length - silent.length} of ${asked.length} sources had an answer`
    return silent.length === 0 ? counts : `${counts}; none from ${silent.join(', ')}`
  },
  silent(sources: readonly string[]): string {
    const [verb, them] = sources.length === 1 ? ['does', 'it'] : ['do', 'them']
    return `${sources.map(label).join(', ')} ${verb} not answer in full now: what rests on ${them} is the last that is known, or unknown.`
  },
}

function label(source: string): string {
  return Object.hasOwn(sources, source) ? (sources[source] ?? source) : source
}

const sources: Readonly<Record<string, string>> = {
  kubernetes: 'Kubernetes',
  spire: 'SPIRE',
  envoy: 'Envoy',
  opa: 'OPA',
  vault: 'Vault',
  logs: 'logs',
  intent: 'intent.yaml',
}
