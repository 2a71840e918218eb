import { expect, it } from 'vitest'
import { faults, labTierOf } from '../../../shared/faults/index.ts'
import { playgroundFaults } from './index.ts'

it('makes each fault of the catalogue that says so, and no other', () => {
  const made = faults.filter(({ playground }) => playground.made).map(({ id }) => id)
  expect([...playgroundFaults.keys()].toSorted()).toEqual(made.toSorted())
})

it('makes 25 or more over playground and lab, and each somewhere', () => {
  expect(faults.length).toBeGreaterThanOrEqual(25)
  const nowhere = faults.filter((fault) => !playgroundFaults.has(fault.id) && labTierOf(fault) === null)
  expect(nowhere.map(({ id }) => id)).toEqual([])
})
