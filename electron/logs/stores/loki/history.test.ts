import { expect, test } from 'vitest'
import type { HistorySource } from '../../../../shared/domain/model/environment.ts'
import { accessLine, noon, uuidOf } from '../../../../test/builders/log-records.ts'
import { type HttpAnswer, HttpFailure, type HttpGetOptions } from '../../../core/ports.ts'
import { createLokiHistory } from './history.ts'

const source: HistorySource = {
  id: 'loki',
  kind: 'loki',
  url: 'https://loki.example.org/base/',
  tenant: 'pipeline',
  select: { 'envoy-access': '{app="envoy"}' },
  searchHours: 24,
}
const id = uuidOf(0x100001)
const never = new AbortController().signal
const window = { from: noon, to: noon + 1000 }

interface Asked {
  readonly url: URL
  readonly options: HttpGetOptions
}

/** A history before which stands what `answer` says. */
function historyOver(
  answer: (asked: Asked, turn: number) => Partial<HttpAnswer> | string,
  more: Partial<HistorySource> = {},
) {
  const asked: Asked[] = []
  const history = createLokiHistory(
    { ...source, ...more },
    { baseDirectory: '/' },
    {
      clock: { now: () => noon + 1000, sleep: () => Promise.resolve() },
      pace: { turn: async () => {}, request: async () => {}, holdOff: () => {} },
      files: { readText: async () => 'tok-3n-secret\n', watch() {} },
      secrets: { read: async (name) => (name === 'known' ? 'pass-w0rd' : null) },
      get: async (url, options) => {
        asked.push({ url, options })
        const given = answer({ url, options }, asked.length)
        const { status = 200, body } = typeof given === 'string' ? { body: Buffer.from(given) } : given
        return { status, headers: {}, body: body ?? Buffer.from('') }
      },
    },
  )
  return { history, asked, find: () => history.find({ by: 'request', id }, window, 10, never) }
}

function answerOf(lines: readonly string[]): string {
  const values = lines.map((line, number) => [`${noon + 1}00000${number}`, line])
  return JSON.stringify({ status: 'success', data: { resultType: 'streams', result: [{ stream: {}, values }] } })
}

test('one GET asks for the lines with the id around the time, for the tenant, below the path of the address', async () => {
  const { asked, find } = historyOver(() => answerOf([JSON.stringify(accessLine({ number: 1 }))]))
  expect(await find()).toMatchObject({ complete: true, records: [{ requestId: id, source: 'loki', status: 200 }] })
  const [{ url, options } = { url: new URL('x:'), options: null }] = asked
  expect(asked).toHaveLength(1)
  expect(`${url.origin}${url.pathname}`).toBe('https://loki.example.org/base/loki/api/v1/query_range')
  expect(Object.fromEntries(url.searchParams)).toEqual({
    query: `{app="envoy"} |= "${id}"`,
    start: `${noon - 600_000}000000`,
    end: `${noon + 601_000}000000`,
    limit: '500',
    direction: 'forward',
  })
  expect(options?.headers).toEqual({ 'x-scope-orgid': 'pipeline' })
})

test('an id cannot leave its filter, whatever is in it', async () => {
  const { history, asked } = historyOver(() => answerOf([]))
  for (const hostile of ['x"} or {app=~".+"}', '`', 'a\\"b', 'line\nbreak', '\u0000']) {
    await history.find({ by: 'request', id: hostile }, window, 10, never)
    const query = asked.at(-1)?.url.searchParams.get('query') ?? ''
    const literal = query.slice('{app="envoy"} |= '.length)
    // As it stands in a line of JSON, in one string of LogQL.
    expect(JSON.parse(`"${String(JSON.parse(literal))}"`)).toBe(hostile)
    expect(query).not.toContain('\n')
  }
  const before = asked.length
  expect(await history.find({ by: 'request', id: '\ud800' }, window, 10, never)).toEqual({
    records: [],
    complete: true,
  })
  expect(asked).toHaveLength(before)
})

