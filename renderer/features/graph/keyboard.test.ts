import { describe, expect, it } from 'vitest'
import { actionOf, graphKeys, type KeyPress } from './keyboard.ts'

const plain: KeyPress = { key: 'j', ctrl: false, meta: false, alt: false, typing: false, covered: false }

describe('the keys of the graph', () => {
  it('gives every key one action and every action one key', () => {
    expect(new Set(graphKeys.map((binding) => binding.key)).size).toBe(graphKeys.length)
    expect(new Set(graphKeys.map((binding) => binding.action)).size).toBe(graphKeys.length)
    for (const binding of graphKeys) expect(actionOf({ ...plain, key: binding.key }, true)).toBe(binding.action)
  })

  it('leaves letters to the field in which someone types, but not escape', () => {
    expect(actionOf({ ...plain, typing: true }, true)).toBe(null)
    expect(actionOf({ ...plain, key: 'Escape', typing: true }, true)).toBe('clear')
  })

  it('leaves every key to a dialog that is open, and combinations to the system', () => {
    expect(actionOf({ ...plain, covered: true }, true)).toBe(null)
    expect(actionOf({ ...plain, key: 'Escape', covered: true }, true)).toBe(null)
    for (const modifier of ['ctrl', 'meta', 'alt'] as const)
      expect(actionOf({ ...plain, [modifier]: true }, true)).toBe(null)
  })

  it('can switch single keys off', () => {
    expect(actionOf(plain, false)).toBe(null)
    expect(actionOf({ ...plain, key: 'Escape' }, false)).toBe('clear')
  })

  it('knows no other key', () => {
    expect(actionOf({ ...plain, key: 'q' }, true)).toBe(null)
  })
})
