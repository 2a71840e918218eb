import { plainName } from './mask.ts'

/**
 * What a request says in a header about who sent it, held against what its sender proved in the handshake. Only SPIFFE IDs are
 * taken from the header; hashes, subjects and certificates in it are not kept.
 */
export interface IdentityClaim {
  /**
   * unclaimed: the header names no SPIFFE ID. consistent: only the one that was proved. forwarded: the sender says, with its own
   * name as `By`, who called it; the handshake proves the sender alone. contradicted: another one, and nobody vouches for it.
   */
  readonly state: 'unclaimed' | 'consistent' | 'forwarded' | 'contradicted'
  /** The SPIFFE ID that is said and was not proved; null where there is none. */
  readonly claimed: string | null
}

/** Envoy itself refuses requests whose headers are longer than 60 KiB together, unless its operator says otherwise. */
const longest = 64 * 1024
/** More hops than any chain of proxies has. Of more the ones nearest to the callee are looked at. */
const mostElements = 100

/**
 * `header`: the value of x-forwarded-client-cert as the callee's Envoy hands it on, or a bare SPIFFE ID from a header of one's
 * own. `proved`: the SPIFFE ID of the certificate that the sender presented; null: it presented none. null: it cannot be told.
 * Elements: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_conn_man/headers#x-forwarded-client-cert
 */
export function claimIn(header: string, proved: string | null): IdentityClaim | null {
  if (header.length > longest) return null
  const elements = isSpiffeId(header) && !/[,;]/.test(header) ? [{ by: [], uris: [header] }] : elementsOf(header)
  // Proxies add at the end: what stands last was said by the nearest.
  let nearest = proved
  let forwarded: string | null = null
  for (const { by, uris } of elements.slice(-mostElements).toReversed()) {
    const [said] = uris
    if (said === undefined || (nearest !== null && uris.includes(nearest))) continue
    if (nearest === null || !by.includes(nearest)) return { state: 'contradicted', claimed: plainName(said, 2048) }
    forwarded = said
    nearest = said
  }
  if (forwarded !== null) return { state: 'forwarded', claimed: plainName(forwarded, 2048) }
  return { state: elements.some(({ uris }) => uris.length > 0) ? 'consistent' : 'unclaimed', claimed: null }
}

interface Element {
  /** SPIFFE IDs of the proxy that wrote the element. */
  readonly by: readonly string[]
  /** SPIFFE IDs of the certificate that the proxy says it was shown. */
  readonly uris: readonly string[]
}

function elementsOf(header: string): readonly Element[] {
  return splitOutsideQuotes(header, ',').map((element) => {
    const by: string[] = []
    const uris: string[] = []
    for (const pair of splitOutsideQuotes(element, ';')) {
      const end = pair.indexOf('=')
      const key = pair.slice(0, end).trim().toLowerCase()
      const value = unquoted(pair.slice(end + 1).trim())
      if (end === -1 || !isSpiffeId(value)) continue
      if (key === 'by') by.push(value)
      else if (key === 'uri') uris.push(value)
    }
    return { by, uris }
  })
}

/** Values with a separator in them stand in double quotes, and a quote in them after a backslash. */
function splitOutsideQuotes(text: string, separator: ',' | ';'): readonly string[] {
  const parts: string[] = []
  let start = 0
  let isQuoted = false
  for (let place = 0; place < text.length; place += 1) {
    const sign = text[place]
    if (sign === '\\' && isQuoted) place += 1
    else if (sign === '"') isQuoted = !isQuoted
    else if (sign === separator && !isQuoted) {
      parts.push(text.slice(start, place))
      start = place + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"')
    ? value.slice(1, -1).replace(/\\(.)/g, '$1')
    : value
}

/** Schemes are written in any case; a trust domain is not empty. */
function isSpiffeId(text: string): boolean {
  return /^spiffe:\/\/[^/\s]/i.test(text)
}
