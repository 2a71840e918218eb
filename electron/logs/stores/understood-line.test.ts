import { expect, test } from 'vitest'
import {
  accessLine,
  decisionEvent,
  integrityEvent,
  kubernetesAuditEvent,
  noon,
  spireAuditLine,
  uploadOf,
  vaultAuditLine,
} from '../../../test/builders/log-records.ts'
import type { RecordKind } from '../../core/log-store.ts'
import { createMemoryStore } from './memory-store.ts'
import { understoodLine } from './understood-line.ts'

const text = `[${new Date(noon).toISOString()}] "GET /v1 HTTP/2" 403 UAEX 0 0 5 - "-" "-" "text-7" "model" "10.0.0.7:8443"`
const records: readonly (readonly [RecordKind, unknown])[] = [
  ['opa-decisions', decisionEvent({ number: 1 })],
  ['envoy-access', accessLine({ number: 1 })],
  ['envoy-access', text],
  ['integrity-events', integrityEvent(1)],
  ['spire-audit', spireAuditLine(1)],
  ['vault-audit', vaultAuditLine(1)],
  ['kubernetes-audit', kubernetesAuditEvent(1)],
]

test.each(records)('a line of %s gives the columns that the store has of it', async (kind, record) => {
  const store = createMemoryStore({ maxAgeMs: 1e12, maxBytes: 1e9 })
  await store.append(uploadOf(kind, [record], { source: 'own' }))
  const window = { from: 0, to: noon * 2 }
  const [stored] = (await store.records({ record: kind, window, text: null, limit: 1 })).records
  for await (const [line] of store.lines(kind, null, new AbortController().signal)) {
    if (line === undefined) throw new Error('there is no line')
    expect({ ...understoodLine(kind, line.text ?? '', line), locator: null }).toEqual({ ...stored, locator: null })
  }
  expect(stored).toBeDefined()
})

test('what is not understood gives nothing', () => {
  for (const line of ['', 'x', '[]', '7', '{}', '{"line":7}', '{"line":"x"}']) {
    expect(understoodLine('opa-decisions', line)).toBeNull()
    expect(understoodLine('envoy-access', line)).toBeNull()
  }
})
