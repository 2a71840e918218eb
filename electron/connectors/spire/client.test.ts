import { readFile } from 'node:fs/promises'
import { Code, ConnectError } from '@connectrpc/connect'
import { expect, test } from 'vitest'
import { ask, assertAllowed, methods } from './client.ts'

test('only methods that list or get are on the list', () => {
  for (const method of Object.values(methods)) expect(method.split('/')[1]).toMatch(/^(List|Get|Check)/)
})

test.each([
  'spire.api.server.svid.v1.SVID/MintX509SVID',
  'spire.api.server.entry.v1.Entry/BatchDeleteEntry',
  'spire.api.server.agent.v1.Agent/CreateJoinToken',
  'spire.api.server.entry.v1.Entry/GetAuthorizedEntries',
])('%s is refused before anything is sent', (method) => {
  expect(() => assertAllowed(method)).toThrow('is not on the list')
})

test.each([
  [Code.ResourceExhausted, 1],
  [Code.Unavailable, 0],
])('a server that answers with code %i is held off %i times', async (code, times) => {
  let held = 0
  const asking = {
    signal: new AbortController().signal,
    budget: () => Promise.resolve(),
    holdOff: () => void (held += 1),
  }
  const failed = ask(asking, () => Promise.reject(new ConnectError('rate limited', code)))
  await expect(failed).rejects.toThrow('rate limited')
  expect(held).toBe(times)
})

test('the rule of docs/rights/spire.md gives exactly the methods that are asked over TCP', async () => {
  const page = await readFile(new URL('../../../docs/rights/spire.md', import.meta.url), 'utf8')
  const [, rule = ''] = /```rego\n(.*?)```/s.exec(page) ?? []
  const given = [...rule.matchAll(/"\/([^"]+)"/g)].map(([, method]) => method)
  // The health and debug services are offered on the local socket only.
  const { health, info, ...overTcp } = methods
  expect(new Set(given)).toEqual(new Set(Object.values(overTcp)))
  expect([health, info].some((method) => rule.includes(method))).toBe(false)
  expect(rule).not.toMatch(/regex|startswith|\*/)
})
