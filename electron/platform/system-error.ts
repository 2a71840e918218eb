const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there',
  ECONNRESET: 'the connection was reset',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'the network is unreachable',
  EHOSTDOWN: 'the host is down',
  ETIMEDOUT: 'no answer from the host',
  EADDRNOTAVAIL: 'the address cannot be reached from here',
  ENOENT: 'it does not exist',
  EACCES: 'no permission to open it',
  EPERM: 'no permission to open it',
  EPIPE: 'the connection was closed',
  EMFILE: 'too many files and connections are open here',
}

/** The code of a system or library error (`ECONNREFUSED`, `CERT_HAS_EXPIRED`), or null. */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}

/** Words for an error of the system, with its code, so that it can be searched for. */
export function errorWords(error: unknown): string {
  const code = errorCode(error)
  const known = code === null ? undefined : words[code]
  if (known !== undefined) return `${known} (${code})`
  const message = error instanceof Error && error.message !== '' ? error.message : String(error)
  return code === null || message.includes(code) ? message : `${message} (${code})`
}
