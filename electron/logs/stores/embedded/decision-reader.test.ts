import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decisionEvent, noon, uuidOf } from '../../../../test/builders/log-records.ts'
import { maskContent } from '../mask-record.ts'
import { type Understood, understand } from '../records.ts'
import { createDecisionReader, type DecisionColumns, type DecisionReader, lengthOfIds } from './decision-reader.ts'

const arrival = { record: 'opa-decisions', source: '', receivedAt: 0 } as const
const locator = { in: 'segment', segment: 0, offset: 0, item: 0 } as const

/** What the schema makes of an event; null: it refuses it, or passes it over. */
function understood(value: unknown): Understood['stored'] | null {
  const read = understand(value, () => '', arrival, locator)
  return read.kind === 'record' ? read.record.stored : null
}

/** Records of columns, as the store's tables give them back. */
function recordsOf(columns: DecisionColumns) {
  return columns.items.map((item, index) => {
    const ids = columns.ids.slice(index * lengthOfIds, (index + 1) * lengthOfIds)
    expect(ids).toHaveLength(lengthOfIds)
    const shared = columns.shared[index]
    const request = ids.slice(36, 72).trim()
    return {
      item,
      record: {
        ...shared?.stored,
        at: columns.moments[index],
        decisionId: ids.slice(0, 36),
        requestId: request === '' ? shared?.stored.requestId : request,
        traceId: ids.slice(72).trim() || null,
        evaluationNs: columns.evaluations[index],
      },
    }
  })
}

/** Holds a reading against the schema; gives how many events were taken by a mould. */
function compare(reader: DecisionReader, text: string): number {
  const read = reader.array(Buffer.from(text))
  if (read === null) return 0
  const events: unknown = JSON.parse(text)
  if (!Array.isArray(events)) throw new Error('something else than an array was read')
  const records = recordsOf(read.columns)
  for (const { item, record } of records) {
    const { identityClaim: _ours, ...ours } = { identityClaim: null, ...record }
    const { identityClaim: _theirs, ...theirs } = { identityClaim: null, ...understood(events[item]) }
    expect(ours).toEqual(theirs)
  }
  expect([...records, ...read.odd].map(({ item }) => item).toSorted((a, b) => a - b)).toEqual(events.map((_, n) => n))
  for (const { item, value } of read.odd) expect(value).toEqual(events[item])
  // It is stored as it came.
  for (const event of events) {
    // Numbers beyond all bounds are not written again.
    const content = Buffer.from(textOf(event))
    expect(JSON.parse(maskContent(content, 'array').toString())).toEqual(JSON.parse(content.toString()))
  }
  return records.length
}

function textOf(...events: readonly unknown[]): string {
  return JSON.stringify(events)
}

const many = Array.from({ length: 50 }, (_, number) =>
  decisionEvent({ number, caller: `spiffe://a.b/c-${number % 3}` }),
)

test('events that are like one before are taken without the parser, whatever their values', () => {
  const reader = createDecisionReader()
  expect(compare(reader, textOf(...many))).toBe(50)
  expect(compare(reader, textOf(decisionEvent({ number: 51, allowed: false, at: noon - 86_400_000 })))).toBe(1)
  const denied = decisionEvent({ number: 52, allowed: false, reasons: ['no grant'] })
  expect(compare(reader, textOf(...many.slice(0, 9), denied, { ...denied, decision_id: uuidOf(99) }))).toBe(11)
  const traced = { trace_id: 'a'.repeat(32), ...denied }
  expect(compare(reader, textOf(traced, { ...traced, trace_id: 'b'.repeat(32) }))).toBe(2)
  expect(compare(reader, textOf({ ...denied, trace_id: 'none' }, { ...traced, trace_id: 'c'.repeat(32) }))).toBe(2)
})

test('line ends between events are as OPA writes them', () => {
  const reader = createDecisionReader()
  expect(compare(reader, ` [${many.map((event) => `${JSON.stringify(event)}\n`).join(',')}\r\n]\n`)).toBe(50)
})

test('long uploads, and long lines, are read whole', () => {
  const reader = createDecisionReader()
  const long: Record<string, unknown> = { ...many[1], texts: ['a'.repeat(120_000)] }
  const events = Array.from({ length: 60 }, (_, number) => [...many.slice(0, number), ...many]).flat()
  expect(compare(reader, textOf(...events))).toBe(events.length)
  expect(compare(reader, textOf(...events, long, ...events))).toBe(events.length * 2)
  const lines = [...events, long, ...events].map((event) => `${JSON.stringify(event)}\n`)
  const read = reader.lines(Buffer.from(lines.join('')))
  expect(recordsOf(read.columns).map(({ record }) => record.decisionId)).toEqual(
    [...events, ...(read.odd.length === 0 ? [long] : []), ...events].map((event) => event['decision_id']),
  )
})

