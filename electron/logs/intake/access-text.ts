import { refused } from './record-parser.ts'

/**
 * Lines of the two text formats that Envoys write unless they are told otherwise: Envoy's default format string, and that of
 * Istio's `accessLogEncoding: TEXT`. They are read by place, from left to right, each character once.
 *
 * What callers send stands in them unescaped. Paths hold no space, so that the beginning is never in doubt. A quote inside one of
 * the quoted values behind it leaves open where each ends; then nothing from there on is told, and all of it stays unknown.
 *
 * Sources: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage#default-format-string and
 * https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format
 */
export type TextLine =
  /** Under the keys of access-log-keys.ts; what the format does not have, or hides, has no key. */
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, string>> }
  | { readonly kind: 'refused'; readonly why: string }

export const expectedText =
  'neither a JSON object nor a line of the default text format of Envoy or Istio: [time] "METHOD path protocol" code flags …; ' +
  'of a format of your own only JSON is read'

/** A time in brackets and a quote: Envoy's own log begins with a bracket too, and has a space in its time. */
const beginning = /^\[\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:?\d\d)\] "/

/** Whether a line was meant as one of these, also where it cannot be read. */
export function isAccessText(line: string): boolean {
  return beginning.test(line.slice(0, 80))
}

export function readAccessText(line: string): TextLine {
  if (!isAccessText(line)) return refused(expectedText)
  if (line.includes('\n')) return refused('more than one line')
  // JSON has them escaped; here they would come through whole to whoever looks at the line.
  if (hasControl(line)) return refused('a control character, which Envoy lets into no header or path')
  const close = line.indexOf(']')
  const request = requestLine(line, close + 3)
  if (request === null) return refused(unlike('"METHOD path protocol"'))
  const rest = createWords(line, request.end)
  const [code, flags] = [rest.word(), rest.word()]
  if (!isCode(code)) return refused(unlike('a response code'))
  if (!isFlags(flags)) return refused(unlike('response flags'))
  const fields: Record<string, string> = {
    ts: line.slice(1, close),
    method: request.method,
    path: request.path,
    code,
    flags,
  }
  let received = rest.word()
  const isIstio = !isNumber(received)
  if (isIstio) {
    fields['code_details'] = received
    // %CONNECTION_TERMINATION_DETAILS%: of a connection, which has no line of its own here.
    const termination = rest.word()
    const failure = rest.quoted()
    if (termination === '' || failure === null) return refused(unlike('a transport failure in quotes'))
    fields['up_fail'] = failure
    received = rest.word()
  }
  const [sent, duration, serviceTime] = [rest.word(), rest.word(), rest.word()]
  if (![received, sent].every(isNumber) || ![duration, serviceTime].every(isNumberOrNone)) {
    return refused(unlike('bytes received, bytes sent, duration and upstream service time'))
  }
  fields['duration'] = duration
  return withEnd(fields, line.slice(rest.at()), isIstio)
}

/** Forwarded-for, user agent, request id, authority and upstream host in quotes; of Istio six words more. */
function withEnd(fields: Record<string, string>, end: string, isIstio: boolean): TextLine {
  const parts = end.split('"', quotedParts + 1)
  if (parts.length < quotedParts || parts[0] !== '') {
    return refused(unlike('forwarded-for, user agent, request id, authority and upstream host, each in quotes'))
  }
  const isPlain = parts.length === quotedParts
  const isSpaced = [2, 4, 6, 8].every((index) => parts[index] === ' ')
  if (isPlain && !isSpaced) return refused(unlike('one space between values in quotes'))
  const behind = isPlain ? (parts[quotedParts - 1] ?? '') : ''
  const words = behind === '' ? [] : behind.split(' ', behindHost + 2)
  if (!isPlain) {
    // A path of a header may hold spaces; then what is the end of the request's line is in doubt, and with it the code.
    if (requestEnd.test(end)) return refused('a quote inside a value leaves open where the request line ends')
    // Else a quote too many leaves open where each value ends.
    return isIstio || end.endsWith('"') ? { kind: 'fields', fields } : refused(unlike('no more'))
  }
  if (isIstio ? words.length !== behindHost + 1 || words[0] !== '' : behind !== '') {
    return refused(isIstio ? unlike('cluster, three addresses, server name and route') : unlike('no more'))
  }
  fields['request_id'] = parts[5] ?? ''
  fields['up_host'] = parts[9] ?? ''
  if (!isIstio) return { kind: 'fields', fields }
  const [, cluster = '', , local = '', remote = ''] = words
  fields['up_cluster'] = cluster
  fields['down_local'] = local
  fields['down_remote'] = remote
  const direction = directionOf(cluster)
  if (direction !== null) fields['direction'] = direction
  return { kind: 'fields', fields }
}

const requestEnd = / (?:HTTP\/\d(?:\.\d)?|-)" /

/** Five values have ten quotes, which part a text in eleven. */
const quotedParts = 11
/** Cluster, own address to upstream, downstream's local and remote address, server name, route. */
const behindHost = 6

/** The names that Istio gives the clusters of a sidecar's listeners. */
function directionOf(cluster: string): string | null {
  if (cluster.startsWith('inbound|') || cluster === 'InboundPassthroughCluster') return 'inbound'
  return cluster.startsWith('outbound|') || cluster === 'PassthroughCluster' ? 'outbound' : null
}

const [tab, space, del] = [9, 32, 127] as const

function hasControl(line: string): boolean {
  for (let index = 0; index < line.length; index += 1) {
    const code = line.charCodeAt(index)
    if ((code < space && code !== tab) || code === del) return true
  }
  return false
}

function requestLine(line: string, start: number) {
  const afterMethod = line.indexOf(' ', start)
  const afterPath = afterMethod === -1 ? -1 : line.indexOf(' ', afterMethod + 1)
  const close = afterPath === -1 ? -1 : line.indexOf('"', afterPath)
  if (close === -1 || close - afterPath > 12 || line[close + 1] !== ' ') return null
  if (!/^(?:HTTP\/\d(?:\.\d)?|-)$/.test(line.slice(afterPath + 1, close))) return null
  const [method, path] = [line.slice(start, afterMethod), line.slice(afterMethod + 1, afterPath)]
  return method === '' || path === '' ? null : { method, path, end: close + 2 }
}

/** Words with one space behind each; '' where there is none. */
function createWords(line: string, start: number) {
  let at = start
  return {
    at: () => at,
    word(): string {
      const end = line.indexOf(' ', at)
      if (end === -1) return ''
      const word = line.slice(at, end)
      at = end + 1
      return word
    },
    /** A value in quotes that has none itself. */
    quoted(): string | null {
      if (line[at] !== '"') return null
      const end = line.indexOf('"', at + 1)
      if (end === -1 || line[end + 1] !== ' ') return null
      const value = line.slice(at + 1, end)
      at = end + 2
      return value
    },
  }
}

function isCode(word: string): boolean {
  return word.length <= 3 && isNumberOrNone(word)
}

function isFlags(word: string): boolean {
  return word.length <= 200 && /^(?:-|[A-Za-z0-9_,]+)$/.test(word)
}

function isNumber(word: string): boolean {
  return word.length <= 20 && /^\d+$/.test(word)
}

function isNumberOrNone(word: string): boolean {
  return word === '-' || isNumber(word)
}

function unlike(expected: string): string {
  return `not the default text format of Envoy or Istio, where ${expected} would stand; of a format of your own only JSON is read`
}
