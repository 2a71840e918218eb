/**
 * A mould of decision events: a regular expression for all events that have the keys of one event, in its order, and values
 * of the same types. Events of one OPA differ in little else, and matching takes a fraction of what parsing takes. What no
 * mould matches is parsed.
 */
export interface Mould {
  /** Matches one event that begins at `lastIndex`. */
  readonly pattern: RegExp
  /** Groups of the pattern; null where the event has no such value, or one of another shape, which is then in `read`. */
  readonly decisionId: number
  readonly timestamp: number
  /** A UUID. */
  readonly requestId: number | null
  /** 32 hex digits. */
  readonly traceId: number | null
  /** Digits. */
  readonly evaluationNs: number | null
  /** Groups of everything else that the schema of an event reads. */
  readonly read: readonly number[]
  /** Groups of texts that may hold a secret: of all others their characters tell that they do not. */
  readonly free: readonly number[]
}

type Special = 'decisionId' | 'timestamp' | 'requestId' | 'ownTraceId' | 'traceId' | 'evaluationNs'

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const number = '-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?'

/** Shapes that differ from event to event, as `parseDecision` and `understand` read them; each has one group. */
const shapes: Readonly<Record<Special, string>> = {
  decisionId: `(${uuid})`,
  timestamp: '([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,9})?Z)',
  requestId: `(${uuid})`,
  ownTraceId: '([0-9a-f]{32})',
  traceId: '[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}',
  // As many digits as a number of JavaScript tells apart.
  evaluationNs: '(0|[1-9][0-9]{0,14})',
}

/** Where they stand, as a JSON pointer (RFC 6901). */
const places: ReadonlyMap<string, Special> = new Map([
  ['/decision_id', 'decisionId'],
  ['/timestamp', 'timestamp'],
  ['/trace_id', 'ownTraceId'],
  ['/input/attributes/request/http/headers/x-request-id', 'requestId'],
  ['/input/attributes/request/http/headers/traceparent', 'traceId'],
  ['/metrics/timer_rego_query_eval_ns', 'evaluationNs'],
])

/** What else the schema reads. */
const isRead =
  /^\/(?:path|revision|labels\/id|bundles\/.*|error(?:\/.*)?|result|result\/(?:allowed|reasons\/.*|dynamic_metadata\/reasons\/.*)|input\/source_principal|input\/attributes\/(?:source|destination)\/principal)$/

/**
 * Shapes of texts that hold no secret, whatever they say: one is told by a colon, an equals sign or white space after its name,
 * by an upper case `J` or by upper case after `-----` (intake/mask.ts).
 */
