/** What a request is about, told apart from its path as Kubernetes does it (its RequestInfo). */
export type Asked = AskedResource | AskedPath

export interface AskedResource {
  readonly of: 'resource'
  readonly verb: string
  readonly group: string
  readonly version: string
  /** `pods` */
  readonly resource: string
  /** `log`; empty: the object itself. */
  readonly subresource: string
  /** null: over all namespaces, or of none. */
  readonly namespace: string | null
  readonly name: string | null
  readonly url: URL
}

/** `/version` and its like. */
export interface AskedPath {
  readonly of: 'path'
  readonly verb: string
  readonly url: URL
}

const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }

export function askedOf(method: string, target: string): Asked {
  const url = new URL(target, 'https://api')
  const parts = url.pathname.split('/').filter((part) => part !== '')
  const place =
    parts[0] === 'api' && parts.length > 2
      ? { group: '', version: parts[1] ?? '', rest: parts.slice(2) }
      : parts[0] === 'apis' && parts.length > 3
        ? { group: parts[1] ?? '', version: parts[2] ?? '', rest: parts.slice(3) }
        : null
  if (place === null) return { of: 'path', verb: verbs[method] ?? method.toLowerCase(), url }
  const { group, version } = place
  const inNamespace = place.rest[0] === 'namespaces' && place.rest.length > 2
  const [resource = '', name = null, subresource = ''] = (inNamespace ? place.rest.slice(2) : place.rest).map(decoded)
  const namespace = inNamespace ? decoded(place.rest[1] ?? '') : null
  return {
    of: 'resource',
    verb: verbOf(method, name, url),
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    url,
  }
}

function verbOf(method: string, name: string | null, url: URL): string {
  if (method !== 'GET' && method !== 'HEAD') {
    return method === 'DELETE' && name === null ? 'deletecollection' : (verbs[method] ?? method.toLowerCase())
  }
  const isWatch = ['1', 'true'].includes(url.searchParams.get('watch') ?? '')
  return isWatch ? 'watch' : name === null ? 'list' : 'get'
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
