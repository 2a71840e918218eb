import type { SocketAddress } from '../model/envoy-facts.ts'

/** A socket address taken apart. `host` is lower-case without brackets; null for unix sockets. */
export interface AddressParts {
  readonly host: string | null
  readonly port: string | null
}

/** Takes "10.0.0.5:8443", "[::1]:8443", ":9191", "grpc://h:1", "/run/a.sock", "unix:///run/a.sock" apart. */
export function addressParts(address: SocketAddress): AddressParts {
  if (isUnixSocket(address)) return { host: null, port: null }
  const scheme = address.indexOf('://')
  const rest = scheme === -1 ? address : address.slice(scheme + 3)
  const colon = rest.lastIndexOf(':')
  const bracket = rest.lastIndexOf(']')
  const hasPort = colon > bracket && (bracket !== -1 || rest.indexOf(':') === colon)
  const host = hasPort ? rest.slice(0, colon) : rest
  const bare = bracket === -1 && !host.startsWith('[') ? host : host.replace(/^\[/, '').replace(/\]$/, '')
  return { host: bare.toLowerCase(), port: hasPort ? rest.slice(colon + 1) : null }
}

/** One spelling of an address, so that two sources' spellings of it meet. */
export function canonicalAddress(address: SocketAddress): string {
  if (isUnixSocket(address)) return `unix:${address.replace(/^unix:(\/\/)?/, '')}`
  const { host, port } = addressParts(address)
  return `${host ?? ''}:${port ?? ''}`
}

export function isUnixSocket(address: SocketAddress): boolean {
  return address.startsWith('/') || address.startsWith('@') || address.startsWith('unix:')
}

/** Listens on every address, so its host says nothing about who it is. */
export function isWildcardHost(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::' || host === '*'
}

/** The same machine, whoever asks: many workloads share it. Other 127/8 addresses may belong to one workload. */
export function isSharedLoopback(host: string): boolean {
  return host === '127.0.0.1' || host === '::1' || host === 'localhost'
}

/** A host that can tell one workload from another. */
export function isTellingHost(host: string | null): host is string {
  return host !== null && !isWildcardHost(host) && !isSharedLoopback(host)
}