const harmless = ['[0-9:.,TZ+-]*', '[a-z0-9_./@+-]*', 'spiffe://[a-z0-9_./-]*', '[A-Z]{0,20}'].map(
  (shape) => [shape, wholly(shape)] as const,
)
/** Any text in ASCII that has no escapes. */
const free = '[ !#-\\[\\]-~]*'
const isFree = wholly(free)
const isKey = /^[!#-[\]-~]+$/
/** As in intake/mask.ts and mask-record.ts. */
const namesSecret =
  /(?:token|secret|password|passwd|pwd|api[_-]?key|access[_-]?key|authorization|cookie|signature)["']?\s*$/i

/** More than any event has. */
const most = { depth: 32, values: 400, length: 16 * 1024 }

/** Thrown and caught here. */
const noMould = new Error('the event has no mould')

/**
 * The mould of an event; null when it is not to be had: the text has blanks between its tokens, a key twice, keys or texts with
 * escapes or beyond ASCII, or ids that are no UUIDs.
 * @param text an object that is JSON, in which no secret was found.
 */
export function mouldOf(text: string): Mould | null {
  if (text.length > most.length) return null
  try {
    return cast(text)
  } catch (thrown) {
    if (thrown === noMould) return null
    throw thrown
  }
}

function cast(text: string): Mould {
  let pattern = ''
  let at = 0
  let groups = 0
  let values = 0
  const found = new Map<Special, number>()
  const read: number[] = []
  const freely: number[] = []

  function literal(end: number): void {
    pattern += escaped(text.slice(at, end))
    at = end
  }

  function expect(character: string): void {
    if (text[at] !== character) throw noMould
    literal(at + 1)
  }

  /** A value that may be another in the next event. */
  function slot(path: string, shape: string, isFreely: boolean): void {
    const isOfSchema = isRead.test(path)
    pattern += `(${isOfSchema || isFreely ? '' : '?:'}${shape})`
    if (!isOfSchema && !isFreely) return
    groups += 1
    if (isOfSchema) read.push(groups)
    if (isFreely) freely.push(groups)
  }

  /** Whether the value has the shape that is expected at its place. A value of another shape is compared as a whole. */
  function special(path: string, value: string, isText: boolean): boolean {
    const name = places.get(path)
    if (name === undefined) return false
    if ((name === 'evaluationNs') === isText || !wholly(shapes[name]).test(value)) {
      // As if it were of those that the events have in common.
      pattern += `(${isText ? free : number})`
      groups += 1
      read.push(groups)
      if (isText) freely.push(groups)
      return true
    }
    pattern += shapes[name]
    groups += 1
    found.set(name, groups)
    return true
  }

  function string(path: string, isSecret: boolean): void {
    const end = text.indexOf('"', at + 1)
    const value = text.slice(at + 1, end)
    if (end === -1 || !isFree.test(value)) throw noMould
    if (isSecret) {
      // Another value of such a name is looked at by whoever masks it.
      if (value !== '' && value !== '***') throw noMould
      literal(end + 1)
      return
    }
    literal(at + 1)
    if (!special(path, value, true)) {
      const shape = harmless.find(([, whole]) => whole.test(value))?.[0]
      slot(path, sameOr(value, shape ?? free), shape === undefined)
    }
    at = end
    literal(end + 1)
  }

  function scalar(path: string, isSecret: boolean): void {
    const [value] = /^[a-z0-9.+-]+/i.exec(text.slice(at, at + 40)) ?? []
    if (value === undefined) throw noMould
    if (value === 'null' || isSecret) {
      literal(at + value.length)
      return
    }
    if (value === 'true' || value === 'false') slot(path, 'true|false', false)
    else if (!wholly(number).test(value)) throw noMould
    else if (!special(path, value, false)) slot(path, number, false)
    at += value.length
  }

  function list(path: string, isSecret: boolean, depth: number): void {
    expect('[')
    for (let index = 0; text[at] !== ']'; index += 1) {
      if (index > 0) expect(',')
      value(`${path}/${index}`, isSecret, depth + 1)
    }
    expect(']')
  }

  function object(path: string, isSecret: boolean, depth: number): void {
    const keys = new Set<string>()
    expect('{')
    while (text[at] !== '}') {
      if (keys.size > 0) expect(',')
      const end = text.indexOf('"', at + 1)
      const key = text.slice(at + 1, end)
      if (text[at] !== '"' || !isKey.test(key) || keys.has(key)) throw noMould
      keys.add(key)
      literal(end + 1)
      expect(':')
      const name = key.replaceAll('~', '~0').replaceAll('/', '~1')
      value(`${path}/${name}`, isSecret || namesSecret.test(key), depth + 1)
    }
    expect('}')
  }

  function value(path: string, isSecret: boolean, depth: number): void {
    values += 1
    if (values > most.values || depth > most.depth) throw noMould
    const first = text[at]
    if (first === '{') object(path, isSecret, depth)
    else if (first === '[') list(path, isSecret, depth)
    else if (first === '"') string(path, isSecret)
    else scalar(path, isSecret)
  }

  if (text[0] !== '{') throw noMould
  value('', false, 0)
  const [decisionId, timestamp] = [found.get('decisionId'), found.get('timestamp')]
  if (at !== text.length || decisionId === undefined || timestamp === undefined) throw noMould
  const group = (name: Special): number | null => found.get(name) ?? null
  return {
    pattern: new RegExp(pattern, 'y'),
    decisionId,
    timestamp,
    requestId: group('requestId'),
    // OPA's own goes before that of the request.
    traceId: group('ownTraceId') ?? group('traceId'),
    evaluationNs: group('evaluationNs'),
    read,
    free: freely,
  }
}

/**
 * A text of a shape, before its quote; the one that is expected is compared fastest. Never in two ways: each would be tried
 * with each of all the others.
 */
function sameOr(value: string, shape: string): string {
  const same = `${escaped(value)}(?=")`
  return `${same}|(?!${same})${shape}`
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

function wholly(shape: string): RegExp {
  return new RegExp(`^(?:${shape})$`)
}
