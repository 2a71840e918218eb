import { describe, expect, it } from 'vitest'
import { addressOf, viewStateOf, viewStateSchema } from './view-state.ts'

describe('the address of a view', () => {
  it('leaves defaults out', () => {
    expect(addressOf(viewStateOf({}), undefined)).toEqual({})
  })

  it('returns to the same state', () => {
    const state = {
      filter: 'tls:plaintext',
      selected: 'hop/a>b',
      layers: new Set(['observed'] as const),
      show: 'refused' as const,
      refusedOf: 'hop/a>b',
      open: ['group/data/tool'],
      panel: 'faults' as const,
      comparedWith: Date.UTC(2026, 10, 21, 3, 12, 7),
    }
    const address = addressOf(state, 'lab')
    expect(address.without).toBe('gi')
    expect(address.with).toBe('2026-11-21T03:12:07Z')
    expect(viewStateOf({ with: 'now' }).comparedWith).toBe('now')
    expect(viewStateOf(viewStateSchema.parse(address))).toEqual(state)
    // Leaving the list leaves its limit.
    expect(addressOf({ ...state, show: 'table' }, 'lab')).not.toHaveProperty('of')
  })

  it('falls back where a link was damaged', () => {
    expect(
      viewStateSchema.parse({ without: 'xyz', view: 'pie', open: 'no list', filter: 7, selected: [], with: {} }),
    ).toEqual({})
  })
})