test.each([
  ['no JSON', '<html>'],
  ['another result type', '{"status":"success","data":{"resultType":"matrix","result":[]}}'],
  [
    'times that are none',
    '{"status":"success","data":{"resultType":"streams","result":[{"values":[["yesterday","x"]]}]}}',
  ],
  ['an error with status 200', '{"status":"error","error":"x"}'],
])('%s is a failure, never nothing found', async (_name, text) => {
  await expect(historyOver(() => text).find()).rejects.toThrow('not one of Loki')
})

test.each([
  [401, 'forbidden'],
  [404, 'unsupported'],
  [429, 'unreachable'],
  [500, 'unreachable'],
  [400, 'invalid'],
])('status %i is a failure: %s, without what we signed in with', async (status, reason) => {
  const body = Buffer.from('you sent tok-3n-secret')
  const { find, asked } = historyOver(() => ({ status, body }), { signIn: { tokenFile: 'token' } })
  const failure = await find().catch((error: unknown) => error)
  expect(failure).toMatchObject({ reason })
  expect(String(failure)).not.toContain('tok-3n-secret')
  expect(asked[0]?.options.headers?.['authorization']).toBe('Bearer tok-3n-secret')
})

test('nothing that signs in goes to another machine unencrypted, and a secret that is not there is said', async () => {
  const clear = historyOver(() => answerOf([]), { url: 'http://loki.example.org', signIn: { tokenFile: 'token' } })
  await expect(clear.find()).rejects.toThrow('unencrypted')
  const missing = historyOver(() => answerOf([]), { signIn: { user: 'u', passwordSecret: 'unknown' } })
  await expect(missing.find()).rejects.toThrow('there is no secret unknown')
  expect([...clear.asked, ...missing.asked]).toEqual([])
  const known = historyOver(() => answerOf([]), { signIn: { user: 'u', passwordSecret: 'known' } })
  await known.find()
  expect(known.asked[0]?.options.headers?.['authorization']).toBe(`Basic ${btoa('u:pass-w0rd')}`)
})

test('an answer that is too long is asked for in smaller ones; one that never ends is left, and said to be incomplete', async () => {
  const line = JSON.stringify(accessLine({ number: 1 }))
  const limits: string[] = []
  const large = historyOver(({ url }, turn) => {
    limits.push(url.searchParams.get('limit') ?? '')
    if (turn === 1) throw new HttpFailure('too-large', 'the answer is larger than 1 byte')
    return answerOf([line])
  })
  expect(await large.find()).toMatchObject({ complete: true, records: [{ requestId: id }] })
  expect(limits).toEqual(['500', '62'])
  const endless = historyOver(({ url }) => {
    const start = BigInt(url.searchParams.get('start') ?? '0')
    const values = Array.from({ length: 500 }, (_, number) => [
      String(start + BigInt(number + 1)),
      `no record ${number}`,
    ])
    return JSON.stringify({ status: 'success', data: { resultType: 'streams', result: [{ values }] } })
  })
  expect(await endless.find()).toEqual({ records: [], complete: false })
  expect(endless.asked).toHaveLength(20)
})

test('whoever stops asking ends the request that is under way, and no page follows it', async () => {
  const stop = new AbortController()
  const { history, asked } = historyOver((_asked, turn) => {
    if (turn === 1) stop.abort(new Error('nobody waits any more'))
    const values = Array.from({ length: 500 }, (_, number) => [`${noon + 1}000${100 + number}`, `no record ${number}`])
    return JSON.stringify({ status: 'success', data: { resultType: 'streams', result: [{ values }] } })
  })
  await expect(history.find({ by: 'request', id }, window, 10, stop.signal)).rejects.toThrow('nobody waits')
  expect(asked).toHaveLength(1)
  expect(asked[0]?.options.signal).toBe(stop.signal)
})
