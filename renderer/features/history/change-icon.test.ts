import { expect, it } from 'vitest'
import type { ElementChange } from '../../../shared/domain/history/model.ts'
import { lookOf } from './change-icon.tsx'

it('keeps what broke, what is weaker, what is unknown and what policy refuses apart', () => {
  expect(toneOf({ from: 'verified', to: 'failing', direction: 'worse' })).toBe('fail')
  expect(toneOf({ from: 'verified', to: 'plaintext', direction: 'worse' })).toBe('warn')
  expect(toneOf({ from: 'verified', to: 'unknown', direction: 'worse' })).toBe('unknown')
  expect(toneOf({ from: 'plaintext', to: 'verified', direction: 'better' })).toBe('ok')
  expect(toneOf({ aspect: 'denials', from: '0', to: '0.061', direction: 'changed' })).toBe('deny')
  expect(toneOf({ aspect: 'presence', from: null, to: 'plaintext', direction: 'worse' })).toBe('warn')
  expect(lookOf(null).tone).toBe('unknown')
})

function toneOf(over: Partial<ElementChange>): string {
  const element = { kind: 'hop', id: 'hop/a>b' } as const
  return lookOf({ element, name: 'a → b', aspect: 'transport', from: 'x', to: 'y', direction: 'changed', ...over }).tone
}