test('an event that is not understood is left to the parser, and those around it are not', () => {
  const reader = createDecisionReader()
  const [first, second, third] = many
  const read = reader.array(Buffer.from(textOf(first, second, { decision_id: 7, text: 'ünï' }, third)))
  expect(read?.columns.items).toEqual([0, 1, 3])
  expect(read?.odd).toEqual([{ item: 2, value: { decision_id: 7, text: 'ünï' } }])
})

test.each(['', '[', '[]', '{}', '[1]', 'null', '[{}]', '[{"a":1}', '[{"a":1}]x', '[{"a":1},]', '[{"a":tru}]'])(
  '%j is not read here',
  (text) => expect(createDecisionReader().array(Buffer.from(text))).toBeNull(),
)

test.each([
  ['a token where there was a mask', { headers: { authorization: 'Bearer abcdefgh' } }],
  ['a header of that scheme', { headers: { 'x-data': 'basic YWxhZGRpbg==' } }],
  ['a query', { headers: { ':path': '/x?token=abcdefgh' } }],
  ['a JSON Web Token', { headers: { 'x-data': 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln' } }],
])('an upload with %s is left to whoever masks it', (_, secret) => {
  const reader = createDecisionReader()
  const event = (headers: object) => ({
    ...decisionEvent({ number: 1 }),
    http: { headers: { authorization: '***', 'x-data': 'a', ':path': '/x', ...headers } },
  })
  expect(compare(reader, textOf(...Array.from({ length: 9 }, () => event({}))))).toBe(9)
  expect(reader.array(Buffer.from(textOf(event({}), event(secret.headers))))).toBeNull()
})

test('keys twice, long texts and keys with the signs of a path make no mould that tells otherwise than the schema', () => {
  const reader = createDecisionReader()
  const event = JSON.stringify(decisionEvent({ number: 1 })).slice(1)
  compare(reader, `[{"path":"twice",${event},{"path":"twice",${event}]`)
  const other = { ...decisionEvent({ number: 2 }), metrics: {}, 'metrics/timer_rego_query_eval_ns': 5 }
  compare(reader, textOf(other, { ...other, 'metrics/timer_rego_query_eval_ns': 6 }))
  expect(compare(reader, textOf({ ...many[1], path: 'a'.repeat(100_000) }, ...many))).toBeGreaterThan(0)
  expect(compare(reader, textOf({ ...many[1], more: 'Aa '.repeat(3_000_000) }, ...many))).toBeGreaterThan(0)
})

test('an event that differs from a mould at its end is not tried in every way before', () => {
  const reader = createDecisionReader()
  const texts = Array.from({ length: 150 }, (_, number) => `${number}aB:`)
  const event = (end: string) => ({ ...decisionEvent({ number: 1 }), texts, numbers: texts.map((_, n) => n), end })
  expect(compare(reader, textOf(event('a'), event('b')))).toBe(2)
  expect(compare(reader, textOf(event('a'), event('ü'), event('b')))).toBe(2)
})

test('moulds are made of a few events, and of more as time goes by', () => {
  const reader = createDecisionReader()
  const odd = Array.from({ length: 30 }, (_, number) => ({ ...decisionEvent({ number }), [`key${number}`]: 1 }))
  for (const event of odd) compare(reader, textOf(event))
  expect(compare(reader, textOf(odd[29]))).toBe(0)
  for (let round = 0; round < 250; round += 1) reader.array(Buffer.from(textOf(...odd.slice(0, 8))))
  expect(compare(reader, textOf({ ...decisionEvent({ number: 1 }), fresh: 1 }))).toBe(1)
})

test('a line is taken only when it is the event and nothing else', () => {
  const reader = createDecisionReader()
  const line = JSON.stringify(many[0])
  const read = (text: string) => {
    const { columns, odd, count } = reader.lines(Buffer.from(text))
    expect([...columns.items, ...odd.map(({ item }) => item)].toSorted((a, b) => a - b)).toEqual([
      ...Array(count).keys(),
    ])
    return [columns.items.length, odd.map(({ line }) => line.toString())]
  }
  expect(read(`${line}\n${line}\r\n${JSON.stringify(many[1])}\n`)).toEqual([3, []])
  const others = [`${line} \n`, `${line}${line}\n`, `${line}x\n`, '\n', ` ${line}\n`, '{}\n', 'ünï\n', line]
  const empty = '\n'
  expect(read(`${line}\n${others.join('')}`)).toEqual([1, others.filter((each) => each !== empty)])
  const long = `${line.replace('"chat"', `"${'c'.repeat(300_000)}"`)}\n`
  expect(read(`${long}${line}\n`)).toEqual([1, [long]])
  expect(read('')).toEqual([0, []])
})

// biome-ignore format: a list of words
const words = [
  '', 'a', 'A', '***', 'token', 'Bearer abc', 'basic', 'eyJhbGciOiJFUzI1NiJ9.e30.x', 'eyj.', '-----BEGIN KEY-----', 'x=1', 'password: x',
  'spiffe://a/b', 'spiffe://a/token:x', 'SPIFFE://A', 'CN=x', uuidOf(7), uuidOf(7).toUpperCase(), 'f'.repeat(32), `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01-x`, '2026-11-22T12:00:00Z', '2026-13-22T12:00:00Z', '2026-11-22T12:00:00.1234567891Z', '2026-11-22T12:00:00+01:00',
  'ünï', '\u0000', '\u200b', '"', '\\', '/v1?x', 'a'.repeat(400),
]
const scalar: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...words),
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e21, 1e-7, 7, Number.MAX_SAFE_INTEGER, [], {}),
)
const keys = [
  'token',
  'x-token',
  'monkey',
  'password',
  '#n',
  'trace_id',
  'error',
  'revision',
  'level',
  'reasons',
  '__proto__',
  'a/b',
  'ü',
]
const key = fc.constantFrom(...keys)

