import { rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { KeptLine } from '../../electron/core/log-lines.ts'
import type { LogStore, RecordKind } from '../../electron/core/log-store.ts'
import {
  accessLine,
  decisionEvent,
  kubernetesAuditEvent,
  noon,
  spireAuditLine,
  uploadOf,
  uuidOf,
} from '../builders/log-records.ts'

const never = new AbortController().signal

export async function linesOf(
  store: LogStore,
  record: RecordKind,
  after: string | null = null,
): Promise<readonly KeptLine[]> {
  const found: KeptLine[] = []
  for await (const batch of store.lines(record, after, never)) found.push(...batch)
  return found
}

/** Decision ids, or whatever else tells the lines apart. */
export function idsOf(lines: readonly KeptLine[]): readonly unknown[] {
  return lines.map(({ text }) => (text === null ? null : (JSON.parse(text) as Record<string, unknown>)['decision_id']))
}

const uuids = (...numbers: readonly number[]): readonly string[] => numbers.map(uuidOf)

/** What `KeptLines` promises, of every log store. */
export function keptLinesSuite(
  open: () => { readonly store: LogStore; readonly folder: string },
  take: (record: RecordKind, records: readonly unknown[], source?: string) => Promise<void>,
): void {
  test('every accepted record is a line, once, in the order in which it was kept, after any other', async () => {
    const { store } = open()
    const pretty = JSON.stringify(decisionEvent({ number: 5 }), null, 2)
    await take('opa-decisions', [
      decisionEvent({ number: 3 }),
      decisionEvent({ number: 1 }),
      'broken',
      { level: 'info' },
    ])
    await take('spire-audit', [spireAuditLine(1)], 'spire')
    await take('opa-decisions', [decisionEvent({ number: 1 }), decisionEvent({ number: 2 })], 'other')
    const plain = uploadOf('opa-decisions', [decisionEvent({ number: 4 }), {}, 7, pretty, ' "a]," ', [[]]], {
      form: 'array',
    })
    await store.append({ ...plain, encoding: 'gzip', bytes: gzipSync(plain.bytes) })
    await store.settle()
    const lines = await linesOf(store, 'opa-decisions')
    expect(idsOf(lines)).toEqual(uuids(3, 1, 2, 4, 5))
    expect(lines.map(({ cursor }) => cursor)).toEqual(lines.map(({ cursor }) => cursor).toSorted())
    expect(new Set(lines.map(({ cursor }) => cursor)).size).toBe(5)
    expect(lines.map(({ source, at, receivedAt }) => [source, at - noon, receivedAt])).toEqual([
      ['gateway', 3, noon],
      ['gateway', 1, noon],
      ['other', 2, noon],
      ['gateway', 4, noon],
      ['gateway', 5, noon],
    ])
    expect(lines[0]?.text).toBe(JSON.stringify(decisionEvent({ number: 3 })))
    expect(lines[4]?.text).toBe(JSON.stringify(decisionEvent({ number: 5 })))
    for (const [index, { cursor }] of lines.entries())
      expect(idsOf(await linesOf(store, 'opa-decisions', cursor))).toEqual(idsOf(lines.slice(index + 1)))
    await take('opa-decisions', [decisionEvent({ number: 6 })])
    expect(idsOf(await linesOf(store, 'opa-decisions', lines.at(-1)?.cursor))).toEqual(uuids(6))
    expect(await linesOf(store, 'vault-audit')).toEqual([])
  })

  test('a line is one object of JSON without line breaks and without secrets, whatever came', async () => {
    const { store } = open()
    const at = new Date(noon).toISOString()
    const text = `[${at}] "GET /v1?token=canary-canary HTTP/2" 403 UAEX 0 0 5 - "-" "-" "text-7" "model" "10.0.0.7:8443"`
    await take('envoy-access', [
      text,
      ` \t${JSON.stringify(accessLine({ number: 1, path: '/ü"\\\u2028' }))}\r`,
      JSON.stringify(accessLine({ number: 2 })).replace('{', '{\r'),
      JSON.stringify(accessLine({ number: 3 })).replace('{', '{"note":"password=canary2canary",'),
    ])
    const event = JSON.stringify(decisionEvent({ number: 1 }))
    const deep = `${'[\n'.repeat(20_000)}${']'.repeat(20_000)}`
    await take('opa-decisions', [event.replace('"parsed_path":', `"bomb":${deep.replaceAll('\n', '')},"parsed_path":`)])
    const array = [event.replace(uuidOf(1), uuidOf(7)).replace('"parsed_path":', `"bomb":${deep},"parsed_path":`)]
    await store.append(uploadOf('opa-decisions', array, { form: 'array' }))
    await store.append(
      uploadOf('kubernetes-audit', [kubernetesAuditEvent(1), { kind: 'Event' }, kubernetesAuditEvent(2)], {
        form: 'event-list',
      }),
    )
    await store.settle()
    const access = await linesOf(store, 'envoy-access')
    const decisions = await linesOf(store, 'opa-decisions')
    const audit = await linesOf(store, 'kubernetes-audit')
    expect([access.length, decisions.length, audit.length]).toEqual([4, 2, 2])
    for (const { text: line } of [...access, ...decisions, ...audit]) {
      expect(line).toMatch(/^\s*\{[^\r\n]*\}$/)
      expect(() => JSON.parse(line ?? '') as unknown).not.toThrow()
      expect(line).not.toMatch(/canary|abcdef"/)
    }
    expect(access[0]?.text).toBe(JSON.stringify({ line: text.replace('canary-canary', '***') }))
    expect(access[1]?.text).toBe(` \t${JSON.stringify(accessLine({ number: 1, path: '/ü"\\\u2028' }))}`)
  })

  test('where the lines of a window begin and end is told, and what lies between may be more', async () => {
    const { store } = open()
    await take(
      'opa-decisions',
      [9, 2, 7, 3, 8].map((number) => decisionEvent({ number })),
    )
    const cursors = (await linesOf(store, 'opa-decisions')).map(({ cursor }) => cursor)
    const within = (from: number, to: number) =>
      store.linesWindow('opa-decisions', { from: noon + from, to: noon + to })
    expect(await within(2, 3)).toEqual({ first: cursors[1], last: cursors[3], count: 2 })
    expect(await within(0, 10)).toEqual({ first: cursors[0], last: cursors[4], count: 5 })
    expect(await within(4, 6)).toBeNull()
    expect(await store.linesWindow('envoy-access', { from: 0, to: noon * 2 })).toBeNull()
  })

  test('many lines come in batches, and none more once they are given up', async () => {
    const { store } = open()
    for (let part = 0; part < 4; part += 1) {
      const events = Array.from({ length: 2500 }, (_, number) => decisionEvent({ number: part * 2500 + number }))
      await take('opa-decisions', events)
    }
    let batches = 0
    const found: KeptLine[] = []
    for await (const batch of store.lines('opa-decisions', null, never)) {
      batches += 1
      found.push(...batch)
    }
    expect(batches).toBeGreaterThan(1)
    expect(idsOf(found)).toEqual(Array.from({ length: 10_000 }, (_, number) => uuidOf(number)))
    const given = new AbortController()
    await expect(async () => {
      for await (const batch of store.lines('opa-decisions', null, given.signal)) {
        expect(batch.length).toBeLessThan(10_000)
        given.abort(new Error('enough'))
      }
    }).rejects.toThrow('enough')
    // Whoever stops in the middle leaves nothing behind that others wait for.
    for await (const batch of store.lines('opa-decisions', null, never)) if (batch.length > 0) break
    expect(await linesOf(store, 'opa-decisions', found.at(-2)?.cursor)).toHaveLength(1)
  })

  test('an imported file has its place after what was kept before it, and before what came later', async () => {
    const { store, folder } = open()
    const file = join(folder, 'old.ndjson')
    const old = [12, 11, 12, 13].map((number) => JSON.stringify(decisionEvent({ number })))
    await writeFile(file, `${old[0]}\n\n${old[1]}\r\n${old[2]}\nbroken\n${old[3]}`)
    await take('opa-decisions', [decisionEvent({ number: 1 })])
    const before = await linesOf(store, 'opa-decisions')
    await store.importFile(file, 'opa-decisions', 'old', noon + 5)
    await take('opa-decisions', [decisionEvent({ number: 2 }), decisionEvent({ number: 13 })])
    const lines = await linesOf(store, 'opa-decisions')
    expect(idsOf(lines)).toEqual(uuids(1, 12, 11, 13, 2))
    expect(lines.map(({ source }) => source)).toEqual(['gateway', 'old', 'old', 'old', 'gateway'])
    expect(lines.slice(1, 4).map(({ text }) => text)).toEqual([old[0], old[1], old[3]])
    expect(idsOf(await linesOf(store, 'opa-decisions', before[0]?.cursor))).toEqual(uuids(12, 11, 13, 2))
    expect(idsOf(await linesOf(store, 'opa-decisions', lines[2]?.cursor))).toEqual(uuids(13, 2))
    expect(idsOf(await linesOf(store, 'opa-decisions', lines[3]?.cursor))).toEqual(uuids(2))
    expect(await store.linesWindow('opa-decisions', { from: noon + 11, to: noon + 12 })).toEqual({
      first: lines[1]?.cursor,
      last: lines[2]?.cursor,
      count: 2,
    })
  })
}

/** Of stores that leave an imported file where it is. */
export function importedLinesSuite(open: () => { readonly store: LogStore; readonly folder: string }): void {
  test('an imported file that is gone, or was changed since, has its lines still, without their texts', async () => {
    const { store, folder } = open()
    const file = join(folder, 'old.ndjson')
    const content = [1, 2].map((number) => `${JSON.stringify(decisionEvent({ number }))}\n`).join('')
    await writeFile(file, content)
    await utimes(file, 1_700_000_000, 1_700_000_000.25)
    await store.importFile(file, 'opa-decisions', 'old', noon)
    const lines = await linesOf(store, 'opa-decisions')
    expect(idsOf(lines)).toEqual(uuids(1, 2))
    const withoutTexts = lines.map((line) => ({ ...line, text: null }))
    await writeFile(file, content.replace('"allowed":true', '"allowed":fals'))
    expect(await linesOf(store, 'opa-decisions')).toEqual(withoutTexts)
    await rm(file)
    expect(await linesOf(store, 'opa-decisions')).toEqual(withoutTexts)
    expect(await linesOf(store, 'opa-decisions', lines[0]?.cursor)).toEqual(withoutTexts.slice(1))
    await writeFile(file, content)
    await utimes(file, 1_700_000_000, 1_700_000_000.25)
    expect(await linesOf(store, 'opa-decisions')).toEqual(lines)
  })
}
