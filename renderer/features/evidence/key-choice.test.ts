import { expect, test } from 'vitest'
import { keyOf, noKey } from './key-choice.ts'

test('the configured key is used only where there is one', () => {
  expect(keyOf(noKey, true)).toBeNull()
  expect(keyOf(noKey, false)).toBeUndefined()
})

test('what is not filled in signs nothing', () => {
  for (const kind of ['file', 'transit'] as const) expect(keyOf({ ...noKey, kind }, true)).toBeUndefined()
})

test('what is filled in is taken without the blanks around it', () => {
  expect(keyOf({ ...noKey, kind: 'file', file: ' /k.pem ' }, false)).toEqual({ kind: 'file', file: '/k.pem' })
})