/** Another value, key or nothing at the place that the numbers lead to. */
function changed(value: unknown, way: readonly number[], to: unknown, name: string | null): unknown {
  if (typeof value !== 'object' || value === null || way.length === 0) return to
  const entries = Object.entries(value)
  const [turn = 0, ...rest] = way
  if (Array.isArray(value))
    return value.map((item: unknown, n) => (n === turn % value.length ? changed(item, rest, to, name) : item))
  if (name !== null && rest.length === 0) return { ...value, [name]: to }
  if (entries.length === 0) return to
  return Object.fromEntries(
    entries.flatMap(([each, inner], n) => {
      if (n !== turn % entries.length) return [[each, inner]]
      return rest.length === 0 && to === undefined ? [] : [[each, changed(inner, rest, to, name)]]
    }),
  )
}

const change = fc.record({
  way: fc.array(fc.nat(20), { minLength: 1, maxLength: 7 }),
  to: fc.option(scalar, { nil: undefined }),
  name: fc.option(key, { nil: null }),
})
const event = fc
  .tuple(fc.nat(1000), fc.boolean(), fc.array(change, { maxLength: 2 }))
  .map(([number, allowed, changes]) =>
    changes.reduce<unknown>(
      (value, { way, to, name }) => changed(value, way, to, name),
      decisionEvent({ number, allowed, reasons: allowed ? [] : ['no grant'] }),
    ),
  )

test('whatever an upload holds, what is read of it is what the schema reads, and there is no secret in it', () => {
  let taken = 0
  fc.assert(
    fc.property(
      fc.array(fc.array(event, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 }),
      (uploads) => {
        const reader = createDecisionReader()
        for (const events of uploads) taken += compare(reader, textOf(...events))
      },
    ),
    { numRuns: 500 },
  )
  expect(taken).toBeGreaterThan(500)
})

// biome-ignore format: a list of signs
const signs = ['"', '{', '}', '[', ']', ':', ',', '\\', ' ', '\n', '0', 'e', 'E', '-', '.', 't', 'f', 'n', '"a":1,']

test('whatever is written into the text of an upload, nothing is read that is no JSON, nor otherwise than the schema', () => {
  let taken = 0
  const edit = fc.record({
    place: fc.nat(),
    length: fc.nat(3),
    text: fc.oneof(fc.constantFrom(...signs), fc.constantFrom(...words)),
  })
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 1, maxLength: 2 }),
      fc.array(edit, { minLength: 1, maxLength: 2 }),
      (events, edits) => {
        const reader = createDecisionReader()
        const text = textOf(...events)
        compare(reader, text)
        const edited = edits.reduce((before, { place, length, text: to }) => {
          const at = place % before.length
          return before.slice(0, at) + to + before.slice(at + length)
        }, text)
        taken += compare(reader, edited)
      },
    ),
    { numRuns: 1000 },
  )
  expect(taken).toBeGreaterThan(100)
})
