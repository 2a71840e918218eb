import { expect, it } from 'vitest'
import type { HopOnPath } from '../../../shared/domain/diagnosis/model.ts'
import { stripOf } from './path-strip.ts'

const hop = (from: string | null, to: string | null, state: HopOnPath['state'] = 'passed'): HopOnPath => ({
  hop: null,
  from,
  to,
  state,
})
const drawn = (path: readonly HopOnPath[]) =>
  stripOf(path)
    .map((part) =>
      part.kind === 'workload'
        ? `${part.id ?? '?'}${part.reached ? '' : '*'}`
        : part.kind === 'gap'
          ? '…'
          : part.of.state,
    )
    .join(' ')

it('calls after each other are one line in which every workload stands once', () => {
  expect(drawn([hop('a', 'b'), hop('b', 'c', 'denied')])).toBe('a passed b denied c*')
})

it('where a call begins elsewhere, or it is not known where, there is a gap and not a line', () => {
  expect(drawn([hop('a', 'b'), hop('c', 'd')])).toBe('a passed b … c passed d')
  expect(drawn([hop('a', null), hop(null, 'd')])).toBe('a passed ? … ? passed d')
})

it('behind the break nothing was reached', () => {
  expect(drawn([hop('a', 'b', 'broken'), hop('b', 'c', 'not-reached')])).toBe('a broken b* not-reached c*')
  expect(drawn([])).toBe('')
})
