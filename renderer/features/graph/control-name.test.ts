import { expect, it } from 'vitest'
import { controlCardName } from './control-name.ts'

it('keeps the cluster where there are several', () => {
  const name = 'opa.ai.opa-shared-7d9.x.opa@eu-west.1'
  expect(controlCardName({ kind: 'opa-instance', name })).toBe('opa-shared-7d9.x@eu-west.1')
})

it('calls a component that was found in a cluster by its pod on the card, and others by their name', () => {
  const opa = { kind: 'opa-instance' as const }
  expect(controlCardName({ ...opa, name: 'opa.ai.model-server-2d7z8ssbt-xddvc.opa' })).toBe(
    'model-server-2d7z8ssbt-xddvc',
  )
  expect(controlCardName({ ...opa, name: 'opa.ai.odd.pod-name.opa' })).toBe('odd.pod-name')
  expect(controlCardName({ ...opa, name: 'opa-shared' })).toBe('opa-shared')
  expect(controlCardName({ kind: 'spire-server', name: 'spire.spire.spire-server-0.spire-server' })).toBe(
    'spire-server-0',
  )
  expect(controlCardName({ kind: 'vault', name: 'vault.vault.vault-0.vault' })).toBe('vault-0')
  expect(controlCardName({ kind: 'opa-bundle', name: 'opa.a.b.c' })).toBe('opa.a.b.c')
})
