import { expect, test } from 'vitest'
import {
  agentIdOf,
  diagnoseWorld,
  gateway,
  gatewayEntry,
  noneSelected,
  otherMachine,
  selecting,
} from '../../test/builders/identity-world.ts'
import { identityText } from './diagnose-identity.ts'

const misspelt = selecting({ 'app.kubernetes.io/name': 'gatewya' }, { stats: noneSelected })

test('the cause comes first, then what comes near with what is missing, and the manifest last', () => {
  const lines = identityText(diagnoseWorld({ entries: [], objects: [misspelt] })).split('\n')
  expect(lines[0]).toBe(
    'ClusterSPIFFEID/stages does not select gateway: it asks for “app.kubernetes.io/name = gatewya”. It has “gateway”.',
  )
  expect(lines[1]).toMatch(/^certain: /)
  expect(lines[2]).toBe('gateway · SPIFFE ID not known · pod ai/gateway on node-a')
  expect(lines.find((line) => line.includes('differs'))).toMatch(
    /differs +Label of the pod +wants app\.kubernetes\.io\/name = gatewya +has gateway$/,
  )
  const manifest = lines.slice(lines.findIndex((line) => line.startsWith('  apiVersion:')))
  expect(manifest.join('\n')).toContain('      app.kubernetes.io/name: gateway')
})

test('a command is shown beside its step', () => {
  const text = identityText(diagnoseWorld({ entries: [gatewayEntry({ parentId: agentIdOf(otherMachine) })] }))
  expect(text).toMatch(/Correct the entry e-1\..* spire-server entry update -entryID e-1/)
})

test('labels cannot steer the terminal', () => {
  const hostile = { 'app.kubernetes.io/name': '\u001b]0;owned\u0007\r\nVERDICT: fine' }
  const text = identityText(diagnoseWorld({ entries: [], objects: [misspelt], pods: [gateway({ labels: hostile })] }))
  expect(/(?!\n)\p{Cc}/u.test(text)).toBe(false)
  expect(text.split('\n').some((line) => line.startsWith('VERDICT'))).toBe(false)
})
