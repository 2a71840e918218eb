import { expect, test } from 'vitest'
import { createLeaseLookups } from './leases.ts'
import { VaultFailure } from './problem.ts'

/** Folders of leases, and when they are refused. */
function vaultWith(folders: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = []
  const refused = new Set<string>()
  return {
    asked,
    refused,
    ask: async ({ path }: { readonly path: string }) => {
      const folder = path.replace('sys/leases/lookup/', '')
      asked.push(folder)
      if (refused.has(folder)) throw new VaultFailure('forbidden', `LIST ${folder} answered HTTP 403`, { status: 403 })
      return { status: 200, value: { data: { keys: folders[folder] ?? [] } }, at: 0, clockOffsetMs: null }
    },
  }
}

test('a walk that fails on its way waits for its next turn as one that ends, and says meanwhile why it is not whole', async () => {
  let now = 0
  const lookups = createLeaseLookups('vault', 0, () => now)
  const vault = vaultWith({ 'database/': ['creds/'], 'database/creds/': ['a/', 'b/'], 'database/creds/a/': ['1', '2'] })
  vault.refused.add('database/creds/b/')
  await lookups.list('database/', vault.ask)
  expect(vault.asked).toHaveLength(4)
  expect(lookups.walks.get('database/')).toMatchObject({
    leases: 2,
    complete: false,
    failure: { reason: 'forbidden', message: expect.stringContaining('HTTP 403') },
  })
  now += 299_000
  await lookups.list('database/', vault.ask)
  expect(vault.asked).toHaveLength(4)
  expect(lookups.facts(now).map(({ leaseId }) => leaseId)).toEqual(['database/creds/a/1', 'database/creds/a/2'])
  vault.refused.clear()
  now += 1000
  await lookups.list('database/', vault.ask)
  expect(vault.asked).toHaveLength(8)
  expect(lookups.walks.get('database/')).toMatchObject({ complete: true, failure: null })
})

test('a walk whose first question is refused cost nothing, and is tried in each turn', async () => {
  const lookups = createLeaseLookups('vault', 0, () => 0)
  const vault = vaultWith({ 'database/': [] })
  vault.refused.add('database/')
  await expect(lookups.list('database/', vault.ask)).rejects.toThrow('HTTP 403')
  vault.refused.clear()
  await lookups.list('database/', vault.ask)
  expect(lookups.walks.get('database/')).toMatchObject({ requests: 1, complete: true })
})
