import { expect, test } from 'vitest'
import { assertAllowed, methods } from './client.ts'

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
