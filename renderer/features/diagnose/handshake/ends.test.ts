import { expect, test } from 'vitest'
import { endsOf } from './ends.ts'

const id = (path: string): string => `spiffe://pipeline.example/ns/${path}`

test.each([
  ['gateway orchestrator'],
  ['gateway → orchestrator'],
  ['gateway->orchestrator'],
  ['  gateway  >  orchestrator '],
])('%s names two ends', (text) => {
  expect(endsOf(text)).toEqual({ kind: 'ends', from: 'gateway', to: 'orchestrator' })
})

test('SPIFFE IDs and the id of a hop name two ends', () => {
  expect(endsOf(`${id('a')} ${id('b')}`)).toEqual({ kind: 'ends', from: id('a'), to: id('b') })
  expect(endsOf(`hop/workload/${id('a')}>workload/${id('b')}`)).toEqual({
    kind: 'ends',
    from: `workload/${id('a')}`,
    to: `workload/${id('b')}`,
  })
})

test('one name looks for its hops; three are one too many', () => {
  expect(endsOf('vector-store')).toEqual({ kind: 'one', name: 'vector-store' })
  expect(endsOf('a b c')).toMatchObject({ kind: 'unclear' })
})
